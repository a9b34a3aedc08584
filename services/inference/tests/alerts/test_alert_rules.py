"""The rules by themselves, and what they do to simulated weeks."""

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np
import pytest

from inference.alerts.binomial import upper_tail
from inference.alerts.rules import (
    BUDGET_PERIOD,
    EARLY_LEVEL,
    RATE_WINDOWS,
    SURE_LEVEL,
    Tally,
    is_excess,
    is_too_much,
    level_after,
    newest_cluster,
)

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
EXPECTED, FALLEN = 0.15, 0.30
PER_MINUTE = 4  # 20 verdicts in 5 minutes
HALF_HOUR = 30 * PER_MINUTE
WEEK = 7 * 24 * 60 * PER_MINUTE


def exact_tail(successes, trials, probability):
    p = Fraction(probability)
    terms = (comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(successes, trials + 1))
    return float(sum(terms, Fraction(0)))


@pytest.mark.parametrize(
    ("successes", "trials", "probability"),
    [
        *((0, 5, 0.3), (5, 5, 0.3), (6, 5, 0.3), (1, 1, 0.5), (28, 120, 0.15), (40, 120, 0.15)),
        *((2, 120, 0.15), (118, 120, 0.85), (300, 300, 0.999)),
    ],
)
def test_tails_are_the_exact_ones(successes, trials, probability):
    exact = exact_tail(successes, trials, probability)
    assert upper_tail(successes, trials, probability) == pytest.approx(exact, rel=1e-10)


def moments(*seconds):
    return [NOW + timedelta(seconds=second) for second in seconds]


@pytest.mark.parametrize(
    ("seconds", "places"),
    [
        ((), None),
        ((0, 1), None),
        ((0, 150, 300), range(3)),  # both ends of the window are in it
        ((0, 150, 300.001), None),
        ((0, 299, 301, 302), range(1, 4)),  # neither five minutes of the clock nor the first two
        ((0, 1, 2, 1_000, 1_001, 1_002), range(3, 6)),  # the newest
        ((0, 1, 2, 1_000), range(3)),
        ((0, 0, 0), range(3)),
    ],
)
def test_three_within_five_minutes_wherever_they_begin(seconds, places):
    assert newest_cluster(moments(*seconds), 3, WINDOW) == places


def test_a_cluster_is_found_exactly_when_some_three_are_near_each_other():
    draw = random.Random(7)
    for _ in range(300):
        times = moments(*sorted(draw.uniform(0, 2_000) for _ in range(draw.randint(0, 9))))
        near = any(
            later - earlier <= WINDOW for earlier, later in zip(times, times[2:], strict=False)
        )
        assert (newest_cluster(times, 3, WINDOW) is not None) is near


def test_a_few_verdicts_are_no_rate():
    assert not is_excess(Tally(19, 19), EXPECTED, EARLY_LEVEL)
    assert is_excess(Tally(20, 20), EXPECTED, EARLY_LEVEL)


def test_the_share_that_is_too_much_falls_with_the_volume_to_the_expected_one():
    least = [critical(total, EARLY_LEVEL) / total for total in (20, 200, 2_000, 20_000)]
    assert least == sorted(least, reverse=True)
    assert 0.15 < least[-1] < 0.16


def test_shares_of_requests():
    assert not is_too_much(Tally(19, 19), 0.02)
    assert not is_too_much(Tally(100, 2), 0.02)
    assert is_too_much(Tally(100, 3), 0.02)
    assert not is_too_much(Tally(100, 100), 1.0)


def test_after_an_alarm_the_next_must_be_sure_for_a_week():
    assert level_after(None, NOW) == EARLY_LEVEL
    assert level_after(NOW - timedelta(minutes=1), NOW) == SURE_LEVEL
    assert level_after(NOW - BUDGET_PERIOD, NOW) == EARLY_LEVEL


@cache
def critical(total, level):
    """The least number of rejections among so many verdicts that is too many."""
    return next(bad for bad in range(total + 1) if is_excess(Tally(total, bad), EXPECTED, level))


def crossings(rejected, level):
    """Places in a row of verdicts at which any of the windows that end there is too bad."""
    sums = np.concatenate([[0], np.cumsum(rejected)])
    found = np.zeros(len(rejected), bool)
    for window in RATE_WINDOWS:
        size = int(window.total_seconds() / 60 * PER_MINUTE)
        if size <= len(rejected):
            found[size - 1 :] |= sums[size:] - sums[:-size] >= critical(size, level)
    return np.flatnonzero(found)


def draws(seed, *parts):
    """Rows of verdicts: 1 where rejected, with each share for so many verdicts."""
    source = np.random.default_rng(seed)
    return np.concatenate([source.random(count) < share for share, count in parts]).astype(int)


def test_a_week_at_the_expected_accuracy_has_at_most_one_false_alarm():
    """Evaluated at each verdict; one is resolved at once, so that the next may follow it."""
    more_than_one = 0
    for seed in range(100):
        week = draws(seed, (EXPECTED, WEEK))
        early = crossings(week, EARLY_LEVEL)
        sure = crossings(week, SURE_LEVEL)
        after = sure[sure > early[0] + HALF_HOUR] if len(early) else sure
        more_than_one += len(after) > 0
    assert more_than_one <= 2


@pytest.mark.parametrize(
    ("level", "minutes"), [(EARLY_LEVEL, 30), (SURE_LEVEL, 75)], ids=["first", "next"]
)
def test_a_fall_to_70_percent_is_seen_in_time(level, minutes):
    before = 3 * 60 * PER_MINUTE
    seen = []
    for seed in range(1_000, 3_000):
        run = draws(seed, (EXPECTED, before), (FALLEN, minutes * PER_MINUTE))
        seen.append((crossings(run, level) >= before).any())
    assert np.mean(seen) >= 0.95


def test_no_rule_can_see_95_percent_of_falls_with_few_false_alarms():
    """Neyman and Pearson: the most powerful test of the verdicts of half an hour."""
    least = max(k for k in range(HALF_HOUR) if upper_tail(k, HALF_HOUR, FALLEN) >= 0.95)
    next_level = upper_tail(least + 1, HALF_HOUR, EXPECTED)
    assert upper_tail(least + 1, HALF_HOUR, FALLEN) < 0.95
    half_hours = 7 * 48
    assert half_hours * next_level > 1.5  # false alarms a week, even with less power than asked
