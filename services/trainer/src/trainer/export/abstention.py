"""The confidence below which an answer is marked uncertain, so that the others keep a promise."""

from dataclasses import dataclass

import numpy as np

from contract.calibration import Probabilities
from trainer.data.dataset import Labels

LEAST_ANSWERS = 20
"""Fewer answers than this say nothing of a precision: the 95 % interval of 18 right ones of 20 goes
from 0.70 to 0.97 (Wilson)."""


@dataclass(frozen=True)
class Abstention:
    """A threshold, and what it gives on the rows it was chosen on.

    Attributes:
        threshold: answers less probable than this are marked uncertain; 1.0, so practically all,
            where the precision asked for was not reached.
        precision: share of right answers among those not marked; None where all are.
        share: share of answers that are not marked.
    """

    threshold: float
    precision: float | None
    share: float

    @property
    def reached(self) -> bool:
        """Whether the precision asked for was reached."""
        return self.precision is not None


def choose_threshold(probabilities: Probabilities, truth: Labels, precision: float) -> Abstention:
    """The lowest threshold whose answers are right often enough, so that most texts get one.

    The selective classifier of Geifman and El-Yaniv, 2017, "Selective Classification for Deep
    Neural Networks", with the share of right answers on held-out rows as its estimate of risk.

    Args:
        probabilities: calibrated `[rows, labels]`, of texts the model was not trained on.
        truth: the right label of each, as an index `[rows]`.
        precision: share of the answers not marked that shall be right, above 0 and up to 1.

    Raises:
        ValueError: the precision is out of bounds.
    """
    if not 0 < precision <= 1:
        raise ValueError(f"the precision is {precision}: give more than 0 and up to 1")
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    right = np.cumsum(probabilities.argmax(axis=1)[order] == truth[order])
    answered = np.arange(1, len(truth) + 1)
    # Rows of equal confidence are answered together or not at all.
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    enough = answered >= min(LEAST_ANSWERS, len(truth))
    suitable = np.flatnonzero((right / answered >= precision) & last_of_equals & enough)
    if not suitable.size:
        return Abstention(1.0, None, 0.0)
    cut = int(suitable[-1])
    if cut == len(truth) - 1:
        return Abstention(0.0, float(right[cut] / answered[cut]), 1.0)
    # Half-way to the next row, so that another processor's last digit changes nothing.
    threshold = (float(ranked[cut]) + float(ranked[cut + 1])) / 2
    return Abstention(threshold, float(right[cut] / answered[cut]), float((cut + 1) / len(truth)))


def answered(
    probabilities: Probabilities, truth: Labels, threshold: float
) -> tuple[float, float | None]:
    """Share of answers that a threshold does not mark, and share of right ones among them.

    Args:
        probabilities: calibrated `[rows, labels]`.
        truth: the right label of each, as an index `[rows]`.
        threshold: answers less probable than this are marked.

    Returns:
        Both shares; None for the latter where all answers are marked.
    """
    kept = probabilities.max(axis=1) >= threshold
    if not kept.any():
        return 0.0, None
    right = probabilities.argmax(axis=1) == truth
    return float(kept.mean()), float(right[kept].mean())
