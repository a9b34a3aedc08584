"""What trials have shown: how the loss fell, and which settings it depends on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from trainer.evaluation.plots import PALETTE

if TYPE_CHECKING:
    from optuna import Study

LEAST_TRIALS = 8
"""Fewer completed trials say nothing of what the loss depends on."""


def importances(study: "Study") -> dict[str, float]:
    """Share of each setting in the variance of the loss, largest first; together 1.

    Functional ANOVA over a random forest (Hutter, Hoos and Leyton-Brown, 2014, "An Efficient
    Approach for Assessing Hyperparameter Importance").

    Returns:
        Nothing where fewer than `LEAST_TRIALS` were completed, or the loss never changed.
    """
    import optuna

    completed = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    if len(completed) < LEAST_TRIALS or len({trial.value for trial in completed}) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in shares.items()}


def history_figure(study: "Study") -> Figure:
    """Loss of every completed trial, the best so far, and where trials were pruned."""
    from optuna.trial import TrialState

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    completed = study.get_trials(states=(TrialState.COMPLETE,))
    numbers = [trial.number for trial in completed]
    losses = [trial.value for trial in completed if trial.value is not None]
    axes.scatter(numbers, losses, color=PALETTE[0], label="completed")
    axes.step(numbers, np.minimum.accumulate(losses), where="post", color=PALETTE[1], label="best")
    pruned = [
        trial
        for trial in study.get_trials(states=(TrialState.PRUNED,))
        if trial.intermediate_values
    ]
    axes.scatter(
        [trial.number for trial in pruned],
        [trial.intermediate_values[max(trial.intermediate_values)] for trial in pruned],
        color=PALETTE[0],
        marker="x",
        alpha=0.6,
        label="pruned, at its last loss",
    )
    axes.set_xlabel("trial")
    axes.set_ylabel("calibrated log loss (nats)")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def importances_figure(shares: Mapping[str, float]) -> Figure:
    """A bar for each setting, the most important on top."""
    figure = Figure(figsize=(8, 1.2 + 0.4 * len(shares)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(list(shares)[::-1], list(shares.values())[::-1], color=PALETTE[0])
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_xlim(0, 1.1 * max(shares.values()))
    axes.set_xlabel("share of the variance of the loss")
    return figure
