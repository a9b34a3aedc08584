"""Charts over a series: each bucket is judged by what was known before it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from inference.radar.detection import baseline, negative_binomial, thresholds
from inference.radar.detection.baseline import Baseline
from inference.radar.detection.series import Flags, Reals, Series


class Chart(StrEnum):
    """What can raise an alarm."""

    VOLUME_CUSUM = "volume-cusum"
    VOLUME_EWMA = "volume-ewma"
    SHARE_CUSUM = "share-cusum"
    SHARE_EWMA = "share-ewma"


BUDGET_PARTS: Final = {
    Chart.VOLUME_CUSUM: 0.75,
    Chart.VOLUME_EWMA: 0.05,
    Chart.SHARE_CUSUM: 0.15,
    Chart.SHARE_EWMA: 0.05,
}
"""How the charts share the budget of false alarms; together they raise at most their sum."""
EARLY_FACTOR: Final = 1.25
"""Looking at buckets before they are over multiplies the false alarms of the volume's CUSUM, whose
threshold is worked out for whole buckets, by about so much; measured on simulated counts."""


@dataclass(frozen=True)
class Options:
    """How a series is watched.

    Attributes:
        false_alarms_per_day: budget of all charts together.
        ratio: the shift of volume, and of the odds of being negative, that CUSUM is best at.
        ewma_weight: weight of the newest bucket in the moving averages.
        learning_hours: hours of data before the first alarm.
        least_negatives: a surge has these many negatives before it is an alarm.
        refit_hours: hours between two estimates of what is usual.
        ending: evidence, as a log-likelihood ratio, after which a surge is over.
        pause_hours: surges that are no further apart are one.
        settling_hours: a surge that lasts this long is the new normal.
    """

    false_alarms_per_day: float = 0.2
    ratio: float = 2.5
    ewma_weight: float = 0.1
    learning_hours: int = 24
    least_negatives: int = 5
    refit_hours: int = 6
    ending: float = 4.0
    pause_hours: float = 1.0
    settling_hours: int = 48


@dataclass
class Surge:
    """An episode; buckets by their place in the series.

    Attributes:
        start: first bucket of what led to the alarm.
        alarm: the bucket that raised it.
        look: looks of that bucket that were over then.
        charts: those that raised it.
        end: the bucket after the last one; None while it goes on.
        settled: it lasted so long that it is usual now.
    """

    start: int
    alarm: int
    look: int
    charts: Sequence[Chart]
    end: int | None = None
    settled: bool = False


@dataclass(frozen=True, eq=False)
class Watched:
    """A series with what was expected of it.

    Attributes:
        series: the counts.
        expected: negatives expected in each bucket; not a number while learning `[buckets]`.
        sizes: size of their distribution `[buckets]`.
        shares: expected share of negatives `[buckets]`.
        share_inflations: see `Baseline.share_inflation` `[buckets]`.
        surges: episodes, oldest first.
    """

    series: Series
    expected: Reals
    sizes: Reals
    shares: Reals
    share_inflations: Reals
    surges: Sequence[Surge]


def watch(series: Series, options: Options | None = None) -> Watched:
    """Go through a series bucket by bucket.

    Volume: the CUSUM of log-likelihood ratios (Page 1954; Moustakides 1986 on why no chart is
    quicker) for a shift of a negative-binomial mean (Höhle and Paul, Count data regression charts
    for the monitoring of surveillance time series, 2008), and a moving average (Roberts 1959) for
    small shifts that last. Share: both again, for the odds of being negative among the mentions.

    Args:
        series: the counts; the last bucket is over.
        options: how to watch it.
    """
    return _Watch(series, options or Options()).run()


@dataclass
class _State:
    """A chart as it stands: its value, and the first bucket of what it has gathered."""

    value: float = 0.0
    since: int = 0


@dataclass
class _Steps:
    """What the counts of a few buckets do to the charts, as plain numbers, which loops are fast on.

    Attributes:
        gains: log-likelihood ratios by CUSUM chart `[buckets]`.
        deviations: standardised counts by EWMA chart `[buckets]`.
        limits: thresholds by chart `[buckets]`.
        early: log-likelihood ratios of a bucket's negatives so far, at each look but the last
            `[buckets][looks - 1]`.
    """

    early: list[list[float]]
    gains: dict[Chart, list[float]]
    deviations: dict[Chart, list[float]]
    limits: dict[Chart, list[float]]


@dataclass
class _Watch:
    series: Series
    options: Options
    states: dict[Chart, _State] = field(default_factory=dict)
    surges: list[Surge] = field(default_factory=list)
    calm: _State = field(default_factory=_State)
    origin: int = 0  # the first bucket that may be learnt from

    def run(self) -> Watched:
        series, options = self.series, self.options
        shape = (4, len(series))
        figures = np.full(shape, np.nan)
        silent = series.silent()
        self.usable: Flags = ~silent
        self.skipped: list[bool] = silent.tolist()
        self.negatives: list[int] = series.negatives.tolist()
        block = options.refit_hours * series.per_day // 24
        learning = options.learning_hours * series.per_day // 24
        self._reset(0)
        for first in range(0, len(series), block):
            last = min(first + block, len(series))
            if int(self.usable[self.origin : first].sum()) < learning:
                self._reset(last)
                continue
            usual = baseline.fit(series, self.usable, self.origin, first)
            expected = usual.expected(series.numbers[first:last])
            figures[0, first:last] = expected
            figures[1, first:last] = usual.size
            figures[2, first:last] = usual.share
            figures[3, first:last] = usual.share_inflation
            careful = usual.expected(series.numbers[first:last], baseline.CAUTION)
            steps = self._steps(usual, careful, first, last)
            for place in range(first, last):
                if self.skipped[place]:
                    continue
                if self._going_on() is None:
                    self._look_early(place, place - first, steps)
                if place < series.complete:
                    self._judge(place, place - first, steps)
        return Watched(series, figures[0], figures[1], figures[2], figures[3], self.surges)

    def _steps(self, usual: Baseline, expected: Reals, first: int, last: int) -> _Steps:
        options, series = self.options, self.series
        rate = options.false_alarms_per_day / series.per_day
        rates = {chart: part * rate for chart, part in BUDGET_PARTS.items()}
        looks = series.looks.shape[1]
        if looks > 1:
            rates[Chart.VOLUME_CUSUM] /= EARLY_FACTOR
        over = np.arange(1, looks) / looks  # the part of the bucket that is over at each look
        early = negative_binomial.log_likelihood_ratio(
            series.looks[first:last, :-1], expected[:, None] * over, usual.size, options.ratio
        )
        counts = series.negatives[first:last].astype(np.float64)
        mentions = series.mentions[first:last].astype(np.float64)
        size, share = usual.size, usual.share
        odds = options.ratio * share / (1 - share)
        shifted = odds / (1 + odds)
        gain = counts * math.log(shifted / share) + (mentions - counts) * math.log(
            (1 - shifted) / (1 - share)
        )
        spread = np.sqrt(np.maximum(mentions, 1) * share * (1 - share) * usual.share_inflation)
        # Buckets of one hour that rise and fall together tell less than as many independent ones:
        # their likelihood is taken to the power 1 / inflation.
        inflation, share_inflation = usual.hourly_inflation, usual.share_hourly_inflation
        weight = options.ewma_weight
        usual_average = math.sqrt(weight / (2 - weight))
        limits = {
            Chart.VOLUME_CUSUM: inflation
            * thresholds.cusum_limits(expected, size, options.ratio, rates[Chart.VOLUME_CUSUM]),
            Chart.VOLUME_EWMA: math.sqrt(inflation)
            * thresholds.ewma_limits(expected, size, weight, rates[Chart.VOLUME_EWMA]),
            Chart.SHARE_CUSUM: np.full(
                last - first,
                share_inflation * thresholds.lorden_limit(rates[Chart.SHARE_CUSUM]),
            ),
            # Cautious: values next to each other in time mostly cross together.
            Chart.SHARE_EWMA: np.full(
                last - first,
                math.sqrt(share_inflation)
                * usual_average
                * thresholds.normal_quantile(1 - rates[Chart.SHARE_EWMA]),
            ),
        }
        return _Steps(
            early=early.tolist(),
            gains={
                Chart.VOLUME_CUSUM: negative_binomial.log_likelihood_ratio(
                    counts, expected, size, options.ratio
                ).tolist(),
                Chart.SHARE_CUSUM: (gain / usual.share_inflation).tolist(),
            },
            deviations={
                Chart.VOLUME_EWMA: (
                    (counts - expected) / np.sqrt(negative_binomial.variance(expected, size))
                ).tolist(),
                Chart.SHARE_EWMA: ((counts - mentions * share) / spread).tolist(),
            },
            limits={chart: values.tolist() for chart, values in limits.items()},
        )

    def _going_on(self) -> Surge | None:
        return self.surges[-1] if self.surges and self.surges[-1].end is None else None

    def _look_early(self, place: int, index: int, steps: _Steps) -> None:
        """Whether a bucket has enough to be an alarm before it is over."""
        state, limit = self.states[Chart.VOLUME_CUSUM], steps.limits[Chart.VOLUME_CUSUM][index]
        over = self.series.looks_over if place == len(self.series) - 1 else len(steps.early[index])
        for look, gain in enumerate(steps.early[index][:over]):
            if state.value + gain >= limit:
                seen = int(self.series.looks[place, look])
                if seen + sum(self.negatives[state.since : place]) >= self.options.least_negatives:
                    self._begin(Surge(state.since, place, look + 1, [Chart.VOLUME_CUSUM]))
                    return

    def _judge(self, place: int, index: int, steps: _Steps) -> None:
        """Take in a bucket that is over."""
        for chart, gains in steps.gains.items():
            state = self.states[chart]
            state.value += gains[index]
            if state.value <= 0:
                state.value, state.since = 0.0, place + 1
        weight = self.options.ewma_weight
        for chart, deviations in steps.deviations.items():
            state = self.states[chart]
            state.value += weight * (deviations[index] - state.value)
            if state.value <= 0:
                state.since = place + 1
        surge = self._going_on()
        if surge is not None:
            self._follow(surge, place, index, steps)
            return
        fired = [
            chart
            for chart, state in self.states.items()
            if state.value >= steps.limits[chart][index]
            and sum(self.negatives[state.since : place + 1]) >= self.options.least_negatives
        ]
        if fired:
            start = self.states[fired[0]].since
            self._begin(Surge(start, place, self.series.looks.shape[1], fired))

    def _begin(self, surge: Surge) -> None:
        before = self.surges[-1] if self.surges else None
        pause = self.options.pause_hours * self.series.per_day / 24
        if before and before.end and not before.settled and surge.start - before.end <= pause:
            before.end = None  # it was not over
            self.usable[before.start : surge.alarm + 1] = False
        else:
            self.surges.append(surge)
            self.usable[surge.start : surge.alarm + 1] = False
        self.calm = _State(0.0, surge.alarm + 1)

    def _follow(self, surge: Surge, place: int, index: int, steps: _Steps) -> None:
        """Whether a surge is over: the same test the other way round, and its average calm."""
        self.usable[place] = False
        by_share = not any(chart in surge.charts for chart in VOLUME)
        cusum, ewma = SHARE if by_share else VOLUME
        self.calm.value -= steps.gains[cusum][index]
        if self.calm.value <= 0:
            self.calm = _State(0.0, place + 1)
        lasted = (place + 1 - surge.start) * self.series.bucket_seconds / 3_600
        over = self.calm.value >= self.options.ending
        still = ewma in surge.charts and self.states[ewma].value >= steps.limits[ewma][index] / 2
        if over and not still:
            surge.end = max(self.calm.since, surge.start + 1)
            self.usable[surge.end : place + 1] = ~np.array(
                self.skipped[surge.end : place + 1], np.bool_
            )
            self._reset(place + 1)
        elif lasted >= self.options.settling_hours:
            surge.end, surge.settled = place + 1, True
            self.usable[surge.start : surge.end] = ~np.array(
                self.skipped[surge.start : surge.end], np.bool_
            )
            self.origin = surge.start
            self._reset(place + 1)

    def _reset(self, place: int) -> None:
        self.states = {chart: _State(0.0, place) for chart in BUDGET_PARTS}


VOLUME: Final = (Chart.VOLUME_CUSUM, Chart.VOLUME_EWMA)
SHARE: Final = (Chart.SHARE_CUSUM, Chart.SHARE_EWMA)
