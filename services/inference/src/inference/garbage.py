"""When Python's garbage collector looks for objects that hold each other."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLD: Final = 10_000
"""New objects that are still there, before the collector looks at them; Python's own is 700.

A request that waits is some hundred objects, and what serves one leaves none to the collector. With
700 a queue of a thousand requests was looked through again and again: a quarter of the event loop's
time under overload, in pauses of up to a quarter of a second (`benchmarks.overload`, two cores of
an AMD EPYC, 2026-11-22).
"""


@contextmanager
def starting() -> Iterator[None]:
    """Import and assemble a service without the collector, which then leaves all of that alone.

    Modules, routes and schemas live as long as the process. Looking through them while they come
    takes a fifth of the start; and each full collection later, some tenth of a second.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(THRESHOLD)
        gc.enable()
