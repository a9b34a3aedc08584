"""How exceptions become problem documents."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from inference.problems import Failure, ServiceError, invalid_request

FRAMEWORK_FAILURES: Mapping[int, tuple[Failure, str]] = {
    HTTPStatus.BAD_REQUEST: (Failure.MALFORMED_JSON, "send a body of valid JSON in UTF-8"),
    HTTPStatus.NOT_FOUND: (Failure.NOT_FOUND, "the addresses of this service are under /docs"),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        Failure.METHOD_NOT_ALLOWED,
        "the header Allow names the methods",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (Failure.BODY_TOO_LARGE, "send less at a time"),
}
"""What the framework's own statuses mean here. It answers 400 for bytes that are not UTF-8, and
for nesting or numbers beyond what the JSON parser takes."""


def add_handlers(app: FastAPI) -> None:
    """Answer every failure of an application with a problem document."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework_error)


async def _service_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return error.response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid_request(error.errors()).response()


async def _framework_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    unforeseen = (Failure.INTERNAL, "the failure is in the log, under the request id")
    failure, detail = FRAMEWORK_FAILURES.get(error.status_code, unforeseen)
    if failure is Failure.BODY_TOO_LARGE and error.detail:
        detail = error.detail  # our own, with the limit
    return ServiceError(failure, detail, headers=error.headers).response()
