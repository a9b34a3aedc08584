"""What every request that needs computing passes: admission, its deadline, its client's leaving."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Literal

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from inference.problems import Failure, ServiceError
from inference.scheduling.admission import PREDICTION, Admission, Work
from inference.scheduling.scheduler import deadline_exceeded

TIMEOUT_HEADER = "X-Request-Timeout"
WATCH_AFTER_SECONDS = 0.25
"""A request that is answered sooner is not worth a look at whether its client is still there."""
CLIENT_LEFT = 499
"""The status that logs and figures give a request whose client has left; nobody receives it."""

Handle = Callable[[Request], Awaitable[Response]]


class LoadGuard:
    """Takes a request in or refuses it by its bytes alone, and ends it when nobody waits for it.

    What answers finds the monotonic time at which the request expires in
    `request.state.expires_at`.
    """

    def __init__(self, admission: Admission, *, longest_seconds: float) -> None:
        """Guard.

        Args:
            admission: decides who is taken in.
            longest_seconds: time that a request has, unless it asks for less.
        """
        self._admission = admission
        self._longest_seconds = longest_seconds

    async def answer(self, request: Request, handle: Handle, work: Work = PREDICTION) -> Response:
        """Answer one request, whose body nobody has read.

        Args:
            request: the request.
            handle: what answers it.
            work: what it asks for.

        Raises:
            ServiceError: (overloaded) it is not taken in; (deadline exceeded) its time was up;
                (invalid request) its header says no time. Whatever `handle` raises passes.
        """
        seconds = self._seconds(request)
        request.state.expires_at = time.monotonic() + seconds
        # Reading takes no room: else clients that send theirs slowly would keep the others out.
        with _Ending(request, seconds) as ending:
            body = await request.body()
            ending.watch_client()
            with self._admission.admit(len(body), seconds, work):
                return await handle(request)
        return ending.response()

    def require_room(self, request: Request, work: Work = PREDICTION) -> None:
        """Refuse a request whose body is declared too large for now, which is then not even read.

        Raises:
            ServiceError: (overloaded) there is no room for it; (invalid request) its header says no
                time.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            self._admission.require_room(int(declared), self._seconds(request), work)

    def _seconds(self, request: Request) -> float:
        given = request.headers.get(TIMEOUT_HEADER)
        if given is None:
            return self._longest_seconds
        try:
            seconds = float(given)
        except ValueError:
            seconds = math.nan
        if not seconds > 0:
            raise ServiceError(
                Failure.INVALID_REQUEST, f"{TIMEOUT_HEADER} must be a positive number of seconds"
            )
        return min(seconds, self._longest_seconds)


class _Ending(AbstractContextManager["_Ending"]):
    """Cancels the block when its time is up or the client leaves, and says which it was."""

    def __init__(self, request: Request, seconds: float) -> None:
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._reason: Literal["late", "left"] | None = None
        self._timer = self._loop.call_later(seconds, self._end, "late")
        self._watch_timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    def watch_client(self) -> None:
        """End when the client leaves, too; only after its body was read."""
        self._watch_timer = self._loop.call_later(WATCH_AFTER_SECONDS, self._start_watching)

    def response(self) -> Response:
        """The answer when the block was cancelled.

        Raises:
            ServiceError: (deadline exceeded) its time was up.
        """
        if self._reason == "late":
            raise deadline_exceeded()
        return Response(status_code=CLIENT_LEFT)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._timer.cancel()
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            # It knows this, so nothing but the garbage collector would free the two.
            self._watcher = None
        if kind is ClientDisconnect:
            self._reason = "left"
            return True
        if kind is asyncio.CancelledError and self._reason and self._task:
            # Whoever else cancels this task, such as the server at its end, must be heard.
            return self._task.uncancel() == 0
        return False

    def _start_watching(self) -> None:
        self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._end("left")

    def _end(self, reason: Literal["late", "left"]) -> None:
        if self._reason is None and self._task:
            self._reason = reason
            self._task.cancel()
