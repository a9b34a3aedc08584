"""From what is counted to what is shown: series with their bands, episodes with their drivers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Connection

from inference.radar import readings
from inference.radar.detection import negative_binomial
from inference.radar.detection.bursts import Burst, bursts
from inference.radar.detection.drivers import Driver, drivers
from inference.radar.detection.monitor import Options, Surge, Watched, watch
from inference.radar.readings import LOOKS, History, WordCounts
from inference.radar.schemas import (
    BurstOut,
    DriverOut,
    EpisodeOut,
    RadarPoint,
    SampleOut,
    moment,
)

BAND = 0.95
MAX_SAMPLES = 5
LEAST_RATIO = 1.01
"""The evidence of an episode is measured at its own ratio, which is at least this."""


@dataclass(frozen=True, eq=False)
class Picture:
    """All that is known of an airline at some revision of the store.

    Attributes:
        history: its counts.
        watched: what was expected, and the surges.
        past: bursts in hindsight.
        words: uses of words.
        topics: uses of topics.
    """

    history: History
    watched: Watched
    past: Sequence[Burst]
    words: WordCounts
    topics: WordCounts


def draw(
    connection: Connection, airline: str | None, until: int | None, options: Options
) -> Picture:
    """Read and judge everything that is kept of an airline; takes up to a second of computing."""
    history = readings.history(connection, airline, until)
    watched = watch(history.series, options)
    return Picture(
        history,
        watched,
        bursts(watched),
        readings.word_counts(connection, airline, "word"),
        readings.word_counts(connection, airline, "topic"),
    )


def points(picture: Picture, start: int, end: int) -> list[RadarPoint]:
    """The buckets between two places of the series, the latter excluded."""
    history, watched = picture.history, picture.watched
    series, wanted = watched.series, slice(start, end)
    expected, sizes = watched.expected[wanted], watched.sizes[wanted]
    low, high = np.zeros((2, len(expected)), np.int64)
    for size in np.unique(sizes[np.isfinite(sizes)]):
        same = sizes == size
        tail = (1 - BAND) / 2
        low[same] = negative_binomial.quantiles(expected[same], size, tail)
        high[same] = negative_binomial.quantiles(expected[same], size, 1 - tail)
    found = []
    for at, place in enumerate(range(start, min(end, len(series)))):
        mentions, known = int(series.mentions[place]), bool(np.isfinite(expected[at]))
        negative_sum = float(history.negative_sums[place])
        found.append(
            RadarPoint(
                start=_moment(watched, place),
                mentions=mentions,
                negatives=int(series.negatives[place]),
                negative_sum=round(negative_sum, 4),
                reach=int(history.reach[place]),
                expected=round(float(expected[at]), 3) if known else None,
                low=int(low[at]) if known else None,
                high=int(high[at]) if known else None,
                share=round(negative_sum / mentions, 4) if mentions else None,
                expected_share=round(float(watched.shares[place]), 4) if known else None,
            )
        )
    return found


def episodes(
    connection: Connection, picture: Picture, airline: str | None, start: int, end: int
) -> list[EpisodeOut]:
    """The surges that touch the buckets between two places, oldest first."""
    last = len(picture.watched.series)
    return [
        _episode(connection, picture, airline, surge)
        for surge in picture.watched.surges
        if surge.start < end and (last if surge.end is None else surge.end) > start
    ]


def past_bursts(picture: Picture, start: int, end: int) -> list[BurstOut]:
    """The bursts that touch the buckets between two places, oldest first."""
    return [
        BurstOut(
            start=_moment(picture.watched, burst.start),
            end=_moment(picture.watched, burst.end),
            weight=round(burst.weight, 2),
        )
        for burst in picture.past
        if burst.start < end and burst.end > start
    ]


def _episode(
    connection: Connection, picture: Picture, airline: str | None, surge: Surge
) -> EpisodeOut:
    watched = picture.watched
    series = watched.series
    until = len(series) if surge.end is None else surge.end
    wanted = slice(surge.start, until)
    # What began before the radar had learnt has no expectation there.
    expected = np.nan_to_num(watched.expected[wanted])
    sizes = np.nan_to_num(watched.sizes[wanted], nan=1.0)
    negatives, mentions = series.negatives[wanted], series.mentions[wanted]
    ratio = float(negatives.sum() / max(float(expected.sum()), 1e-9))
    known = expected > 0
    gains = negative_binomial.log_likelihood_ratio(
        negatives[known], expected[known], sizes[known], max(ratio, LEAST_RATIO)
    )
    spread = np.sqrt(np.maximum(negative_binomial.variance(expected, sizes), 1e-9))
    peak = surge.start + int(np.argmax((negatives - expected) / spread))
    first, after = LOOKS * (series.first + surge.start), LOOKS * (series.first + until)
    return EpisodeOut(
        start=_moment(watched, surge.start),
        alarm=moment(LOOKS * (series.first + surge.alarm) + surge.look),
        peak=_moment(watched, peak),
        end=None if surge.end is None else _moment(watched, surge.end),
        charts=list(surge.charts),
        negatives=int(negatives.sum()),
        expected=round(float(expected.sum()), 2),
        ratio=round(ratio, 2),
        score=round(float(gains.sum()), 2),
        share=round(float(negatives.sum() / max(1, mentions.sum())), 4),
        expected_share=round(float(watched.shares[surge.alarm]), 4),
        settled=surge.settled,
        drivers=[
            *(_driver("topic", one) for one in _drivers(picture.topics, first, after)),
            *(_driver("word", one) for one in _drivers(picture.words, first, after)),
        ],
        samples=[
            SampleOut(
                created_at=moment(sample.minute),
                airline=sample.airline,
                text=sample.text,
                negative=round(sample.negative, 4),
            )
            for sample in readings.samples(connection, airline, first, after, MAX_SAMPLES)
        ],
    )


def _drivers(counts: WordCounts, first: int, after: int) -> list[Driver]:
    """What the hours that some minutes lie in have more of than all other hours."""
    hours = range(first // 60, (after - 1) // 60 + 1)
    inside: Counter[str] = Counter()
    for hour in hours:
        inside.update(counts.by_hour.get(hour, {}))
    total = sum(counts.totals[hour] for hour in hours)
    usual = {name: max(0, uses - inside[name]) for name, uses in counts.usual.items()}
    return drivers(
        inside, usual, episode_total=total, usual_total=max(0, counts.usual_total - total)
    )


def _driver(kind: str, driver: Driver) -> DriverOut:
    return DriverOut(
        kind="topic" if kind == "topic" else "word",
        name=driver.name,
        score=round(driver.score, 2),
        count=driver.count,
        usual_count=driver.usual_count,
        ratio=round(driver.ratio, 2),
    )


def _moment(watched: Watched, place: int) -> datetime:
    return moment(LOOKS * (watched.series.first + place))
