"""Kleinberg's bursts: the likeliest course of a past that switches between usual and intense.

Kleinberg, Bursty and hierarchical structure in streams, 2002, with two states. As in its section on
batches, a state's cost in a bucket is minus the logarithm of the count's probability; here that of
the negative-binomial distribution around the bucket's own expectation, and `ratio` times it.
"""

import math
from dataclasses import dataclass

import numpy as np

from inference.radar.detection import negative_binomial
from inference.radar.detection.monitor import Watched

RATIO = 2.0
GAMMA = 1.0
"""Cost of becoming intense, in units of the logarithm of the number of buckets."""


@dataclass(frozen=True)
class Burst:
    """A stretch of the past that was intense.

    Attributes:
        start: its first bucket's place in the series.
        end: the place after its last bucket.
        weight: logarithm of how much likelier its counts are when intense than when usual.
    """

    start: int
    end: int
    weight: float


def bursts(watched: Watched, *, ratio: float = RATIO, gamma: float = GAMMA) -> list[Burst]:
    """The bursts of negatives, oldest first; where nothing is expected yet, there are none.

    Args:
        watched: a series with what was expected of it.
        ratio: what intense is, as a multiple of the usual.
        gamma: the higher, the fewer bursts.
    """
    complete = watched.series.complete
    known = np.flatnonzero(np.isfinite(watched.expected[:complete]))
    if not len(known):
        return []
    first = int(known[0])
    place = slice(first, complete)
    gains = np.nan_to_num(
        negative_binomial.log_likelihood_ratio(
            watched.series.negatives[place], watched.expected[place], watched.sizes[place], ratio
        )
    ).tolist()
    price = gamma * math.log(max(2, len(gains)))
    # Costs of the best courses that end usual and intense, less what being usual costs.
    usual, intense = 0.0, price
    became: list[tuple[bool, bool]] = []  # whether the best way into either state was a switch
    for gain in gains:
        fell, rose = intense < usual, usual + price < intense
        became.append((fell, rose))
        usual, intense = min(usual, intense), min(intense, usual + price) - gain
    states = np.zeros(len(gains) + 1, np.bool_)
    state = intense < usual
    for at in range(len(gains) - 1, -1, -1):
        states[at] = state
        fell, rose = became[at]
        state = fell if not state else not rose
    edges = np.flatnonzero(np.diff(np.concatenate(([False], states)).astype(np.int8)))
    return [
        Burst(first + int(start), first + int(end), float(sum(gains[start:end])))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]
