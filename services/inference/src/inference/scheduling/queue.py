"""What waits to be computed, and which of it goes together next."""

import asyncio
import threading
import time
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from operator import attrgetter

from contract.bundle import Bundle
from contract.calibration import Probabilities
from contract.encoding import Encoded
from inference.problems import ServiceError
from inference.tracing.record import ComputedBatch

TOLERANCE = 1.25
SHADOW_BATCHES = 8
"""Batches that nobody waits for are so many times smaller than others: what comes meanwhile may
have to wait for one to end."""
SLACK = 4
"""A batch's longest text may have `TOLERANCE` times the ids of its shortest, plus `SLACK`: beyond
that, padding costs more than a batch of its own."""


Outcome = Probabilities | ServiceError
"""Calibrated probabilities `[labels]` of one text, or why there are none."""


class Priority(IntEnum):
    """Whose work goes first."""

    PREDICT = 0
    EXPLAIN = 1
    MENTION = 2
    """Whoever sends mentions sends them again: they never go first for their age either."""
    SHADOW = 3
    """Nobody waits for it: it goes when there is nothing else, and never for its age."""


class Request:
    """The texts of one request, settled one by one from any thread, answered together.

    Attributes:
        priority: whose work goes first.
        seconds: in the graph, of the slowest of the batches that its texts were in.
        batches: where the batches that its texts are in are noted; None where nobody wants to know.
    """

    def __init__(self, size: int, priority: Priority = Priority.PREDICT) -> None:
        """Wait for `size` outcomes; only in a running event loop."""
        self.priority = priority
        self.seconds = 0.0
        self.batches: list[ComputedBatch] | None = None
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[list[Outcome]] = self.loop.create_future()
        self._lock = threading.Lock()
        self._missing = size
        self._outcomes: list[Outcome | None] = [None] * size

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits any more."""
        return self.done.cancelled()

    def settle(self, index: int, outcome: Outcome) -> bool:
        """Take the outcome of one text, unless it has one; returns whether that was the last."""
        with self._lock:
            if self._outcomes[index] is not None:
                return False
            self._outcomes[index] = outcome
            self._missing -= 1
            return self._missing == 0

    def answer(self) -> None:
        """Hand over the outcomes; in the loop's thread, once all are there."""
        if not self.done.done():  # else cancelled
            self.done.set_result([item for item in self._outcomes if item is not None])


@dataclass(slots=True, eq=False)
class Job:
    """One text to be computed.

    Attributes:
        bundle: the model, as it served when the request came.
        encoded: the text's ids.
        expires_at: monotonic time after which nobody waits for the answer.
        request: what the text belongs to.
        index: its place there.
        arrived_at: monotonic time.
        taken: a thread has it.
        tokens: number of ids.
    """

    bundle: Bundle
    encoded: Encoded
    expires_at: float
    request: Request
    index: int
    arrived_at: float = field(default_factory=time.monotonic)
    taken: bool = False
    tokens: int = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = int(self.encoded.ids.size)


_length = attrgetter("tokens")


class _Lane:
    """Jobs of one priority: in order of arrival, and in order of length."""

    def __init__(self) -> None:
        self.tokens = 0
        self._arrived: deque[Job] = deque()
        self._by_length: list[Job] = []

    def __len__(self) -> int:
        return len(self._by_length)

    def add(self, job: Job) -> None:
        self._arrived.append(job)
        insort(self._by_length, job, key=_length)
        self.tokens += job.tokens

    def oldest(self) -> Job | None:
        while self._arrived and self._arrived[0].taken:
            self._arrived.popleft()
        return self._arrived[0] if self._arrived else None

    def take(self, seed: Job, budget: int, most: int) -> list[Job]:
        """`seed` and those nearest to it in length: `most` jobs, `budget` padded ids at most."""
        first = bisect_left(self._by_length, seed.tokens, key=_length)
        while self._by_length[first] is not seed:
            first += 1
        last = first + 1  # the batch is this slice
        low = high = seed.tokens
        while last - first < most:
            wider = self._wider(first, last, low, high, budget, seed.bundle)
            if not wider:
                break
            _, first, last, low, high = min(wider)
        batch = self._by_length[first:last]
        del self._by_length[first:last]
        for job in batch:
            job.taken = True
            self.tokens -= job.tokens
        return batch

    def _wider(
        self, first: int, last: int, low: int, high: int, budget: int, bundle: Bundle
    ) -> list[tuple[int, int, int, int, int]]:
        """The slices one job wider that may still be one batch, with the lengths they would add."""
        found = []
        if first > 0 and (below := self._by_length[first - 1]).bundle is bundle:
            found.append((low - below.tokens, first - 1, last, below.tokens, high))
        if last < len(self._by_length) and (above := self._by_length[last]).bundle is bundle:
            found.append((above.tokens - high, first, last + 1, low, above.tokens))
        return [
            (added, start, end, shortest, longest)
            for added, start, end, shortest, longest in found
            if longest * (end - start) <= budget and longest <= shortest * TOLERANCE + SLACK
        ]


class JobQueue:
    """All that waits. Not safe for threads by itself: the scheduler's lock is around it."""

    def __init__(self, *, budget: int, patience: float) -> None:
        """Make an empty queue.

        Args:
            budget: the most ids, padding included, in one batch; a longer text goes alone.
            patience: seconds after which work of low priority goes before any other.
        """
        self._budget = budget
        self._patience = patience
        self._lanes = {priority: _Lane() for priority in Priority}

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    @property
    def tokens(self) -> int:
        """Ids that wait."""
        return sum(lane.tokens for lane in self._lanes.values())

    @property
    def awaited(self) -> bool:
        """Whether there is anything that somebody waits for."""
        return any(lane for priority, lane in self._lanes.items() if priority != Priority.SHADOW)

    def add(self, jobs: Sequence[Job], priority: Priority) -> None:
        """Append jobs."""
        for job in jobs:
            self._lanes[priority].add(job)

    def take(self, idle: int, *, spare: bool = True) -> list[Job]:
        """The next batch, empty if nothing waits.

        It is built around the job that has waited longest, so nothing starves, from those nearest
        to it in length, so little is padded.

        Args:
            idle: threads that are free, the asking one included: they share what waits, so that
                none rests while another computes a large batch.
            spare: whether a thread may be given to what nobody waits for.
        """
        lane, seed = self._next(spare)
        if seed is None:
            return []
        shadow = lane is self._lanes[Priority.SHADOW]
        budget = self._budget // SHADOW_BATCHES if shadow else self._budget
        return lane.take(seed, budget, most=-(-len(lane) // max(1, idle)))

    def take_all(self) -> list[Job]:
        """Everything that waits, at the end of the service."""
        jobs = []
        while batch := self.take(1):
            jobs += batch
        return jobs

    def _next(self, spare: bool) -> tuple[_Lane, Job | None]:
        now = time.monotonic()
        first, shadow = self._lanes[Priority.PREDICT], self._lanes[Priority.SHADOW]
        for lane in reversed(self._lanes.values()):
            oldest = lane.oldest()
            aged = oldest and now - oldest.arrived_at > self._patience
            if aged and lane is self._lanes[Priority.EXPLAIN]:
                return lane, oldest
        for lane in self._lanes.values():
            if (spare or lane is not shadow) and (oldest := lane.oldest()):
                return lane, oldest
        return first, None
