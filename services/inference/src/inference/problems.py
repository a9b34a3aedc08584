"""Every failure the API can answer with, and the status of each: RFC 9457 problem documents.

A problem never holds what the client sent, so that no tweet leaves through an error or a log.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"


class Failure(StrEnum):
    """Kinds of failure; the value is the last part of the problem's stable `type`."""

    MALFORMED_JSON = "malformed-json"
    KEY_MISSING = "key-missing"
    KEY_UNKNOWN = "key-unknown"
    KEY_EXPIRED = "key-expired"
    SCOPE_MISSING = "scope-missing"
    RATE_LIMITED = "rate-limited"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    BODY_TOO_LARGE = "body-too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    INVALID_REQUEST = "invalid-request"
    TEXT_REFUSED = "text-refused"
    TEXT_TOO_LONG = "text-too-long"
    UNKNOWN_LABEL = "unknown-label"
    UNKNOWN_PREDICTION = "unknown-prediction"
    UNKNOWN_ALERT = "unknown-alert"
    ALERT_RESOLVED = "alert-resolved"
    CONSENT_MISSING = "consent-missing"
    TEXT_MISMATCH = "text-mismatch"
    OVERLOADED = "overloaded"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    MODEL_UNAVAILABLE = "model-unavailable"
    MODEL_FAILED = "model-failed"
    MODEL_NOT_RELOADED = "model-not-reloaded"
    RELOAD_UNFINISHED = "reload-unfinished"
    NO_PREVIOUS_MODEL = "no-previous-model"
    STORE_UNAVAILABLE = "store-unavailable"
    NOT_READY = "not-ready"
    INTERNAL = "internal-error"


FAILURES: Mapping[Failure, tuple[HTTPStatus, str]] = {
    Failure.MALFORMED_JSON: (HTTPStatus.BAD_REQUEST, "The body is not JSON"),
    Failure.KEY_MISSING: (HTTPStatus.UNAUTHORIZED, "An access key is needed"),
    Failure.KEY_UNKNOWN: (HTTPStatus.UNAUTHORIZED, "The access key is not known"),
    Failure.KEY_EXPIRED: (HTTPStatus.UNAUTHORIZED, "The access key has expired"),
    Failure.SCOPE_MISSING: (HTTPStatus.FORBIDDEN, "The access key does not allow this"),
    Failure.RATE_LIMITED: (HTTPStatus.TOO_MANY_REQUESTS, "The access key is used too often"),
    Failure.NOT_FOUND: (HTTPStatus.NOT_FOUND, "There is nothing at this address"),
    Failure.METHOD_NOT_ALLOWED: (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not take this method",
    ),
    Failure.BODY_TOO_LARGE: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    Failure.UNSUPPORTED_MEDIA_TYPE: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is not application/json",
    ),
    Failure.INVALID_REQUEST: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request does not fit its schema",
    ),
    Failure.TEXT_REFUSED: (HTTPStatus.UNPROCESSABLE_ENTITY, "The text is not valid Unicode"),
    Failure.TEXT_TOO_LONG: (HTTPStatus.UNPROCESSABLE_ENTITY, "The text is too long"),
    Failure.UNKNOWN_LABEL: (HTTPStatus.UNPROCESSABLE_ENTITY, "The label cannot be used here"),
    Failure.UNKNOWN_PREDICTION: (HTTPStatus.NOT_FOUND, "There is no such prediction"),
    Failure.UNKNOWN_ALERT: (HTTPStatus.NOT_FOUND, "There is no such alert"),
    Failure.ALERT_RESOLVED: (HTTPStatus.CONFLICT, "The alert is over"),
    Failure.CONSENT_MISSING: (HTTPStatus.UNPROCESSABLE_ENTITY, "A text needs consent to be kept"),
    Failure.TEXT_MISMATCH: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The text is not the one that was predicted",
    ),
    Failure.OVERLOADED: (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests are waiting"),
    Failure.DEADLINE_EXCEEDED: (HTTPStatus.GATEWAY_TIMEOUT, "The request's time was up"),
    Failure.MODEL_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, "No model is being served"),
    Failure.MODEL_FAILED: (HTTPStatus.INTERNAL_SERVER_ERROR, "The model failed on this text"),
    Failure.MODEL_NOT_RELOADED: (HTTPStatus.BAD_GATEWAY, "The model could not be reloaded"),
    Failure.RELOAD_UNFINISHED: (HTTPStatus.GATEWAY_TIMEOUT, "The reload takes long"),
    Failure.NO_PREVIOUS_MODEL: (HTTPStatus.CONFLICT, "There is no model to go back to"),
    Failure.STORE_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, "The store does not answer"),
    Failure.NOT_READY: (HTTPStatus.SERVICE_UNAVAILABLE, "The service cannot take requests now"),
    Failure.INTERNAL: (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here"),
}
"""The one table from kind of failure to status and title."""

