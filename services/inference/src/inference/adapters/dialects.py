"""Failures in the form of another protocol, for whatever is answered under its addresses."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.problems import MEDIA_TYPE, ProblemDocument

JSON = "application/json"


@dataclass(frozen=True)
class Dialect:
    """A protocol's form of failures; the statuses are those of this service.

    Attributes:
        owns: whether an address is one of the protocol.
        failure: what it answers in place of a problem document.
        model: the schema of that.
    """

    owns: Callable[[str], bool]
    failure: Callable[[ProblemDocument], BaseModel]
    model: type[BaseModel]

    def described(
        self, responses: Mapping[int | str, dict[str, Any]]
    ) -> dict[int | str, dict[str, Any]]:
        """OpenAPI's `responses` of a route, its problem documents replaced."""
        content = {JSON: {"schema": self.model.model_json_schema()}}
        return {
            status: {**response, "content": content}
            if MEDIA_TYPE in response.get("content", {})
            else response
            for status, response in responses.items()
        }


class DialectRoute(APIRoute):
    """A route of another protocol; the first base of a class that names its dialect."""

    dialect: ClassVar[Dialect]

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.responses = self.dialect.described(self.responses)


class Interpreter:
    """Puts problem documents into the form of the protocol that a request came under.

    Failures arise in many places, outside of routes too: a body beyond the limit, an address that
    is none. All are problem documents, so they are put into another form where they leave.
    """

    def __init__(self, app: ASGIApp, dialects: Sequence[Dialect]) -> None:
        self._app = app
        self._dialects = tuple(dialects)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            for dialect in self._dialects:
                if dialect.owns(scope["path"]):
                    send = _Translation(dialect, send)
                    break
        await self._app(scope, receive, send)


class _Translation:
    """Passes messages on, and holds a problem document back until it is complete."""

    def __init__(self, dialect: Dialect, send: Send) -> None:
        self._dialect = dialect
        self._send = send
        self._held: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if MutableHeaders(scope=message).get("content-type") == MEDIA_TYPE:
                self._held = message
                return
        elif self._held is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._translate(self._held)
            return
        await self._send(message)

    async def _translate(self, start: Message) -> None:
        problem = ProblemDocument.model_validate(json.loads(self._body))
        body = self._dialect.failure(problem).model_dump_json().encode()
        headers = MutableHeaders(scope=start)
        headers["content-type"] = JSON
        headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
