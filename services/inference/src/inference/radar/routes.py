"""The radar over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import RadarDependency, services_of
from inference.moments import optional_moment
from inference.problems import COMMON_FAILURES, Failure, declared
from inference.radar.reader import DEFAULT_DAYS, MAX_DAYS
from inference.radar.schemas import MAX_NAME, MentionsAnswer, MentionsRequest, RadarAnswer
from inference.scheduling import routing

PREFIX = "/v1/radar"

mentions_router = APIRouter(prefix=PREFIX, tags=["radar"], route_class=routing.ComputingRoute)
router = APIRouter(prefix=PREFIX, tags=["radar"], route_class=GuardedRoute)


@mentions_router.post(
    "/mentions",
    responses=declared(
        *COMMON_FAILURES,
        *routing.FAILURES,
        Failure.MODEL_UNAVAILABLE,
        Failure.MODEL_FAILED,
        Failure.STORE_UNAVAILABLE,
    ),
)
@needs(Scope.PREDICT)
async def mention(body: MentionsRequest, request: Request) -> MentionsAnswer:
    """Count what was said of airlines, each mention once however often it is sent.

    They may come late and in any order, as long as they are no older than what is kept. After a
    failure, or no answer, send the same again.
    """
    return await services_of(request).mentions.take(
        body.mentions, expires_at=request.state.expires_at
    )


@router.get(
    "",
    responses=declared(Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL),
)
@needs(Scope.PREDICT)
async def radar(
    reader: RadarDependency,
    airline: Annotated[
        str | None, Query(max_length=MAX_NAME, description="without it, all of them together")
    ] = None,
    from_: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=MAX_NAME,
            description=f"a time in ISO 8601; without it, {DEFAULT_DAYS} days before `to`",
        ),
    ] = None,
    to: Annotated[
        str | None,
        Query(
            max_length=MAX_NAME,
            description=f"a time in ISO 8601, at most {MAX_DAYS} days after `from`; without it, "
            "the end of the series",
        ),
    ] = None,
) -> RadarAnswer:
    """Mentions and negative ones over time, what was expected of them, and where they surged."""
    start, end = optional_moment("from", from_), optional_moment("to", to)
    return await run_in_threadpool(reader.read, airline, start, end)
