"""Plots of a model's figures, as matplotlib figures that need no display."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_curve,
)

from trainer.data.dataset import Labels
from trainer.evaluation.metrics import Scores, calibration_bins, expected_calibration_error

# Okabe and Ito's palette, told apart with any colour vision.
LABEL_COLOURS = {"negative": "#D55E00", "neutral": "#999999", "positive": "#0072B2"}
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MOST_LABELS_WITH_COUNTS = 12
"""Beyond this many labels, a confusion plot's cells are too small to write in."""
REFERENCE: dict[str, Any] = {"color": "#666666", "linestyle": "--", "linewidth": 1}


def evaluation_figures(
    truth: Labels, probabilities: Scores, labels: Sequence[str]
) -> dict[str, Figure]:
    """Every plot of one evaluation, by name.

    Args:
        truth: index of the right label `[rows]`.
        probabilities: calibrated probabilities `[rows, labels]`.
        labels: ordered label names.
    """
    return {
        "roc": roc_figure(truth, probabilities, labels),
        "precision_recall": precision_recall_figure(truth, probabilities, labels),
        "confusion": confusion_figure(truth, probabilities, labels),
        "calibration": calibration_figure(truth, probabilities),
    }


def roc_figure(truth: Labels, probabilities: Scores, labels: Sequence[str]) -> Figure:
    """True against false positive rate: the second of two labels, else each against the rest."""
    figure, axes = _square("False positive rate", "True positive rate")
    axes.plot([0, 1], [0, 1], label="chance", **REFERENCE)
    for index in _curves(truth, labels):
        false_rate, true_rate, _ = roc_curve(truth == index, probabilities[:, index])
        axes.plot(
            false_rate,
            true_rate,
            color=_colour(labels, index),
            label=f"{labels[index]} (AUC {auc(false_rate, true_rate):.3f})",
        )
    axes.legend(loc="lower right")
    axes.set_title("ROC")
    return figure


def precision_recall_figure(truth: Labels, probabilities: Scores, labels: Sequence[str]) -> Figure:
    """Precision against recall of every label that occurs, with its share as the reference."""
    figure, axes = _square("Recall", "Precision")
    for index in _present(truth, labels):
        of_label, scores = truth == index, probabilities[:, index]
        precision, recall, _ = precision_recall_curve(of_label, scores)
        colour = _colour(labels, index)
        average = average_precision_score(of_label, scores)
        # Steps, not a slope: precision between two thresholds is not on the line between them.
        axes.step(
            recall,
            precision,
            where="post",
            color=colour,
            label=f"{labels[index]} (AP {average:.3f}, share {of_label.mean():.2f})",
        )
        axes.axhline(of_label.mean(), color=colour, linestyle=":", linewidth=1)
    axes.legend(loc="lower left")
    axes.set_title("Precision and recall")
    return figure


def confusion_figure(truth: Labels, probabilities: Scores, labels: Sequence[str]) -> Figure:
    """Rows by true and predicted label, with each cell's share of its true label."""
    counts = confusion_matrix(truth, probabilities.argmax(axis=1), labels=range(len(labels)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = max(5.0, 1.1 * len(labels) + 2)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(labels))
    axes.set_xticks(ticks, labels, rotation=0 if len(labels) <= 4 else 45)
    axes.set_yticks(ticks, labels)
    axes.set_xlabel("Predicted")
    axes.set_ylabel("True")
    axes.set_title("Confusion")
    if len(labels) > MOST_LABELS_WITH_COUNTS:
        return figure
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{count:,}\n{share:.0%}",
            ha="center",
            va="center",
            color="white" if share > 0.5 else "black",
        )
    return figure


def calibration_figure(truth: Labels, probabilities: Scores) -> Figure:
    """Accuracy against confidence, each point as large as its bin's share of the rows."""
    figure, axes = _square("Mean confidence", "Accuracy")
    bins = calibration_bins(truth, probabilities)
    confidence = [item.confidence for item in bins]
    accuracy = [item.accuracy for item in bins]
    axes.plot([0, 1], [0, 1], label="perfect", **REFERENCE)
    axes.plot(confidence, accuracy, color=PALETTE[0], linewidth=1)
    axes.scatter(
        confidence,
        accuracy,
        s=[20 + 400 * item.share for item in bins],
        color=PALETTE[0],
        alpha=0.7,
        label=f"model (ECE {expected_calibration_error(truth, probabilities):.3f})",
    )
    axes.legend(loc="upper left")
    axes.set_title("Calibration")
    return figure


def history_figure(history: Mapping[str, Sequence[float]]) -> Figure:
    """Each Keras metric by epoch, training and validation together.

    Args:
        history: values per epoch of each metric; `val_x` is drawn beside `x`.
    """
    names = [name for name in history if not name.startswith("val_")]
    figure = Figure(figsize=(5.5 * len(names), 4.5), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, colour, legend in (
            (name, PALETTE[0], "training"),
            (f"val_{name}", PALETTE[1], "validation"),
        ):
            if key in history:
                epochs = range(1, len(history[key]) + 1)
                axes.plot(epochs, history[key], marker="o", color=colour, label=legend)
                axes.set_xticks(epochs if len(epochs) <= 12 else epochs[:: len(epochs) // 10])
        axes.set_xlabel("Epoch")
        axes.set_title(name)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def _square(horizontal: str, vertical: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.5, 5.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.grid(alpha=0.3)
    axes.set_xlabel(horizontal)
    axes.set_ylabel(vertical)
    return figure, axes


def _present(truth: Labels, labels: Sequence[str]) -> list[int]:
    """Labels with a row of their own and a row of another: the others have no curve."""
    return [index for index in range(len(labels)) if 0 < (truth == index).sum() < len(truth)]


def _curves(truth: Labels, labels: Sequence[str]) -> list[int]:
    present = _present(truth, labels)
    return [index for index in present if index == 1] if len(labels) == 2 else present


def _colour(labels: Sequence[str], index: int) -> str:
    return LABEL_COLOURS.get(labels[index], PALETTE[index % len(PALETTE)])
