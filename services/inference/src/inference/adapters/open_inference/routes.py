"""The Open Inference Protocol over HTTP, as far as one model of texts needs it."""

from importlib.metadata import version as package_version
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from inference.access.routing import GuardedRoute, needs, open_to_all
from inference.access.scopes import Scope
from inference.adapters.dialects import JSON, Dialect, DialectRoute
from inference.adapters.open_inference import service, tensors
from inference.adapters.open_inference.schemas import (
    Failed,
    InferRequest,
    InferResponse,
    Live,
    ModelMetadata,
    ModelReady,
    Server,
    ServerReady,
)
from inference.dependencies import HealthDependency, services_of
from inference.json_route import parse_json
from inference.prediction.routes import FAILURES
from inference.problems import Failure, declared
from inference.scheduling.routing import ComputingRoute

PREFIX: Final = "/v2"
BINARY: Final = "application/octet-stream"

DIALECT: Final = Dialect(
    owns=lambda path: path == PREFIX or path.startswith(f"{PREFIX}/"),
    failure=lambda problem: Failed(error=problem.detail),
    model=Failed,
)


class _Route(DialectRoute, GuardedRoute):
    dialect = DIALECT


class _InferRoute(DialectRoute, ComputingRoute):
    """A route whose body is JSON, perhaps with tensors behind it."""

    dialect = DIALECT

    async def read(self, request: Request) -> Any:
        """The JSON value of the body; its media type does not matter: clients do not send any."""
        content = await request.body()
        header = request.headers.get(tensors.HEADER)
        if header is None:
            return parse_json(content)
        length = tensors.header_length(header, len(content))
        return tensors.with_texts(parse_json(content[:length]), content[length:])


router = APIRouter(prefix=PREFIX, tags=["Open Inference Protocol"], route_class=_Route)
inferring = APIRouter(prefix=PREFIX, tags=["Open Inference Protocol"], route_class=_InferRoute)

_MODEL_FAILURES: Final = declared(
    Failure.NOT_FOUND, Failure.MODEL_UNAVAILABLE, Failure.INVALID_REQUEST
)
_READY_FAILURES: Final = declared(
    Failure.NOT_FOUND, Failure.MODEL_UNAVAILABLE, Failure.NOT_READY, Failure.INVALID_REQUEST
)
_INFER: Final[dict[str, Any]] = {
    "response_model": InferResponse,
    "responses": {
        **declared(*FAILURES, Failure.NOT_FOUND, Failure.TEXT_REFUSED, Failure.TEXT_TOO_LONG),
        200: {
            "description": "Predictions; as bytes, the JSON document with the tensors behind it",
            "content": {BINARY: {"schema": {"type": "string", "format": "binary"}}},
        },
    },
}


@router.get("/health/live", responses=declared(Failure.NOT_READY))
@open_to_all
async def live(health: HealthDependency) -> Live:
    """The process and its threads are alive, as `/livez` says it."""
    health.alive()
    return Live()


@router.get("/health/ready", responses=declared(Failure.NOT_READY))
@open_to_all
async def ready(health: HealthDependency) -> ServerReady:
    """A prediction was just made and the store answered, as `/readyz` says it."""
    await health.ready()
    return ServerReady()


@router.get("")
@needs(Scope.PREDICT)
async def server() -> Server:
    """What this server is."""
    return Server(
        name="radar-inference",
        version=package_version("radar-inference"),
        extensions=["binary_tensor_data"],
    )


@router.get("/models/{name}", response_model_exclude_none=True, responses=_MODEL_FAILURES)
@needs(Scope.PREDICT)
async def model(name: str, request: Request) -> ModelMetadata:
    """What the model that serves reads and gives."""
    return service.metadata(service.named(services_of(request).serving, name, None))


@router.get(
    "/models/{name}/versions/{version}",
    response_model_exclude_none=True,
    responses=_MODEL_FAILURES,
)
@needs(Scope.PREDICT)
async def model_version(name: str, version: str, request: Request) -> ModelMetadata:
    """The same, if that version serves."""
    return service.metadata(service.named(services_of(request).serving, name, version))


@router.get("/models/{name}/ready", responses=_READY_FAILURES)
@needs(Scope.PREDICT)
async def model_ready(name: str, request: Request, health: HealthDependency) -> ModelReady:
    """The model is the one that serves, and a prediction was just made."""
    service.named(services_of(request).serving, name, None)
    await health.ready()
    return ModelReady(name=name)


@router.get("/models/{name}/versions/{version}/ready", responses=_READY_FAILURES)
@needs(Scope.PREDICT)
async def model_version_ready(
    name: str, version: str, request: Request, health: HealthDependency
) -> ModelReady:
    """The same of one version."""
    service.named(services_of(request).serving, name, version)
    await health.ready()
    return ModelReady(name=name)


@inferring.post("/models/{name}/infer", **_INFER)
@needs(Scope.PREDICT)
async def infer(body: InferRequest, request: Request, name: str) -> Response:
    """The sentiment of up to 256 tweets: of all or, where one is refused, of none."""
    return await _infer(body, request, name, None)


@inferring.post("/models/{name}/versions/{version}/infer", **_INFER)
@needs(Scope.PREDICT)
async def infer_version(body: InferRequest, request: Request, name: str, version: str) -> Response:
    """The same, if that version serves."""
    return await _infer(body, request, name, version)


async def _infer(body: InferRequest, request: Request, name: str, version: str | None) -> Response:
    services = services_of(request)
    answer = await service.infer(
        services.predictions,
        service.named(services.serving, name, version),
        body,
        expires_at=request.state.expires_at,
        any_version=version is None,
    )
    document = answer.document.model_dump_json(exclude_none=True).encode()
    if not answer.binary:
        return Response(document, media_type=JSON)
    return Response(
        b"".join([document, *answer.binary]),
        media_type=BINARY,
        headers={tensors.HEADER: str(len(document))},
    )
