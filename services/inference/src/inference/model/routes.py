"""Which model serves, and changing it without losing a request."""

from fastapi import APIRouter

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import ModelDependency
from inference.model.schemas import ModelAnswer
from inference.problems import Failure, declared

router = APIRouter(prefix="/v1/model", tags=["model"], route_class=GuardedRoute)


@router.get("", responses=declared(Failure.MODEL_UNAVAILABLE))
@needs(Scope.PREDICT)
async def model(models: ModelDependency) -> ModelAnswer:
    """The model that serves, its figures, and whether it is in step with its source."""
    return models.describe()


@router.post("/reload", responses=declared(Failure.MODEL_NOT_RELOADED, Failure.RELOAD_UNFINISHED))
@needs(Scope.ADMIN)
async def reload(models: ModelDependency) -> ModelAnswer:
    """Look at the model's source now; answers when what it names serves on this replica.

    Ends a rollback. No request waits, and if it fails, what served goes on serving.
    """
    return await models.reload()


@router.post("/rollback", responses=declared(Failure.NO_PREVIOUS_MODEL))
@needs(Scope.ADMIN)
async def roll_back(models: ModelDependency) -> ModelAnswer:
    """Serve the model before again, on this replica alone, from the next request on.

    The one that served does not come back until its alias names another version, or a reload.
    """
    return await models.roll_back()
