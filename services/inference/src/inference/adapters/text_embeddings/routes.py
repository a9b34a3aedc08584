"""text-embeddings-inference's `/predict` and `/info`, where its clients look for them."""

import math
from collections.abc import Mapping
from importlib.metadata import version as package_version
from typing import Final

from fastapi import APIRouter, Request

from inference.access.routing import GuardedRoute, needs
from inference.access.scopes import Scope
from inference.adapters.dialects import Dialect, DialectRoute
from inference.adapters.text_embeddings.schemas import (
    Classifier,
    ErrorType,
    Failed,
    Info,
    ModelType,
    PredictRequest,
    PredictResponse,
    Score,
)
from inference.dependencies import services_of
from inference.explanation.evaluation import TINY
from inference.prediction.routes import FAILURES
from inference.prediction.schemas import MAX_BATCH, PredictionAnswer
from inference.problems import TYPE_PREFIX, Failure, ProblemDocument, ServiceError, declared
from inference.scheduling.routing import ComputingRoute

PATHS: Final = ("/predict", "/info")

ERROR_TYPES: Final[Mapping[str, ErrorType]] = {
    Failure.OVERLOADED: "Overloaded",
    Failure.RATE_LIMITED: "Overloaded",
    Failure.DEADLINE_EXCEEDED: "Overloaded",
    Failure.TEXT_REFUSED: "Tokenizer",
    Failure.MODEL_FAILED: "Backend",
    Failure.INTERNAL: "Backend",
    Failure.MODEL_UNAVAILABLE: "Unhealthy",
    Failure.STORE_UNAVAILABLE: "Unhealthy",
    Failure.NOT_READY: "Unhealthy",
}
"""The protocol's kinds of error; whatever else goes wrong is `Validation`."""


def _failed(problem: ProblemDocument) -> Failed:
    kind = problem.type.removeprefix(TYPE_PREFIX)
    return Failed(error=problem.detail, error_type=ERROR_TYPES.get(kind, "Validation"))


DIALECT: Final = Dialect(owns=lambda path: path in PATHS, failure=_failed, model=Failed)


class _Route(DialectRoute, GuardedRoute):
    dialect = DIALECT


class _PredictRoute(DialectRoute, ComputingRoute):
    dialect = DIALECT


router = APIRouter(tags=["text-embeddings-inference"], route_class=_Route)
predicting = APIRouter(tags=["text-embeddings-inference"], route_class=_PredictRoute)


@predicting.post(
    "/predict", responses=declared(*FAILURES, Failure.TEXT_REFUSED, Failure.TEXT_TOO_LONG)
)
@needs(Scope.PREDICT)
async def predict(body: PredictRequest, request: Request) -> PredictResponse:
    """The sentiment of tweets, all labels with their scores: of all or, where one is refused, none.

    What is predicted is kept, but nothing in the answer names it: for feedback use `/v1/predict`.
    """
    texts = _texts(body)
    answers = await services_of(request).predictions.predict_all(
        texts, expires_at=request.state.expires_at, truncate=bool(body.truncate)
    )
    scores = [_scores(answer, body) for answer in answers]
    several = isinstance(body.inputs, list) and isinstance(body.inputs[0], list)
    return PredictResponse(scores if several or body.parameters is not None else scores[0])


@router.get("/info", responses=declared(Failure.MODEL_UNAVAILABLE))
@needs(Scope.PREDICT)
async def info(request: Request) -> Info:
    """The model that serves."""
    served = services_of(request).serving.require()
    labels = served.bundle.manifest.labels
    return Info(
        model_id=served.name,
        model_sha=served.version,
        model_dtype={"fp32": "float32"}.get(served.bundle.precision, served.bundle.precision),
        model_type=ModelType(
            classifier=Classifier(
                id2label={str(place): label for place, label in enumerate(labels)},
                label2id={label: place for place, label in enumerate(labels)},
            )
        ),
        max_input_length=served.bundle.manifest.max_length,
        version=package_version("radar-inference"),
    )


def _texts(body: PredictRequest) -> list[str]:
    if isinstance(body.inputs, str):
        return [body.inputs]
    if not 1 <= len(body.inputs) <= MAX_BATCH:
        raise _invalid(f"inputs: must have from 1 to {MAX_BATCH} texts")
    texts = [item for item in body.inputs if isinstance(item, str)]
    if len(texts) > 1:
        raise _invalid(
            "inputs: two texts in one list are a pair, which the model does not read; several "
            "texts are a list of lists of one text each"
        )
    if texts:
        return texts
    for place, item in enumerate(body.inputs):
        if len(item) != 1:
            raise _invalid(f"inputs.{place}: must be a list of one text")
        texts += item
    return texts


def _scores(answer: PredictionAnswer, body: PredictRequest) -> list[Score]:
    parameters = body.parameters
    raw = body.raw_scores or (parameters and parameters.function_to_apply == "none")
    ranked = sorted(answer.probabilities.items(), key=lambda item: item[1], reverse=True)
    return [
        Score(label=label, score=math.log(max(probability, TINY)) if raw else probability)
        for label, probability in ranked[: parameters.top_k if parameters else None]
    ]


def _invalid(detail: str) -> ServiceError:
    return ServiceError(Failure.INVALID_REQUEST, detail)
