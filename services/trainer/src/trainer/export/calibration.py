"""Temperature scaling: the one number that makes a model's confidence mean what it says."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from trainer.data.dataset import Labels
from trainer.recipes.base import Logits

TEMPERATURES = (0.05, 20.0)
"""Bounds of the search: a validation split without a single error would ask for zero."""


@dataclass(frozen=True)
class Calibration:
    """A temperature, and the mean negative log-likelihood in nats that it reaches."""

    temperature: float
    loss: float


def fit_temperature(
    logits: Logits, labels: Labels, weights: npt.NDArray[np.floating[Any]] | None = None
) -> Calibration:
    """The temperature that minimises the negative log-likelihood of held-out labels.

    Guo et al., 2017, "On Calibration of Modern Neural Networks", section 4.2. The loss is convex
    in the inverse temperature, so a bounded scalar search over its logarithm finds the minimum.

    Args:
        logits: `[rows, labels]`, of texts the model was not trained on.
        labels: `[rows]`, the true label of each, as an index.
        weights: `[rows]`, how much each counts; all alike where left out.
    """
    scores = np.asarray(logits, np.float64)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(np.average(scaled[rows, labels], weights=weights))

    best = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return Calibration(temperature=float(np.exp(best.x)), loss=float(best.fun))
