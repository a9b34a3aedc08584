"""Figures of two windows, and what chance makes of them."""

import numpy as np
import pytest

from inference.drift.comparison import CLASSIFIER, LEAST_CURRENT, LEAST_REFERENCE, compare
from inference.drift.statistics import (
    area_under_curve,
    draws,
    held_out_scores,
    jensen_shannon,
    separation,
    shares,
    significance,
    split_counts,
    stability_index,
)


def test_the_figures_are_those_of_the_textbook():
    before, now = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert stability_index(before, now) == pytest.approx(0.25 * np.log(2) + 0.25 * np.log(1.5))
    assert jensen_shannon(before, now) == pytest.approx(0.04879494)  # SciPy's distance, squared
    assert jensen_shannon(np.array([1.0, 1e-300]), np.array([1e-300, 1.0])) == pytest.approx(1.0)
    assert stability_index(before, before) == jensen_shannon(before, before) == 0
    assert shares(np.array([0.0, 3.0])).tolist() == [0.125, 0.875]


def test_draws_deal_out_the_groups_anew(random):
    chosen = draws(12, 5, 500, random)
    assert chosen[0].tolist() == [0.0] * 7 + [1.0] * 5
    assert (chosen.sum(axis=1) == 5).all()
    np.testing.assert_allclose(chosen[1:].mean(axis=0), 5 / 12, atol=0.1)
    reference, current = split_counts(np.eye(12), chosen)
    np.testing.assert_array_equal(reference + current, np.ones((501, 12)))
    np.testing.assert_array_equal(current, chosen)


def test_the_classifier_scores_groups_that_it_has_not_seen(random):
    chosen = draws(60, 30, 0, random)
    signal = random.normal(size=(60, 3)) + 3 * chosen[0][:, None]
    noise = random.normal(size=(60, 200))  # more features than groups: it could learn any labels
    for features, least, most in ((signal, 0.97, 1.0), (noise, 0.25, 0.75)):
        scores = held_out_scores(features, chosen, random)
        assert least <= area_under_curve(scores[0], chosen[0] > 0) <= most
    assert separation(scores, chosen).shape == (1,)


def test_a_tie_is_half_a_pair():
    current = np.array([False, False, True])
    assert area_under_curve(np.zeros(3), current) == 0.5
    assert area_under_curve(np.array([0.0, 1.0, 1.0]), current) == 0.75


def test_many_figures_raise_a_false_alarm_no_more_often_than_one():
    alarms = 0
    for seed in range(400):
        figures = np.random.default_rng(seed).normal(size=(200, 9))
        found = significance({str(name): figures[:, name] for name in range(9)})
        alarms += min(found.adjusted.values()) <= 0.05
        assert all(found.adjusted[name] >= found.p_values[name] for name in found.adjusted)
    assert 5 <= alarms <= 35  # 20 are expected; unadjusted it would be 150


def test_a_figure_that_never_varies_says_nothing():
    found = significance({"same": np.zeros(100), "other": np.arange(100.0)[::-1]})
    assert found.adjusted == {"same": 1.0, "other": 0.01}


@pytest.mark.parametrize(("reference", "texts", "runs"), [(200, 100, 120), (1_000, 300, 80)])
def test_identical_windows_hardly_ever_raise_it(window, reference, texts, runs):
    raised = 0
    for seed in range(runs):
        random = np.random.default_rng(seed)
        found = compare(window(random, reference), window(random, texts))
        raised += bool(found.drifted)
    assert raised <= 0.05 * runs


def test_large_identical_windows_do_not_raise_it(window, random):
    found = compare(window(random, 10_000), window(random, 10_000))
    assert found.drifted == []
    assert max(item.stability_index for item in found.features) < 0.01


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"negative": 0.2}, "label"),
        ({"confidence": (1, 2)}, "confidence"),
        ({"length": 22.0}, "length"),
    ],
)
def test_each_change_is_seen_with_200_texts_and_told_by_its_name(window, random, change, seen):
    found = compare(window(random, 1_000), window(random, 200, **change))
    assert seen in found.drifted
    state = {item.feature: item.state for item in found.features}
    assert state["unknown"] == "steady"


def test_french_after_english_is_caught_with_200_texts_on_either_side(window, random, french):
    found = compare(window(random, 200), window(random, 200, words=french))
    assert {"language", "words", CLASSIFIER} <= set(found.drifted)


def test_a_change_that_is_certain_and_small_is_told_as_small(window, random):
    found = compare(window(random, 8_000), window(random, 8_000, negative=0.55))
    (label,) = (item for item in found.features if item.feature == "label")
    assert (label.state, label.p_value < 0.01) == ("small", True)
    assert "label" not in found.drifted


def test_too_few_groups_are_not_compared(window, random):
    enough = window(random, 20 * LEAST_REFERENCE)
    assert compare(enough[1:], enough) is None
    assert compare(enough, enough[: LEAST_CURRENT - 1]) is None
    assert compare(enough, enough[:LEAST_CURRENT]) is not None


def test_the_same_windows_give_the_same_answer(window, random):
    reference, current = window(random, 300), window(random, 100)
    assert compare(reference, current) == compare(reference, current)
