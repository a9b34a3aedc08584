"""Tails of the binomial distribution, without SciPy, which the API's image has no room for."""

import math


def upper_tail(successes: int, trials: int, probability: float) -> float:
    """The probability of at least so many successes.

    Sums the terms from the first on, each from the one before, with logarithms for the first
    alone: exact to about 1e-11 of the result for as many trials as a week has verdicts.

    Args:
        successes: from 0 to `trials`.
        trials: independent ones.
        probability: of a success, between 0 and 1, both excluded.
    """
    if successes <= 0:
        return 1.0
    if successes > trials:
        return 0.0
    if successes <= trials * probability:  # the shorter sum is on the other side
        return 1.0 - upper_tail(trials - successes + 1, trials, 1.0 - probability)
    log_term = (
        math.lgamma(trials + 1)
        - math.lgamma(successes + 1)
        - math.lgamma(trials - successes + 1)
        + successes * math.log(probability)
        + (trials - successes) * math.log1p(-probability)
    )
    term = total = 1.0
    odds = probability / (1.0 - probability)
    for count in range(successes, trials):
        term *= (trials - count) / (count + 1) * odds
        total += term
        if term < total * 1e-13:
            break
    return math.exp(log_term + math.log(total))
