"""Shapley values: what each player adds to a value, on average over all orders of joining.

The players are words, the value is what a model says of the text that has those words only
(Štrumbelj & Kononenko 2014, "Explaining prediction models and individual predictions with feature
contributions"). A coalition is a number whose bit `i` says whether player `i` is in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import comb
from typing import Self

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]

MIN_PAIRS = 4
"""Pairs of orders below which weights would be more chance than model."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which coalitions to look at, and how their values become weights.

    Attributes:
        players: number of players.
        orders: orders of joining that stand for all; none if every coalition is looked at.
    """

    players: int
    orders: tuple[tuple[int, ...], ...]

    @classmethod
    def make(cls, players: int, *, most: int, seed: int) -> Self:
        """Every coalition where those are few enough, else some orders, drawn in pairs.

        The second order of a pair is the first one backwards: whoever came early then comes late,
        and much of the error cancels (Mitchell, Cooper, Frank & Holmes 2022, "Sampling
        Permutations for Shapley Value Estimation", section 4, antithetic sampling).

        Args:
            players: number of players, at most `most_players(most)`.
            most: coalitions that may be looked at besides nobody and everybody.
            seed: of the drawing.
        """
        if _fits(players, most):
            return cls(players, ())
        drawing = np.random.default_rng(seed)
        pairs = most // (2 * (players - 1))
        firsts = [tuple(drawing.permutation(players).tolist()) for _ in range(pairs)]
        return cls(players, tuple(order for first in firsts for order in (first, first[::-1])))

    @property
    def exact(self) -> bool:
        """Whether the weights are the Shapley values themselves, not estimates."""
        return not self.orders

    @property
    def everybody(self) -> int:
        """The coalition of all players."""
        return (1 << self.players) - 1

    def coalitions(self) -> list[int]:
        """Those to look at besides nobody (0) and everybody, each once."""
        if self.exact:
            return list(range(1, self.everybody))
        found = dict.fromkeys(coalition for order in self.orders for coalition in _growing(order))
        found.pop(self.everybody, None)
        return list(found)

    def weights(self, values: Mapping[int, float]) -> Weights:
        """The weight of each player `[players]`.

        They add up to the value of everybody less that of nobody: each order's additions do, as
        long as every coalition has one value wherever it comes up.

        Args:
            values: of each of `coalitions()`, of nobody and of everybody.
        """
        return self._enumerated(values) if self.exact else self._sampled(values)

    def _enumerated(self, values: Mapping[int, float]) -> Weights:
        coalitions = np.arange(1 << self.players)
        value = np.array([values[coalition] for coalition in coalitions.tolist()])
        sizes = np.bitwise_count(coalitions)
        weights = np.zeros(self.players)
        for player in range(self.players):
            without = coalitions[coalitions >> player & 1 == 0]
            # A coalition of this size comes up before the player in that share of all orders.
            shares = np.array(
                [self.players * comb(self.players - 1, n) for n in range(self.players)]
            )
            added = value[without | 1 << player] - value[without]
            weights[player] = (added / shares[sizes[without]]).sum()
        return weights

    def _sampled(self, values: Mapping[int, float]) -> Weights:
        weights = np.zeros(self.players)
        for order in self.orders:
            reached = [values[0], *(values[coalition] for coalition in _growing(order))]
            weights[list(order)] += np.diff(reached)
        return weights / len(self.orders)


def most_players(most: int) -> int:
    """The players that so many coalitions are enough for, besides nobody and everybody."""
    players = most // (2 * MIN_PAIRS) + 1
    while _fits(players + 1, most):
        players += 1
    return players


def _fits(players: int, most: int) -> bool:
    return (1 << players) - 2 <= most


def _growing(order: tuple[int, ...]) -> Iterator[int]:
    """The coalition after each player of an order has joined."""
    coalition = 0
    for player in order:
        coalition |= 1 << player
        yield coalition
