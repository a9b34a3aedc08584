"""How often drift is seen where tweets are of another kind, and where they are not.

    TWEETS_DIR=... make bench-drift
    TWEETS_DIR=... python -m benchmarks.drift --runs 200

Each run draws its windows anew from real tweets, and compares what is counted of their text alone:
length, tokens, language and words. What a model says of them would only make them easier to tell
apart. `raised` is the share of runs in which something drifted, with the features that did;
`words` the population stability index of words beyond what chance gives: mean, least and largest.
Days are those of February 2015 in the airline file, each against the one before.

Prints progress on standard error, a table, and last one line of JSON.
"""

import argparse
import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from inference.drift.comparison import Group, compare
from inference.drift.features import GROUP_TEXTS, WORDS, Observation, counts_of, word_buckets
from inference.language import guess_language
from trainer.data.formats import detect_format
from trainer.data.reading import read_table
from trainer.errors import DataError
from trainer.progress import Progress, shown

FILES = {
    "Sentiment140": "sentiment140/sentiment140.csv.gz",
    "English": "umsab/en_train_text.txt",
    "French": "umsab/fr_train_text.txt",
    "airline": "airline/Tweets.csv.gz",
}
DATE = len("2015-02-24")
LEAST_DAY = 1_000
"""Tweets of a day that can be compared."""
SAME = ((200, 100), (1_000, 200), (1_000, 1_000), (5_000, 10_000))
"""Sizes of windows of one kind: reference, and now."""
REFERENCES = (200, 1_000)
NOW = 200
KINDS = (("Sentiment140", "airline"), ("English", "French"))


@dataclass
class Tally:
    """What was found in some runs."""

    runs: int = 0
    raised: int = 0
    by: Counter[str] = field(default_factory=Counter)
    words: list[float] = field(default_factory=list)

    def add(self, reference: Sequence[Observation], now: Sequence[Observation]) -> None:
        """Compare two windows."""
        found = compare(_grouped(reference), _grouped(now))
        if found is None:
            raise SystemExit("benchmarks.drift: too few tweets to compare")
        self.runs += 1
        self.raised += bool(found.drifted)
        self.by.update(found.drifted)
        self.words += [
            one.stability_index - one.by_chance for one in found.features if one.feature == WORDS
        ]

    def figures(self) -> dict[str, object]:
        """Shares and bounds."""
        mean, least, most = np.mean(self.words), min(self.words), max(self.words)
        return {
            "runs": self.runs,
            "raised": round(self.raised / self.runs, 4),
            "by": {name: round(count / self.runs, 3) for name, count in self.by.most_common()},
            "words": [round(float(figure), 3) for figure in (mean, least, most)],
        }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.drift", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--runs", type=int, default=200, help="draws of small windows [200]")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    folder = os.environ.get("TWEETS_DIR")
    if not folder:
        raise SystemExit(
            "benchmarks.drift: set TWEETS_DIR to the folder with sentiment140/, airline/ and umsab/"
        )
    with shown() as progress:
        try:
            kinds = _kinds(Path(folder), progress)
        except DataError as error:
            raise SystemExit(f"benchmarks.drift: TWEETS_DIR: {error}") from None
        found = _measure(kinds, options.runs, progress)
    print(f"{'reference':>30} {'now':>22} {'runs':>5} {'raised':>7}  words: mean, least, most")
    for (reference, now), tally in found.items():
        figures = tally.figures()
        print(
            f"{reference:>30} {now:>22} {tally.runs:5} {figures['raised']:7}  "
            f"{figures['words']}  {figures['by']}"
        )
    print(json.dumps({f"{a} / {b}": tally.figures() for (a, b), tally in found.items()}))


def _measure(
    kinds: Mapping[str, Sequence[Observation]], runs: int, progress: Progress
) -> dict[tuple[str, str], Tally]:
    found: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for before, now in KINDS:
        for size in REFERENCES:
            progress.start(f"{before}, then {now}", runs)
            for seed in range(runs):
                random = np.random.default_rng(seed)
                found[f"{size:,} {before}", f"{NOW} {now}"].add(
                    _drawn(kinds[before], size, random), _drawn(kinds[now], NOW, random)
                )
                progress.advance()
    for reference, now_size in SAME:
        # As long as windows are large, a run takes seconds.
        repeats = max(1, runs * 1_000 // (reference + now_size + 1_000))
        progress.start(f"{reference:,} and {now_size:,} of one kind", repeats)
        for seed in range(repeats):
            random = np.random.default_rng(seed)
            both = _drawn(kinds["Sentiment140"], reference + now_size, random)
            found[f"{reference:,} Sentiment140", f"{now_size:,} Sentiment140"].add(
                both[:reference], both[reference:]
            )
            progress.advance()
    days = sorted(name for name in kinds if name.startswith("day "))
    progress.start("one day, then the next", runs)
    for seed in range(runs):
        random = np.random.default_rng(seed)
        before, now = list(pairwise(days))[seed % (len(days) - 1)]
        found["1,000 of a day", "800 of the next"].add(
            _drawn(kinds[before], 1_000, random), _drawn(kinds[now], 800, random)
        )
        progress.advance()
    return found


def _kinds(folder: Path, progress: Progress) -> dict[str, list[Observation]]:
    """Observations of each kind of tweets, and of each day of the airline file."""
    texts = texts_of_kinds(folder, progress)
    progress.start("counting", sum(map(len, texts.values())))
    found = {}
    for name, some in texts.items():
        found[name] = [_observed(text) for text in some]
        progress.advance(len(some))
    return found


def texts_of_kinds(folder: Path, progress: Progress) -> dict[str, list[str]]:
    """The tweets of each of `FILES`, as they were written, and of each day of the airline file.

    Args:
        folder: what `TWEETS_DIR` names.
        progress: reports bytes read.

    Raises:
        DataError: a file cannot be read.
    """
    frames = {}
    for name, file in FILES.items():
        path = folder / file
        frames[name] = read_table(path, detect_format(path), progress).frame
    texts = {name: frame["text"].to_list() for name, frame in frames.items()}
    airline = frames["airline"].with_columns(pl.col("created_at").str.head(DATE))
    for (day,), tweets in airline.group_by("created_at", maintain_order=True):
        if tweets.height >= LEAST_DAY:
            texts[f"day {day}"] = tweets["text"].to_list()
    return texts


def _observed(text: str) -> Observation:
    """What is counted of a text, with the same answer of the model to each."""
    words, buckets = word_buckets(text)
    language = guess_language(text)
    return Observation("negative", 0.8, words + 2, words, 0.0, language, buckets)


def _drawn(
    observations: Sequence[Observation], count: int, random: np.random.Generator
) -> list[Observation]:
    chosen = random.choice(len(observations), count, replace=False)
    return [observations[place] for place in chosen]


def _grouped(observations: Sequence[Observation]) -> list[Group]:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return [
        Group(start + timedelta(minutes=at), counts_of(observations[at : at + GROUP_TEXTS]))
        for at in range(0, len(observations), GROUP_TEXTS)
    ]


if __name__ == "__main__":
    main()
