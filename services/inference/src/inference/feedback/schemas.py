"""What people say of predictions."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from inference.prediction.schemas import MAX_LABEL

Verdict = Literal["confirmed", "rejected", "skipped"]
Unchecked = Literal["prediction_id", "corrected_label", "text"]

Drawn = Literal["random", "uncertain"]
"""Why a prediction is to be judged, in the order in which they are."""

# No free text, which could name a person or hold a tweet.
TOKEN = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"
MAX_TOKEN = 64
Token = Annotated[str, Field(max_length=MAX_TOKEN, pattern=TOKEN)]


class FeedbackRequest(BaseModel):
    """A verdict on one prediction."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: uuid.UUID
    verdict: Verdict
    corrected_label: str | None = Field(
        default=None, max_length=MAX_LABEL, description="what it should have been, if rejected"
    )
    text: str | None = Field(
        default=None, description="the tweet itself, to be kept for training; needs consent"
    )
    consent: bool = Field(default=False, description="the text may be kept for training")
    channel: Token | None = Field(default=None, description="where the verdict was given")
    reviewer: Token | None = Field(default=None, description="a pseudonym")
    blind: bool = Field(
        default=False,
        description="whoever judged was not shown what the model says. With it, the verdict on a "
        "prediction drawn at random counts as its audit; without, as one that was volunteered",
    )


class FeedbackAnswer(BaseModel):
    """The verdict as it stands."""

    prediction_id: uuid.UUID
    verdict: Verdict
    corrected_label: str | None
    revision: int = Field(description="1 for the first verdict, one more for each change")
    created_at: datetime
    text_kept: bool = Field(description="the text is kept for training")
    queued: Literal[False] = False


class QueuedFeedback(BaseModel):
    """A verdict that is on the service's disk until the store is back and can check it.

    One that then proves not to fit its prediction is set aside, with a line in the service's log.
    """

    prediction_id: uuid.UUID
    verdict: Verdict
    corrected_label: str | None
    revision: None = Field(default=None, description="not known yet")
    created_at: datetime
    text_kept: None = Field(default=None, description="not known yet")
    queued: Literal[True] = True
    unchecked: list[Unchecked] = Field(
        description="what only the store can check: that there is such a prediction, that its "
        "model has this label, that this is its text"
    )


class LabelledExample(BaseModel):
    """A text that is kept, with what the verdict that stands says it really is."""

    model_config = ConfigDict(protected_namespaces=())

    prediction_id: uuid.UUID
    text: str
    label: str = Field(description="the predicted label if confirmed, else the corrected one")
    predicted_label: str
    verdict: Literal["confirmed", "rejected"]
    reviewer: str | None = Field(description="the pseudonym that came with the verdict")
    reviewer_key: str | None = Field(
        description="name of the access key under which the verdict was given, if there was one"
    )
    audit: bool = Field(description="the prediction belongs to the random audit share")
    judged_at: datetime
    model_name: str
    model_version: str


class AuditItem(BaseModel):
    """A prediction that somebody should judge."""

    model_config = ConfigDict(protected_namespaces=())

    prediction_id: uuid.UUID
    drawn: Drawn = Field(description="drawn at random, or for its low confidence")
    created_at: datetime
    text: str | None = Field(description="redacted; null where it is not kept")
    label: str
    confidence: float = Field(description="the label's probability")
    probabilities: dict[str, float]
    uncertain: bool
    model_name: str
    model_version: str


class AuditPage(BaseModel):
    """Some predictions to judge next."""

    items: list[AuditItem]
    next: str | None = Field(description="`after` of the next page; null where there is none")
    texts_kept: Literal["none", "audit", "all"] = Field(
        description="whose texts are kept, see STORE_TEXT"
    )
    hint: str | None = Field(description="how to have texts to judge by; null where all are kept")


class GivenBefore(BaseModel):
    """A verdict of a prediction's history."""

    revision: int
    verdict: Verdict
    corrected_label: str | None
    channel: str | None
    reviewer: str | None
    reviewer_key: str | None
    audit: bool = Field(description="given blind, on a prediction of the random audit share")
    created_at: datetime


class KeptPrediction(BaseModel):
    """A prediction as it was answered, and what was said of it."""

    model_config = ConfigDict(protected_namespaces=())

    id: uuid.UUID
    created_at: datetime
    model_name: str
    model_version: str
    label: str
    probabilities: dict[str, float]
    uncertain: bool
    truncated: bool
    token_count: int
    audit: bool = Field(description="it belongs to the random audit share")
    text: str | None = Field(description="redacted; null where it is not kept")
    kept_for: list[Literal["audit", "all", "consent"]] = Field(description="why it is kept")
    verdicts: list[GivenBefore] = Field(description="oldest first; the last of either kind stands")


class LabelledPage(BaseModel):
    """Some labelled examples, by when they were judged."""

    items: list[LabelledExample]
    next: str | None = Field(description="`after` of the next page; null where there is none")
