"""What to judge next, and what became of a prediction, over HTTP."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import FeedbackDependency
from inference.feedback.schemas import MAX_TOKEN, TOKEN, AuditPage, Drawn, KeptPrediction
from inference.problems import Failure, declared

MAX_ITEMS = 200
FAILURES = (Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL)

router = APIRouter(prefix="/v1", tags=["feedback"], route_class=GuardedRoute)


@router.get("/audit", responses=declared(*FAILURES))
@needs(Scope.FEEDBACK)
async def audit(
    feedback: FeedbackDependency,
    drawn: Annotated[Drawn | None, Query(description="only these; else random ones first")] = None,
    reviewer: Annotated[
        str | None,
        Query(
            max_length=MAX_TOKEN,
            pattern=TOKEN,
            description="pseudonym of who asks: what this reviewer skipped, or judged with the "
            "model's answer on show, is left out; without it, the same of all without one",
        ),
    ] = None,
    days: Annotated[int, Query(ge=1, le=365, description="how far back predictions may lie")] = 30,
    with_text: Annotated[bool, Query(description="only those whose text is kept")] = False,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_ITEMS, description="most items")] = 20,
) -> AuditPage:
    """Predictions to judge next: random audits, which are a fair sample, then the least sure ones.

    Nobody has confirmed or rejected them. Judge them with `POST /v1/feedback`: random audits
    without showing what the model says, and with `blind`, or else they do not count as audits.
    """
    return await run_in_threadpool(
        feedback.audit,
        drawn=drawn,
        reviewer=reviewer,
        days=days,
        with_text=with_text,
        after=after,
        limit=limit,
    )


@router.get(
    "/predictions/{prediction_id}", responses=declared(*FAILURES, Failure.UNKNOWN_PREDICTION)
)
@needs(Scope.FEEDBACK)
async def prediction(prediction_id: uuid.UUID, feedback: FeedbackDependency) -> KeptPrediction:
    """A prediction as it was answered, with every verdict on it, oldest first."""
    return await run_in_threadpool(feedback.history, prediction_id)
