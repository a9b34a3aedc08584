"""When to ask again, and how long to wait before: decisions only, no clock and no connection."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

REFUSED_UNDONE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""The service says that it did nothing: whatever was asked may be asked again."""
PERHAPS_DONE = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""Whoever answered does not know what became of the request."""
RETRY_AFTER_SPREAD = 0.25
"""Clients that are told the same time come back over so much more of it, not all at once."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a client is. Times in seconds.

    Attributes:
        attempts: times that a request is sent at most.
        deadline: from the first attempt to the end of the last, waiting included.
        attempt_seconds: what one attempt may take.
        first_wait: the longest wait after the first attempt; doubled after each further one.
        longest_wait: bound on that. What the service asks for in `Retry-After` is not bounded by
            it, only by the deadline.
        resend: send predictions again, too, after a connection that broke or stayed silent. The
            service keeps each prediction, so it may then keep the same one twice; hence not.

    Raises:
        ValueError: a figure is not positive.
    """

    attempts: int = 6
    deadline: float = 60.0
    attempt_seconds: float = 15.0
    first_wait: float = 0.5
    longest_wait: float = 10.0
    resend: bool = False

    def __post_init__(self) -> None:
        for name in ("attempts", "deadline", "attempt_seconds", "first_wait", "longest_wait"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a positive number")

    def wait_before_next(
        self, attempt: int, retry_after: float | None, chance: Callable[[], float]
    ) -> float:
        """Seconds to wait after an attempt.

        A random part of a bound that doubles, "full jitter" in M. Brooker, Exponential Backoff
        And Jitter, AWS Architecture Blog, 2015; never less than what the service asked for.

        Args:
            attempt: which one failed, from 1.
            retry_after: seconds that the service asked for.
            chance: gives numbers from 0 to 1.
        """
        # Doubling ends before the number does: 2 to the 1024 is no float.
        bound = min(self.longest_wait, self.first_wait * 2.0 ** min(attempt - 1, 60))
        asked = (retry_after or 0.0) * (1 + RETRY_AFTER_SPREAD * chance())
        return max(bound * chance(), asked)


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """What `Retry-After` asks for (RFC 9110, 10.2.3): seconds, or a date.

    A date counts from the answer's own `Date` where it has one, so that clocks need not agree.

    Args:
        headers: of the answer, names in small letters.
        now: with its time zone.

    Returns:
        Seconds, at least 0; None where the header is missing or is neither.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    until = _date(value)
    if until is None:
        return None
    return max(0.0, (until - (_date(headers.get("date", "")) or now)).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
