"""One call as a dialogue: what to do next, told what came of it. Nothing here waits or connects.

`Client` and `AsyncClient` carry out the same steps, each in its own way.
"""

import json
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from random import SystemRandom
from typing import Any, Generic, TypeVar

from radar_client.errors import NoAnswerError, ProblemError, RadarError, problem_class
from radar_client.retries import PERHAPS_DONE, REFUSED_UNDONE, Policy, seconds_to_wait

PROBLEM = "application/problem+json"
LONGEST_DETAIL = 500
SERVICE_SHARE = 0.9
"""Part of an attempt's time that the service is told it has: so that its refusal still arrives."""
RANDOM = SystemRandom()

Answer = TypeVar("Answer")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Send:
    """Send this and say what came back. `seconds` is what all of it may take."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """No answer.

    Attributes:
        reason: in words, without anything that was sent.
        may_have_arrived: whether the service may have acted on the request.
    """

    reason: str
    may_have_arrived: bool


Steps = Generator[Send | Sleep, Reply | Broken | None, Result]
"""A dialogue: each `Send` is answered with what came of it, each `Sleep` with None."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """Something to ask.

    Attributes:
        method: HTTP's.
        path: below the service's address.
        read: makes the answer of a reply; raises `AnswerError` or `ProblemError`.
        content: JSON, or None.
        repeatable: doing it twice is as good as once.
        statuses: those whose replies `read` takes; any other is a failure.
    """

    method: str
    path: str
    read: Callable[[Reply, str], Answer]
    content: bytes | None = None
    repeatable: bool = False
    statuses: frozenset[int] = frozenset({HTTPStatus.OK})


def exchange(
    call: Call[Answer],
    policy: Policy,
    *,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = RANDOM.random,
) -> Steps[Answer]:
    """The steps of a call, until it is answered, hopeless, or its time is up.

    Args:
        call: what to ask.
        policy: how patiently.
        clock: seconds on a clock that never goes back.
        chance: gives numbers from 0 to 1.

    Raises:
        RadarError: there is no answer; the last attempt's reason.
    """
    ends_at = clock() + policy.deadline
    for attempt in range(1, policy.attempts + 1):
        request_id = uuid.uuid4().hex  # of our own, to know it where no answer names it
        seconds = min(policy.attempt_seconds, max(ends_at - clock(), 0.001))
        outcome = yield Send(
            call.method, call.path, _headers(call, request_id, seconds), call.content, seconds
        )
        assert outcome is not None
        if isinstance(outcome, Reply) and outcome.status in call.statuses:
            return call.read(outcome, request_id)
        error = failure_of(outcome, request_id)
        wait = policy.wait_before_next(attempt, getattr(error, "retry_after", None), chance)
        may_repeat = _undone(outcome) or (
            (call.repeatable or policy.resend) and _perhaps_done(outcome)
        )
        if not may_repeat or attempt == policy.attempts or clock() + wait >= ends_at:
            raise error
        yield Sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def failure_of(outcome: Reply | Broken, request_id: str) -> RadarError:
    """The error that an outcome stands for."""
    if isinstance(outcome, Broken):
        return NoAnswerError(
            outcome.reason, may_have_arrived=outcome.may_have_arrived, request_id=request_id
        )
    document: object = None
    if outcome.headers.get("content-type", "").startswith(PROBLEM):
        try:
            document = json.loads(outcome.body)
        except ValueError:
            document = None
    return problem_of(
        document,
        status=outcome.status,
        request_id=outcome.headers.get("x-request-id", request_id),
        retry_after=seconds_to_wait(outcome.headers, datetime.now(UTC)),
    )


def problem_of(
    document: object, *, status: int, request_id: str, retry_after: float | None = None
) -> ProblemError:
    """The error of a problem document; of anything else, what its status says."""
    said: Mapping[str, Any] = document if isinstance(document, dict) else {}
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "No answer of this API"
    return problem_class(status)(
        type=str(said.get("type", "about:blank")),
        title=str(said.get("title", phrase)),
        status=status,
        detail=str(said.get("detail", ""))[:LONGEST_DETAIL],
        request_id=request_id,
        retry_after=retry_after,
    )


def _headers(call: Call[Any], request_id: str, seconds: float) -> dict[str, str]:
    headers = {
        "X-Request-Id": request_id,
        "X-Request-Timeout": f"{seconds * SERVICE_SHARE:.3f}",
    }
    return headers | {"Content-Type": "application/json"} if call.content is not None else headers


def _undone(outcome: Reply | Broken) -> bool:
    if isinstance(outcome, Broken):
        return not outcome.may_have_arrived
    return outcome.status in REFUSED_UNDONE


def _perhaps_done(outcome: Reply | Broken) -> bool:
    return isinstance(outcome, Broken) or outcome.status in PERHAPS_DONE
