"""Joining buckets: where steps begin, what is expected of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from frontend.api.radar import Point
from frontend.radar.steps import Step, length_for, steps

BUCKET = timedelta(minutes=5)
FIRST = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_point(place: int, **changes: object) -> Point:
    values: dict[str, object] = {
        "start": FIRST + place * BUCKET, "mentions": 10, "negatives": 3, "negative_sum": 2.5,
        "expected": 3.0, "low": 0, "high": 7, "expected_share": 0.3,
    }  # fmt: skip
    return Point.model_validate(values | changes)


def join(points: list[Point], length: timedelta = HOUR, zone: str = "UTC") -> list[Step]:
    return list(steps(points, length, coverage=0.95, zone=ZoneInfo(zone)))


def test_nothing_is_lost_or_counted_twice() -> None:
    joined = join([make_point(place, mentions=place, negatives=place // 2) for place in range(30)])
    assert [step.mentions for step in joined] == [66, 210, 159]
    assert sum(step.negatives for step in joined) == sum(place // 2 for place in range(30))
    assert joined[0].share == pytest.approx(12 * 2.5 / 66)


def test_days_begin_at_midnight_where_the_visitor_is() -> None:
    points = [make_point(place) for place in range(30)]
    for zone, midnight in (("UTC", 24), ("Europe/Paris", 12)):
        joined = join(points, timedelta(days=1), zone)
        assert [step.mentions for step in joined] == [10 * midnight, 10 * (30 - midnight)]
        assert joined[1].start.astimezone(ZoneInfo(zone)).hour == 0


def test_what_is_not_known_is_not_made_up() -> None:
    learning = {"expected": None, "low": None, "high": None, "expected_share": None}
    (step,) = join([make_point(0, **learning), make_point(1)])
    assert step.usual_share is None
    assert step.usual_negatives is None
    (silent,) = join([make_point(0, mentions=0, negatives=0, negative_sum=0)])
    assert silent.share is None
    assert silent.usual_share is None
    assert silent.usual_negatives is not None


def test_one_bucket_has_the_band_that_the_service_gives() -> None:
    (step,) = join([make_point(0)], BUCKET)
    assert step.usual_negatives is not None
    assert (step.usual_negatives.low, step.usual_negatives.high) == (0, 7)


@pytest.mark.parametrize("mean", [0.05, 0.5, 5.0])
def test_a_joined_band_holds_what_it_says(mean: float) -> None:
    """Sums of 12 negative-binomial counts of size 5 lie within it about 95 times of 100."""
    random = np.random.default_rng(11)
    counts = random.negative_binomial(5, 5 / (5 + mean), size=(20_000, 12))
    low, high = np.quantile(counts, [0.025, 0.975], method="inverted_cdf")
    points = [make_point(place, expected=mean, low=int(low), high=int(high)) for place in range(12)]
    (step,) = join(points)
    assert step.usual_negatives is not None
    sums = counts.sum(axis=1)
    band = step.usual_negatives
    assert 0.9 < np.mean((sums >= band.low) & (sums <= band.high)) <= 0.99


def test_the_usual_share_spreads_as_chance_does() -> None:
    (step,) = join([make_point(place, mentions=20) for place in range(12)])
    assert step.usual_share is not None
    random = np.random.default_rng(7)
    shares = random.binomial(240, 0.3, size=20_000) / 240
    within = (shares >= step.usual_share.low) & (shares <= step.usual_share.high)
    assert 0.93 < within.mean() < 0.97


@pytest.mark.parametrize(
    ("buckets", "mentions", "length"),
    [
        (288, 10, timedelta(minutes=15)),
        (2016, 10, HOUR),
        (2016, 0.2, 3 * HOUR),
        (8640, 10, 6 * HOUR),
        (2016, 0.001, timedelta(days=1)),
        (12, 10, BUCKET),
    ],
)
def test_a_chart_has_few_steps_and_each_has_enough_mentions(
    buckets: int, mentions: float, length: timedelta
) -> None:
    each = int(1 / mentions) if mentions < 1 else 1
    points = [
        make_point(place, mentions=(mentions if mentions >= 1 else 1) if place % each == 0 else 0)
        for place in range(buckets)
    ]
    assert length_for(points, BUCKET) == length
