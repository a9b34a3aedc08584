"""Shares with the range that they are known to."""

import math
from typing import Final

from inference.quality.schemas import Share

Z: Final = 1.959964
"""Standard deviations that hold 95 % of a normal distribution."""


def wilson(hits: float, total: int) -> Share:
    """A share of independent cases, with Wilson's score interval of 95 % (Wilson 1927).

    It keeps its coverage for few cases and for shares near 0 and 1 (Brown, Cai and DasGupta 2001).

    Args:
        hits: cases counted.
        total: cases altogether; of none the share is not known.
    """
    if not total:
        return Share(value=None, low=None, high=None, total=0)
    share = hits / total
    spread = Z * Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    # At the ends rounding would put a limit beyond the share itself.
    low, high = min(max(0.0, middle - half), share), max(min(1.0, middle + half), share)
    return Share(value=share, low=low, high=high, total=total)


def expected(confidence_sum: float, variance_sum: float, total: int) -> Share:
    """The share of right answers that calibrated confidences promise, without any label.

    The mean probability of the labels given (average confidence: Guillory et al. 2021, Predicting
    with Confidence on Unseen Distributions, arXiv:2107.03315). If each is right with its
    probability, the number of right ones has the variance of all these coins together; that is the
    interval of 95 %. That confidences are off, as on tweets of a new kind, is not in it.

    Args:
        confidence_sum: sum of the probabilities p of the labels given.
        variance_sum: sum of p (1 - p).
        total: predictions; of none nothing is known.
    """
    if not total:
        return Share(value=None, low=None, high=None, total=0)
    share = min(confidence_sum / total, 1.0)
    half = Z * math.sqrt(max(variance_sum, 0.0)) / total
    return Share(value=share, low=max(0.0, share - half), high=min(1.0, share + half), total=total)
