"""Threads that compute what waits: at once when one is free, in batches of like length when not."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from contract.bundle import Bundle
from contract.encoding import Encoded
from inference.logging import fields
from inference.prediction import path
from inference.problems import Failure, ServiceError
from inference.scheduling.queue import Job, JobQueue, Outcome, Priority, Request
from inference.tracing.record import ComputedBatch, note_batch, noted_run

BATCH_TOKENS = 512
"""Ids in one batch, padding included. Twice as many are no faster, and take twice the memory."""
PATIENCE_SECONDS = 1.0
REPLACEMENT_SECONDS = 1.0
STUCK_SECONDS = 60.0
"""A batch takes a few seconds at most; nothing but a new process helps one that never ends."""
CLOSE_SECONDS = 5.0
"""How long the end waits for such a thread."""
RATE_WEIGHT = 0.1
"""Weight of the newest batch in the moving average of the speed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """What one batch was like.

    Attributes:
        texts: in the batch.
        tokens: ids that were read.
        padded: ids that were computed, padding included.
        waits: seconds that each text waited.
        seconds: time in the graph.
    """

    texts: int
    tokens: int
    padded: int
    waits: Sequence[float]
    seconds: float


@dataclass(slots=True)
class Timing:
    """How long the texts of one request took.

    Attributes:
        seconds: in the graph, of the slowest of the batches that they were in.
    """

    seconds: float = 0.0


class Observer(Protocol):
    """What wants to know how the threads fare."""

    def batch_done(self, figures: BatchFigures) -> None:
        """A batch was computed."""
        ...

    def dropped(self, reason: str, texts: int) -> None:
        """Texts were dropped before they were computed: `expired` or `cancelled`."""
        ...


