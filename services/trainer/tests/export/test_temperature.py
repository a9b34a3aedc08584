import numpy as np
import pytest
from scipy.special import log_softmax

from trainer.export.calibration import TEMPERATURES, fit_temperature


def drawn(scale: float):
    """Logits that are `scale` times those their labels were drawn from."""
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=2, size=(20_000, 3))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # Gumbel-max sampling
    return logits * scale, labels


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_finds_the_temperature_that_the_labels_were_drawn_at(scale):
    logits, labels = drawn(scale)
    calibration = fit_temperature(logits, labels)
    assert calibration.temperature == pytest.approx(scale, rel=0.05)
    scaled = log_softmax(logits / calibration.temperature, axis=1)
    assert calibration.loss == pytest.approx(-scaled[np.arange(len(labels)), labels].mean())


def test_a_split_without_errors_does_not_ask_for_zero():
    logits = np.array([[5.0, 0.0], [0.0, 5.0]])
    calibration = fit_temperature(logits, np.array([0, 1]))
    assert TEMPERATURES[0] <= calibration.temperature < 0.2


def test_a_constant_for_each_text_changes_nothing():
    logits, labels = drawn(2.0)
    shift = np.arange(len(labels))[:, None]
    assert fit_temperature(logits - shift, labels).temperature == pytest.approx(
        fit_temperature(logits, labels).temperature, rel=1e-6
    )
