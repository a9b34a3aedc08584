"""What the gate makes of its checks."""

from dataclasses import replace

import numpy as np
import pytest

from trainer.registry.contender import Contender
from trainer.registry.gate import HeldOutText, Terms, judge
from trainer.registry.versions import Version

NAME = "some-model"
PRAISE = HeldOutText("Lovely crew, thank you so much, best flight ever!", "positive")


@pytest.fixture
def contender(bundle, outcomes):
    """A function that makes a contender whose answers to the test rows are made up."""

    def make(number, right, *, test="t1", labels="negative,neutral,positive", **changes):
        tags = {"labels": labels}
        version = Version(number, f"run-{number}", "naive-bayes", "d1", test, 0.8, tags)
        return replace(Contender(version, outcomes(right), bundle), **changes)

    return make


def right(wrong):
    return np.arange(3_000) >= wrong


def failed(decision):
    return [check.name for check in decision.failed]


def test_a_first_champion_needs_the_floor_alone(contender):
    decision = judge(NAME, contender(1, 0.8), None, Terms())
    assert decision.passed
    assert {check.name for check in decision.checks} == {
        "parity",
        "model name",
        "better than the majority class",
        "calibration error",
    }
    decision = judge(NAME, contender(1, 0.3), None, Terms())
    assert failed(decision) == ["better than the majority class", "calibration error"]


def test_no_worse_and_no_better_is_refused_by_both_alternatives(contender):
    decision = judge(NAME, contender(2, right(600)), contender(1, right(600)), Terms())
    assert failed(decision) == ["better on held-out feedback", "better on test"]
    assert "none was read" in decision.decided_by
    assert "600" not in decision.decided_by
    assert "p = 1" in decision.decided_by


def test_significantly_better_on_test_suffices_without_feedback(contender):
    decision = judge(NAME, contender(2, right(580)), contender(1, right(600)), Terms())
    assert decision.passed
    assert decision.decided_by.startswith("better on test: 2420 right, champion 2400")


def test_better_on_held_out_feedback_suffices_if_test_is_no_worse(contender, bundle):
    class Worse:
        """The same model, but for one text."""

        manifest = bundle.manifest

        def predict(self, texts):
            answers = bundle.predict(texts)
            return [replace(item, label="neutral") for item in answers]

    terms = Terms(held_out=[PRAISE, HeldOutText("whatever", "unheard-of label")])
    champion = contender(1, right(600), bundle=Worse())
    decision = judge(NAME, contender(2, right(600)), champion, terms)
    assert decision.passed
    assert decision.decided_by == "better on held-out feedback: 1 of 1 right, champion 0"
    decision = judge(NAME, contender(2, right(700)), champion, terms)
    assert failed(decision) == ["accuracy on test", "recall of negative"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"test": "t2"}, "test rows"),
        ({"labels": "negative,positive"}, "labels"),
        ({"outcomes": None}, "test answers"),
        ({"bundle": None, "defect": "checksum: changed"}, "parity"),
    ],
)
def test_what_does_not_compare_is_refused_and_measured_no_further(contender, changes, named):
    decision = judge(NAME, contender(2, right(500), **changes), contender(1, right(600)), Terms())
    assert failed(decision) == [named]
    assert "accuracy on test" not in [check.name for check in decision.checks]


def test_the_bundle_of_another_model_is_refused(contender):
    decision = judge("intent", contender(2, right(500)), contender(1, right(600)), Terms())
    assert failed(decision) == ["model name"]


def test_other_rows_under_the_same_fingerprint_are_noticed(contender, outcomes):
    other = outcomes(right(500))
    other = replace(other, rows=other.rows + np.uint64(1))
    challenger = contender(2, right(500), outcomes=other)
    assert failed(judge(NAME, challenger, contender(1, right(600)), Terms())) == ["test answers"]


def test_a_champion_that_does_not_open_can_be_replaced(contender):
    champion = contender(1, right(600), bundle=None, defect="goldens: differ")
    terms = Terms(held_out=[PRAISE])
    assert judge(NAME, contender(2, right(500)), champion, terms).passed
    decision = judge(NAME, contender(2, right(600)), champion, terms)
    assert "the champion's bundle does not open: goldens: differ" in decision.decided_by


def test_a_model_beyond_the_latency_budget_is_refused_however_good(contender):
    terms = Terms(latency_ms=1e-6)
    decision = judge(NAME, contender(2, right(500)), contender(1, right(600)), terms)
    assert failed(decision) == ["latency"]
