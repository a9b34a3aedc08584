"""What people say of predictions."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from inference.prediction.schemas import MAX_LABEL

Verdict = Literal["confirmed", "rejected", "skipped"]
Unchecked = Literal["prediction_id", "corrected_label", "text"]

# No free text, which could name a person or hold a tweet.
Token = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]


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


class LabelledPage(BaseModel):
    """Some labelled examples, by when they were judged."""

    items: list[LabelledExample]
    next: str | None = Field(description="`after` of the next page; null where there is none")
