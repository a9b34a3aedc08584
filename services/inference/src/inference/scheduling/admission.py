"""Which requests are taken in: decided for a whole request, before its body is parsed."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inference.problems import Failure, ServiceError

BYTES_PER_TOKEN = 4
"""Bytes of a body for each id: 3.6 to 5 measured on tweets in JSON, with their quotes."""
LONGEST_RETRY_SECONDS = 60


class Admission:
    """Bounds the ids that are taken in and not yet answered; only in the event loop's thread.

    Before a body is parsed its ids are estimated from its bytes. Parsing costs several times what
    refusing costs, so a service that parsed first would spend itself on what it then refuses.
    """

    def __init__(self, max_tokens: int, tokens_per_second: Callable[[], float]) -> None:
        """Admit everything at first.

        Args:
            max_tokens: bound on the ids that are in.
            tokens_per_second: how fast they get done, for the advice when to come back.
        """
        self._max_tokens = max_tokens
        self._tokens_per_second = tokens_per_second
        self._tokens = 0

    @property
    def tokens(self) -> int:
        """Ids that are in, as estimated."""
        return self._tokens

    @contextmanager
    def admit(self, body_bytes: int) -> Iterator[None]:
        """Take a request in until the block ends.

        While nothing is in, a request of any size is taken: else the largest never would be.

        Raises:
            ServiceError: (overloaded) too much is in; `Retry-After` says when room is expected.
        """
        tokens = max(1, body_bytes // BYTES_PER_TOKEN)
        if self._tokens and self._tokens + tokens > self._max_tokens:
            raise self._overloaded(tokens)
        self._tokens += tokens
        try:
            yield
        finally:
            self._tokens -= tokens

    def _overloaded(self, tokens: int) -> ServiceError:
        excess = self._tokens + tokens - self._max_tokens
        speed = self._tokens_per_second()
        seconds = math.ceil(excess / speed) if speed else 1
        wait = str(min(max(seconds, 1), LONGEST_RETRY_SECONDS))
        return ServiceError(
            Failure.OVERLOADED,
            f"too many tweets are waiting; try again in {wait} s",
            headers={"Retry-After": wait},
        )
