"""Quality over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import QualityDependency
from inference.moments import optional_moment
from inference.problems import Failure, declared
from inference.quality.schemas import QualityAnswer
from inference.quality.service import DEFAULT_DAYS, MAX_DAYS

MAX_TIME = 64
MAX_NAME = 200

router = APIRouter(prefix="/v1/quality", tags=["quality"], route_class=GuardedRoute)


@router.get(
    "", responses=declared(Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL)
)
@needs(Scope.FEEDBACK)
async def quality(
    quality: QualityDependency,
    from_: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=MAX_TIME,
            description=f"a time in ISO 8601; without it, {DEFAULT_DAYS} days before `to`",
        ),
    ] = None,
    to: Annotated[
        str | None,
        Query(
            max_length=MAX_TIME,
            description=f"a time in ISO 8601, at most {MAX_DAYS} days after `from`; "
            "without it, now",
        ),
    ] = None,
    model_version: Annotated[
        str | None, Query(max_length=MAX_NAME, description="without it, all of them")
    ] = None,
    language: Annotated[
        str | None,
        Query(max_length=8, description="a code; empty: not known; without it, all of them"),
    ] = None,
) -> QualityAnswer:
    """How good the predictions of a time were: by verdicts, and by what the model expects."""
    return await run_in_threadpool(
        quality.read,
        start=optional_moment("from", from_),
        end=optional_moment("to", to),
        model_version=model_version,
        language=language,
    )
