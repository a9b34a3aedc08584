"""How figures are shown on a terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from trainer.evaluation.metrics import Metrics

FIGURES = (
    ("accuracy (95 %)", "accuracy"),
    ("balanced accuracy", "balanced_accuracy"),
    ("macro-F1", "macro_f1"),
    ("AUC", "auc"),
    ("calibration error", "ece"),
    ("log loss", "log_loss"),
)
"""What is shown of `Metrics`: heading and attribute."""


def console(columns: int = 80) -> "Console":
    """Standard output, as wide as its terminal; without one, so many columns."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else columns)


def table(*headings: str, title: str | None = None) -> "Table":
    """An empty table with these columns."""
    from rich import box
    from rich.table import Table

    return Table(*headings, title=title, title_justify="left", box=box.SIMPLE_HEAD)


def figure(metrics: "Metrics", attribute: str) -> str:
    """One figure, accuracy with its interval; a dash where it does not exist."""
    value = getattr(metrics, attribute)
    if value is None:
        return "-"
    if attribute == "accuracy":
        return f"{value:.4f} ({metrics.accuracy_low:.3f} to {metrics.accuracy_high:.3f})"
    return f"{value:.4f}"


def doubt(threshold: float, share: float, reached: float | None, precision: float) -> str:
    """What the threshold of doubt does, in one line.

    Args:
        threshold: answers less probable than this are marked uncertain.
        share: of test rows whose answers are not.
        reached: share of right ones among those; None where all are marked.
        precision: what was asked for.
    """
    if reached is None:
        return f"uncertain: every answer, since no threshold gave a precision of {precision:g}"
    return (
        f"uncertain: below {threshold:.3f}, chosen for a precision of {precision:g}; of the test "
        f"{share:.0%} are answered, {reached:.3f} of them right"
    )
