"""What every request that needs computing passes: admission, its deadline, its client's leaving."""

import asyncio
import math
import time
from collections.abc import Callable, Collection

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.problems import Failure, ServiceError
from inference.scheduling.admission import Admission

TIMEOUT_HEADER = "X-Request-Timeout"


class LoadGuard:
    """Takes a request in or refuses it by its bytes alone, and ends it when nobody waits for it.

    Routes find the monotonic time at which the request expires in `request.state.expires_at`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        admission: Admission,
        paths: Collection[str],
        default_seconds: float,
        refused: Callable[[], None],
    ) -> None:
        """Guard some routes of an application.

        Args:
            app: what comes after.
            admission: decides who is taken in.
            paths: of the routes that compute.
            default_seconds: time that a request has, and the most it may ask for.
            refused: called for each request that is not taken in.
        """
        self._app = app
        self._admission = admission
        self._paths = paths
        self._default_seconds = default_seconds
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            scope.setdefault("state", {})["expires_at"] = time.monotonic() + self._seconds(headers)
            declared = headers.get("content-length", "")
            if declared.isdecimal():
                with self._admission.admit(int(declared)):
                    await _run(self._app, scope, await _body(receive), receive, send)
            else:
                body = await _body(receive)
                with self._admission.admit(len(body)):
                    await _run(self._app, scope, body, receive, send)
        except ServiceError as error:
            if error.failure is Failure.OVERLOADED:
                self._refused()
            await error.response()(scope, receive, send)

    def _seconds(self, headers: Headers) -> float:
        given = headers.get(TIMEOUT_HEADER)
        if given is None:
            return self._default_seconds
        try:
            seconds = float(given)
        except ValueError:
            seconds = math.nan
        if not seconds > 0:
            raise ServiceError(
                Failure.INVALID_REQUEST, f"{TIMEOUT_HEADER} must be a positive number of seconds"
            )
        return min(seconds, self._default_seconds)


async def _body(receive: Receive) -> bytes:
    """The whole body.

    Raises:
        ServiceError: (body too large) the limit around this was reached.
    """
    parts = []
    while True:
        try:
            message = await receive()
        except HTTPException as error:
            raise ServiceError(Failure.BODY_TOO_LARGE, error.detail) from error
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _run(app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
    """Run the application on a body that was read, and cancel it when its client leaves."""
    handling = asyncio.current_task()
    unread, answered, left = True, False, False

    async def receive_again() -> Message:
        nonlocal unread
        if unread:
            unread = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    async def send_watched(message: Message) -> None:
        nonlocal answered
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            answered = True
        await send(message)

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        if not answered and handling:
            left = True
            handling.cancel()

    watcher = asyncio.ensure_future(watch())
    try:
        await app(scope, receive_again, send_watched)
    except asyncio.CancelledError:
        if not left:
            raise
        if handling:
            handling.uncancel()
    finally:
        watcher.cancel()
