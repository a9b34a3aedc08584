"""The figures of each recipe over its seeds, and which recipe is best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainer.comparison.runs import HeldOut, MeasuredRun
from trainer.evaluation.metrics import Metrics, measure
from trainer.evaluation.statistics import Replicates, bootstrap, holm, mcnemar

SplitName = Literal["validation", "test"]
SplitFigure = Literal["accuracy", "macro_f1", "auc", "ece", "log_loss"]
RunFigure = Literal["fit_seconds", "tweets_per_second", "megabytes"]


@dataclass(frozen=True)
class Spread:
    """Mean over the seeds, and their standard deviation: 0 for a single seed."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return cls(float(np.mean(values)), deviation)


@dataclass(frozen=True)
class RecipeResult:
    """One recipe, trained with several seeds.

    Attributes:
        recipe: with its settings, as written.
        runs: by seed.
        validation: figures of each run on the validation split.
        test: figures of each run on the test split.
        validation_accuracy: mean over seeds, resampled.
        test_accuracy: mean over seeds, resampled; paired with that of the other recipes.
        test_macro_f1: mean over seeds, resampled.
    """

    recipe: str
    runs: tuple[MeasuredRun, ...]
    validation: tuple[Metrics, ...]
    test: tuple[Metrics, ...]
    validation_accuracy: Replicates
    test_accuracy: Replicates
    test_macro_f1: Replicates

    def figure(self, split: SplitName, name: SplitFigure) -> Spread:
        """A figure of one split over the seeds."""
        measured = self.validation if split == "validation" else self.test
        return Spread.of([getattr(metrics, name) for metrics in measured])

    def of_runs(self, name: RunFigure) -> Spread:
        """A time, speed or size over the seeds."""
        return Spread.of([getattr(run, name) for run in self.runs])

    @property
    def best_run(self) -> MeasuredRun:
        """The run with the highest validation macro-F1; of equals, that of the lowest seed."""
        scores = [metrics.macro_f1 for metrics in self.validation]
        return self.runs[int(np.argmax(scores))]


@dataclass(frozen=True)
class Contrast:
    """The best recipe against another one, on the test split.

    Attributes:
        recipe: the other one.
        difference: accuracy of the best minus that of the other, means over seeds, resampled.
        p_value: of McNemar's exact test between the best runs of both.
        p_adjusted: the same after Holm's correction for all contrasts.
    """

    recipe: str
    difference: Replicates
    p_value: float
    p_adjusted: float


def summarise(runs: Mapping[str, Sequence[MeasuredRun]], rows: HeldOut) -> list[RecipeResult]:
    """Measure every recipe, best first.

    Best is the highest mean validation macro-F1, of equals the first of `runs`; the test split has
    no say.

    Args:
        runs: of each recipe, by seed; at least one recipe.
        rows: what they were measured on.
    """
    validation = [_labels([run.validation for run in group]) for group in runs.values()]
    test = [_labels([run.test for run in group]) for group in runs.values()]
    # Seeds of their own: the two splits hold other rows, so their resamples must not be paired.
    validation_accuracy = bootstrap(rows.validation_truth, validation, seed=1)
    test_accuracy = bootstrap(rows.test_truth, test, seed=0)
    test_macro_f1 = bootstrap(rows.test_truth, test, figure="macro_f1", seed=0)
    results = [
        RecipeResult(
            recipe=recipe,
            runs=tuple(group),
            validation=tuple(measure(rows.validation_truth, run.validation) for run in group),
            test=tuple(measure(rows.test_truth, run.test) for run in group),
            validation_accuracy=validation_accuracy[index],
            test_accuracy=test_accuracy[index],
            test_macro_f1=test_macro_f1[index],
        )
        for index, (recipe, group) in enumerate(runs.items())
    ]
    return sorted(results, key=lambda result: -result.figure("validation", "macro_f1").mean)


def contrasts(results: Sequence[RecipeResult], rows: HeldOut) -> list[Contrast]:
    """The first result against each other one, in their order."""
    best, *others = results
    chosen = best.best_run.test.argmax(axis=1)
    p_values = [
        mcnemar(rows.test_truth, chosen, other.best_run.test.argmax(axis=1)) for other in others
    ]
    return [
        Contrast(other.recipe, best.test_accuracy - other.test_accuracy, p_value, adjusted)
        for other, p_value, adjusted in zip(others, p_values, holm(p_values), strict=True)
    ]


def _labels(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Predicted labels `[seeds, rows]`."""
    return np.stack([scores.argmax(axis=1) for scores in probabilities])
