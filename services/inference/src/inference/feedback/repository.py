"""Verdicts in the database."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import Connection, delete, exists, insert, select, true, update

from inference.feedback.schemas import FeedbackRequest, Verdict
from inference.language import UNKNOWN
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS

CONSENT = "consent"


@dataclass(frozen=True)
class JudgedPrediction:
    """What a verdict must agree with.

    Attributes:
        model_name: which model made it.
        model_version: which version of that model.
        label: what was predicted.
        confidence: the probability of that.
        language: code of the language that the text was taken for; empty where it is not known.
        audit: whether it was drawn for a random audit.
        labels: what the model could have predicted, in its order.
        text_hmac: keyed fingerprint of the text.
    """

    model_name: str
    model_version: str
    label: str
    confidence: float
    language: str
    audit: bool
    labels: tuple[str, ...]
    text_hmac: str


@dataclass(frozen=True)
class KeptVerdict:
    """A verdict as it is kept.

    Attributes:
        verdict: what was said.
        corrected_label: what is right, if that was said.
        revision: 1 for the first verdict on a prediction.
        created_at: when it was given.
        by: pseudonym of who gave it, and name of the access key; None where there is none.
    """

    verdict: Verdict
    corrected_label: str | None
    revision: int
    created_at: datetime
    by: tuple[str | None, str | None]


def locked_prediction(connection: Connection, prediction_id: uuid.UUID) -> JudgedPrediction | None:
    """Find a prediction and hold it to the end of the transaction, so that verdicts on it queue.

    SQLite needs no such lock: it lets one transaction write at a time.
    """
    columns = (
        PREDICTIONS.c.model_name,
        PREDICTIONS.c.model_version,
        PREDICTIONS.c.label,
        PREDICTIONS.c.probabilities,
        PREDICTIONS.c.language,
        PREDICTIONS.c.audit,
        PREDICTIONS.c.text_hmac,
    )
    query = select(*columns).where(PREDICTIONS.c.id == prediction_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return JudgedPrediction(
        model_name=row.model_name,
        model_version=row.model_version,
        label=row.label,
        confidence=row.probabilities[row.label],
        language=row.language or UNKNOWN,  # null in rows that are older than the column
        audit=row.audit,
        labels=tuple(row.probabilities),
        text_hmac=row.text_hmac,
    )


def latest_verdict(
    connection: Connection,
    prediction_id: uuid.UUID,
    at: datetime | None = None,
    *,
    audit: bool | None = None,
) -> KeptVerdict | None:
    """The newest verdict, or the newest of some time, if there is one.

    Args:
        connection: to the database.
        prediction_id: on which prediction.
        at: none that was given later.
        audit: only those given as audits, or only the others.
    """
    until = true() if at is None else VERDICTS.c.created_at <= at
    kind = true() if audit is None else VERDICTS.c.audit.is_(audit)
    query = (
        select(
            VERDICTS.c.verdict,
            VERDICTS.c.corrected_label,
            VERDICTS.c.revision,
            VERDICTS.c.created_at,
            VERDICTS.c.reviewer,
            VERDICTS.c.reviewer_key,
        )
        .where(VERDICTS.c.prediction_id == prediction_id, until, kind)
        .order_by(VERDICTS.c.revision.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    verdict = cast(Verdict, row.verdict)  # the table's own constraint says so
    by = (row.reviewer, row.reviewer_key)
    return KeptVerdict(verdict, row.corrected_label, row.revision, row.created_at, by)


def add_verdict(
    connection: Connection,
    request: FeedbackRequest,
    latest: KeptVerdict | None,
    reviewer_key: str | None = None,
    given_at: datetime | None = None,
    *,
    audit: bool,
) -> KeptVerdict:
    """Keep a verdict as a further revision.

    It is later than the one before it even if that came from a machine whose clock is ahead, so
    that whoever reads verdicts in their order and saw the old one comes to the new one. One that
    waited for the database takes its place in time: those given after it move up by one revision.

    Args:
        connection: to the database.
        request: the verdict.
        latest: the one before it, if there was one.
        reviewer_key: name of the access key under which it was given.
        given_at: when it was given, if that is not now.
        audit: whether it was given as an audit.
    """
    revision, created_at = 1, given_at or datetime.now(UTC)
    if latest is not None:
        revision = latest.revision + 1
        created_at = max(created_at, latest.created_at + timedelta(microseconds=1))
    if given_at is not None:
        _move_up(connection, request.prediction_id, revision)
    connection.execute(
        insert(VERDICTS).values(
            prediction_id=request.prediction_id,
            revision=revision,
            verdict=request.verdict,
            corrected_label=request.corrected_label,
            channel=request.channel,
            reviewer=request.reviewer,
            reviewer_key=reviewer_key,
            audit=audit,
            created_at=created_at,
        )
    )
    by = (request.reviewer, reviewer_key)
    return KeptVerdict(request.verdict, request.corrected_label, revision, created_at, by)


def _move_up(connection: Connection, prediction_id: uuid.UUID, first: int) -> None:
    """Make a revision free; the last one moves first, since no two may be the same at any time."""
    from_first = (VERDICTS.c.prediction_id == prediction_id, VERDICTS.c.revision >= first)
    query = select(VERDICTS.c.revision).where(*from_first).order_by(VERDICTS.c.revision.desc())
    for revision in connection.execute(query).scalars().all():
        this = (VERDICTS.c.prediction_id == prediction_id, VERDICTS.c.revision == revision)
        connection.execute(update(VERDICTS).where(*this).values(revision=revision + 1))


def has_consented_text(connection: Connection, prediction_id: uuid.UUID) -> bool:
    """Whether the text of a prediction is kept for training."""
    kept = exists().where(
        KEPT_TEXTS.c.prediction_id == prediction_id, KEPT_TEXTS.c.reason == CONSENT
    )
    return bool(connection.execute(select(kept)).scalar())


def has_skipped(
    connection: Connection, prediction_id: uuid.UUID, reviewer: str | None, *, audit: bool
) -> bool:
    """Whether a reviewer, or somebody without a pseudonym, skipped a prediction at any time.

    Args:
        connection: to the database.
        prediction_id: which prediction.
        reviewer: the pseudonym.
        audit: whether it was skipped as an audit.
    """
    skipped = exists().where(
        VERDICTS.c.prediction_id == prediction_id,
        VERDICTS.c.verdict == "skipped",
        VERDICTS.c.audit.is_(audit),
        VERDICTS.c.reviewer.is_not_distinct_from(reviewer),
    )
    return bool(connection.execute(select(skipped)).scalar())


def remove_texts(connection: Connection, prediction_id: uuid.UUID) -> int:
    """Remove what is kept of a prediction's text, for whatever reason; returns how often it was."""
    kept = KEPT_TEXTS.c.prediction_id == prediction_id
    return connection.execute(delete(KEPT_TEXTS).where(kept)).rowcount


def add_consented_text(connection: Connection, prediction_id: uuid.UUID, text: str) -> None:
    """Keep the text of a prediction for training.

    Args:
        connection: to the database.
        prediction_id: of which prediction it is.
        text: in the form that may be kept, see `texts.keepable`.
    """
    connection.execute(
        insert(KEPT_TEXTS).values(
            prediction_id=prediction_id,
            reason=CONSENT,
            text=text,
            created_at=datetime.now(UTC),
        )
    )
