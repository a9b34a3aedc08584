"""Turning requests away before anything else is done for them."""

from collections.abc import Sequence

from fastapi import Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from inference.problems import ServiceError
from inference.scheduling.routing import ComputingRoute


class Doorkeeper:
    """Refuses requests that may not ask, or that declare more than there is room for.

    Under overload most of what comes is refused, and every refusal takes from the time of what is
    answered. So those routes that compute have their requests looked at here, before the framework
    searches a route, and what is refused passes nothing else.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """Stand before an application.

        Args:
            app: what answers those that may pass.
            routes: the application's; those that compute are guarded.
        """
        self._app = app
        computing = [route for route in routes if isinstance(route, ComputingRoute)]
        self._fixed = {route.path: route for route in computing if not route.param_convertors}
        self._others = [route for route in computing if route.param_convertors]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            route = self._route(scope)
            if route is not None:
                try:
                    route.admit(Request(scope))
                except ServiceError as error:
                    scope["route"] = route  # named in logs and figures
                    await error.response()(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    def _route(self, scope: Scope) -> ComputingRoute | None:
        fixed = self._fixed.get(scope["path"])
        if fixed is not None:
            return fixed
        return next((one for one in self._others if one.matches(scope)[0] is Match.FULL), None)
