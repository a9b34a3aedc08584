"""Alerts over HTTP."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inference.feedback.schemas import Token

AlertState = Literal["open", "acknowledged", "resolved"]


class AlertAnswer(BaseModel):
    """An alert."""

    id: uuid.UUID
    kind: str = Field(description="the rule that found it, such as rejections or rejection_rate")
    key: str = Field(description="what it is about, within the rule")
    state: AlertState
    summary: str = Field(description="one line for people")
    details: dict[str, Any] = Field(description="the figures behind it")
    opened_at: datetime
    last_seen_at: datetime = Field(description="when its condition was last seen to hold")
    acknowledged_at: datetime | None
    acknowledged_by: str | None = Field(description="the pseudonym that was given")
    acknowledged_key: str | None = Field(description="name of the access key, if there was one")
    resolved_at: datetime | None
    resolved_by: str | None = Field(
        description="the pseudonym that was given; system if the condition went away"
    )
    resolved_key: str | None
    predictions: list[uuid.UUID] = Field(
        description="predictions that it rests on, as far as they were not erased"
    )


class AlertsAnswer(BaseModel):
    """Alerts, the newest first."""

    items: list[AlertAnswer]


class HandlingRequest(BaseModel):
    """Who takes care of an alert."""

    model_config = ConfigDict(extra="forbid")

    by: Token | None = Field(
        default=None, description="a pseudonym, which is kept with the alert and shown beside it"
    )
