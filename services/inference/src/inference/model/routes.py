"""Which model serves."""

import math

from fastapi import APIRouter

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.dependencies import ServingDependency
from inference.model.schemas import FollowingAnswer, ModelAnswer
from inference.problems import Failure, declared

router = APIRouter(prefix="/v1", tags=["model"], route_class=GuardedRoute)


@router.get("/model", responses=declared(Failure.MODEL_UNAVAILABLE))
@needs(Scope.PREDICT)
async def model(serving: ServingDependency) -> ModelAnswer:
    """The model that serves, its figures, and whether it is in step with its source."""
    served = serving.require()
    manifest = served.bundle.manifest
    following = serving.following
    return ModelAnswer(
        name=served.name,
        version=served.version,
        alias=served.alias,
        source=served.source,
        precision=served.bundle.precision,
        fallback=served.fallback,
        recipe=manifest.recipe,
        family=manifest.family,
        labels=list(manifest.labels),
        languages=list(manifest.languages),
        demonstration=manifest.training_data.is_sample,
        # A figure may be undefined, such as the AUC of a class that the test split lacks.
        metrics={
            name: value if math.isfinite(value) else None
            for name, value in manifest.metrics.items()
        },
        training_data=manifest.training_data,
        max_length=manifest.max_length,
        loaded_at=served.loaded_at,
        following=FollowingAnswer.model_validate(following, from_attributes=True),
    )
