import numpy as np
import pytest

from trainer.export.abstention import LEAST_ANSWERS, answered, choose_threshold


def binary(confidence, right):
    """Answers of these confidences, all label 0, right or not."""
    probabilities = np.stack([confidence, 1 - np.asarray(confidence)], axis=1)
    return probabilities.astype(np.float32), np.where(right, 0, 1)


@pytest.fixture
def calibrated():
    """Answers that are right as often as they say."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, size=20_000)
    return binary(confidence, rng.random(len(confidence)) < confidence)


def test_of_calibrated_answers_those_above_the_threshold_are_right_as_often_as_asked(calibrated):
    found = choose_threshold(*calibrated, precision=0.9)
    # Confidence is even between 0.5 and 1, so above 0.8 it is 0.9 on average.
    assert found.threshold == pytest.approx(0.8, abs=0.02)
    assert found.share == pytest.approx(0.4, abs=0.04)
    assert found.precision == pytest.approx(0.9, abs=1e-3)
    assert answered(*calibrated, found.threshold) == (found.share, found.precision)


def test_a_higher_precision_leaves_fewer_answers(calibrated):
    shares = [choose_threshold(*calibrated, precision=value).share for value in (0.8, 0.9, 0.95)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[2] > 0


def test_nothing_is_marked_where_all_answers_together_suffice():
    found = choose_threshold(*binary([0.6] * 30, [True] * 29 + [False]), precision=0.9)
    assert (found.threshold, found.share) == (0.0, 1.0)
    assert found.precision == pytest.approx(29 / 30)


def test_a_precision_that_no_threshold_reaches_marks_all():
    probabilities, truth = binary(np.linspace(0.5, 0.99, 100), np.arange(100) % 2 == 0)
    found = choose_threshold(probabilities, truth, precision=0.9)
    assert not found.reached
    assert (found.threshold, found.precision, found.share) == (1.0, None, 0.0)
    assert answered(probabilities, truth, found.threshold) == (0.0, None)


def test_a_few_lucky_answers_do_not_count():
    confidence = np.linspace(0.99, 0.5, 100)
    right = np.arange(100) < LEAST_ANSWERS - 1  # the most confident ones, and no other
    assert not choose_threshold(*binary(confidence, right), precision=1.0).reached
    right = np.arange(100) < LEAST_ANSWERS
    assert choose_threshold(*binary(confidence, right), precision=1.0).share == 0.2


def test_answers_of_one_confidence_are_not_parted():
    confidence = [0.9] * 40 + [0.6] * 60
    right = [True] * 35 + [False] * 5 + [True] * 30 + [False] * 30
    found = choose_threshold(*binary(confidence, right), precision=0.95)
    assert not found.reached  # the first 35 alone would do, but cannot be told from the next 5


@pytest.mark.parametrize("precision", [0, 1.1, float("nan")])
def test_a_precision_that_cannot_be_is_refused(calibrated, precision):
    with pytest.raises(ValueError, match="the precision is"):
        choose_threshold(*calibrated, precision=precision)
