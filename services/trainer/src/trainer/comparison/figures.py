"""Figures that show all recipes of a comparison together."""

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from sklearn.metrics import auc, roc_curve

from trainer.comparison.results import RecipeResult, RunFigure
from trainer.comparison.runs import HeldOut
from trainer.data.dataset import Labels
from trainer.evaluation.metrics import Scores, calibration_bins
from trainer.evaluation.plots import PALETTE, REFERENCE

LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
ROC_POINTS = 401
COLUMNS = 4
NARROW = 100
"""Values that differ by less than this factor get more than one tick between powers of ten."""
LEGEND_WIDTH, TITLE_WIDTH = 130, 28
"""Characters that fit into the legend below two plots, and above a small one."""


def roc_of_all(results: Sequence[RecipeResult], rows: HeldOut) -> Figure:
    """ROC on test of each recipe's best run; the mean over all labels where there are over two."""
    figure = Figure(figsize=(7, 6.5 + 0.25 * len(results)), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], label="chance", **REFERENCE)
    for item, (colour, line, _) in zip(results, _styles(), strict=False):
        false_rate, true_rate = _roc(rows.test_truth, item.best_run.test)
        legend = f"{item.recipe} ({auc(false_rate, true_rate):.3f})"
        axes.plot(false_rate, true_rate, color=colour, linestyle=line, label=legend)
    axes.set_xlabel("False positive rate")
    axes.set_ylabel("True positive rate")
    axes.set_aspect("equal")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", title="recipe (area under the curve)", fontsize=9)
    return figure


def trade_offs(results: Sequence[RecipeResult]) -> Figure:
    """Test accuracy with its interval, against time to fit and against speed of serving."""
    longest = max(len(item.recipe) for item in results)
    legend_columns = max(1, min(COLUMNS, LEGEND_WIDTH // (longest + 6)))
    legend_rows = math.ceil(len(results) / legend_columns)
    figure = Figure(figsize=(11, 4.8 + 0.2 * legend_rows), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    columns: tuple[tuple[RunFigure, str], ...] = (
        ("fit_seconds", "seconds to fit (mean over seeds)"),
        ("tweets_per_second", "tweets per second (mean over seeds)"),
    )
    for axes, (name, heading) in zip((left, right), columns, strict=True):
        values = [item.of_runs(name).mean for item in results]
        for item, (colour, _, marker) in zip(results, _styles(), strict=False):
            interval = item.test_accuracy.interval()
            axes.errorbar(
                item.of_runs(name).mean,
                interval.value,
                yerr=[[interval.value - interval.low], [interval.high - interval.value]],
                color=colour,
                marker=marker,
                markersize=8,
                capsize=3,
                linestyle="none",
                label=item.recipe,
            )
        axes.set_xscale("log")
        narrow = max(values) < NARROW * min(values)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(heading)
        axes.grid(alpha=0.3)
    left.set_ylabel("test accuracy (95 % interval)")
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=legend_columns,
        fontsize=9,
    )
    return figure


def reliability(results: Sequence[RecipeResult], rows: HeldOut) -> Figure:
    """Accuracy against confidence on test, a panel for each recipe's best run."""
    count = math.ceil(len(results) / COLUMNS)
    columns = min(COLUMNS, len(results))
    figure = Figure(figsize=(2.9 * columns, 3.1 * count), layout="constrained")
    panels = figure.subplots(count, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, item in zip(panels, results, strict=False):
        bins = calibration_bins(rows.test_truth, item.best_run.test)
        axes.plot([0, 1], [0, 1], **REFERENCE)
        confidence, accuracy = [b.confidence for b in bins], [b.accuracy for b in bins]
        axes.plot(confidence, accuracy, color=PALETTE[0], linewidth=1)
        sizes = [15 + 250 * b.share for b in bins]
        axes.scatter(confidence, accuracy, s=sizes, color=PALETTE[0], alpha=0.7)
        ece = item.figure("test", "ece").mean
        axes.set_title(f"{_wrapped(item.recipe)}\nECE {ece:.3f}", fontsize=9)
        axes.grid(alpha=0.3)
    for axes in panels[len(results) :]:
        axes.set_visible(False)
    figure.supxlabel("mean confidence")
    figure.supylabel("accuracy")
    return figure


def _roc(truth: Labels, probabilities: Scores) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates."""
    if probabilities.shape[1] == 2:
        false_rate, true_rate, _ = roc_curve(truth == 1, probabilities[:, 1])
        return false_rate, true_rate
    grid = np.linspace(0, 1, ROC_POINTS)
    curves = []
    for label in np.unique(truth):
        false_rate, true_rate, _ = roc_curve(truth == label, probabilities[:, label])
        curves.append(np.interp(grid, false_rate, true_rate))
    return np.concatenate([[0], grid]), np.concatenate([[0], np.mean(curves, axis=0)])


def _styles() -> "cycle[tuple[str, str, str]]":
    """Colour, line and marker of one recipe after another; no two of the first 28 are alike."""
    return cycle(
        [
            (colour, line, MARKERS[(place + 2 * turn) % len(MARKERS)])
            for turn, line in enumerate(LINES)
            for place, colour in enumerate(PALETTE)
        ]
    )


def _wrapped(recipe: str) -> str:
    """The recipe in lines that fit above a small plot, broken where a setting begins."""
    lines = [""]
    for part in recipe.replace(":", "\0:").split("\0"):
        if lines[-1] and len(lines[-1] + part) > TITLE_WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
