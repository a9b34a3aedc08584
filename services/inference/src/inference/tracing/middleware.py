"""What surrounds a request where spans go somewhere."""

from opentelemetry.trace import Span
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.logging import TRACE_ID
from inference.metrics import NO_ROUTE, QUIET
from inference.middleware import REQUEST_ID_HEADER
from inference.tracing.record import RECORD, Record
from inference.tracing.tracing import Tracing


class Traced:
    """Begins a request's trace and ends it; the outermost of all, so that it sees the whole."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in QUIET:
            await self._app(scope, receive, send)
            return
        span = self._tracing.begin(Headers(scope=scope))
        trace = TRACE_ID.set(f"{span.get_span_context().trace_id:032x}")
        try:
            if not span.is_recording():
                await self._app(scope, receive, send)
                return
            await self._recorded(span, scope, receive, send)
        finally:
            TRACE_ID.reset(trace)

    async def _recorded(self, span: Span, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0
        record = Record()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = Headers(raw=message["headers"]).get(REQUEST_ID_HEADER, "")
                record.attributes["radar.request_id"] = request_id
            await send(message)

        noting = RECORD.set(record)
        try:
            await self._app(scope, receive, watched)
        finally:
            RECORD.reset(noting)
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            method = scope["method"] if route != NO_ROUTE else "any"
            self._tracing.end(span, record, method=method, route=route, status=status)
