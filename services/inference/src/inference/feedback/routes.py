"""Verdicts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import CallerDependency, FeedbackDependency, require_json
from inference.feedback.schemas import (
    FeedbackAnswer,
    FeedbackRequest,
    LabelledPage,
    QueuedFeedback,
)
from inference.problems import COMMON_FAILURES, Failure, declared

MAX_LABELLED = 5_000

router = APIRouter(prefix="/v1/feedback", tags=["feedback"], route_class=GuardedRoute)


@router.post(
    "",
    dependencies=[Depends(require_json)],
    response_model=FeedbackAnswer,
    responses={
        status.HTTP_202_ACCEPTED: {
            "description": "Queued on the disk: the store, which alone knows the prediction, is "
            "away. It is checked and stored when the store is back",
            "model": QueuedFeedback,
        },
        **declared(
            *COMMON_FAILURES,
            Failure.UNKNOWN_PREDICTION,
            Failure.UNKNOWN_LABEL,
            Failure.CONSENT_MISSING,
            Failure.TEXT_REFUSED,
            Failure.TEXT_TOO_LONG,
            Failure.TEXT_MISMATCH,
            Failure.STORE_UNAVAILABLE,
        ),
    },
)
@needs(Scope.FEEDBACK)
async def judge(
    body: FeedbackRequest, feedback: FeedbackDependency, caller: CallerDependency
) -> FeedbackAnswer | Response:
    """Say whether a prediction is right. Saying the same twice changes nothing."""
    answer = await run_in_threadpool(feedback.judge, body, caller.name)
    if isinstance(answer, QueuedFeedback):
        return JSONResponse(answer.model_dump(mode="json"), status.HTTP_202_ACCEPTED)
    return answer


@router.get(
    "/labelled",
    responses=declared(Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL),
)
@needs(Scope.ADMIN)
async def labelled(
    feedback: FeedbackDependency,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LABELLED, description="most examples")] = 1_000,
) -> LabelledPage:
    """Texts that are kept, with the label that people's newest verdict gives them.

    Oldest verdict first. Go on with `after` until `next` is null: that gives every example that
    stood when you began. One that is judged anew meanwhile comes again, with what it says now.
    """
    return await run_in_threadpool(feedback.labelled, after, limit)
