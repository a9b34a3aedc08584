import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

from trainer.evaluation.metrics import (
    area_under_roc,
    calibration_bins,
    expected_calibration_error,
    measure,
    per_class_report,
    wilson_interval,
)


def binary(*positive):
    """Probabilities `[rows, 2]` from those of the second class."""
    second = np.array(positive)
    return np.stack([1 - second, second], axis=1)


def random_case(labels, rows=400, seed=3):
    random = np.random.default_rng(seed)
    truth = random.integers(0, labels, rows)
    logits = random.normal(size=(rows, labels))
    logits[np.arange(rows), truth] += 1
    weights = np.exp(logits)
    return truth, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def test_perfect_predictions_reach_every_best_value():
    found = measure(np.array([0, 1, 1, 0]), binary(0.0, 1.0, 1.0, 0.0))

    assert found.accuracy == found.balanced_accuracy == found.macro_f1 == found.auc == 1
    assert found.ece == 0
    assert found.log_loss == pytest.approx(0, abs=1e-9)


def test_figures_of_a_small_case_worked_by_hand():
    # Right: rows 0, 1, 3. Class 0: recall 2/3, precision 1. Class 1: recall 1, precision 1/2.
    found = measure(np.array([0, 0, 0, 1]), binary(0.1, 0.2, 0.7, 0.9))

    assert found.accuracy == 0.75
    assert found.balanced_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert found.auc == 1  # the positive row has the highest score of all
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.8, 0.3, 0.9]).mean())


def test_wilson_interval_of_a_published_example():
    # Agresti and Coull, 1998: 0 of 10 gives an upper end of z^2 / (n + z^2).
    low, high = wilson_interval(0, 10)

    assert low == 0
    assert high == pytest.approx(1.959964**2 / (10 + 1.959964**2), abs=1e-6)
    assert wilson_interval(10, 10)[0] == pytest.approx(1 - high)


def test_calibration_error_weighs_each_bin_by_its_rows():
    # Three rows at 0.9, of which two are right; one at 0.6, wrong.
    truth = np.array([1, 1, 0, 0])
    error = expected_calibration_error(truth, binary(0.9, 0.9, 0.9, 0.6))

    assert error == pytest.approx(0.75 * abs(2 / 3 - 0.9) + 0.25 * 0.6)


def test_confidence_on_an_edge_belongs_to_the_bin_below():
    bins = calibration_bins(np.array([1, 1]), binary(0.8, 0.81), bins=5)

    assert [item.confidence for item in bins] == pytest.approx([0.8, 0.81])


def test_overconfidence_and_underconfidence_do_not_cancel_between_bins():
    truth = np.array([1, 0, 1, 1])  # 0.95 is right half the time, 0.55 always
    assert expected_calibration_error(truth, binary(0.95, 0.95, 0.55, 0.55)) == pytest.approx(0.45)


def test_figures_agree_with_scikit_learn_on_three_classes():
    truth, probabilities = random_case(3)
    found = measure(truth, probabilities)

    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert found.auc == pytest.approx(roc_auc_score(truth, exact, multi_class="ovr"))
    assert found.log_loss == pytest.approx(log_loss(truth, exact))
    assert found.balanced_accuracy == pytest.approx(
        balanced_accuracy_score(truth, probabilities.argmax(axis=1))
    )
    assert found.accuracy_low < found.accuracy < found.accuracy_high


def test_a_class_that_does_not_occur_is_left_out_of_averages():
    truth, probabilities = random_case(3)
    kept = truth != 1
    found = measure(truth[kept], probabilities[kept])

    assert found.auc == pytest.approx(
        np.mean([roc_auc_score(truth[kept] == c, probabilities[kept][:, c]) for c in (0, 2)])
    )


def test_no_auc_where_only_one_class_occurs():
    assert area_under_roc(np.array([1, 1]), binary(0.4, 0.6)) is None
    assert "auc" not in measure(np.array([1, 1]), binary(0.4, 0.6)).as_dict()


def test_names_take_the_prefix():
    figures = measure(*random_case(2)).as_dict("test_")
    assert set(figures) == {
        "test_accuracy",
        "test_accuracy_low",
        "test_accuracy_high",
        "test_balanced_accuracy",
        "test_macro_f1",
        "test_auc",
        "test_ece",
        "test_log_loss",
    }


@pytest.mark.parametrize(("truth", "rows"), [([], 0), ([0, 1], 1)])
def test_rows_must_exist_and_match(truth, rows):
    with pytest.raises(ValueError, match="labels for"):
        measure(np.array(truth, np.int64), np.full((rows, 2), 0.5))


def test_report_has_every_label_even_if_it_never_occurs():
    report = per_class_report(np.array([0, 0, 2]), random_case(3)[1][:3], ("bad", "so-so", "good"))

    assert report["bad"]["support"] == 2
    assert report["so-so"]["support"] == 0
    assert "macro avg" in report
