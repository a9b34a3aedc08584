"""Verdicts over HTTP."""

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool

from inference.dependencies import FeedbackDependency, require_json
from inference.feedback.schemas import FeedbackAnswer, FeedbackRequest
from inference.problems import COMMON_FAILURES, Failure, declared

router = APIRouter(prefix="/v1", tags=["feedback"], dependencies=[Depends(require_json)])


@router.post(
    "/feedback",
    responses=declared(
        *COMMON_FAILURES,
        Failure.UNKNOWN_PREDICTION,
        Failure.UNKNOWN_LABEL,
        Failure.CONSENT_MISSING,
        Failure.TEXT_REFUSED,
        Failure.TEXT_TOO_LONG,
        Failure.TEXT_MISMATCH,
        Failure.STORE_UNAVAILABLE,
    ),
)
async def judge(body: FeedbackRequest, feedback: FeedbackDependency) -> FeedbackAnswer:
    """Say whether a prediction is right. Saying the same twice changes nothing."""
    return await run_in_threadpool(feedback.judge, body)
