"""Health and figures over HTTP."""

from fastapi import APIRouter, Response

from inference.access.routing import GuardedRoute, open_to_all
from inference.dependencies import HealthDependency, MetricsDependency
from inference.health.schemas import Alive, Ready
from inference.metrics import CONTENT_TYPE
from inference.problems import Failure, declared

router = APIRouter(tags=["health"], route_class=GuardedRoute)


@router.get("/livez", responses=declared(Failure.NOT_READY))
@open_to_all
async def livez(health: HealthDependency) -> Alive:
    """The process and its threads are alive; a restart would not help whatever else is wrong."""
    return health.alive()


@router.get("/readyz", responses=declared(Failure.NOT_READY))
@open_to_all
async def readyz(health: HealthDependency) -> Ready:
    """A prediction was just made and the store answered."""
    return await health.ready()


@router.get("/metrics", response_class=Response)
@open_to_all
async def metrics(figures: MetricsDependency) -> Response:
    """Figures for Prometheus."""
    return Response(figures.exposition(), media_type=CONTENT_TYPE)
