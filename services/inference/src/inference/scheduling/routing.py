"""Routes that compute: access comes first, then room for the request, then its body."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Final

from fastapi import Request, Response

from inference.access.routing import GuardedRoute
from inference.dependencies import services_of
from inference.json_route import JsonRoute
from inference.problems import Failure
from inference.scheduling.admission import PREDICTION, Work
from inference.scheduling.guard import TIMEOUT_HEADER

FAILURES: Final = (Failure.OVERLOADED, Failure.DEADLINE_EXCEEDED)
"""How such a route can fail besides its own ways; part of its `responses`."""

PARAMETERS: Final[Mapping[str, Any]] = {
    "parameters": [
        {
            "name": TIMEOUT_HEADER,
            "in": "header",
            "description": "seconds after which the answer is of no use: work that could not "
            "begin in time is dropped, and answered with 504; bounded by what the service allows",
            "schema": {"type": "number", "exclusiveMinimum": 0},
        }
    ]
}


class _LoadGuardedRoute(JsonRoute):
    """A route that answers under the load guard."""

    work: ClassVar[Work] = PREDICTION

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), **PARAMETERS}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            return await services_of(request).guard.answer(request, handle, self.work)

        return guarded


class ComputingRoute(GuardedRoute, _LoadGuardedRoute):
    """A route whose endpoint uses the scheduler; `request.state.expires_at` is its deadline.

    A request whose key is refused costs less than one that there is no room for, and that one
    less than one whose body is parsed. A subclass says in `work` what else than predictions its
    requests ask for.
    """

    def admit(self, request: Request) -> None:
        """Admit a request if there is room for what it declares.

        Raises:
            ServiceError: it is refused, as `GuardedRoute.admit` and `LoadGuard.require_room` say.
        """
        super().admit(request)
        services_of(request).guard.require_room(request, self.work)
