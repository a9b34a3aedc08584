"""Verdicts that wait for the database: the form they wait in, and what is answered meanwhile."""

from typing import Any

from pydantic import ValidationError

from inference.feedback.schemas import FeedbackRequest, QueuedFeedback, Unchecked
from inference.problems import Failure, ServiceError
from inference.store.backlog import Waiting

REVIEWER_KEY = "reviewer_key"


def body_of(request: FeedbackRequest, reviewer_key: str | None) -> dict[str, Any]:
    """A verdict as it waits; its text is kept apart."""
    body = request.model_dump(mode="json", exclude={"text"}, exclude_none=True)
    return body | ({REVIEWER_KEY: reviewer_key} if reviewer_key else {})


def request_of(waiting: Waiting) -> tuple[FeedbackRequest, str | None]:
    """The verdict that waited, and the name of the access key under which it was given.

    Raises:
        ServiceError: (invalid request) a version of the service that knew more had queued it.
    """
    body = dict(waiting.body)
    reviewer_key = body.pop(REVIEWER_KEY, None)
    try:
        return FeedbackRequest(**body, text=waiting.text), reviewer_key
    except ValidationError:
        raise ServiceError(
            Failure.INVALID_REQUEST, "the queued verdict does not fit its schema"
        ) from None


def answer_of(request: FeedbackRequest, waiting: Waiting) -> QueuedFeedback:
    """What is said of a verdict that waits: what it is, and what nobody could check."""
    unchecked: list[Unchecked] = ["prediction_id"]
    if request.corrected_label is not None:
        unchecked.append("corrected_label")
    if request.text is not None:
        unchecked.append("text")
    return QueuedFeedback(
        prediction_id=request.prediction_id,
        verdict=request.verdict,
        corrected_label=request.corrected_label,
        created_at=waiting.created_at,
        unchecked=unchecked,
    )