class Scheduler:
    """A few threads that share one graph, each calling it with one thread of its own.

    Waiting for peers to fill a batch would only add latency on a processor, so a free thread takes
    what there is. While all are busy a queue forms, and what has queued is the next batch.
    """

    def __init__(
        self, threads: int, observer: Observer, *, batch_tokens: int = BATCH_TOKENS
    ) -> None:
        """Start the threads.

        Args:
            threads: batches computed at the same time.
            observer: told of every batch.
            batch_tokens: the most ids in one batch, padding included.
        """
        self._observer = observer
        self._queue = JobQueue(budget=batch_tokens, patience=PATIENCE_SECONDS)
        self._changed = threading.Condition()
        self._idle = 0
        self._closed = False
        self._speed = 0.0  # ids per second of one thread
        self._began: list[float | None] = [None] * threads  # when each began its batch
        self._threads = [threading.Thread() for _ in range(threads)]
        for place in range(threads):
            self._start(place)

    @property
    def waiting_tokens(self) -> int:
        """Ids in the queue."""
        return self._queue.tokens

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for a thread to be free."""
        return self._queue.awaited

    @property
    def healthy(self) -> bool:
        """Whether every thread is there, and none is stuck."""
        now = time.monotonic()
        stuck = any(began and now - began > STUCK_SECONDS for began in self._began)
        return not stuck and all(thread.is_alive() for thread in self._threads)

    @property
    def tokens_per_second(self) -> float:
        """Ids that all threads together get through; 0 before the first batch."""
        return self._speed * len(self._threads)

    async def run(
        self,
        bundle: Bundle,
        encoded: Sequence[Encoded],
        *,
        expires_at: float,
        priority: Priority = Priority.PREDICT,
        timing: Timing | None = None,
    ) -> list[Outcome]:
        """Compute some texts of one request.

        When the client leaves, this is cancelled; its texts are then dropped unless a thread has
        them already. No text of another request suffers.

        Args:
            bundle: the model.
            encoded: the texts' ids.
            expires_at: monotonic time after which nobody waits for the answer.
            priority: whose work goes first.
            timing: is told how long it took.

        Returns:
            The outcome of each text, in order.

        Raises:
            ServiceError: (deadline exceeded) the time was up before all were computed; (not
                ready) the service is shutting down.
        """
        if not encoded:
            return []
        request = Request(len(encoded), priority)
        if priority is not Priority.SHADOW:  # of which the request it came from may know nothing
            request.batches = noted_run()
        jobs = [Job(bundle, item, expires_at, request, index) for index, item in enumerate(encoded)]
        with self._changed:
            if self._closed:
                raise ServiceError(Failure.NOT_READY, "the service is shutting down")
            self._queue.add(jobs, priority)
            self._changed.notify(len(jobs))
        outcomes = await request.done
        if timing is not None:
            timing.seconds = request.seconds
        for outcome in outcomes:
            if isinstance(outcome, ServiceError) and (outcome.failure is Failure.DEADLINE_EXCEEDED):
                raise outcome  # a part of the answer, late, would help nobody
        return outcomes

    def close(self) -> None:
        """Compute what waits, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)

    def _start(self, place: int) -> None:
        thread = threading.Thread(
            target=self._live, args=(place,), name=f"compute-{place}", daemon=True
        )
        self._threads[place] = thread
        thread.start()

    def _live(self, place: int) -> None:
        batch: list[Job] = []
        try:
            while self._fill(batch):
                self._began[place] = time.monotonic()
                self._compute(batch)
                self._began[place] = None
        except BaseException as error:  # whatever it was, nobody may be left waiting
            self._began[place] = None
            _log.critical("a computing thread died", extra=fields(reason=type(error).__name__))
            died = ServiceError(Failure.MODEL_FAILED, "the computing thread died; try again")
            _settle(batch, [died] * len(batch))
            # Not at once: something that kills every thread must not keep the machine busy, and
            # until then liveness tells that one is missing.
            replacement = threading.Timer(REPLACEMENT_SECONDS, self._replace, [place])
            replacement.daemon = True
            replacement.start()

    def _replace(self, place: int) -> None:
        with self._changed:
            if self._closed and not self._queue:
                return
        self._start(place)

    def _fill(self, batch: list[Job]) -> bool:
        """Take what to compute next; returns False when the service has ended."""
        with self._changed:
            self._idle += 1
            try:
                while True:
                    # Beside what nobody waits for, a thread stays free for what comes.
                    spare = self._idle > 1 or len(self._threads) == 1
                    batch[:] = self._queue.take(self._idle, spare=spare)
                    if batch:
                        if self._drop_unwanted(batch):
                            return True
                    elif self._closed:
                        return False
                    else:
                        self._changed.wait()
            finally:
                self._idle -= 1

    def _drop_unwanted(self, batch: list[Job]) -> int:
        """Leave in a batch what somebody still waits for; returns how much that is."""
        now = time.monotonic()
        expired = [job for job in batch if job.expires_at <= now]
        cancelled = [job for job in batch if job.expires_at > now and job.request.abandoned]
        if expired:
            self._observer.dropped("expired", len(expired))
            _settle(expired, [deadline_exceeded()] * len(expired))
        if cancelled:
            self._observer.dropped("cancelled", len(cancelled))
        if expired or cancelled:
            batch[:] = [job for job in batch if job.expires_at > now and not job.request.abandoned]
        return len(batch)

    def _compute(self, batch: Sequence[Job]) -> None:
        started = time.monotonic()
        try:
            outcomes: Sequence[Outcome] = list(
                path.core(batch[0].bundle, [job.encoded for job in batch])
            )
        except ServiceError as error:
            outcomes = [error] * len(batch)
        seconds = time.monotonic() - started
        tokens = sum(job.tokens for job in batch)
        padded = len(batch) * max(job.tokens for job in batch)
        for job in batch:
            job.request.seconds = max(job.request.seconds, seconds)
        # First: once its outcomes are there, a request may be told of.
        note_batch(
            [job.request.batches for job in batch],
            ComputedBatch(started, seconds, len(batch), tokens, padded),
        )
        _settle(batch, outcomes)
        if batch[0].request.priority is not Priority.SHADOW:  # a model that may be much slower
            speed = tokens / max(seconds, 1e-6)
            self._speed += (RATE_WEIGHT if self._speed else 1.0) * (speed - self._speed)
        self._observer.batch_done(
            BatchFigures(
                texts=len(batch),
                tokens=tokens,
                padded=padded,
                waits=[started - job.arrived_at for job in batch],
                seconds=seconds,
            )
        )


def deadline_exceeded() -> ServiceError:
    """The failure of a request whose time was up before its turn came."""
    return ServiceError(
        Failure.DEADLINE_EXCEEDED, "the request's time was up before its turn; try again later"
    )


def _settle(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
    """Give each job its outcome, and wake the event loop once for all requests that are done."""
    done = [
        job.request
        for job, outcome in zip(jobs, outcomes, strict=True)
        if job.request.settle(job.index, outcome)
    ]
    if done:
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            done[0].loop.call_soon_threadsafe(_answer, done)


def _answer(requests: Sequence[Request]) -> None:
    for request in requests:
        request.answer()
