"""How far a chart may go before it is an alarm, for a stated rate of false ones.

A chart's next state depends on its state and the next count alone. Cut into a grid it is a Markov
chain, whose mean time to the first alarm is the solution of one linear system (Brook and Evans, An
approach to the probability distribution of CUSUM run length, Biometrika 59, 1972).
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from inference.radar.detection import negative_binomial
from inference.radar.detection.series import Reals

STATES = 80
MEAN_STEP = 1.2
SIZE_STEP = 1.15
"""Thresholds are worked out on a geometric grid of means and of sizes, and kept."""
LEAST_MEAN = 0.02
STEPS = 14
LONGEST_CUSUM = 60.0
LONGEST_EWMA = 12.0
LOWEST_EWMA = -1.0

Step = Callable[[Reals], Reals]
"""From states `[states, 1]` to those that follow each of them `[states, counts]`."""


def cusum_limits(means: Reals, size: float, ratio: float, alarm_rate: float) -> Reals:
    """Thresholds of the CUSUM of log-likelihood ratios.

    Args:
        means: expected counts `[buckets]`.
        size: of their distribution.
        ratio: the shift that is looked for.
        alarm_rate: false alarms in a bucket, on average.

    Returns:
        `[buckets]`: with each of them alone, at its mean, alarms would come at that rate.
    """
    return _on_grid(means, lambda mean: _cusum_limit(mean, _rounded(size), ratio, alarm_rate))


def ewma_limits(means: Reals, size: float, weight: float, alarm_rate: float) -> Reals:
    """Thresholds of the moving average of standardised counts; arguments as `cusum_limits`.

    Args:
        means: expected counts `[buckets]`.
        size: of their distribution.
        weight: of the newest count.
        alarm_rate: false alarms in a bucket, on average.
    """
    return _on_grid(means, lambda mean: _ewma_limit(mean, _rounded(size), weight, alarm_rate))


def lorden_limit(alarm_rate: float) -> float:
    """A threshold for the CUSUM of any log-likelihood ratios, whatever their distribution.

    Its mean time to a false alarm is `exp(threshold)` or more (Lorden, Procedures for reacting to
    a change in distribution, 1971): cautious, and right where counts come with ever other totals.
    """
    return -math.log(alarm_rate)


def mean_run_length(step: Step, chances: Reals, low: float, limit: float) -> float:
    """Buckets until the first alarm of a chart that begins at 0, on average.

    Args:
        step: where the chart goes.
        chances: probabilities of the counts 0, 1, … `[counts]`.
        low: the chart's lowest state.
        limit: the state from which on it is an alarm.
    """
    width = (limit - low) / STATES
    states = low + width * np.arange(STATES)
    following = step(np.asarray(states[:, None], np.float64))
    # Shared between the two nearest states, so that small steps are not rounded to none.
    places = np.clip((following - low) / width, 0, STATES - 1)
    below = np.minimum(places.astype(np.int64), STATES - 2)
    above = np.where(following < limit, places - below, 0.0) * chances
    stay = np.where(following < limit, 1 - (places - below), 0.0) * chances
    flat = (below + STATES * np.arange(STATES)[:, None]).ravel()
    inside = np.bincount(flat, stay.ravel(), STATES**2) + np.bincount(
        flat + 1, above.ravel(), STATES**2
    )
    inside = inside.reshape(STATES, STATES)
    try:
        lengths = np.linalg.solve(np.eye(STATES) - inside, np.ones(STATES))
    except np.linalg.LinAlgError:  # no way out within the precision of the numbers
        return math.inf
    begun = float(lengths[round(-low / width)])
    return begun if begun >= 1 else math.inf  # rounding, where it is practically infinite


@lru_cache(maxsize=4_096)
def _cusum_limit(mean: float, size: float, ratio: float, alarm_rate: float) -> float:
    chances = negative_binomial.probabilities(mean, size)[0]
    counts = np.arange(len(chances), dtype=np.float64)
    gains = negative_binomial.log_likelihood_ratio(counts, mean, size, ratio)

    def step(states: Reals) -> Reals:
        return np.asarray(np.maximum(0.0, states + gains))

    return _least(
        lambda limit: mean_run_length(step, chances, 0.0, limit), alarm_rate, LONGEST_CUSUM
    )


@lru_cache(maxsize=4_096)
def _ewma_limit(mean: float, size: float, weight: float, alarm_rate: float) -> float:
    chances = negative_binomial.probabilities(mean, size)[0]
    counts = np.arange(len(chances), dtype=np.float64)
    deviations = (counts - mean) / math.sqrt(negative_binomial.variance(mean, size))

    def step(states: Reals) -> Reals:
        return np.asarray((1 - weight) * states + weight * deviations)

    return _least(
        lambda limit: mean_run_length(step, chances, LOWEST_EWMA, limit),
        alarm_rate,
        LONGEST_EWMA,
    )


def _least(length: Callable[[float], float], alarm_rate: float, most: float) -> float:
    """The least threshold, up to `most`, with which alarms are rare enough."""
    low, high = 0.0, most
    for _ in range(STEPS):
        middle = (low + high) / 2
        if length(middle) * alarm_rate < 1:
            low = middle
        else:
            high = middle
    return high


def _on_grid(means: Reals, limit: Callable[[float], float]) -> Reals:
    places = np.log(np.maximum(means, LEAST_MEAN)) / math.log(MEAN_STEP)
    grid = np.arange(math.floor(places.min()), math.ceil(places.max()) + 1)
    limits = [limit(float(MEAN_STEP**place)) for place in grid]
    return np.asarray(np.interp(places, grid, limits))


def _rounded(size: float) -> float:
    return float(SIZE_STEP ** round(math.log(size) / math.log(SIZE_STEP)))


def normal_quantile(probability: float) -> float:
    """The standard normal distribution's quantile."""
    return NormalDist().inv_cdf(probability)
