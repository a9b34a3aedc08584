"""The radar on the tweets about six airlines of February 2015, predicted out of fold by user.

Logistic regression on TF-IDF of words and pairs of them. Of five folds by user, each is predicted
by a model of the others, whose temperature was fitted on a part of those, by user too: no tweet is
judged by a model that saw its author, and it is calibrated as a served bundle is.

Each episode is printed beside the true labels' own curve: the true negatives in the same time, and
how many times their usual rate that is. `episodes_of_true_labels` are those that the same charts
find in the true labels; `found_in_both` of them meet a predicted one, and `true_elevation` is the
median of the true ratio over predicted episodes. Topics are the file's own annotated reasons.

`share_error_points`: difference between the mean calibrated probability of `negative` and the true
share, over airline-days of 100 tweets or more, weighted by volume.
"""

import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sqlalchemy import URL

from inference.radar.detection.series import Reals
from inference.radar.mentions import NEGATIVE, Mention, ScoredMention, identity_of
from inference.radar.reader import RadarReader
from inference.radar.recorder import Recorder, RecorderOptions
from inference.radar.rows import BadRow, read_mentions
from inference.radar.schemas import EpisodeOut
from inference.store import migrate
from inference.store.engine import make_engine
from inference.texts import Fingerprints
from trainer.progress import shown

TWEETS = "airline/Tweets.csv.gz"
FOLDS = 5
LEAST_TWEETS = 100
PACIFIC_HOURS = 8
"""The file's own zone: its days are days there."""


def measure_airline() -> dict[str, object]:
    """Predict, watch, and compare."""
    folder = os.environ.get("TWEETS_DIR")
    if not folder:
        raise SystemExit(
            "benchmarks.radar: set TWEETS_DIR to the folder with airline/Tweets.csv.gz"
        )
    path = Path(folder) / TWEETS
    mentions, truth = _read(path)
    labels, probabilities = _predict(mentions, truth)
    with tempfile.TemporaryDirectory(prefix="bench-radar-") as scratch:
        predicted = _episodes(Path(scratch) / "predicted.db", mentions, labels, probabilities)
        true = _episodes(Path(scratch) / "true.db", mentions, truth, np.array(truth) == NEGATIVE)
    ratios = _show(predicted, mentions, truth)
    both = sum(
        any(_meet(one, other) for other in predicted[airline])
        for airline, found in true.items()
        for one in found
    )
    error, days = _share_error(mentions, truth, probabilities)
    return {
        "tweets": len(mentions),
        "accuracy": round(float(np.mean(np.array(labels) == np.array(truth))), 4),
        "share_error_points": round(100 * error, 2),
        "airline_days": days,
        "episodes": sum(map(len, predicted.values())),
        "episodes_of_true_labels": sum(map(len, true.values())),
        "found_in_both": both,
        "true_elevation": round(float(np.median(ratios)), 2) if ratios else None,
    }


def _read(path: Path) -> tuple[list[Mention], list[str]]:
    import csv
    import gzip

    mentions = [row for row in read_mentions(path) if not isinstance(row, BadRow)]
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        labels = {row["tweet_id"]: row["airline_sentiment"] for row in csv.DictReader(file)}
    seen: dict[str, Mention] = {mention.id: mention for mention in mentions}
    return list(seen.values()), [labels[key] for key in seen]


def _predict(mentions: Sequence[Mention], truth: Sequence[str]) -> tuple[list[str], Reals]:
    """The label of each tweet, and its calibrated probability of being negative `[tweets]`."""
    texts = np.array([mention.text for mention in mentions], object)
    labels, users = np.array(truth), np.array([mention.author for mention in mentions])
    names = sorted(set(truth))
    probabilities = np.zeros((len(texts), len(names)))
    with shown() as progress:
        progress.start("predicting out of fold", FOLDS)
        for seen, unseen in GroupKFold(FOLDS).split(texts, labels, users):
            inner = GroupKFold(FOLDS).split(texts[seen], labels[seen], users[seen])
            fit, calibrate = next(inner)
            fit, calibrate = seen[fit], seen[calibrate]
            vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
            model = LogisticRegression(C=5.0, max_iter=300)
            model.fit(vectors.fit_transform(texts[fit]), labels[fit])
            logits = model.decision_function(vectors.transform(texts[calibrate]))
            places = np.searchsorted(names, labels[calibrate])
            temperature = minimize_scalar(
                lambda value, z=logits, y=places: _loss(z / value, y), bounds=(0.2, 5)
            ).x
            scores = model.decision_function(vectors.transform(texts[unseen]))
            probabilities[unseen] = _softmax(scores / temperature)
            progress.advance()
    found = [names[place] for place in probabilities.argmax(axis=1)]
    return found, probabilities[:, names.index(NEGATIVE)]


