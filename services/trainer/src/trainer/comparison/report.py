"""The report of a comparison: one HTML file that needs no other."""

import base64
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from trainer.comparison.decision import CRITERIA
from trainer.comparison.figures import reliability, roc_of_all, trade_offs
from trainer.comparison.making import Made
from trainer.comparison.outcome import Outcome
from trainer.evaluation.plots import confusion_figure
from trainer.evaluation.statistics import RESAMPLES

NAME = "report.html"
DPI = 110


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: a PNG as a data address, a heading, and what it shows in words."""

    heading: str
    address: str
    words: str


def write_report(made: Made, path: Path) -> None:
    """Write the report, whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".report-", dir=path.parent) as scratch:
        draft = Path(scratch) / NAME
        draft.write_text(render(made), encoding="utf-8")
        draft.replace(path)


def render(made: Made) -> str:
    """The report as HTML; it holds line numbers of tweets, never their text."""
    environment = Environment(
        loader=PackageLoader("trainer.comparison", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    outcome = made.outcome
    return environment.get_template("report.html.jinja").render(
        made=made,
        outcome=outcome,
        best=outcome.best,
        criteria=CRITERIA,
        resamples=RESAMPLES,
        pictures=_pictures(outcome),
    )


def _pictures(outcome: Outcome) -> list[Picture]:
    results, rows, best = outcome.results, outcome.rows, outcome.best
    several = ", averaged over the labels," if len(rows.labels) > 2 else ""
    counts = len(rows.test_truth)
    return [
        Picture(
            "Accuracy against time to fit and speed of serving",
            _png(trade_offs(results)),
            "Test accuracy of each recipe with its 95 % interval; on the left against the seconds "
            "to fit, on the right against the tweets per second. The figures are in the tables.",
        ),
        Picture(
            "ROC of all recipes",
            _png(roc_of_all(results, rows)),
            f"True against false positive rate on the test rows{several} for the best run of each "
            "recipe. The area under each curve is in the legend and, as a mean over seeds, in the "
            "table.",
        ),
        Picture(
            "Calibration",
            _png(reliability(results, rows)),
            "Accuracy against confidence on the test rows, one panel for each recipe; a point is "
            "as large as its share of the rows. On the dashed line, confidence means what it says.",
        ),
        Picture(
            f"Confusion of {best.recipe}",
            _png(confusion_figure(rows.test_truth, best.best_run.test, rows.labels)),
            f"Right and predicted labels of the {counts:,} test rows, for the best run.",
        ),
    ]


def _png(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
