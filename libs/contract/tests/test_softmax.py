import numpy as np
import pytest

from contract.calibration import softmax


def test_equals_the_definition():
    logits = np.array([[0.0, np.log(3)], [2.0, 2.0]])
    np.testing.assert_allclose(softmax(logits), [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)


def test_temperature_divides_the_logits():
    logits = np.array([[1.0, -2.0, 0.5]])
    np.testing.assert_allclose(softmax(logits, 2.5), softmax(logits / 2.5), rtol=1e-6)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_logits_stay_finite(size):
    np.testing.assert_allclose(softmax(np.array([[size, 0.0]])).sum(axis=1), [1.0])