def _softmax(logits: Reals) -> Reals:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _loss(logits: Reals, places: Reals) -> float:
    chosen = _softmax(logits)[np.arange(len(places)), places]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


class _Transactions:
    """A store in a file of its own."""

    def __init__(self, path: Path) -> None:
        self._engine = make_engine(URL.create("sqlite", database=str(path)))
        migrate.upgrade(self._engine)

    def run(self, work, *, read_only: bool = False):  # type: ignore[no-untyped-def]
        with self._engine.begin() as connection:
            return work(connection)


def _episodes(
    path: Path, mentions: Sequence[Mention], labels: Sequence[str], probabilities: Reals
) -> dict[str, list[EpisodeOut]]:
    """The episodes of each airline, found the way the service finds them."""
    fingerprints = Fingerprints(b"for this measurement only, of public tweets")
    store = _Transactions(path)
    recorder = Recorder(store, fingerprints, RecorderOptions("none", 0, 60))
    scored = [
        ScoredMention(mention, identity_of(mention, fingerprints), label, float(negative))
        for mention, label, negative in zip(mentions, labels, probabilities, strict=True)
    ]
    scored.sort(key=lambda item: item.mention.created_at)
    for at in range(0, len(scored), 512):
        recorder.record(scored[at : at + 512])
    first, last = scored[0].mention.created_at, scored[-1].mention.created_at
    reader = RadarReader(store)
    airlines = sorted({mention.airline for mention in mentions})
    return {airline: reader.episodes(airline, first, last) for airline in airlines}


def _show(
    predicted: dict[str, list[EpisodeOut]], mentions: Sequence[Mention], truth: Sequence[str]
) -> list[float]:
    """Print the episodes; returns how many times its usual rate the true curve is in each."""
    times = defaultdict(list)
    for mention, label in zip(mentions, truth, strict=True):
        if label == NEGATIVE:
            times[mention.airline].append(mention.created_at)
    hours = {airline: Counter(moment.hour for moment in found) for airline, found in times.items()}
    ratios = []
    print(f"{'airline':15} {'from (UTC)':12} {'to':12} {'pred.':>5} {'true':>5} {'exp.':>6} ratios")
    for airline, found in predicted.items():
        span = (max(times[airline]) - min(times[airline])).total_seconds() / 86_400
        for episode in found:
            end = episode.end or max(times[airline])
            inside = sum(episode.start <= moment < end for moment in times[airline])
            usual = sum(
                hours[airline][int(hour) % 24] / span / 12
                for hour in np.arange(
                    episode.start.hour + episode.start.minute / 60,
                    episode.start.hour
                    + episode.start.minute / 60
                    + (end - episode.start).total_seconds() / 3_600,
                    1 / 12,
                )
            )
            ratios.append(inside / max(usual, 1e-9))
            print(
                f"{airline:15} {episode.start:%m-%d %H:%M}  {end:%m-%d %H:%M}  "
                f"{episode.negatives:5} {inside:5} {episode.expected:6.1f} "
                f"{episode.ratio:.1f} (true {ratios[-1]:.1f})"
            )
            drivers = (f"{one.name} {one.score:.1f}" for one in episode.drivers)
            print(f"    {', '.join(drivers) or '-'}")
    return ratios


def _meet(one: EpisodeOut, other: EpisodeOut) -> bool:
    return (other.end is None or one.start < other.end) and (
        one.end is None or other.start < one.end
    )


def _share_error(
    mentions: Sequence[Mention], truth: Sequence[str], probabilities: Reals
) -> tuple[float, int]:
    days: dict[tuple[str, int], list[tuple[bool, float]]] = defaultdict(list)
    for mention, label, negative in zip(mentions, truth, probabilities, strict=True):
        day = (mention.minute // 60 - PACIFIC_HOURS) // 24
        days[mention.airline, day].append((label == NEGATIVE, float(negative)))
    large = [np.array(day) for day in days.values() if len(day) >= LEAST_TWEETS]
    errors = [abs(day[:, 0].mean() - day[:, 1].mean()) for day in large]
    return float(np.average(errors, weights=[len(day) for day in large])), len(large)
