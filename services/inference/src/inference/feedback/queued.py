"""Verdicts that wait for the database: the form they wait in, and what is answered meanwhile."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from inference.feedback.schemas import FeedbackRequest, QueuedFeedback, Unchecked
from inference.problems import Failure, ServiceError
from inference.store.backlog import Waiting

REVIEWER_KEY = "reviewer_key"
TEXT_HMAC = "text_hmac"


@dataclass(frozen=True)
class SentText:
    """A text that came with a verdict: what is needed of it to check it and to keep it.

    Attributes:
        hmac: keyed fingerprint of the text as it was sent.
        kept: what may be kept of it.
    """

    hmac: str
    kept: str


def body_of(
    request: FeedbackRequest, reviewer_key: str | None, text: SentText | None
) -> dict[str, Any]:
    """A verdict as it waits; what is kept of its text is kept apart."""
    body = request.model_dump(mode="json", exclude={"text"}, exclude_defaults=True)
    body |= {REVIEWER_KEY: reviewer_key} if reviewer_key else {}
    return body | ({TEXT_HMAC: text.hmac} if text else {})


def request_of(waiting: Waiting) -> tuple[FeedbackRequest, str | None, SentText | None]:
    """The verdict that waited, the name of the key under which it was given, and its text.

    The text is None where it expired or was erased meanwhile.

    Raises:
        ServiceError: (invalid request) a version of the service that knew more had queued it.
    """
    body = dict(waiting.body)
    reviewer_key, hmac = body.pop(REVIEWER_KEY, None), body.pop(TEXT_HMAC, None)
    text = SentText(hmac, waiting.text) if hmac and waiting.text is not None else None
    try:
        return FeedbackRequest(**body), reviewer_key, text
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
