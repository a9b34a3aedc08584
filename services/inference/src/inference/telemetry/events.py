"""What is told: events with fields, the same whichever backend sends them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

PREDICTION_REJECTED: Final = "prediction_rejected"
PREDICTION_CONFIRMED: Final = "prediction_confirmed"
ALERT_OPENED: Final = "alert_opened"

LOGGER_NAME: Final = "inference.telemetry"
"""A field of each event, which OpenTelemetry's exporter cannot do without."""

EVENT_OF_VERDICT: Final[Mapping[str, str]] = MappingProxyType(
    {"rejected": PREDICTION_REJECTED, "confirmed": PREDICTION_CONFIRMED}
)
"""Skipped predictions are told to nobody."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: what; alert rules in Azure name it.
        fields: tokens and figures as text, never a tweet. An empty value is not known.
    """

    name: str
    fields: Mapping[str, str]


class EventSink(Protocol):
    """Takes events at once, and sends them when it can."""

    def send(self, event: Event) -> None:
        """Take an event; neither waits nor fails."""

    def close(self) -> None:
        """Send what is left or put it on the disk, within seconds."""


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict that was just kept, with the prediction that it is on.

    Attributes:
        prediction_id: of the prediction.
        model_name: which model made it.
        model_version: which version of that model.
        predicted_label: what it said.
        confidence: its probability of that label.
        language: code of the language that the text was taken for; empty where it is not known.
        verdict: `confirmed`, `rejected` or `skipped`.
        corrected_label: what it should have said.
        channel: where the verdict was given.
    """

    prediction_id: uuid.UUID
    model_name: str
    model_version: str
    predicted_label: str
    confidence: float
    language: str
    verdict: str
    corrected_label: str | None
    channel: str | None


def verdict_event(given: GivenVerdict) -> Event | None:
    """The event of a verdict; None for one that is told to nobody."""
    name = EVENT_OF_VERDICT.get(given.verdict)
    if name is None:
        return None
    return Event(
        name,
        {
            "prediction_id": str(given.prediction_id),
            "model_name": given.model_name,
            "model_version": given.model_version,
            "predicted_label": given.predicted_label,
            "corrected_label": given.corrected_label or "",
            "confidence": f"{given.confidence:.4f}",
            "channel": given.channel or "",
            "language": given.language,
        },
    )
