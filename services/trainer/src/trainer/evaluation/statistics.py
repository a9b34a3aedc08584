"""How sure one may be of a figure, and of one model being better than another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from trainer.data.dataset import Labels
from trainer.evaluation.metrics import CONFIDENCE

Figure = Literal["accuracy", "macro_f1"]
Floats = npt.NDArray[np.floating[Any]]

RESAMPLES = 4_000
"""Ends of a 95 % interval then vary by about 3 % of its width from one random seed to another."""
RESAMPLES_AT_ONCE = 250


@dataclass(frozen=True)
class Interval:
    """A figure and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies within the interval."""
        return self.low <= value <= self.high


def mcnemar(truth: Labels, a: Labels, b: Labels) -> float:
    """P-value, two-sided, of two models being right equally often on the same rows.

    McNemar's test in its exact form: of the rows that only one of them gets right, each model
    should get half, which a binomial test decides. Dietterich, 1998, "Approximate Statistical
    Tests for Comparing Supervised Classification Learning Algorithms", recommends it for models
    that are trained once.

    Args:
        truth: right label of each row, as an index, `[rows]`.
        a: what one model predicts, `[rows]`.
        b: what the other predicts, `[rows]`.

    Returns:
        1.0 where no row tells them apart.

    Raises:
        ValueError: the three differ in length.
    """
    _check(truth, a, b)
    right_a, right_b = a == truth, b == truth
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, adjusted so that all of them together err in 5 % at most.

    Holm, 1979, "A Simple Sequentially Rejective Multiple Test Procedure": the smallest of `m` is
    multiplied by `m`, the next by `m - 1`, and so on; none becomes smaller than one before it.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def paired_difference(
    truth: Labels, a: Labels, b: Labels, *, figure: Figure = "accuracy", seed: int = 0
) -> Interval:
    """How much better `a` is than `b` on the same rows, with a 95 % interval.

    Both are measured on the same resampled rows, so what makes a row hard for both cancels out.

    Args:
        truth: right label of each row, as an index, `[rows]`.
        a: labels that one model predicts, `[rows]` or `[seeds, rows]`.
        b: the same of the other; it may have another number of seeds.
        figure: what is measured.
        seed: of the resampling.

    Returns:
        Figure of `a` minus figure of `b`; positive where `a` is better.

    Raises:
        ValueError: there are no rows, or lengths differ.
    """
    of_a, of_b = bootstrap(truth, [a, b], figure=figure, seed=seed)
    return (of_a - of_b).interval()


@dataclass(frozen=True)
class Replicates:
    """A figure as measured, and `[RESAMPLES]` times on resampled rows and seeds."""

    value: float
    resampled: Floats

    def interval(self) -> Interval:
        """The middle 95 % of the resamples."""
        tail = 100 * (1 - CONFIDENCE) / 2
        low, high = np.percentile(self.resampled, [tail, 100 - tail])
        return Interval(self.value, float(low), float(high))

    def __sub__(self, other: "Replicates") -> "Replicates":
        """The difference in every resample; paired where both come from one `bootstrap`."""
        return Replicates(self.value - other.value, self.resampled - other.resampled)


def bootstrap(
    truth: Labels, models: Sequence[Labels], *, figure: Figure = "accuracy", seed: int = 0
) -> list[Replicates]:
    """Resample test rows and training seeds, for several models measured on the same rows.

    The multi-bootstrap of Sellam et al., 2022, "The MultiBERTs: BERT Reproductions for Robustness
    Analysis", section 3: every resample draws rows with replacement, the same for all models, and
    for each model seeds with replacement; its figure is the mean over the drawn seeds. So its
    spread holds both what another test set and what other seeds would have changed. With `s` seeds
    the plain bootstrap understates the variance between seeds by the factor `(s - 1) / s`, a third
    for three; their deviations are therefore scaled up by its root (Rao and Wu, 1988, "Resampling
    Inference with Complex Survey Data"). One seed says nothing of others: then rows alone vary.
    Rows are drawn regardless of label, as the splits are.

    Args:
        truth: right label of each row, as an index, `[rows]`.
        models: predicted labels of each, `[rows]` or `[seeds, rows]`.
        figure: what is measured.
        seed: of the resampling; the same seed and rows give the same resamples.

    Raises:
        ValueError: there are no rows, or lengths differ.
    """
    _check(truth, *models)
    by_seed = [np.atleast_2d(model) for model in models]
    sizes = [len(model) for model in by_seed]
    measure = FIGURES[figure](truth, np.concatenate(by_seed))
    generator = np.random.default_rng(seed)
    measured = _split(measure(np.ones((1, len(truth)))), sizes)
    resampled = _split(np.concatenate([*map(measure, _row_weights(generator, len(truth)))]), sizes)
    return [
        Replicates(float(whole.mean()), _with_drawn_seeds(generator, figures))
        for whole, figures in zip(measured, resampled, strict=True)
    ]


def _row_weights(generator: np.random.Generator, rows: int) -> Iterator[Floats]:
    """How often each row is drawn, `[RESAMPLES_AT_ONCE, rows]` at a time."""
    for _ in range(0, RESAMPLES, RESAMPLES_AT_ONCE):
        drawn = generator.integers(rows, size=(RESAMPLES_AT_ONCE, rows))
        yield np.stack([np.bincount(row, minlength=rows) for row in drawn]).astype(np.float64)


def _with_drawn_seeds(generator: np.random.Generator, figures: Floats) -> Floats:
    """Figures `[resamples, seeds]` to one for each resample."""
    resamples, seeds = figures.shape
    mean = figures.mean(axis=1)
    if seeds == 1:
        return np.asarray(mean)
    drawn = generator.integers(seeds, size=(resamples, seeds))
    deviation = np.take_along_axis(figures, drawn, axis=1).mean(axis=1) - mean
    return np.asarray(mean + np.sqrt(seeds / (seeds - 1)) * deviation)


Measure = Callable[[Floats], Floats]
"""From row weights `[resamples, rows]` to figures `[resamples, models]`."""


def _accuracy(truth: Labels, predicted: Labels) -> Measure:
    right = (predicted == truth).T.astype(np.float64)
    return lambda weights: np.asarray(weights @ right / weights.sum(axis=1, keepdims=True))


def _macro_f1(truth: Labels, predicted: Labels) -> Measure:
    """F1 averaged over the labels that occur or are predicted, as `Metrics.macro_f1`."""

    def measure(weights: Floats) -> Floats:
        total = np.zeros((len(weights), len(predicted)))
        labels = np.zeros_like(total)
        for label in np.unique([*truth, *np.unique(predicted)]):
            of_label, given = truth == label, predicted == label
            hits = weights @ (given & of_label).T.astype(np.float64)
            both = weights @ of_label[:, None] + weights @ given.T.astype(np.float64)
            total += 2 * hits / np.maximum(both, 1)
            labels += both > 0
        return np.asarray(total / labels)

    return measure


FIGURES: dict[Figure, Callable[[Labels, Labels], Measure]] = {
    "accuracy": _accuracy,
    "macro_f1": _macro_f1,
}


def _split(figures: Floats, sizes: Sequence[int]) -> list[Floats]:
    return np.split(figures, np.cumsum(sizes)[:-1], axis=1)


def _check(truth: Labels, *models: Labels) -> None:
    if len(truth) == 0:
        raise ValueError("there are no rows to compare models on")
    for model in models:
        if model.shape[-1] != len(truth):
            raise ValueError(f"{model.shape[-1]} predictions for {len(truth)} rows")
