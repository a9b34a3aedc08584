"""The negative-binomial distribution by mean and size: variance `mean + mean² / size`.

Counts of tweets vary more than Poisson's, since people answer one another; the size is what is left
of that (Cameron and Trivedi, Regression Analysis of Count Data, 2013, chapter 3: "NB2").
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from inference.radar.detection.series import Counts, Reals

TAIL_DEVIATIONS = 14
"""Standard deviations above the mean that a table of probabilities reaches; at the least size and
the largest means used here, less than 1e-6 lies beyond."""


def variance(mean: ArrayLike, size: float | Reals) -> Reals:
    """The variance of counts with some mean."""
    means = np.asarray(mean, np.float64)
    return means + means**2 / size


def log_likelihood_ratio(
    counts: ArrayLike, mean: ArrayLike, size: float | Reals, ratio: float
) -> Reals:
    """How much likelier counts are at `ratio` times the mean than at the mean, as a logarithm."""
    values, means = np.asarray(counts, np.float64), np.asarray(mean, np.float64)
    shifted = np.log((size + ratio * means) / (size + means))
    return np.asarray(values * math.log(ratio) - (values + size) * shifted)


def probabilities(mean: ArrayLike, size: float) -> Reals:
    """Probabilities of the counts 0, 1, … `[means, counts]`; what lies beyond goes to the last."""
    means = np.atleast_1d(np.asarray(mean, np.float64))[:, None]
    most = int(means.max() + TAIL_DEVIATIONS * math.sqrt(variance(means.max(), size))) + 10
    steps = np.arange(most)
    # P(y + 1) / P(y) = (y + size) / (y + 1) · mean / (size + mean)
    logs = np.log((steps + size) / (steps + 1)) + np.log(means / (size + means))
    first = size * np.log(size / (size + means))
    found = np.exp(np.hstack([first, first + np.cumsum(logs, axis=1)]))
    found[:, -1] += np.maximum(0.0, 1 - found.sum(axis=1))
    return np.asarray(found)


def quantiles(mean: Reals, size: float, probability: float) -> Counts:
    """The least count that is reached with some probability, for each mean `[means]`."""
    distinct, places = np.unique(np.round(mean, 2), return_inverse=True)
    below = probabilities(np.maximum(distinct, 0.005), size).cumsum(axis=1)
    found = np.asarray((below < probability).sum(axis=1), np.int64)
    return np.asarray(found[places.ravel()], np.int64)
