"""From logits to calibrated probabilities."""

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32]


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Probabilities:
    """Probabilities `[batch, labels]` of logits `[batch, labels]`.

    Dividing logits by one temperature calibrates confidence without changing any label
    (Guo et al., 2017, "On Calibration of Modern Neural Networks").
    """
    scaled = np.asarray(logits, np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)
