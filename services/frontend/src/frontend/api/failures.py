"""From an answer that is no success to the failure that the page can explain."""

from contextlib import suppress

import requests
from pydantic import BaseModel, ValidationError

from frontend.errors import (
    AlertResolvedError,
    ApiError,
    BrokenError,
    BusyError,
    NoAccessError,
    NotReadyError,
    RefusedError,
    TextTooLongError,
    UnavailableError,
    UnknownAlertError,
    UnknownPredictionError,
)

LONGEST_DETAIL = 300

FAILURES_BY_TYPE: dict[str, type[ApiError]] = {
    "key-missing": NoAccessError,
    "key-unknown": NoAccessError,
    "key-expired": NoAccessError,
    "scope-missing": NoAccessError,
    "model-unavailable": NotReadyError,
    "overloaded": BusyError,
    "text-too-long": TextTooLongError,
    "unknown-prediction": UnknownPredictionError,
    "unknown-alert": UnknownAlertError,
    "alert-resolved": AlertResolvedError,
}


class _Problem(BaseModel):
    """The parts of a problem document (RFC 9457) that the page reads."""

    type: str = ""
    title: str = ""
    detail: str = ""


def failure_of(response: requests.Response) -> ApiError:
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
