"""Buckets joined to steps that hold enough mentions, with what is expected of each step."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from statistics import NormalDist

from frontend.api.radar import Point

LENGTHS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720, 1_440))
MOST_STEPS = 200
FEW_MENTIONS = 5
"""Mean mentions of a step below which its share would be mostly chance."""


@dataclass(frozen=True)
class Band:
    """What is expected: the middle, and where most values lie."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Step:
    """What was said within a stretch of time.

    Attributes:
        start: its beginning.
        mentions: how many.
        negatives: those that the model labels negative.
        share: mean probability of being negative; None without mentions.
        usual_share: what the share would be, and its spread by chance among so many mentions;
            None where nothing is expected yet.
        usual_negatives: the same of `negatives`.
    """

    start: datetime
    mentions: int
    negatives: int
    share: float | None
    usual_share: Band | None
    usual_negatives: Band | None


def length_for(points: Sequence[Point], bucket: timedelta) -> timedelta:
    """The shortest step that a chart has room for and that holds enough mentions."""
    span = bucket * len(points)
    mentions = sum(point.mentions for point in points)
    for length in LENGTHS:
        count = math.ceil(span / length)
        if length >= bucket and count <= MOST_STEPS and mentions >= FEW_MENTIONS * count:
            return length
    return LENGTHS[-1]


def steps(
    points: Sequence[Point], length: timedelta, *, coverage: float, zone: tzinfo
) -> Iterator[Step]:
    """Join buckets to steps, which begin at full steps of the day where the visitor is.

    Args:
        points: buckets, oldest first.
        length: of a step.
        coverage: share of usual values that lie within a band.
        zone: where the visitor is.
    """
    for start, inside in groupby(points, lambda point: _floor(point.start, length, zone)):
        yield _step(start, list(inside), coverage)


def _floor(moment: datetime, length: timedelta, zone: tzinfo) -> datetime:
    there = moment.astimezone(zone)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (there - midnight) // length * length


def _step(start: datetime, points: Sequence[Point], coverage: float) -> Step:
    mentions = sum(point.mentions for point in points)
    known = all(point.expected is not None for point in points)
    return Step(
        start=start,
        mentions=mentions,
        negatives=sum(point.negatives for point in points),
        share=sum(point.negative_sum for point in points) / mentions if mentions else None,
        usual_share=_share_band(points, mentions, coverage) if known and mentions else None,
        usual_negatives=_count_band(points, coverage) if known else None,
    )


def _share_band(points: Sequence[Point], mentions: int, coverage: float) -> Band:
    """The usual share with the spread that chance alone gives it: normal to the binomial."""
    weighted = sum((point.expected_share or 0.0) * point.mentions for point in points)
    middle = weighted / mentions
    reach = _reach(coverage) * math.sqrt(middle * (1 - middle) / mentions)
    return Band(middle, max(0.0, middle - reach), min(1.0, middle + reach))


def _count_band(points: Sequence[Point], coverage: float) -> Band:
    """One bucket's own band as the API gives it; several are joined as if independent.

    The variance of a bucket is read off the width of its band, and is no less than a Poisson
    variable's, since a band of few counts is coarse.
    """
    if len(points) == 1:
        (point,) = points
        return Band(point.expected or 0.0, point.low or 0, point.high or 0)
    reach = _reach(coverage)
    middle = sum(point.expected or 0.0 for point in points)
    variance = sum(
        max(point.expected or 0.0, (((point.high or 0) - (point.low or 0)) / (2 * reach)) ** 2)
        for point in points
    )
    spread = reach * math.sqrt(variance)
    return Band(middle, max(0.0, middle - spread), middle + spread)


def _reach(coverage: float) -> float:
    """Standard deviations to either side of the middle that hold a share of a normal variable."""
    return NormalDist().inv_cdf((1 + coverage) / 2)
