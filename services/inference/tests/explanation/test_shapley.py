"""Shapley values on games whose answer is known, and the properties that define them."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.explanation.shapley import ENOUGH, MIN_PAIRS, Plan, most_players


def values_of(plan, value):
    return {at: value(at) for at in {0, *plan.coalitions(), plan.everybody}}


def random_game(players, seed):
    table = np.random.default_rng(seed).normal(size=1 << players)
    return lambda coalition: float(table[coalition])


def by_definition(players, value):
    orders = list(permutations(range(players)))
    weights = np.zeros(players)
    for order in orders:
        coalition = 0
        for player in order:
            weights[player] += value(coalition | 1 << player) - value(coalition)
            coalition |= 1 << player
    return weights / len(orders)


@pytest.mark.parametrize("players", range(6))
def test_few_players_get_the_average_over_all_orders(players):
    value = random_game(players, seed=players)
    plan = Plan.make(players, most=100, seed=0)
    assert plan.exact
    found = plan.weigh(values_of(plan, value))[0]
    assert found == pytest.approx(by_definition(players, value))


def test_with_every_order_drawn_the_estimate_is_the_definition():
    value = random_game(4, seed=1)
    plan = Plan(4, tuple(permutations(range(4))))
    found = plan.weigh(values_of(plan, value))[0]
    assert found == pytest.approx(by_definition(4, value))


@given(st.integers(1, 70), st.integers(6, 600), st.integers(0, 2**64 - 1))
@settings(deadline=None, max_examples=60)
def test_weights_add_up_and_no_more_is_looked_at_than_allowed(players, most, seed):
    players = min(players, most_players(most))
    plan = Plan.make(players, most=most, seed=seed)
    coalitions = plan.coalitions()
    assert len(coalitions) == len(set(coalitions)) <= most
    assert not {0, plan.everybody} & set(coalitions)
    random = np.random.default_rng(seed)
    values = {at: float(random.normal()) for at in [0, *coalitions, plan.everybody]}
    added = values[plan.everybody] - values[0]
    assert plan.weigh(values)[0].sum() == pytest.approx(added, abs=1e-9)


@pytest.mark.parametrize("players", [5, 20])
def test_who_adds_always_the_same_gets_that(players):
    amounts = np.random.default_rng(2).normal(size=players)
    plan = Plan.make(players, most=512, seed=3)
    found, errors = plan.weigh(
        values_of(plan, lambda at: sum(amounts[i] for i in range(players) if at >> i & 1))
    )
    assert found == pytest.approx(amounts)
    assert errors == pytest.approx(np.zeros(players), abs=1e-9)
    assert plan.exact == (players == 5)


def test_orders_come_with_their_reverse():
    plan = Plan.make(20, most=512, seed=5)
    assert len(plan.orders) == 2 * (ENOUGH // 38)
    for first, second in zip(plan.orders[::2], plan.orders[1::2], strict=True):
        assert sorted(first) == list(range(20))
        assert second == first[::-1]


def test_the_seed_decides_the_orders():
    first, same, other = (Plan.make(15, most=200, seed=seed).orders for seed in (1, 1, 2))
    assert first == same != other


def test_reversed_orders_estimate_better_than_as_many_independent_ones():
    """A pair cancels what is linear in the place: here words also work together with neighbours."""
    players, repeats = 12, 40
    random = np.random.default_rng(0)
    alone, together = random.normal(size=players), random.normal(size=players)

    def value(at):
        within = [bool(at >> i & 1) for i in range(players)]
        pairs = sum(together[i] for i in range(players - 1) if within[i] and within[i + 1])
        return float(alone @ within + pairs)

    half = np.array([together[i] if i < players - 1 else 0.0 for i in range(players)])
    exact = alone + (half + np.roll(half, 1)) / 2

    def error(make):
        plans = [make(seed) for seed in range(repeats)]
        found = [plan.weigh(values_of(plan, value))[0] for plan in plans]
        return np.mean([(weights - exact) ** 2 for weights in found])

    def independent(seed):
        drawing = np.random.default_rng(seed)
        return Plan(players, tuple(tuple(drawing.permutation(players).tolist()) for _ in range(8)))

    def paired(seed):
        plan = Plan.make(players, most=8 * (players - 1), seed=seed)
        assert len(plan.orders) == 8
        return plan

    assert error(paired) < 0.5 * error(independent)


def test_standard_errors_say_how_far_estimates_are_off():
    players, repeats = 12, 60
    value = random_game(players, seed=4)
    exact = Plan(players, ()).weigh({at: value(at) for at in range(1 << players)})[0]
    plans = [Plan.make(players, most=ENOUGH, seed=seed) for seed in range(repeats)]
    found, errors = zip(*(plan.weigh(values_of(plan, value)) for plan in plans), strict=True)
    off = np.sqrt(np.mean((np.array(found) - exact) ** 2))
    assert off == pytest.approx(np.sqrt(np.mean(np.array(errors) ** 2)), rel=0.15)


def test_more_players_take_more_coalitions_but_not_more_orders():
    assert len(Plan.make(60, most=512, seed=0).orders) == 2 * MIN_PAIRS
    assert len(Plan.make(20, most=512, seed=0).coalitions()) <= ENOUGH


def test_so_many_players_leave_pairs_enough():
    for most in range(6, 600):
        players = most_players(most)
        plan = Plan.make(players, most=most, seed=0)
        assert plan.exact or len(plan.orders) >= 2 * MIN_PAIRS
        beyond = players + 1
        assert most // (2 * (beyond - 1)) < MIN_PAIRS