COMMON_FAILURES = (
    Failure.MALFORMED_JSON,
    Failure.BODY_TOO_LARGE,
    Failure.UNSUPPORTED_MEDIA_TYPE,
    Failure.INVALID_REQUEST,
    Failure.INTERNAL,
)
"""What can go wrong with any request that has a body."""


class ProblemDocument(BaseModel):
    """What every error answer holds (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="stable name of the failure, such as /problems/text-refused")
    title: str
    status: int
    detail: str = Field(description="what happened this time and how to mend it")


class ServiceError(Exception):
    """A failure with its explanation; any part of the service may raise it.

    Attributes:
        failure: the kind, which decides the status.
        detail: what happened and how to mend it; never holds a tweet.
        members: further members of the problem document.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    @property
    def status(self) -> HTTPStatus:
        """The status that goes with the kind of failure."""
        return FAILURES[self.failure][0]

    def of(self, what: str) -> "ServiceError":
        """The same failure, said of one of several things."""
        return ServiceError(
            self.failure, f"{what}: {self.detail}", members=self.members, headers=self.headers
        )

    def document(self) -> ProblemDocument:
        """The problem document of this failure."""
        status, title = FAILURES[self.failure]
        return ProblemDocument(
            type=TYPE_PREFIX + self.failure,
            title=title,
            status=status,
            detail=self.detail,
            **self.members,
        )

    def response(self) -> Response:
        """The answer to the client."""
        return Response(
            self.document().model_dump_json(),
            status_code=self.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


def unknown_label(field: str, labels: Sequence[str]) -> ServiceError:
    """The failure of a label that the model does not have."""
    return ServiceError(
        Failure.UNKNOWN_LABEL,
        f"{field} must be one of {', '.join(labels)}",
        members={"labels": list(labels)},
    )


def declared(*failures: Failure) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for a route that can fail in these ways."""
    by_status: dict[HTTPStatus, list[str]] = {}
    for failure in failures:
        status, title = FAILURES[failure]
        by_status.setdefault(status, []).append(f"{title} (`{TYPE_PREFIX}{failure}`)")
    schema = ProblemDocument.model_json_schema()
    return {
        int(status): {
            "description": "; ".join(titles),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status, titles in by_status.items()
    }


SAFE_MESSAGES = frozenset(
    """bool_parsing bool_type dict_type greater_than_equal int_parsing int_type less_than_equal
    list_type literal_error missing model_attributes_type string_pattern_mismatch string_too_long
    string_too_short string_type string_unicode too_long too_short uuid_type""".split()
)
"""Kinds of validation error whose message holds the rule alone, never the value."""


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> ServiceError:
    """The failure for pydantic's validation errors, without the values that broke the rules."""
    if any(error["type"] == "json_invalid" for error in errors):
        return ServiceError(Failure.MALFORMED_JSON, "send a body of valid JSON in UTF-8")
    found = [{"field": _field(error), "message": _message(error)} for error in errors[:20]]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in found[:3])
    return ServiceError(Failure.INVALID_REQUEST, detail, members={"errors": found})


def _field(error: Mapping[str, Any]) -> str:
    path = list(error["loc"])
    if error["type"] == "extra_forbidden":
        path.pop()  # a name that the client made up
    return ".".join(str(part) for part in path)


def _message(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return "has a field that is not known here"
    if kind in SAFE_MESSAGES:
        return str(error["msg"])
    return f"is not valid ({kind})"
