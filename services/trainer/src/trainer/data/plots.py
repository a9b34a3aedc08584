"""Plots of a data set, as PNG files."""

from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from trainer.data.card import Card, word_counts
from trainer.data.table import SPLITS

COLOURS = {"negative": "#b2182b", "neutral": "#8c8c8c", "positive": "#2166ac"}
OTHER_COLOURS = ("#1b9e77", "#d95f02", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
DOTS_PER_INCH = 120
LONGEST_SHOWN = 0.995
LABELS_SHOWN = 6


def write_plots(card: Card, frame: pl.DataFrame, directory: Path) -> list[Path]:
    """Draw label balance, lengths, dropped rows and distinctive words.

    Args:
        card: the figures.
        frame: the cleaned rows it was made from.
        directory: where to write; made if missing.

    Returns:
        The files, each complete or absent.
    """
    directory.mkdir(parents=True, exist_ok=True)
    figures = {
        "labels.png": _labels(card),
        "lengths.png": _lengths(card, frame),
        "problems.png": _problems(card),
        "words.png": _words(card),
    }
    return [_save(figure, directory / name) for name, figure in figures.items()]


def _save(figure: Figure, path: Path) -> Path:
    partial = path.with_suffix(".part")
    figure.savefig(partial, format="png", dpi=DOTS_PER_INCH)
    return partial.replace(path)


def _figure(width: float, height: float) -> Figure:
    # Not pyplot: it keeps every figure alive and picks a backend by the environment.
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _colour(card: Card, label: str) -> str:
    place = card.labels.index(label)
    return COLOURS.get(label, OTHER_COLOURS[place % len(OTHER_COLOURS)])


def _labels(card: Card) -> Figure:
    figure = _figure(7, 1.4 + 0.9 * len(SPLITS))
    axes = figure.subplots()
    left = np.zeros(len(SPLITS))
    totals = [sum(card.rows.get((split, label), 0) for label in card.labels) for split in SPLITS]
    for label in card.labels:
        counts = [card.rows.get((split, label), 0) for split in SPLITS]
        shares = np.array([c / t if t else 0.0 for c, t in zip(counts, totals, strict=True)])
        bars = axes.barh(SPLITS, shares, left=left, label=label, color=_colour(card, label))
        if len(card.labels) <= LABELS_SHOWN:
            axes.bar_label(
                bars, [f"{n:,}" if n else "" for n in counts], label_type="center", color="white"
            )
        left += shares
    axes.invert_yaxis()
    axes.set_yticks(
        range(len(SPLITS)),
        [f"{split}\n{total:,} rows" for split, total in zip(SPLITS, totals, strict=True)],
    )
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of rows")
    axes.set_title("Label balance of each split")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _lengths(card: Card, frame: pl.DataFrame) -> Figure:
    figure = _figure(8, 3.6)
    for axes, unit, length in zip(
        figure.subplots(1, 2),
        ("characters", "words"),
        (pl.col("text").str.len_chars(), word_counts(pl.col("text"))),
        strict=True,
    ):
        measured = frame.select("label", length.alias("length"))
        shown = int(measured["length"].quantile(LONGEST_SHOWN) or 1)
        step = max(1, shown // 40)
        bins = np.arange(0, shown + 2 * step, step)
        for label in card.labels:
            values = measured.filter(pl.col("label") == label)["length"].to_numpy()
            axes.hist(
                np.minimum(values, shown),
                bins,
                weights=np.full(len(values), 1 / max(1, len(values))),
                histtype="step",
                linewidth=1.6,
                color=_colour(card, label),
                label=label,
            )
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(f"{unit} (longer than {shown} counted at {shown})")
        axes.set_ylabel("share of the label's texts")
    figure.suptitle("Length of texts")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _problems(card: Card) -> Figure:
    problems = card.report.problems
    figure = _figure(7, 1.6 + 0.4 * max(1, len(problems)))
    axes = figure.subplots()
    rows = card.report.rows_read
    axes.set_title(f"Rows dropped, of {rows:,} read")
    if not problems:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes)
        return figure
    counts = [problem.rows for problem in problems]
    bars = axes.barh([str(problem.kind) for problem in problems], counts, color="#4d4d4d")
    axes.bar_label(bars, [f"{count:,} ({count / rows:.2%})" for count in counts], padding=4)
    axes.invert_yaxis()
    axes.set_xlabel("rows")
    axes.set_xlim(0, max(counts) * 1.3)
    return figure


def _words(card: Card) -> Figure:
    labels = card.labels[:LABELS_SHOWN]
    figure = _figure(3.2 * len(labels), 4.6)
    for axes, label in zip(np.atleast_1d(figure.subplots(1, len(labels))), labels, strict=True):
        words = card.words.get(label, ())
        names = [word.word for word in words]
        axes.barh(names, [word.score for word in words], color=_colour(card, label))
        axes.invert_yaxis()
        axes.set_title(label)
    figure.suptitle("Words that set each label apart (training split)")
    figure.supxlabel("log-odds against the other labels, in standard deviations", fontsize="medium")
    return figure
