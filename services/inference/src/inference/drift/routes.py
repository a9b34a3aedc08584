"""Drift over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import DriftDependency
from inference.drift.report import POLICY, report
from inference.drift.schemas import DriftAnswer
from inference.moments import optional_moment
from inference.problems import Failure, declared

MAX_TIME = 64
MAX_NAME = 200
FAILURES = declared(Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL)

router = APIRouter(prefix="/v1/drift", tags=["drift"], route_class=GuardedRoute)

Time = Annotated[str | None, Query(max_length=MAX_TIME, description="a time in ISO 8601")]


async def _compared(
    drift: DriftDependency,
    from_: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=MAX_TIME,
            description="a time in ISO 8601; without it, DRIFT_WINDOW_HOURS before `to`",
        ),
    ] = None,
    to: Time = None,
    reference_from: Time = None,
    reference_to: Time = None,
    model_version: Annotated[
        str | None, Query(max_length=MAX_NAME, description="without it, the one that serves")
    ] = None,
) -> DriftAnswer:
    return await run_in_threadpool(
        drift.read,
        start=optional_moment("from", from_),
        end=optional_moment("to", to),
        reference_start=optional_moment("reference_from", reference_from),
        reference_end=optional_moment("reference_to", reference_to),
        model_version=model_version,
    )


Compared = Annotated[DriftAnswer, Depends(_compared)]


@router.get("", responses=FAILURES)
@needs(Scope.FEEDBACK)
async def drift(found: Compared) -> DriftAnswer:
    """What a model version is asked and answers now, compared with what it was.

    The reference is the file recorded for the version, or else its first 5,000 texts; with
    `reference_from` or `reference_to`, those of that time.
    """
    return found


@router.get("/report", responses=FAILURES, response_class=HTMLResponse)
@needs(Scope.FEEDBACK)
async def drift_report(found: Compared) -> HTMLResponse:
    """The same as a page for people."""
    return HTMLResponse(report(found), headers={"Content-Security-Policy": POLICY})
