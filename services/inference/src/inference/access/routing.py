"""Routes that admit a request before they read its body."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute

from inference.access.callers import caller_of
from inference.access.scopes import Scope
from inference.dependencies import services_of
from inference.problems import Failure, declared

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

SCHEME_NAME: Final = "key"
REFUSALS: Final = (
    Failure.KEY_MISSING,
    Failure.KEY_UNKNOWN,
    Failure.KEY_EXPIRED,
    Failure.SCOPE_MISSING,
    Failure.RATE_LIMITED,
)
_SCOPES: Final[dict[Callable[..., Any], Scope | None]] = {}


def needs(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint as one for keys with some scope; written below the route's decorator."""

    def mark(endpoint: Endpoint) -> Endpoint:
        _SCOPES[endpoint] = scope
        return endpoint

    return mark


def open_to_all(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint as one that needs no key; written below the route's decorator."""
    _SCOPES[endpoint] = None
    return endpoint


class GuardedRoute(APIRoute):
    """A route for keys with the scope of its endpoint, which is `admin` where nothing is said.

    The framework parses a body before it asks any dependency; this comes before both.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scope = _SCOPES.get(endpoint, Scope.ADMIN)
        if self.scope is not None:
            options["responses"] = _joined(options.get("responses") or {}, declared(*REFUSALS))
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        handle = super().get_route_handler()
        if self.scope is None:
            return handle

        async def admitted(request: Request) -> Response:
            if caller_of(request.scope) is None:
                self.admit(request)
            return await handle(request)

        return admitted

    def admit(self, request: Request) -> None:
        """Admit a request, of which nothing but the headers needs to be there yet.

        Raises:
            ServiceError: it is refused, as `Access.admit` says.
        """
        if self.scope is not None:
            services_of(request).access.admit(request, self.scope)


def include(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Add the routes of some routers to an application.

    As they are: an included router is searched a second time for each request that comes to it,
    after every router before it, and has nothing to add to what each of these says of itself.

    Raises:
        TypeError: one of them would admit anybody because it is no `GuardedRoute`.
    """
    for router in routers:
        for route in router.routes:
            if not isinstance(route, GuardedRoute):
                raise TypeError(f"{route} needs APIRouter(route_class=GuardedRoute)")
        app.router.routes.extend(router.routes)


def describe_keys(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Say in an application's OpenAPI document which routes need a key, and how to send it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        schema = generate()
        schema.setdefault("components", {})["securitySchemes"] = {
            SCHEME_NAME: {"type": "http", "scheme": "bearer", "description": "an access key"}
        }
        for router in routers:
            for route in router.routes:
                if isinstance(route, GuardedRoute) and route.scope is not None:
                    _describe_key(schema["paths"][route.path_format], route, route.scope)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _describe_key(path: dict[str, Any], route: GuardedRoute, scope: Scope) -> None:
    for method in route.methods or ():
        operation = path[method.lower()]
        operation["security"] = [{SCHEME_NAME: []}]
        said = f"Needs a key with the scope `{scope}`."
        operation["description"] = f"{operation.get('description', '')}\n\n{said}".strip()


def _joined(
    own: Mapping[int | str, dict[str, Any]], more: Mapping[int | str, dict[str, Any]]
) -> dict[int | str, dict[str, Any]]:
    """Responses of a route, where both may describe the same status."""
    joined = dict(own)
    for status, response in more.items():
        before = joined.get(status)
        text = f"{before['description']}; " if before else ""
        joined[status] = response | {"description": text + response["description"]}
    return joined
