import numpy as np
import pytest

from contract.encoding import Encoded
from contract.errors import BundleError
from contract.goldens import GOLDEN_TEXTS, check_goldens, golden_outputs

ENCODED = [Encoded(np.array([place, 7]), None, truncated=False) for place in range(3)]
ANSWERS = np.array([[0.9, 0.1], [0.505, 0.495], [0.2, 0.8]])


def predict(batch):
    return ANSWERS[[item.ids[0] for item in batch]]


def shifted(by: float):
    return lambda batch: predict(batch) + np.array([-by, by])


GOLDENS = golden_outputs(ENCODED, predict)


def refused(message, predict, precision="fp32", goldens=GOLDENS, encoded=ENCODED):
    with pytest.raises(BundleError, match=message) as refusal:
        check_goldens(goldens, encoded, predict, precision)
    assert refusal.value.check == "goldens"


def test_texts_are_many_and_hold_the_hard_cases():
    assert len(set(GOLDEN_TEXTS)) == len(GOLDEN_TEXTS) >= 12
    assert "" in GOLDEN_TEXTS
    assert any(len(text) > 1_000 for text in GOLDEN_TEXTS)
    assert any(not text.isascii() for text in GOLDEN_TEXTS)


@pytest.mark.parametrize(("precision", "by"), [("fp32", 0.00009), ("int8", 0.004)])
def test_small_differences_pass(precision, by):
    check_goldens(GOLDENS, ENCODED, shifted(by), precision)


def test_a_probability_out_of_tolerance():
    refused("fp32 probabilities of text 0 are off by 0.0002, more than 0.0001", shifted(0.0002))
    refused("int8 probabilities of text 0 are off by 0.03", shifted(0.03), "int8")


def test_another_label_by_int8():
    refused("int8 gives text 1 another label", shifted(0.008), "int8")


def test_a_probability_that_is_not_a_number():
    refused("text 0 are off by nan", lambda batch: np.array([[np.nan, 0.1]]))


def test_other_ids():
    other = [*ENCODED[:2], Encoded(np.array([2, 8]), None, truncated=False)]
    refused("text 2 is encoded to other ids", predict, encoded=other)


def test_another_number_of_outputs_or_labels():
    refused("2 outputs for 3 texts", predict, goldens=GOLDENS[:2])
    refused("text 0 has 2 probabilities, not 3", lambda batch: np.ones((1, 3)) / 3)
