"""Notes on one request, as cheap as a few reads of the clock; without tracing, as none at all."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeAlias

Attribute: TypeAlias = str | int | float | bool

SPAN_LOSSES = ("queue-full", "not-taken", "shutdown")
"""Why a span reaches no collector: too many wait, it does not take them, the end has come."""


@dataclass(slots=True)
class Part:
    """A part of the work on a request, in the event loop's view.

    Attributes:
        name: such as `tokenise`.
        began: monotonic time.
        ended: monotonic time.
        attributes: figures of it; never anything that a client sent.
        failed: it ended with an exception.
    """

    name: str
    began: float
    ended: float = 0.0
    attributes: dict[str, Attribute] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ComputedBatch:
    """A batch that some of a request's texts were computed in; written by the thread that did.

    Attributes:
        began: monotonic time.
        seconds: in the graph.
        texts: in it, of all requests.
        tokens: ids that were read.
        padded: ids that were computed, padding included.
    """

    began: float
    seconds: float
    texts: int
    tokens: int
    padded: int


@dataclass(slots=True)
class Run:
    """A stay in the scheduler.

    Attributes:
        queued: monotonic time at which the texts began to wait.
        batches: in the order in which they were done; complete once the request is answered.
    """

    queued: float
    batches: list[ComputedBatch] = field(default_factory=list)


class Record:
    """What is noted of a request while it is answered."""

    def __init__(self) -> None:
        # One moment on both clocks, by which the others are told as times of day.
        self._wall, self._monotonic = time.time_ns(), time.monotonic()
        self.attributes: dict[str, Attribute] = {}
        self.parts: list[Part] = []
        self.runs: list[Run] = []

    def time_of_day(self, moment: float) -> int:
        """Nanoseconds since 1970 of a monotonic time."""
        return self._wall + round((moment - self._monotonic) * 1e9)

    @contextmanager
    def part(self, name: str) -> Iterator[dict[str, Attribute]]:
        """Note a part of the work; attributes may be added while it goes on."""
        part = Part(name, time.monotonic())
        try:
            yield part.attributes
        except BaseException:
            part.failed = True
            raise
        finally:
            part.ended = time.monotonic()
            self.parts.append(part)

    def run(self) -> list[ComputedBatch]:
        """Note that texts begin to wait; returns where their batches are to be noted."""
        run = Run(time.monotonic())
        self.runs.append(run)
        return run.batches


RECORD: ContextVar[Record | None] = ContextVar("record", default=None)
"""The notes on the request that the current task works for; None where nobody wants them."""

_UNNOTED = nullcontext(None)


def part(name: str) -> AbstractContextManager[dict[str, Attribute] | None]:
    """Note a part of the work on the current request, if anybody wants to know."""
    record = RECORD.get()
    return record.part(name) if record is not None else _UNNOTED


def note_model(name: str, version: str, precision: str) -> None:
    """Note the model that answers the current request."""
    record = RECORD.get()
    if record is not None:
        record.attributes["radar.model.name"] = name
        record.attributes["radar.model.version"] = version
        record.attributes["radar.model.precision"] = precision


def noted_run() -> list[ComputedBatch] | None:
    """Where the batches of texts that are about to wait are to be noted; None: nowhere."""
    record = RECORD.get()
    return record.run() if record is not None else None


def note_batch(places: Sequence[list[ComputedBatch] | None], batch: ComputedBatch) -> None:
    """Note a batch with each request that has texts in it."""
    seen: set[int] = set()
    for place in places:
        if place is not None and id(place) not in seen:
            seen.add(id(place))
            place.append(batch)
