"""Which requests are taken in: decided for a whole request, before its body is parsed."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from inference.problems import Failure, ServiceError
from inference.scheduling.queue import Priority

BYTES_PER_TOKEN = 4
"""Bytes of a body for each id: 3.6 to 5 measured on tweets in JSON, with their quotes."""
TOKENS_PER_REQUEST = 16
"""What a request costs beside its ids, in ids: its HTTP, its row, its place in every queue."""
LARGEST_SHARE = 0.5
"""Part of the bound that one request counts as at most. Bytes overstate long texts, which are cut;
and a request that counted as the whole bound would never find room while others keep coming."""
LONGEST_RETRY_SECONDS = 60
DEADLINE_SHARE = 0.5
"""Part of a request's time that may be spent on what was in before it: the speed is measured, hence
uncertain, and work that expires in the queue was taken in for nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the requests of a route ask for.

    Attributes:
        priority: whose work goes first.
        ids_of: the ids that will be computed, estimated from the size of a body in bytes.
    """

    priority: Priority
    ids_of: Callable[[int], int]


PREDICTION = Work(Priority.PREDICT, lambda body_bytes: body_bytes // BYTES_PER_TOKEN)
"""Every text is computed once."""


class Admission:
    """Bounds the ids that are taken in and not yet answered; only in the event loop's thread.

    Before a body is parsed its ids are estimated from its bytes. Parsing costs several times what
    refusing costs, so a service that parsed first would spend itself on what it then refuses.

    A request has to find room beside those that go before it or are its equals. What goes after it
    keeps it waiting for a batch at most, so it takes no room from it.
    """

    def __init__(
        self,
        max_tokens: int,
        tokens_per_second: Callable[[], float],
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """Admit everything at first.

        Args:
            max_tokens: bound on the ids that are in.
            tokens_per_second: how fast they get done, for the advice when to come back.
            refused: called for each request that there is no room for.
        """
        self._max_tokens = max_tokens
        self._tokens_per_second = tokens_per_second
        self._refused = refused
        self._requests = [0] * len(Priority)  # by priority
        self._ids = [0] * len(Priority)

    @property
    def tokens(self) -> int:
        """What is in: ids, as estimated, with what the requests cost beside them."""
        return sum(self._ids) + TOKENS_PER_REQUEST * sum(self._requests)

    def require_room(self, body_bytes: int, seconds: float, work: Work = PREDICTION) -> int:
        """The ids of a request, by its bytes, if it would be taken in now.

        While nothing is in that it has to wait for, any request is, however little its time.

        Args:
            body_bytes: size of its body.
            seconds: time that it has.
            work: what it asks for.

        Raises:
            ServiceError: (overloaded) too much is in, or more than gets done in its time;
                `Retry-After` says when room is expected.
        """
        largest = math.ceil(self._max_tokens * LARGEST_SHARE) - TOKENS_PER_REQUEST
        ids = max(0, min(work.ids_of(body_bytes), largest))
        before = slice(work.priority + 1)
        requests = sum(self._requests[before])
        if requests:
            speed = self._tokens_per_second()
            in_time = speed * seconds * DEADLINE_SHARE if speed else math.inf
            ids_in = ids + sum(self._ids[before])
            excess = max(
                ids_in + TOKENS_PER_REQUEST * (requests + 1) - self._max_tokens,
                ids_in - in_time,
            )
            if excess > 0:
                self._refused()
                raise _overloaded(excess / speed if speed else 1.0)
        return ids

    @contextmanager
    def admit(self, body_bytes: int, seconds: float, work: Work = PREDICTION) -> Iterator[None]:
        """Take a request in until the block ends; arguments and failure as `require_room`."""
        ids = self.require_room(body_bytes, seconds, work)
        self._requests[work.priority] += 1
        self._ids[work.priority] += ids
        try:
            yield
        finally:
            self._requests[work.priority] -= 1
            self._ids[work.priority] -= ids


def _overloaded(seconds: float) -> ServiceError:
    wait = str(min(max(math.ceil(seconds), 1), LONGEST_RETRY_SECONDS))
    return ServiceError(
        Failure.OVERLOADED,
        f"too many tweets are waiting; try again in {wait} s",
        headers={"Retry-After": wait},
    )
