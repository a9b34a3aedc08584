"""Alerts over HTTP."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.alerts.schemas import AlertAnswer, AlertsAnswer, HandlingRequest
from inference.dependencies import AlertsDependency, CallerDependency, require_json
from inference.problems import COMMON_FAILURES, Failure, declared

MAX_ALERTS = 500

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=GuardedRoute)


@router.get(
    "", responses=declared(Failure.INVALID_REQUEST, Failure.STORE_UNAVAILABLE, Failure.INTERNAL)
)
@needs(Scope.FEEDBACK)
async def alerts(
    alerts: AlertsDependency,
    unresolved: Annotated[bool, Query(description="leave out those that are resolved")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_ALERTS, description="most alerts")] = 100,
) -> AlertsAnswer:
    """Alerts, the newest first."""
    found = await run_in_threadpool(alerts.page, unresolved=unresolved, limit=limit)
    return AlertsAnswer(items=found)


@router.post(
    "/{alert_id}/acknowledge",
    dependencies=[Depends(require_json)],
    responses=declared(
        *COMMON_FAILURES,
        *(Failure.UNKNOWN_ALERT, Failure.ALERT_RESOLVED, Failure.STORE_UNAVAILABLE),
    ),
)
@needs(Scope.FEEDBACK)
async def acknowledge(
    alert_id: uuid.UUID, body: HandlingRequest, alerts: AlertsDependency, caller: CallerDependency
) -> AlertAnswer:
    """Say that you look after an alert. Whoever says so first stays."""
    return await run_in_threadpool(alerts.acknowledge, alert_id, body.by, caller.name)


@router.post(
    "/{alert_id}/resolve",
    dependencies=[Depends(require_json)],
    responses=declared(*COMMON_FAILURES, Failure.UNKNOWN_ALERT, Failure.STORE_UNAVAILABLE),
)
@needs(Scope.FEEDBACK)
async def resolve(
    alert_id: uuid.UUID, body: HandlingRequest, alerts: AlertsDependency, caller: CallerDependency
) -> AlertAnswer:
    """Say that an alert is over. One of its kind can follow after ALERT_COOLDOWN_SECONDS."""
    return await run_in_threadpool(alerts.resolve, alert_id, body.by, caller.name)
