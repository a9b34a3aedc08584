"""What is usual at each time of day and week, estimated from the past without its surges."""

import math
from dataclasses import dataclass

import numpy as np

from inference.radar.detection import negative_binomial
from inference.radar.detection.series import Counts, Flags, Reals, Series

WINDOW_DAYS = 28
HALF_LIFE_DAYS = 10.0
"""The past counts half as much for each of these days: habits change."""
SMOOTHING_MINUTES = 45
"""Half the width of the window over which a time of day is smoothed."""
PRIOR_BUCKETS = 3.0
"""A time of day is drawn towards the day's mean as by these many buckets at that mean."""
WEEK_DAYS = 21
"""Days of history from which on the days of the week differ."""
PRIOR_DAYS = 0.25
CAUTION = 1.0
"""What is expected is raised by so many standard errors, which matters while history is short."""
PRIOR_DISPERSION = 0.2
"""1 / size that is assumed, as by `PRIOR_DISPERSION_BUCKETS`, before the data say otherwise."""
PRIOR_DISPERSION_BUCKETS = 50.0
LEAST_DISPERSION, MOST_DISPERSION = 1e-3, 3.0
OUTLYING = 5.0
"""Standard deviations of an hour's count above which the hour is no part of what is usual."""
MEDIAN_SQUARE = 0.455
"""Median of a standard normal variable's square."""
LEAST_MEAN = 0.02
LEAST_HOURS = 48
"""Hours of history from which on it is asked whether hours vary more than their buckets say."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """What is usual.

    Attributes:
        profile: expected negatives of a bucket by its place in the day `[buckets of a day]`.
        errors: standard errors of those, from what is usual at that time `[buckets of a day]`.
        weekdays: factor of each day of the week, counted from Thursday, the first of Unix time.
        size: of the counts' negative-binomial distribution.
        hourly_inflation: variance of an hour's count, divided by what its buckets would give if
            they were independent; 1 unless clearly more.
        share: expected share of negatives among mentions.
        share_inflation: variance of the negatives among given mentions, divided by a binomial's.
        share_hourly_inflation: as `hourly_inflation`, of the negatives among given mentions.
    """

    profile: Reals
    errors: Reals
    weekdays: Reals
    size: float
    hourly_inflation: float
    share: float
    share_inflation: float
    share_hourly_inflation: float

    def expected(self, numbers: Counts, caution: float = 0.0) -> Reals:
        """Expected negatives of buckets.

        Args:
            numbers: of the buckets `[buckets]`.
            caution: standard errors by which they are raised.
        """
        per_day = len(self.profile)
        profile = self.profile + caution * self.errors
        means = profile[numbers % per_day] * self.weekdays[numbers // per_day % 7]
        return np.asarray(np.maximum(means, LEAST_MEAN))


def fit(series: Series, usable: Flags, start: int, end: int) -> Baseline:
    """Estimate what is usual from the buckets `start` to `end` of a series, the latter excluded.

    Args:
        series: the counts.
        usable: which buckets may be learnt from: none of a surge, none without data `[buckets]`.
        start: place of the first bucket in the series.
        end: place after the last one.
    """
    start = max(start, end - WINDOW_DAYS * series.per_day)
    numbers = series.numbers[start:end]
    negatives = series.negatives[start:end].astype(np.float64)
    mentions = series.mentions[start:end].astype(np.float64)
    age = (end - 1 - np.arange(start, end)) / series.per_day
    recency = np.asarray(0.5 ** (age / HALF_LIFE_DAYS))
    weights = recency * usable[start:end]
    per_hour = series.per_day // 24
    # A surge that no chart saw, such as one of the first day, stands out against a first estimate.
    for last in (False, True):
        profile, known, weekdays = _means(numbers, negatives, weights, series)
        expected = np.maximum(
            profile[numbers % series.per_day] * weekdays[numbers // series.per_day % 7], LEAST_MEAN
        )
        size = _size(negatives, expected, weights)
        variances = negative_binomial.variance(expected, size)
        hours = _hourly_squares(negatives - expected, variances, weights > 0, per_hour)
        if not last:
            # By the median, which those hours do not move.
            spread = max(1.0, float(np.median(hours)) / MEDIAN_SQUARE) if len(hours) else 1.0
            outlying = _outlying(negatives - expected, spread * variances, per_hour)
            weights = weights * ~outlying
    inflation = _inflation(hours)
    share, share_inflation = _share(mentions, negatives, weights)
    share_hours = _hourly_squares(
        negatives - mentions * share,
        mentions * share * (1 - share) * share_inflation,
        weights > 0,
        per_hour,
    )
    return Baseline(
        profile=profile,
        errors=np.sqrt(negative_binomial.variance(profile, size) * inflation / known),
        weekdays=weekdays,
        size=size,
        hourly_inflation=inflation,
        share=share,
        share_inflation=share_inflation,
        share_hourly_inflation=_inflation(share_hours),
    )


def _means(
    numbers: Counts, negatives: Reals, weights: Reals, series: Series
) -> tuple[Reals, Reals, Reals]:
    """Expected counts by place in the day, the buckets each rests on, and the days' factors."""
    per_day = series.per_day
    total, weight = float(weights @ negatives), float(weights.sum())
    overall = total / weight if weight else 0.0
    places = numbers % per_day
    sums = _smooth(_sums(places, weights * negatives, per_day), series)
    counts = _smooth(_sums(places, weights, per_day), series)
    profile = (sums + PRIOR_BUCKETS * overall) / (counts + PRIOR_BUCKETS)
    weekdays = np.ones(7)
    if len(numbers) >= WEEK_DAYS * per_day and total:
        days = numbers // per_day % 7
        usual = _sums(days, weights * profile[places], 7)
        seen = _sums(days, weights * negatives, 7)
        prior = PRIOR_DAYS * overall * per_day
        weekdays = (seen + prior) / (usual + prior)
    return profile, counts + PRIOR_BUCKETS, weekdays


