"""How long a model takes for one text, on this machine."""

import time
from collections.abc import Sequence

from contract.bundle import Bundle
from contract.goldens import GOLDEN_TEXTS

PASSES = 5


def slowest_text_ms(bundles: Sequence[Bundle]) -> list[float]:
    """Milliseconds from text to answer for the slowest golden text, for each of the bundles.

    Every text is answered alone, by the bundles in turn, and each keeps its best of five passes:
    other work of the machine can only make a pass slower (the advice of Python's own `timeit`).
    The golden texts include one longer than any model reads.

    Args:
        bundles: opened, so their graphs are warm.
    """
    slowest = [0.0] * len(bundles)
    for text in GOLDEN_TEXTS:
        best = [float("inf")] * len(bundles)
        for _ in range(PASSES):
            for place, bundle in enumerate(bundles):
                started = time.perf_counter()
                bundle.predict([text])
                best[place] = min(best[place], 1e3 * (time.perf_counter() - started))
        slowest = [max(pair) for pair in zip(slowest, best, strict=True)]
    return slowest
