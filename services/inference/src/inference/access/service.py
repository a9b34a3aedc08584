"""Admitting requests: a key that is known, in time, within its rate, with the right scope."""

import math
import time
from collections.abc import Callable

from starlette.requests import Request

from inference.access.callers import ANYBODY, CALLER, LIMIT_HEADERS, Caller, challenge
from inference.access.limits import Limiter, headers_of
from inference.access.ring import KeyRing
from inference.access.scopes import Scope
from inference.problems import Failure, ServiceError

SCHEME = "bearer"


class Access:
    """Admits requests, by their keys or, where there are none, all of them.

    For the event loop's thread alone.
    """

    def __init__(self, ring: KeyRing | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is read.

        Args:
            ring: the keys; None admits anybody to everything.
            clock: seconds on a clock that never goes back, for the limits.
        """
        self._ring = ring
        self._clock = clock
        self._limiter = Limiter()

    def admit(self, request: Request, scope: Scope) -> None:
        """Admit a request, of which nothing but the headers needs to be there yet.

        Its ASGI scope gets the caller, and the headers that its answer has to carry.

        Raises:
            ServiceError: the key is missing, unknown or expired, asks too often, or lacks the
                scope; or the keys were not read yet.
        """
        if self._ring is None:
            request.scope[CALLER] = ANYBODY
            return
        caller = self._identify(request, self._ring)
        request.scope[CALLER] = caller
        caller.require(scope)

    def check(self) -> None:
        """Find out whether keys could be told apart.

        Raises:
            ServiceError: (store unavailable) they were not read yet.
        """
        if self._ring is not None:
            self._ring.check()

    def _identify(self, request: Request, ring: KeyRing) -> Caller:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        sent = sent.strip()
        if scheme.lower() != SCHEME or not sent:
            raise ServiceError(
                Failure.KEY_MISSING,
                "send the header Authorization: Bearer KEY; an operator makes keys with "
                "`inference keys create`",
                headers=challenge(),
            )
        key = ring.find(sent)
        if key is None:
            raise ServiceError(
                Failure.KEY_UNKNOWN,
                "the key is not one of this service, or was revoked",
                headers=challenge(error="invalid_token"),
            )
        if key.is_expired():
            raise ServiceError(
                Failure.KEY_EXPIRED,
                f"the key {key.name} expired at {key.expires_at:%Y-%m-%d %H:%M} UTC",
                headers=challenge(error="invalid_token"),
            )
        if key.requests_per_minute is not None:
            self._limit(request, key.name, key.requests_per_minute)
        return key.caller

    def _limit(self, request: Request, name: str, quota: int) -> None:
        turn = self._limiter.take(name, quota, self._clock())
        request.scope[LIMIT_HEADERS] = headers_of(quota, turn)
        if not turn.allowed:
            seconds = max(1, math.ceil(turn.retry_in))
            raise ServiceError(
                Failure.RATE_LIMITED,
                f"the key {name} allows {quota} requests a minute; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
