"""Conventions of scoring, against figures worked out by hand."""

import numpy as np
import pytest

from trainer.baselines.scoring import check_labels, score
from trainer.baselines.service import Answer, BaselineError, Failure

BINARY = ("negative", "positive")
THREE = ("negative", "neutral", "positive")
NEGATIVE = Answer("negative", 0.9, 0.05, 0.05)
POSITIVE = Answer("positive", 0.1, 0.1, 0.8)
NEUTRAL_UP = Answer("neutral", 0.1, 0.6, 0.3)
MIXED_DOWN = Answer("mixed", 0.5, 0.1, 0.4)
TIE = Answer("neutral", 0.0, 1.0, 0.0)


def test_two_labels_are_scored_by_both_conventions():
    truth = np.array([0, 0, 1, 1, 1, 0, 1])
    replies = [NEGATIVE, MIXED_DOWN, POSITIVE, NEUTRAL_UP, NEGATIVE, TIE, Failure("x")]
    result = score(truth, BINARY, replies)

    strict = result.scores["neutral_is_error"]
    assert strict.accuracy == pytest.approx(2 / 7)
    # Of negative: 1 right of 2 said and 3 true; of positive: 1 right of 1 said and 4 true.
    assert strict.macro_f1 == pytest.approx((2 / 5 + 2 / 5) / 2)

    resolved = result.scores["neutral_resolved"]
    assert resolved.accuracy == pytest.approx(5 / 7)
    # Negative: 3 right of 4 said and 3 true; positive: 2 right of 2 said and 4 true.
    assert resolved.macro_f1 == pytest.approx((6 / 7 + 4 / 6) / 2)
    assert resolved.accuracy_low < resolved.accuracy < resolved.accuracy_high

    assert (result.answered, result.failed, result.failures) == (6, 1, {"x": 1})
    assert result.sentiments == {"mixed": 1, "negative": 2, "neutral": 2, "positive": 1}
    assert set(result.scores) == {"neutral_is_error", "neutral_resolved"}


def test_three_labels_are_scored_plainly_and_mixed_is_the_largest_score():
    truth = np.array([0, 1, 2, 0, 1])
    replies = [NEGATIVE, NEUTRAL_UP, POSITIVE, MIXED_DOWN, NEGATIVE]
    result = score(truth, THREE, replies)
    assert set(result.scores) == {"three_classes"}
    found = result.scores["three_classes"]
    assert found.accuracy == pytest.approx(4 / 5)
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 3 + 1) / 3)


@pytest.mark.parametrize("labels", [BINARY, THREE])
def test_a_failure_is_never_right(labels):
    replies = [NEGATIVE] + [Failure("x")] * 9
    result = score(np.zeros(10, np.int64), labels, replies)
    assert {found.accuracy for found in result.scores.values()} == {0.1}


def test_models_that_answered_are_named_once():
    replies = [Answer("positive", 0, 0, 1, model) for model in ("b", "a", "b")]
    assert score(np.ones(3, np.int64), BINARY, replies).model == "a, b"


def test_nothing_answered_is_refused_with_the_codes():
    with pytest.raises(BaselineError, match=r"no text was answered: busy \(2\), empty \(1\)"):
        score(np.zeros(3, np.int64), BINARY, [Failure("busy"), Failure("empty"), Failure("busy")])


@pytest.mark.parametrize("labels", [("a", "b"), ("negative", "neutral"), ("neutral", "positive")])
def test_labels_that_are_no_sentiments_are_refused(labels):
    with pytest.raises(BaselineError, match="sentiment services answer"):
        check_labels(labels)
    check_labels(("negative", "positive"))
    check_labels(THREE)
