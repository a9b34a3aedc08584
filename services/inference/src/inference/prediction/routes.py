"""Predictions over HTTP."""

from fastapi import APIRouter, Request

from inference.access.callers import ANYBODY, caller_of
from inference.access.routing import needs
from inference.access.scopes import Scope
from inference.dependencies import services_of
from inference.prediction.schemas import (
    BatchAnswer,
    BatchRequest,
    PredictionAnswer,
    PredictRequest,
)
from inference.problems import COMMON_FAILURES, Failure, declared
from inference.scheduling import routing

FAILURES = (
    *COMMON_FAILURES,
    *routing.FAILURES,
    Failure.MODEL_UNAVAILABLE,
    Failure.MODEL_FAILED,
    Failure.STORE_UNAVAILABLE,
)

router = APIRouter(prefix="/v1/predict", tags=["predict"], route_class=routing.ComputingRoute)


@router.post(
    "",
    responses=declared(
        *FAILURES, Failure.TEXT_REFUSED, Failure.TEXT_TOO_LONG, Failure.UNKNOWN_LABEL
    ),
)
@needs(Scope.PREDICT)
async def predict(body: PredictRequest, request: Request) -> PredictionAnswer:
    """The sentiment of one tweet. It is kept, without its text, so that feedback can name it."""
    caller = caller_of(request.scope) or ANYBODY
    if body.true_label is not None:  # counts as a verdict
        caller.require(Scope.FEEDBACK)
    return await services_of(request).predictions.predict(
        body.text,
        expires_at=request.state.expires_at,
        truncate=body.truncate,
        true_label=body.true_label,
        reviewer_key=caller.name,
    )


@router.post("/batch", responses=declared(*FAILURES))
@needs(Scope.PREDICT)
async def predict_batch(body: BatchRequest, request: Request) -> BatchAnswer:
    """The sentiment of up to 256 tweets; a tweet that is refused has its own error."""
    return await services_of(request).predictions.predict_batch(
        body.texts, expires_at=request.state.expires_at, truncate=body.truncate
    )
