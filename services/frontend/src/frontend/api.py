"""The sentiment API as the page uses it: a few calls over HTTP, typed answers, named failures."""

import math
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import requests
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from requests.auth import AuthBase

from frontend.errors import (
    ApiError,
    BrokenError,
    BusyError,
    NoAccessError,
    NotReadyError,
    RefusedError,
    TextTooLongError,
    TimedOutError,
    UnavailableError,
    UnknownPredictionError,
    UnreachableError,
)

CHANNEL = "page"
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
STATUS_SECONDS = 3.0
"""For what every run of the page asks: shorter, since the visitor waits for it each time."""

LONGEST_DETAIL = 300

Judgement = Literal["confirmed", "rejected", "skipped"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Answer(BaseModel):
    # "model_" would be a protected prefix in pydantic; here the API's own words come first.
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Prediction(_Answer):
    """What the model says of one tweet."""

    id: str = Field(min_length=1)
    label: str
    probabilities: dict[str, Share]
    uncertain: bool
    truncated: bool
    token_count: int
    model_name: str
    model_version: str
    demonstration: bool

    @model_validator(mode="after")
    def _label_has_a_probability(self) -> "Prediction":
        if self.label not in self.probabilities:
            raise ValueError("the label is not among the probabilities")
        return self


class ModelInfo(_Answer):
    """Which model answers."""

    name: str
    version: str
    recipe: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    demonstration: bool


class Verdict(_Answer):
    """What a person says of a prediction; `text` only with their consent to keep it."""

    prediction_id: str
    verdict: Judgement
    corrected_label: str | None = None
    text: str | None = None


class Receipt(_Answer):
    """Proof that a verdict is stored; `revision` counts from 1 and grows when it changes."""

    prediction_id: str
    verdict: Judgement
    corrected_label: str | None = None
    revision: int = Field(ge=1)
    created_at: datetime
    text_kept: bool


class QueuedReceipt(_Answer):
    """Proof that a verdict is on the service's disk, until the service can check and store it."""

    prediction_id: str
    verdict: Judgement
    corrected_label: str | None = None
    created_at: datetime
    queued: Literal[True]


AnswerType = TypeVar("AnswerType", bound=_Answer)


class _Bearer(AuthBase):
    """Sends an access key, or nothing."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class ApiClient:
    """Calls the API; every method raises a subclass of `ApiError` when it has no answer.

    Not for several threads at once: `requests` does not promise that of a session.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._session = requests.Session()
        # Else an entry for the host in a .netrc would be sent in place of the key.
        self._session.auth = _Bearer(key)

    def predict(self, text: str) -> Prediction:
        """Label one tweet.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        return self._call("POST", "/v1/predict", Prediction, {"text": text})

    def model(self) -> ModelInfo:
        """Describe the model that serves.

        Raises:
            ApiError: there is no answer; the subclass says why.
        """
        return self._call("GET", "/v1/model", ModelInfo, longest=STATUS_SECONDS)

    def give_feedback(self, verdict: Verdict) -> Receipt | QueuedReceipt:
        """Store a verdict; the same verdict again changes nothing, another one revises it.

        While the service's store is away it is queued there: safe, and not to be sent again.

        Raises:
            UnknownPredictionError: the service does not know the prediction.
            ApiError: there is no answer; the subclass says why.
        """
        body = verdict.model_dump(exclude_none=True) | {"channel": CHANNEL}
        if verdict.text is not None:
            body["consent"] = True
        response = self._send("POST", "/v1/feedback", body)
        if response.status_code == requests.codes.accepted:
            return _read(response, QueuedReceipt)
        return _read(_successful(response), Receipt)

    def _call(
        self,
        method: str,
        path: str,
        answer: type[AnswerType],
        body: dict[str, Any] | None = None,
        *,
        longest: float = math.inf,
    ) -> AnswerType:
        return _read(_successful(self._send(method, path, body, longest=longest)), answer)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, *, longest: float = math.inf
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self.base_url + path,
                json=body,
                timeout=(self._connect_seconds, min(self._answer_seconds, longest)),
                allow_redirects=False,
            )
        except requests.ConnectionError as error:  # a connection that cannot be made in time too
            raise UnreachableError() from error
        except requests.Timeout as error:
            raise TimedOutError() from error
        except requests.RequestException as error:
            raise BrokenError() from error


def _successful(response: requests.Response) -> requests.Response:
    if response.status_code != requests.codes.ok:
        raise _failure(response)
    return response


def _read(response: requests.Response, answer: type[AnswerType]) -> AnswerType:
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as error:
        raise BrokenError() from error


class _Problem(BaseModel):
    """The parts of a problem document (RFC 9457) that the page reads."""

    type: str = ""
    title: str = ""
    detail: str = ""


FAILURES_BY_TYPE: dict[str, type[ApiError]] = {
    "key-missing": NoAccessError,
    "key-unknown": NoAccessError,
    "key-expired": NoAccessError,
    "scope-missing": NoAccessError,
    "model-unavailable": NotReadyError,
    "overloaded": BusyError,
    "text-too-long": TextTooLongError,
    "unknown-prediction": UnknownPredictionError,
}


def _failure(response: requests.Response) -> ApiError:
    """The failure that an answer other than 200 stands for: by its type, else by its status."""
    problem = _Problem()
    if "application/problem+json" in response.headers.get("Content-Type", ""):
        with suppress(ValidationError):
            problem = _Problem.model_validate_json(response.content)
    detail = (problem.detail or problem.title)[:LONGEST_DETAIL]
    name = problem.type.rpartition("/")[2]
    if name in FAILURES_BY_TYPE:
        return FAILURES_BY_TYPE[name](detail)
    match response.status_code:
        case 502 | 503 | 504:
            return UnavailableError(detail)
        case 429:
            return BusyError(detail)
        case status if 400 <= status < 500:
            return RefusedError(detail)
        case _:
            return BrokenError(detail)
