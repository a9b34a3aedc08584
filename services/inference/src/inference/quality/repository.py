"""Counts of predictions and of what was said of them, added up by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    case,
    exists,
    func,
    select,
    type_coerce,
)

from inference.feedback.schemas import Verdict
from inference.feedback.standing import newest_of_its_kind
from inference.store.tables import PREDICTIONS, VERDICTS

CLOCKS_APART: Final = timedelta(hours=1)
"""By which a verdict may seem to be older than its prediction, where two machines wrote them."""


@dataclass(frozen=True)
class Scope:
    """Which predictions are meant: of a time, and perhaps of one version or language."""

    start: datetime
    end: datetime
    model_version: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Place:
    """What predictions are told apart by.

    Attributes:
        model: name and version.
        language: code, empty where it is not known.
        day: in UTC, as YYYY-MM-DD.
    """

    model: tuple[str, str]
    language: str
    day: str


@dataclass(frozen=True)
class Made:
    """Predictions of one place.

    Attributes:
        count: how many.
        marked: those drawn for a random audit.
        confident: those whose confidence is known, as it is of all but those of old versions.
        confidence_sum: sum of the confidences p.
        variance_sum: sum of p (1 - p).
    """

    place: Place
    count: int
    marked: int
    confident: int
    confidence_sum: float
    variance_sum: float


@dataclass(frozen=True)
class Said:
    """Predictions of one place of which the same was said.

    One that was judged both as an audit and otherwise is in both.

    Attributes:
        audit: whether it was said as a random audit, by somebody who was not shown the answer.
        unaudited: whether they were drawn for one, which nobody has given yet, not even as a skip.
        label: what was predicted.
        corrected_label: what is right, if it was said.
        verdict: the newest one of its kind.
        count: how many.
        confident: those whose confidence is known.
        confidence_sum: sum of the confidences.
    """

    place: Place
    audit: bool
    unaudited: bool
    label: str
    corrected_label: str | None
    verdict: Verdict
    count: int
    confident: int
    confidence_sum: float

    @property
    def confirmed(self) -> bool:
        """Whether what was predicted is right."""
        return self.verdict == "confirmed"

    @property
    def judged(self) -> bool:
        """Whether it was said if what was predicted is right."""
        return self.verdict != "skipped"


def made(connection: Connection, scope: Scope) -> list[Made]:
    """Counts of all predictions; an index holds all that this reads."""
    places = _places(connection)
    p = PREDICTIONS.c.confidence
    figures = (
        func.count(),
        func.sum(case((PREDICTIONS.c.audit, 1), else_=0)),
        func.count(p),
        func.coalesce(func.sum(p), 0.0),
        func.coalesce(func.sum(p * (1 - p)), 0.0),
    )
    found = select(*places, *figures).where(_within(scope)).group_by(*places)
    return [_made(row) for row in connection.execute(found)]


def said(connection: Connection, scope: Scope) -> list[Said]:
    """Counts of predictions with a verdict, by the newest one of each kind on each."""
    newest = (
        select(
            *_places(connection),
            VERDICTS.c.audit,
            _unaudited().label("unaudited"),
            PREDICTIONS.c.label,
            VERDICTS.c.corrected_label,
            VERDICTS.c.verdict,
            PREDICTIONS.c.confidence,
        )
        .join_from(VERDICTS, PREDICTIONS, VERDICTS.c.prediction_id == PREDICTIONS.c.id)
        .where(
            _within(scope),
            # Nothing is judged before it is made, so an index leads to the few that matter.
            VERDICTS.c.created_at >= scope.start - CLOCKS_APART,
            newest_of_its_kind(),
        )
        .subquery()
    )
    *kinds, p = newest.c
    figures = (func.count(), func.count(p), func.coalesce(func.sum(p), 0.0))
    found = select(*kinds, *figures).group_by(*kinds)
    return [_said(row) for row in connection.execute(found)]


def _unaudited() -> ColumnElement[bool]:
    """Whether a verdict is no audit, on a prediction that was drawn for one and has none."""
    other = VERDICTS.alias("other")
    audited = exists().where(other.c.prediction_id == PREDICTIONS.c.id, other.c.audit)
    return and_(PREDICTIONS.c.audit, ~VERDICTS.c.audit, ~audited)


def labels_of(connection: Connection, model: tuple[str, str], scope: Scope) -> tuple[str, ...]:
    """The labels that a model version can give, in its order; of one that answered meanwhile."""
    name, version = model
    one = (
        select(PREDICTIONS.c.probabilities)
        .where(
            _within(scope),
            PREDICTIONS.c.model_name == name,
            PREDICTIONS.c.model_version == version,
        )
        .limit(1)
    )
    return tuple(connection.execute(one).scalar_one_or_none() or ())


def _within(scope: Scope) -> ColumnElement[bool]:
    chosen = [PREDICTIONS.c.created_at >= scope.start, PREDICTIONS.c.created_at < scope.end]
    if scope.model_version is not None:
        chosen.append(PREDICTIONS.c.model_version == scope.model_version)
    if scope.language is not None:
        chosen.append(func.coalesce(PREDICTIONS.c.language, "") == scope.language)
    return and_(*chosen)


def _places(connection: Connection) -> tuple[ColumnElement[str], ...]:
    made_at = PREDICTIONS.c.created_at
    if connection.dialect.name == "postgresql":
        day = func.to_char(func.timezone("UTC", made_at), "YYYY-MM-DD")
    else:  # SQLite keeps moments as text, in UTC
        day = func.substr(type_coerce(made_at, String), 1, 10)
    return (
        PREDICTIONS.c.model_name,
        PREDICTIONS.c.model_version,
        func.coalesce(PREDICTIONS.c.language, ""),
        day,
    )


def _place(row: Sequence[Any]) -> Place:
    return Place((row[0], row[1]), row[2], row[3])


def _made(row: Sequence[Any]) -> Made:
    count, marked, confident, confidence_sum, variance_sum = row[4:]
    return Made(_place(row), count, marked, confident, confidence_sum, variance_sum)


def _said(row: Sequence[Any]) -> Said:
    audit, unaudited, label, corrected, verdict, count, confident, confidence_sum = row[4:]
    return Said(
        place=_place(row),
        audit=audit,
        unaudited=unaudited,
        label=label,
        corrected_label=corrected,
        verdict=verdict,
        count=count,
        confident=confident,
        confidence_sum=confidence_sum,
    )
