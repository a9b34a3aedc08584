"""Each check of the gate on figures whose answer is known."""

import numpy as np
import pytest

from trainer.evaluation.metrics import expected_calibration_error
from trainer.registry import checks


def rows_right(rows, wrong):
    right = np.ones(rows, bool)
    right[list(wrong)] = False
    return right


def test_a_difference_is_judged_by_its_lower_bound(outcomes):
    champion = outcomes(rows_right(3_000, range(600)))
    assert checks.no_worse_on_test(champion, champion).passed
    # Four rows worse of 3,000 is 0.13 points, surely less than half a point; 60 rows are 2 points.
    assert checks.no_worse_on_test(outcomes(rows_right(3_000, range(604))), champion).passed
    assert not checks.no_worse_on_test(outcomes(rows_right(3_000, range(660))), champion).passed
    # As good on average, but on so many other rows that it might be a point worse.
    other = outcomes(rows_right(3_000, range(600, 1_200)))
    found = checks.no_worse_on_test(other, champion)
    assert found.figures["difference"] == 0
    assert not found.passed


def test_better_on_test_needs_more_than_chance(outcomes):
    champion = outcomes(rows_right(3_000, range(600)))
    assert not checks.better_on_test(outcomes(rows_right(3_000, range(597))), champion).passed
    better, worse = (outcomes(rows_right(3_000, range(n))) for n in (580, 620))
    found = checks.better_on_test(better, champion)
    assert found.passed
    assert found.figures["p_value"] == pytest.approx(2 * 0.5**20)  # exact, all 20 on one side
    assert found.alternative
    assert not checks.better_on_test(worse, champion).passed


@pytest.mark.parametrize(
    ("right", "before", "rows", "passed"),
    [(8, 7, 10, True), (7, 7, 10, False), (6, 7, 10, False), (0, 0, 0, False)],
)
def test_better_on_feedback_means_more_texts(right, before, rows, passed):
    assert checks.better_on_feedback(right, before, rows).passed is passed


def test_recall_of_negative_may_fall_by_half_a_point_and_no_more(outcomes):
    truth = np.zeros(1_000, int)
    champion = outcomes(rows_right(1_000, range(100)), rows=1_000, truth=truth)
    for wrong, passed in ((105, True), (106, False), (50, True)):
        challenger = outcomes(rows_right(1_000, range(wrong)), rows=1_000, truth=truth)
        assert checks.finds_negatives(challenger, champion).passed is passed


def test_the_majority_class_is_no_achievement(outcomes):
    truth = np.where(np.arange(500) < 400, 1, 0)
    always = outcomes(truth == 1, rows=500, truth=truth)
    assert not checks.better_than_majority(always).passed
    assert checks.better_than_majority(outcomes(0.9, rows=500, truth=truth)).passed


def test_from_2000_rows_on_the_calibration_error_has_a_fixed_bound(outcomes):
    honest = outcomes(0.8, confidence=0.8)
    assert checks.is_calibrated(honest.truth, honest.probabilities).passed
    boastful = outcomes(0.765, confidence=0.8)  # 3.5 points less often right than it says
    found = checks.is_calibrated(boastful.truth, boastful.probabilities)
    assert found.figures["bound"] == 0.03
    assert not found.passed


def test_with_fewer_rows_it_may_be_what_chance_makes_of_a_perfect_model():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.5, 1, 300)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    bound = checks.calibration_bound(probabilities)
    assert bound > 0.03
    assert bound == checks.calibration_bound(probabilities)  # the same on every machine
    errors = [
        expected_calibration_error((rng.random(300) >= confidence).astype(int), probabilities)
        for _ in range(500)
    ]
    assert np.mean(np.array(errors) <= bound) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("milliseconds", "passed"), [(99.9, True), (100.1, False)])
def test_latency_has_an_absolute_budget(milliseconds, passed):
    found = checks.fast_enough(milliseconds, 1.0, 100.0)
    assert found.passed is passed
    assert "champion 1.0 ms" in found.measured
