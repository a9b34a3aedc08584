"""Intervals and tests against scipy's, worked examples, and simulated worlds."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from trainer.evaluation.statistics import (
    bootstrap,
    holm,
    mcnemar,
    paired_difference,
)


def figure_interval(truth, predicted, **options):
    return bootstrap(truth, [predicted], **options)[0].interval()


def predictions(generator, truth, accuracy):
    wrong = (truth + generator.integers(1, 3, truth.size)) % 3
    return np.where(generator.random(truth.size) < accuracy, truth, wrong)


@pytest.fixture
def models():
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 3, 900)
    return truth, predictions(generator, truth, 0.8), predictions(generator, truth, 0.74)


def test_mcnemar_counts_only_the_rows_that_tell_the_models_apart():
    truth = np.zeros(40, int)
    a, b = truth.copy(), truth.copy()
    a[:2], b[2:12] = 1, 1
    a[30:], b[30:] = 1, 1  # wrong in both
    # 2 against 10: twice the probability of at most 2 heads of 12 coins, (1 + 12 + 66) / 2^12.
    assert mcnemar(truth, a, b) == pytest.approx(2 * 79 / 4096)
    assert mcnemar(truth, b, a) == mcnemar(truth, a, b)
    assert mcnemar(truth, a, a) == 1.0


def test_holm_as_in_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_an_interval_of_one_model_is_that_of_scipy(models):
    truth, a, _ = models
    right = (a == truth).astype(float)
    theirs = stats.bootstrap(
        (right,), np.mean, n_resamples=4000, method="percentile", batch=500, rng=1
    ).confidence_interval

    ours = figure_interval(truth, a)
    assert ours.value == right.mean()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_a_difference_is_paired(models):
    truth, a, b = models
    difference = (a == truth).astype(float) - (b == truth)
    theirs = stats.bootstrap(
        (difference,), np.mean, n_resamples=4000, method="percentile", batch=500, rng=1
    ).confidence_interval

    ours = paired_difference(truth, a, b)
    assert ours.value == pytest.approx(difference.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.003)
    other_way = paired_difference(truth, b, a)
    assert (other_way.low, other_way.high) == pytest.approx((-ours.high, -ours.low))

    itself = paired_difference(truth, a, a)
    assert (itself.value, itself.low, itself.high) == (0, 0, 0)


def test_macro_f1_is_that_of_scikit_learn(models):
    truth, a, _ = models
    assert figure_interval(truth, a, figure="macro_f1").value == pytest.approx(
        f1_score(truth, a, average="macro")
    )
    # A label that no row has and nobody predicts does not count; one only predicted does.
    few, guess = np.array([0, 0, 2]), np.array([0, 1, 2])
    assert figure_interval(few, guess, figure="macro_f1").value == pytest.approx(
        f1_score(few, guess, average="macro")
    )


def test_several_seeds_are_averaged_and_widen_the_interval(models):
    truth, a, b = models
    one, same = figure_interval(truth, a), figure_interval(truth, np.stack([a, a, a]))
    assert (same.low, same.high) == pytest.approx((one.low, one.high), abs=1e-9)

    seeds = np.stack([a, b, b])
    several = figure_interval(truth, seeds)
    assert several.value == pytest.approx((seeds == truth).mean())
    assert several.high - several.low > 1.2 * (one.high - one.low)
    assert several.holds(several.value)


def test_the_spread_is_that_of_new_rows_and_new_seeds():
    """Against a world whose accuracy has a known variance between seeds and between rows."""
    generator = np.random.default_rng(3)
    rows, seeds, between = 400, 3, 0.05
    truth = np.zeros(rows, int)
    variances = []
    for _ in range(40):
        accuracies = 0.8 + between * generator.standard_normal(seeds)
        wrong = generator.random((seeds, rows)) > accuracies[:, None]
        resampled = bootstrap(truth, [wrong.astype(int)], seed=1)[0].resampled
        variances.append(resampled.var())
    # Mean of three seeds, each with binomial rows of its own.
    expected = (between**2 + 0.8 * 0.2 / rows) / seeds
    assert np.mean(variances) == pytest.approx(expected, rel=0.35)


def test_the_same_rows_give_the_same_interval_again(models):
    truth, a, b = models
    assert paired_difference(truth, a, b) == paired_difference(truth, a, b)


@pytest.mark.parametrize("rows", [0, 3])
def test_other_lengths_are_refused(rows):
    truth = np.zeros(rows, int)
    with pytest.raises(ValueError, match=r"no rows|predictions for 3 rows"):
        paired_difference(truth, np.zeros(rows, int), np.zeros(rows + 1, int))
    with pytest.raises(ValueError, match=r"no rows|predictions for 3 rows"):
        mcnemar(truth, truth, np.zeros(rows + 1, int))
