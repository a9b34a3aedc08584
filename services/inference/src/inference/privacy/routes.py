"""Erasing over HTTP. A text is in a body, never in an address: addresses are logged on the way."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import CallerDependency, ErasureDependency, require_json
from inference.privacy.schemas import ErasureAnswer, ErasureRequest
from inference.problems import COMMON_FAILURES, Failure, ServiceError, declared

router = APIRouter(prefix="/v1", tags=["privacy"], route_class=GuardedRoute)
BY_ID = declared(Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL)


@router.post(
    "/erasures",
    dependencies=[Depends(require_json)],
    responses=declared(
        *COMMON_FAILURES, Failure.TEXT_REFUSED, Failure.TEXT_TOO_LONG, Failure.STORE_UNAVAILABLE
    ),
)
@needs(Scope.ADMIN)
async def erase(
    body: ErasureRequest, erasure: ErasureDependency, caller: CallerDependency
) -> ErasureAnswer:
    """Erase a text: its predictions and mentions, what is kept of it, and the verdicts.

    Or a mention, by the id of its source.
    """
    if body.text is not None and body.mention_id is None:
        return await run_in_threadpool(erasure.erase_text, body.text, caller.name)
    if body.mention_id and body.text is None:
        return await run_in_threadpool(erasure.erase_mention, body.mention_id, caller.name)
    raise ServiceError(Failure.INVALID_REQUEST, "text, mention_id: give one of them")


@router.delete("/predictions/{prediction_id}", responses=BY_ID)
@needs(Scope.ADMIN)
async def erase_prediction(
    prediction_id: uuid.UUID,
    erasure: ErasureDependency,
    caller: CallerDependency,
    same_text: Annotated[
        bool, Query(description="erase everything else of the same text too")
    ] = False,
) -> ErasureAnswer:
    """Erase a prediction, what is kept of its text, and its verdicts."""
    return await run_in_threadpool(
        erasure.erase_prediction, prediction_id, caller.name, same_text=same_text
    )


@router.delete("/feedback/{prediction_id}/text", responses=BY_ID)
@needs(Scope.FEEDBACK)
async def withdraw_consent(
    prediction_id: uuid.UUID, erasure: ErasureDependency, caller: CallerDependency
) -> ErasureAnswer:
    """Take consent back: the text of a prediction is removed, the verdict on it stays."""
    return await run_in_threadpool(erasure.forget_text, prediction_id, caller.name)
