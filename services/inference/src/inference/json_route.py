"""Routes that take JSON and give JSON, without the framework's resolving of dependencies."""

import inspect
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from inference.dependencies import check_media_type
from inference.problems import Failure, ServiceError, invalid_request

MEDIA_TYPE: Final = "application/json"
BODY: Final = "body"
REQUEST: Final = "request"


class JsonRoute(APIRoute):
    """A route whose endpoint takes `body`, a pydantic model, and `request`, and gives a model.

    FastAPI describes it in OpenAPI from the same signature, but here it is called directly: what
    FastAPI does for an endpoint with a few dependencies takes about as long as encoding a tweet,
    keeping it and answering it together, and all requests share one thread. Parameters of the path
    are passed by name, as text. An endpoint finds the services in `services_of(request)`.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Prepare an endpoint.

        Raises:
            TypeError: it asks for something that would not be given to it.
        """
        super().__init__(path, endpoint, **options)
        hints = get_type_hints(endpoint)
        self._path_names = inspect.signature(endpoint).parameters.keys() - {BODY, REQUEST}
        if not {BODY, REQUEST} <= hints.keys() or self._path_names - self.param_convertors.keys():
            raise TypeError(f"{endpoint.__qualname__} must take body, request and the path's names")
        self._body: TypeAdapter[Any] = TypeAdapter(hints[BODY])
        self.app = _app_of(self.get_route_handler())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""

        async def handle(request: Request) -> Response:
            body = self._validated(await self.read(request))
            named = {name: request.path_params[name] for name in self._path_names}
            answer = await self.endpoint(body=body, request=request, **named)
            return answer if isinstance(answer, Response) else _response(answer)

        return handle

    async def read(self, request: Request) -> Any:
        """The JSON value of a request's body; a subclass may know bodies of more than that.

        Raises:
            ServiceError: (unsupported media type) it does not say that it is JSON; or as
                `parse_json`.
        """
        check_media_type(request)
        return parse_json(await request.body())

    def _validated(self, value: Any) -> Any:
        """The body as the endpoint takes it.

        Raises:
            ServiceError: (invalid request) it breaks a rule.
        """
        try:
            return self._body.validate_python(value, from_attributes=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            raise invalid_request(
                [{**item, "loc": (BODY, *item["loc"])} for item in found]
            ) from None


def parse_json(content: bytes) -> Any:
    """The value of a body.

    Raises:
        ServiceError: (malformed JSON) it is no JSON; (invalid request) it is empty.
    """
    if not content:
        raise invalid_request([{"type": "missing", "loc": (BODY,), "msg": "Field required"}])
    try:
        # Not pydantic's own parser: that refuses a whole body for a lone surrogate in it.
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ServiceError(Failure.MALFORMED_JSON, "send a body of valid JSON in UTF-8") from None


def _app_of(handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> ASGIApp:
    """A handler as an application, without the stacks on which dependencies are closed."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def _response(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type=MEDIA_TYPE)
