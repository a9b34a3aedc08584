"""Traffic whose surges are known, and how well they are found.

Negatives come at 60 an hour on average, three times as many at the busiest hour as at the quietest,
negative-binomial with size 5. A surge multiplies their rate by 2.5 for 2 hours.

The size belongs to buckets of 5 minutes (variance = mean + mean² / 5 in each, independent of the
next) unless `per_hour`: then one gamma factor of variance 1 / 5 multiplies all the rate of an hour.
By chance alone that makes one hour in 190 2.5 times as busy as usual, which is the surge itself.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inference.radar.detection.monitor import Options, watch
from inference.radar.detection.series import Counts, Reals, Series

NEGATIVES_PER_HOUR = 60.0
OTHERS_PER_HOUR = 40.0
SIZE = 5.0
BUCKET_MINUTES = 5
SURGE_RATIO = 2.5
SURGE_HOURS = 2.0
LEARNING_DAYS = 14
DAYS = 28
"""Days after those; each has a surge at a random time."""


@dataclass(frozen=True)
class Outcome:
    """What became of the surges of one run.

    Attributes:
        delays: minutes from each surge's beginning to its alarm; infinite for one that was not
            found while it lasted.
        false_alarms: alarms outside any surge.
        days: time outside any surge.
    """

    delays: Sequence[float]
    false_alarms: int
    days: float


def run(seed: int, options: Options, *, per_hour: bool = False, early: bool = True) -> Outcome:
    """Simulate one feed and watch it.

    Args:
        seed: of the random numbers.
        options: how it is watched.
        per_hour: the size belongs to hours rather than to buckets of 5 minutes.
        early: buckets are looked at each minute, rather than when they are over.
    """
    random = np.random.default_rng(seed)
    days = LEARNING_DAYS + DAYS
    minutes = np.arange(days * 1_440)
    cycle = 1 + 0.5 * np.sin(2 * math.pi * (minutes + 0.5) / 1_440)
    starts = LEARNING_DAYS * 1_440.0 + 1_440 * np.arange(DAYS) + random.uniform(0, 1_320, DAYS)
    extra = np.zeros(len(minutes))
    for start in starts:
        ends = np.minimum(minutes + 1, start + 60 * SURGE_HOURS)
        extra += np.maximum(ends - np.maximum(minutes, start), 0)
    together = 60 if per_hour else BUCKET_MINUTES

    def draw(rate: float, factor: Reals) -> Counts:
        """Poisson counts `[minutes]` whose rate has one gamma factor for several minutes."""
        levels = np.repeat(random.gamma(SIZE, 1 / SIZE, len(minutes) // together), together)
        return random.poisson(rate / 60 * cycle * factor * levels)

    negatives = draw(NEGATIVES_PER_HOUR, 1 + (SURGE_RATIO - 1) * extra)
    mentions = negatives + draw(OTHERS_PER_HOUR, np.ones(len(minutes)))
    looks = negatives.reshape(-1, BUCKET_MINUTES).cumsum(axis=1)
    if not early:
        looks = looks[:, -1:]
    buckets = mentions.reshape(-1, BUCKET_MINUTES).sum(axis=1)
    watched = watch(Series(0, buckets, looks, 60 * BUCKET_MINUTES, looks.shape[1]), options)
    alarms = [
        BUCKET_MINUTES * (surge.alarm + surge.look / looks.shape[1]) for surge in watched.surges
    ]
    alarms = [alarm for alarm in alarms if alarm > LEARNING_DAYS * 1_440]
    delays = []
    for start in starts:
        within = [alarm - start for alarm in alarms if start < alarm <= start + 60 * SURGE_HOURS]
        delays.append(min(within, default=math.inf))
    false = [
        alarm
        for alarm in alarms
        if not any(start < alarm <= start + 60 * SURGE_HOURS for start in starts)
    ]
    return Outcome(delays, len(false), DAYS - len(starts) * SURGE_HOURS / 24)


def summary(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """The figures of several runs."""
    delays = [delay for outcome in outcomes for delay in outcome.delays]
    days = sum(outcome.days for outcome in outcomes)
    false = sum(outcome.false_alarms for outcome in outcomes)
    found = [delay for delay in delays if math.isfinite(delay)]
    median = float(np.median(delays))
    return {
        "false_alarms_per_day": round(false / days, 3),
        # Of all surges, those that were not found counting as later than any; none if these are
        # half of them.
        "median_delay_minutes": round(median, 1) if math.isfinite(median) else None,
        "found_share": round(len(found) / len(delays), 4),
        "surges": len(delays),
        "quiet_days": round(days, 1),
    }


def measure(
    seeds: Sequence[int],
    options: Options,
    progress: Callable[[], None] = lambda: None,
    **how: object,
) -> list[Outcome]:
    """Several runs, one for each seed; see `run`."""
    outcomes = []
    for seed in seeds:
        outcomes.append(run(seed, options, **how))
        progress()
    return outcomes
