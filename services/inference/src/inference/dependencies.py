"""The parts of the running service, and how routes ask for them."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from inference.access.callers import ANYBODY, Caller, caller_of
from inference.access.service import Access
from inference.alerts.service import AlertService
from inference.drift.service import DriftService
from inference.explanation.service import ExplanationService
from inference.feedback.service import FeedbackService
from inference.health.service import HealthService
from inference.metrics import Metrics
from inference.model.service import ModelService
from inference.model.serving import ServingModel
from inference.prediction.service import PredictionService
from inference.privacy.erasure import ErasureService
from inference.problems import Failure, ServiceError
from inference.quality.service import QualityService
from inference.radar.reader import RadarReader
from inference.radar.service import MentionService
from inference.scheduling.guard import LoadGuard
from inference.scheduling.scheduler import Scheduler


@dataclass(frozen=True)
class Services:
    """Everything a route may need, made once when the application starts."""

    access: Access
    guard: LoadGuard
    scheduler: Scheduler
    serving: ServingModel
    models: ModelService
    predictions: PredictionService
    explanations: ExplanationService
    feedback: FeedbackService
    erasure: ErasureService
    health: HealthService
    metrics: Metrics
    alerts: AlertService
    mentions: MentionService
    radar: RadarReader
    quality: QualityService
    drift: DriftService


def services_of(request: Request) -> Services:
    """The parts of the application that a request came to."""
    return cast(Services, request.app.state.services)


# Coroutines, though nothing is awaited: the framework would run plain functions in a thread each.
async def _serving(request: Request) -> ServingModel:
    return services_of(request).serving


async def _models(request: Request) -> ModelService:
    return services_of(request).models


async def _feedback(request: Request) -> FeedbackService:
    return services_of(request).feedback


async def _erasure(request: Request) -> ErasureService:
    return services_of(request).erasure


async def _health(request: Request) -> HealthService:
    return services_of(request).health


async def _metrics(request: Request) -> Metrics:
    return services_of(request).metrics


async def _alerts(request: Request) -> AlertService:
    return services_of(request).alerts


async def _radar(request: Request) -> RadarReader:
    return services_of(request).radar


async def _quality(request: Request) -> QualityService:
    return services_of(request).quality


async def _drift(request: Request) -> DriftService:
    return services_of(request).drift


async def _caller(request: Request) -> Caller:
    return caller_of(request.scope) or ANYBODY


ServingDependency = Annotated[ServingModel, Depends(_serving)]
ModelDependency = Annotated[ModelService, Depends(_models)]
FeedbackDependency = Annotated[FeedbackService, Depends(_feedback)]
ErasureDependency = Annotated[ErasureService, Depends(_erasure)]
HealthDependency = Annotated[HealthService, Depends(_health)]
MetricsDependency = Annotated[Metrics, Depends(_metrics)]
AlertsDependency = Annotated[AlertService, Depends(_alerts)]
RadarDependency = Annotated[RadarReader, Depends(_radar)]
QualityDependency = Annotated[QualityService, Depends(_quality)]
DriftDependency = Annotated[DriftService, Depends(_drift)]
CallerDependency = Annotated[Caller, Depends(_caller)]


async def require_json(request: Request) -> None:
    """See `check_media_type`; as a dependency."""
    check_media_type(request)


def check_media_type(request: Request) -> None:
    """Refuse a body that does not say it is JSON.

    Raises:
        ServiceError: (unsupported media type) it says something else, or nothing.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise ServiceError(
            Failure.UNSUPPORTED_MEDIA_TYPE, "send the header Content-Type: application/json"
        )
