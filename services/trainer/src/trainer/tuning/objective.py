"""What tuning minimises: the calibrated log loss on rows that were not trained on.

It is the loss that ships, after the temperature that every export fits; it tells candidates apart
on few rows, where accuracy and F1 move in steps of a row; and it is what early stopping watches, so
that values within a training compare with those at its end.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trainer.data.dataset import Dataset
from trainer.export.calibration import fit_temperature
from trainer.progress import Progress
from trainer.recipes import get_recipe
from trainer.recipes.base import NeuralSettings
from trainer.recipes.folds import folds
from trainer.recipes.spec import RecipeSpec

HISTORY = "val_calibrated_loss"
FOLDS = 5

Report = Callable[[int, float], None]
"""Told of the loss after an epoch or fold, counted from 1; may raise to end the trial."""


def held_out_loss(
    spec: RecipeSpec, dataset: Dataset, progress: Progress, report: Report, *, seed: int
) -> float:
    """Calibrated log loss in nats of a recipe with these settings.

    A neural recipe learns from the training rows and is measured on the validation rows after
    every epoch; the loss is that of its best epoch, whose weights it keeps. Any other recipe is
    cross-validated on the training rows, in folds that share no user, so that the validation rows,
    by which it is compared with others later, do not choose its settings too; the loss is the mean
    over the folds.

    Raises:
        TrainerError: data and settings do not suit the recipe.
    """
    if issubclass(get_recipe(spec.recipe).settings, NeuralSettings):
        model = spec.fit(dataset, _Watching(progress, report), seed=seed)
        return min(model.history[HISTORY])
    return _cross_validated(spec, dataset, progress, report, seed=seed)


class _Watching:
    """Progress that passes losses on."""

    def __init__(self, progress: Progress, report: Report) -> None:
        self._progress = progress
        self._report = report

    def start(self, task: str, total: int) -> None:
        self._progress.start(task, total)

    def advance(self, steps: int = 1, note: str = "") -> None:
        self._progress.advance(steps, note)

    def measured(self, epoch: int, loss: float) -> None:
        self._report(epoch, loss)


def _cross_validated(
    spec: RecipeSpec, dataset: Dataset, progress: Progress, report: Report, *, seed: int
) -> float:
    """Mean loss over folds of the training rows, told of after every fold."""
    rows = dataset.train
    losses: list[float] = []
    for learned, held in folds(rows, FOLDS, dataset.labels, seed):
        part = replace(dataset, train=rows.take(learned), validation=rows.take(held))
        model = spec.fit(part, progress, seed=seed)
        logits = model.predict_logits(part.validation.texts)
        losses.append(fit_temperature(logits, part.validation.labels).loss)
        report(len(losses), float(np.mean(losses)))
    return float(np.mean(losses))