def _sums(places: Counts, values: Reals, length: int) -> Reals:
    return np.asarray(np.bincount(places, values, length), np.float64)


def _smooth(values: Reals, series: Series) -> Reals:
    """Weighted sums over the neighbours in the day, midnight included; Hann's weights."""
    half = SMOOTHING_MINUTES * 60 // series.bucket_seconds
    kernel = np.hanning(2 * half + 3)[1:-1]
    around = np.concatenate((values[-half:], values, values[:half]))
    return np.asarray(np.convolve(around, kernel, "valid"))


def _size(negatives: Reals, expected: Reals, weights: Reals) -> float:
    """The size by the method of moments: E[(y - mean)² - mean] = mean² / size."""
    prior = PRIOR_DISPERSION_BUCKETS * float(np.mean(expected**2))
    excess = float(weights @ ((negatives - expected) ** 2 - expected))
    dispersion = (excess + prior * PRIOR_DISPERSION) / (float(weights @ expected**2) + prior)
    return 1 / min(max(dispersion, LEAST_DISPERSION), MOST_DISPERSION)


def _outlying(residuals: Reals, variances: Reals, per_hour: int) -> Flags:
    """Buckets of hours, begun at any bucket, that are far above what is expected."""
    if len(residuals) < per_hour:
        return np.zeros(len(residuals), np.bool_)
    window = np.ones(per_hour)
    excess = np.convolve(residuals, window, "valid")
    spread = np.sqrt(np.convolve(variances, window, "valid"))
    starts = (excess > OUTLYING * spread).astype(np.float64)
    return np.asarray(np.convolve(starts, window) > 0.5)


def _hourly_squares(residuals: Reals, variances: Reals, usable: Flags, per_hour: int) -> Reals:
    """Squares of whole hours' standardised counts; 1 on average if buckets are independent."""
    hours = len(residuals) // per_hour

    def by_hour(values: Reals) -> Reals:
        return np.asarray(values[: hours * per_hour].reshape(hours, per_hour).sum(axis=1))

    whole = by_hour(usable.astype(np.float64)) == per_hour
    spread = by_hour(variances)
    known = whole & (spread > 0)
    return np.asarray(by_hour(residuals)[known] ** 2 / spread[known])


def _inflation(squares: Reals) -> float:
    if len(squares) < LEAST_HOURS:
        return 1.0
    inflation = float(squares.mean())
    # Its standard error, so that noise alone does not make the charts slow.
    error = float(squares.std()) / math.sqrt(len(squares))
    return inflation if inflation > 1 + 3 * error else 1.0


def _share(mentions: Reals, negatives: Reals, weights: Reals) -> tuple[float, float]:
    total = float(weights @ mentions)
    # As if one negative and one other mention had been seen: never 0, never 1.
    share = (float(weights @ negatives) + 1) / (total + 2)
    known = (mentions > 0) & (weights > 0)
    if not known.any():
        return share, 1.0
    spread = mentions[known] * share * (1 - share)
    squares = (negatives[known] - mentions[known] * share) ** 2 / spread
    return share, max(1.0, float(np.average(squares, weights=weights[known])))
