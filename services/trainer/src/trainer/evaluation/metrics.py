"""The figures by which models are compared, from labels and calibrated probabilities."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.metrics import (
    classification_report,
    f1_score,
    log_loss,
    recall_score,
    roc_auc_score,
)

from trainer.data.dataset import Labels

CONFIDENCE = 0.95
CALIBRATION_BINS = 15

Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Metrics:
    """Figures of one model on one set of rows; all between 0 and 1 except `log_loss`.

    Attributes:
        accuracy: share of texts labelled right.
        accuracy_low: lower end of its Wilson 95 % interval.
        accuracy_high: upper end.
        balanced_accuracy: recall, averaged over the classes that occur.
        macro_f1: F1, averaged over the classes that occur or are predicted.
        auc: area under the ROC curve: of the second class where there are two, else one against
            the rest, averaged over the classes that occur; None where only one class occurs.
        ece: expected calibration error.
        log_loss: mean negative log likelihood of the right label, in nats.
    """

    accuracy: float
    accuracy_low: float
    accuracy_high: float
    balanced_accuracy: float
    macro_f1: float
    auc: float | None
    ece: float
    log_loss: float

    def as_dict(self, prefix: str = "") -> dict[str, float]:
        """The figures that exist, by name, each name after `prefix`."""
        return {
            f"{prefix}{name}": value for name, value in asdict(self).items() if value is not None
        }


def measure(truth: Labels, probabilities: Scores) -> Metrics:
    """Measure a model on at least one row.

    Args:
        truth: index of the right label `[rows]`.
        probabilities: calibrated probabilities `[rows, labels]`.

    Raises:
        ValueError: there are no rows, or the two differ in length.
    """
    if len(truth) == 0 or len(truth) != len(probabilities):
        raise ValueError(f"{len(truth)} labels for {len(probabilities)} rows of probabilities")
    predicted = probabilities.argmax(axis=1)
    right = int((predicted == truth).sum())
    low, high = wilson_interval(right, len(truth))
    return Metrics(
        accuracy=right / len(truth),
        accuracy_low=low,
        accuracy_high=high,
        balanced_accuracy=float(
            recall_score(truth, predicted, labels=np.unique(truth), average="macro")
        ),
        macro_f1=float(f1_score(truth, predicted, average="macro", zero_division=0.0)),
        auc=area_under_roc(truth, probabilities),
        ece=expected_calibration_error(truth, probabilities),
        log_loss=float(log_loss(truth, _normalised(probabilities), labels=_indices(probabilities))),
    )


def wilson_interval(right: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson, 1927), which holds up for few rows and near 1."""
    interval = binomtest(right, rows).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def area_under_roc(truth: Labels, probabilities: Scores) -> float | None:
    """Area under the ROC curve as `Metrics.auc` defines it."""
    present = np.unique(truth)
    if len(present) < 2:
        return None
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(truth == 1, probabilities[:, 1]))
    return float(
        np.mean([roc_auc_score(truth == label, probabilities[:, label]) for label in present])
    )


def expected_calibration_error(
    truth: Labels, probabilities: Scores, bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance between confidence and accuracy, over equal-width bins of confidence.

    Each bin `(m/bins, (m+1)/bins]` counts by its share of the rows (Guo et al., 2017, "On
    Calibration of Modern Neural Networks", equation 3).
    """
    return float(
        sum(
            item.share * abs(item.accuracy - item.confidence)
            for item in calibration_bins(truth, probabilities, bins)
        )
    )


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of like confidence: their share of all, mean confidence, and accuracy."""

    share: float
    confidence: float
    accuracy: float


def calibration_bins(
    truth: Labels, probabilities: Scores, bins: int = CALIBRATION_BINS
) -> list[CalibrationBin]:
    """The bins that hold any row, in order of confidence."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    # Confidence on an edge belongs to the bin below it, as in the paper.
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return [
        CalibrationBin(
            float(held.mean()), float(confidence[held].mean()), float(right[held].mean())
        )
        for held in (place == index for index in np.unique(place))
    ]


def per_class_report(
    truth: Labels, probabilities: Scores, labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and rows of every label, and their averages."""
    report = classification_report(
        truth,
        probabilities.argmax(axis=1),
        labels=range(len(labels)),
        target_names=list(labels),
        output_dict=True,
        zero_division=0.0,
    )
    return {name: dict(row) for name, row in report.items() if isinstance(row, dict)}


def _indices(probabilities: Scores) -> list[int]:
    return list(range(probabilities.shape[1]))


def _normalised(probabilities: Scores) -> Scores:
    """Rows that sum to 1 in float64: float32 rows are off by more than scikit-learn accepts."""
    exact = probabilities.astype(np.float64)
    return np.asarray(exact / exact.sum(axis=1, keepdims=True))
