"""What surrounds every request: its id, its log line, its figures, and the bound on its body."""

import logging
import random
import re
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.access.callers import LIMIT_HEADERS, caller_of
from inference.draining import Draining
from inference.logging import REQUEST_ID, fields
from inference.metrics import NO_ROUTE, QUIET, Metrics
from inference.problems import Failure, ServiceError

REQUEST_ID_HEADER = "X-Request-Id"
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
REFUSED = HTTPStatus.TOO_MANY_REQUESTS
"""Log lines of what is refused under overload would bury the others, as those of `QUIET` routes
would; and writing them takes as long as refusing."""

_log = logging.getLogger(__name__)


class RequestContext:
    """Gives each request an id, logs and counts it, and turns what nobody caught into a problem.

    A client's own id is kept if it is a plain token. The line names the route, not the path:
    a path may hold anything.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, draining: Draining) -> None:
        self._app = app
        self._metrics = metrics
        self._draining = draining
        self._ids = random.Random()  # seeded by the system, which is slow to ask for each request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if GIVEN_ID.fullmatch(given) else f"{self._ids.getrandbits(128):032x}"

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = request_id
                headers.update(scope.get(LIMIT_HEADERS, {}))
                if self._draining.begun:
                    headers["Connection"] = "close"
            await send(message)

        token = REQUEST_ID.set(request_id)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            _log.exception("a request failed in a way that nobody foresaw")
            if status:
                raise  # half an answer is out already: only breaking the connection is honest
            error = ServiceError(
                Failure.INTERNAL, "the failure is in the log, under the request id"
            )
            await error.response()(scope, receive, send_with_id)
        finally:
            self._report(scope, status, time.perf_counter() - started)
            REQUEST_ID.reset(token)

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        method = scope["method"] if route != NO_ROUTE else "any"
        self._metrics.observe_request(method, route, status, seconds)
        quiet = status == REFUSED or (route in QUIET and status == HTTPStatus.OK)
        level = logging.DEBUG if quiet else logging.INFO
        if not _log.isEnabledFor(level):
            return
        caller = caller_of(scope)
        _log.log(
            level,
            "request",
            extra=fields(
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 2),
                **({"key": caller.name} if caller and caller.name else {}),
            ),
        )


class BodyLimit:
    """Refuses a body that is too large, by its declared length or as its bytes arrive.

    The framework's own limit answers in plain text where a route reads no body.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            error = ServiceError(Failure.BODY_TOO_LARGE, self._detail())
            await error.response()(scope, receive, send)
            return
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._max_bytes:
                    # Raised where a route reads its body: of what may be raised there, the
                    # framework passes on its own exception only.
                    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._detail())
            return message

        await self._app(scope, receive_counted, send)

    def _detail(self) -> str:
        return f"the body may have {self._max_bytes} bytes; send fewer tweets at a time"
