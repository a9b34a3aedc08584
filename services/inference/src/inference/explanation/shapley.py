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
ENOUGH = 256
"""Coalitions beyond which only more players, not more orders of them, are worth their time."""


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
            most: coalitions that may be looked at besides nobody and everybody; so many are only
                where `MIN_PAIRS` of orders take more than `ENOUGH`.
            seed: of the drawing.
        """
        if _fits(players, min(most, ENOUGH)):
            return cls(players, ())
        drawing = np.random.default_rng(seed)
        pairs = max(MIN_PAIRS, min(most, ENOUGH) // (2 * (players - 1)))
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

    def weigh(self, values: Mapping[int, float]) -> tuple[Weights, Weights]:
        """The weight of each player `[players]`, and the standard error of each.

        The weights add up to the value of everybody less that of nobody: each order's additions
        do, as long as every coalition has one value wherever it comes up. Pairs are drawn
        independently of each other, so the errors are those of a mean of pairs; 0 if exact.

        Args:
            values: of each of `coalitions()`, of nobody and of everybody.
        """
        if self.exact:
            return self._enumerated(values), np.zeros(self.players)
        pairs = self._by_order(values).reshape(-1, 2, self.players).mean(axis=1)
        return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))

    def _enumerated(self, values: Mapping[int, float]) -> Weights:
        coalitions = np.arange(1 << self.players)
        value = np.array([values[coalition] for coalition in coalitions.tolist()])
        sizes = np.bitwise_count(coalitions)
        # In so many of all orders, one in `rarity`, those who came before a player are just these.
        rarity = np.array([self.players * comb(self.players - 1, n) for n in range(self.players)])
        weights = np.zeros(self.players)
        for player in range(self.players):
            without = coalitions[coalitions >> player & 1 == 0]
            added = value[without | 1 << player] - value[without]
            weights[player] = (added / rarity[sizes[without]]).sum()
        return weights

    def _by_order(self, values: Mapping[int, float]) -> Weights:
        """What each player adds in each order `[orders, players]`."""
        added = np.empty((len(self.orders), self.players))
        for row, order in zip(added, self.orders, strict=True):
            row[list(order)] = np.diff([values[0], *(values[at] for at in _growing(order))])
        return added


def most_players(most: int) -> int:
    """The players that so many coalitions are enough for, besides nobody and everybody."""
    players = most // (2 * MIN_PAIRS) + 1
    while _fits(players + 1, min(most, ENOUGH)):
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
