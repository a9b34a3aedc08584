"""Predictions as rows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from contract.bundle import Prediction
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS
from inference.store.writer import Rows
from inference.telemetry.events import GivenVerdict
from inference.texts import keepable

TRUE_LABEL_CHANNEL = "true_label"


@dataclass(frozen=True, slots=True)
class TrueLabel:
    """What a client says a text really is.

    Attributes:
        label: one of the model's.
        reviewer_key: name of the access key under which it is said, if there is one.
    """

    label: str
    reviewer_key: str | None


@dataclass(frozen=True, slots=True)
class NewPrediction:
    """A prediction about to be answered.

    Attributes:
        id: what feedback will name.
        created_at: when it was made.
        text_hmac: keyed fingerprint of its text.
        model_name: which model made it.
        model_version: which version of that model.
        prediction: what the model said.
        language: code of the text's language, as far as a glance tells; else empty.
        audit: whether it belongs to the share that people will be asked about.
        kept_text: the text and the reason to keep it, if it is kept.
        verdict: what the client says it really is.
    """

    id: uuid.UUID
    created_at: datetime
    text_hmac: str
    model_name: str
    model_version: str
    prediction: Prediction
    language: str
    audit: bool
    kept_text: tuple[str, Literal["audit", "all"]] | None
    verdict: TrueLabel | None


def rows_of(new: Sequence[NewPrediction]) -> Rows:
    """The rows that keep some predictions, with their texts and verdicts where they have any."""
    return {
        PREDICTIONS: [_prediction(item) for item in new],
        KEPT_TEXTS: [_text(item, *item.kept_text) for item in new if item.kept_text],
        VERDICTS: [_verdict(item, item.verdict) for item in new if item.verdict],
    }


def given_verdict(item: NewPrediction, said: TrueLabel) -> GivenVerdict:
    """The verdict that a true label is."""
    row = _verdict(item, said)
    return GivenVerdict(
        prediction_id=item.id,
        model_name=item.model_name,
        model_version=item.model_version,
        predicted_label=item.prediction.label,
        confidence=item.prediction.probabilities[item.prediction.label],
        language=item.language,
        verdict=row["verdict"],
        corrected_label=row["corrected_label"],
        channel=row["channel"],
    )


def _prediction(item: NewPrediction) -> dict[str, Any]:
    return {
        "id": item.id,
        "created_at": item.created_at,
        "text_hmac": item.text_hmac,
        "model_name": item.model_name,
        "model_version": item.model_version,
        "label": item.prediction.label,
        "probabilities": item.prediction.probabilities,
        "uncertain": item.prediction.uncertain,
        "truncated": item.prediction.truncated,
        "token_count": item.prediction.token_count,
        "audit": item.audit,
        "confidence": item.prediction.probabilities[item.prediction.label],
        "language": item.language,
    }


def _text(item: NewPrediction, text: str, reason: str) -> dict[str, Any]:
    return {
        "prediction_id": item.id,
        "reason": reason,
        "text": keepable(text),
        "created_at": item.created_at,
    }


def _verdict(item: NewPrediction, said: TrueLabel) -> dict[str, Any]:
    confirmed = said.label == item.prediction.label
    return {
        "prediction_id": item.id,
        "revision": 1,
        "verdict": "confirmed" if confirmed else "rejected",
        "corrected_label": None if confirmed else said.label,
        "channel": TRUE_LABEL_CHANNEL,
        "reviewer": None,
        "reviewer_key": said.reviewer_key,
        "created_at": item.created_at,
    }
