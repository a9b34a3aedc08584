"""What can be asked of the API: each request as bytes, each answer as a value."""

import json
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from radar_client.answers import (
    Explanation,
    FeedbackReceipt,
    Health,
    ModelInfo,
    Prediction,
    QueuedFeedback,
    Verdict,
)
from radar_client.errors import AnswerError
from radar_client.exchange import Call, Reply, problem_of

Model = TypeVar("Model", bound=BaseModel)


def as_json(value: object) -> bytes:
    """JSON in ASCII: so even half a surrogate pair reaches the service, which refuses it alone."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def read_as(kind: type[Model], reply: Reply, request_id: str) -> Model:
    """The body of a reply.

    Raises:
        AnswerError: it is not what this answer looks like.
    """
    try:
        return kind.model_validate_json(reply.body)
    except ValidationError as invalid:
        places = {".".join(map(str, error["loc"])) for error in invalid.errors(include_input=False)}
    # Raised out here: the other exception holds the body.
    raise AnswerError(
        f"the answer is not one of this API ({', '.join(sorted(places)[:3]) or 'not JSON'}); "
        "is RADAR_URL its address?",
        request_id=request_id,
    )


def predict(text: str, *, true_label: str | None, truncate: bool) -> Call[Prediction]:
    """`POST /v1/predict`. Not repeatable: each prediction is kept."""
    body: dict[str, object] = {"text": text, "truncate": truncate}
    if true_label is not None:
        body["true_label"] = true_label
    return Call("POST", "/v1/predict", _prediction, as_json(body))


def explain(text: str, *, label: str | None, truncate: bool) -> Call[Explanation]:
    """`POST /v1/explain`. Not repeatable: the prediction in it is kept."""
    body: dict[str, object] = {"text": text, "truncate": truncate}
    if label is not None:
        body["label"] = label
    return Call("POST", "/v1/explain", _explanation, as_json(body))


def feedback(
    prediction_id: UUID | str,
    verdict: Verdict,
    *,
    corrected_label: str | None,
    text: str | None,
    channel: str | None,
    reviewer: str | None,
    blind: bool,
) -> Call[FeedbackReceipt | QueuedFeedback]:
    """`POST /v1/feedback`. Repeatable: saying the same twice changes nothing."""
    body: dict[str, object] = {"prediction_id": str(prediction_id), "verdict": verdict}
    optional = {
        "corrected_label": corrected_label,
        "text": text,
        "consent": True if text is not None else None,
        "channel": channel,
        "reviewer": reviewer,
        "blind": True if blind else None,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    return Call(
        "POST",
        "/v1/feedback",
        _receipt,
        as_json(body),
        repeatable=True,
        statuses=frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED}),
    )


def model() -> Call[ModelInfo]:
    """`GET /v1/model`."""
    return Call("GET", "/v1/model", _model, repeatable=True)


def health() -> Call[Health]:
    """`GET /readyz`, where 503 is an answer too: it says what the service lacks."""
    return Call(
        "GET",
        "/readyz",
        _health,
        repeatable=True,
        statuses=frozenset({HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}),
    )


def _prediction(reply: Reply, request_id: str) -> Prediction:
    return read_as(Prediction, reply, request_id)


def _explanation(reply: Reply, request_id: str) -> Explanation:
    return read_as(Explanation, reply, request_id)


def _receipt(reply: Reply, request_id: str) -> FeedbackReceipt | QueuedFeedback:
    if reply.status == HTTPStatus.ACCEPTED:
        return read_as(QueuedFeedback, reply, request_id)
    return read_as(FeedbackReceipt, reply, request_id)


def _model(reply: Reply, request_id: str) -> ModelInfo:
    return read_as(ModelInfo, reply, request_id)


class _Ready(BaseModel):
    model_name: str
    model_version: str


class _Problem(BaseModel):
    detail: str


def _health(reply: Reply, request_id: str) -> Health:
    if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
        problem = read_as(_Problem, reply, request_id)
        error = problem_of(problem.model_dump(), status=reply.status, request_id=request_id)
        return Health(ready=False, detail=error.detail)
    ready = read_as(_Ready, reply, request_id)
    return Health(ready=True, model_name=ready.model_name, model_version=ready.model_version)
