"""What people should judge next: predictions drawn at random, then those that are least sure."""

import base64
import binascii
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from inference.feedback.schemas import AuditItem, Drawn
from inference.feedback.standing import newest_of_its_kind
from inference.problems import Failure, ServiceError
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS

STAGES: Final[tuple[Drawn, ...]] = get_args(Drawn)

ENOUGH_SKIPS: Final = 3
"""Reviewers who skip a prediction of low confidence before nobody else is asked about it.

A random audit is offered on for as long as nobody judges it: those that nobody finds easy are those
that models get wrong, and without them the audits would look too good.
"""


@dataclass(frozen=True)
class Place:
    """The last item of a page, after which the next one begins.

    Attributes:
        drawn: the stage that it is of.
        confidence: of its prediction.
        prediction_id: which prediction.
    """

    drawn: Drawn
    confidence: float
    prediction_id: uuid.UUID

    def __str__(self) -> str:
        plain = f"{self.drawn}|{self.confidence!r}|{self.prediction_id.hex}"
        return base64.urlsafe_b64encode(plain.encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that was written as this text.

        Raises:
            ServiceError: (invalid request) it is none.
        """
        try:
            plain = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            drawn, confidence, prediction_id = plain.decode("ascii").split("|")
            stage = STAGES[[*STAGES].index(drawn)]  # type: ignore[arg-type]
            return cls(stage, float(confidence), uuid.UUID(hex=prediction_id))
        except (ValueError, binascii.Error):
            raise ServiceError(
                Failure.INVALID_REQUEST,
                "query.after: must be the `next` of the page before, or be left out",
            ) from None


@dataclass(frozen=True)
class Wanted:
    """Which part of the queue is asked for.

    Attributes:
        since: predictions made before are left out.
        reviewer: who asks; what this reviewer skipped is left out, and random audits that this
            reviewer judged with the answer on show. None: somebody without a pseudonym, as which
            all such count together.
        drawn: one stage alone; None for both.
        with_text: only predictions whose text is kept.
    """

    since: datetime
    reviewer: str | None = None
    drawn: Drawn | None = None
    with_text: bool = False


def page(
    connection: Connection, wanted: Wanted, after: Place | None, limit: int
) -> tuple[list[AuditItem], Place | None]:
    """Predictions that nobody has confirmed or rejected, in the order in which to judge them.

    A random audit is one of them until somebody has judged it without seeing its answer.

    Random audits come first, in the order of their random ids, which has nothing to do with what
    they are: whoever stops at any point has judged a fair sample. The others follow by confidence.

    Args:
        connection: to the database.
        wanted: which of them.
        after: where the page before ended; None for the first page.
        limit: most items.

    Returns:
        The items, and the place of the last one if there are more.
    """
    rows: list[tuple[Drawn, Row[Any]]] = []
    for stage, query in _queries(wanted, after):
        left = limit + 1 - len(rows)
        rows += [(stage, row) for row in connection.execute(query.limit(left))] if left else []
    items = [_item(stage, row) for stage, row in rows[:limit]]
    if len(rows) <= limit:
        return items, None
    last = items[-1]
    return items, Place(last.drawn, last.confidence, last.prediction_id)


def _queries(wanted: Wanted, after: Place | None) -> Iterator[tuple[Drawn, Select[Any]]]:
    begin = STAGES.index(after.drawn) if after else 0
    for number, stage in enumerate(STAGES):
        if number >= begin and wanted.drawn in (None, stage):
            yield stage, _query(stage, wanted, after if after and number == begin else None)


def _query(stage: Drawn, wanted: Wanted, after: Place | None) -> Select[Any]:
    columns = PREDICTIONS.c
    of_prediction = KEPT_TEXTS.c.prediction_id == columns.id
    # Rows of earlier versions have none; they come last.
    confidence = func.coalesce(columns.confidence, literal(1.0))
    query = select(
        columns.id.label("prediction_id"),
        columns.created_at,
        # It may be kept for several reasons, and is the same each time.
        select(func.min(KEPT_TEXTS.c.text)).where(of_prediction).scalar_subquery().label("text"),
        columns.label,
        confidence.label("confidence"),
        columns.uncertain,
        columns.probabilities,
        columns.model_name,
        columns.model_version,
    ).where(
        columns.created_at >= wanted.since,
        columns.audit.is_(stage == "random"),
        ~_decided(),
        ~_done_with(wanted.reviewer, stage),
    )
    if wanted.with_text:
        query = query.where(exists().where(of_prediction))
    if stage == "random":
        if after is not None:
            query = query.where(columns.id > after.prediction_id)
        return query.order_by(columns.id)
    if after is not None:
        place = tuple_(literal(after.confidence), literal(after.prediction_id, columns.id.type))
        query = query.where(tuple_(confidence, columns.id) > place)
    return query.order_by(confidence, columns.id)


def _decided() -> ColumnElement[bool]:
    """Whether what was said last tells the label: of a random audit, what was said as an audit.

    What others say who saw the answer leaves it in the queue: they judge mostly what is wrong, and
    audits of the rest would look too good.
    """
    return exists().where(
        VERDICTS.c.prediction_id == PREDICTIONS.c.id,
        VERDICTS.c.audit == PREDICTIONS.c.audit,
        VERDICTS.c.verdict.in_(("confirmed", "rejected")),
        newest_of_its_kind(),
    )


def _done_with(reviewer: str | None, stage: Drawn) -> ColumnElement[bool]:
    """Whether this reviewer is not to be asked, or so many have skipped it that nobody is.

    Who skipped a prediction is not, nor for a random audit who judged it with its answer on show.
    """
    of_this = VERDICTS.c.prediction_id == PREDICTIONS.c.id
    skip = VERDICTS.c.verdict == "skipped"
    by_this_one = (of_this, VERDICTS.c.reviewer.is_not_distinct_from(reviewer))
    if stage == "random":
        return exists().where(*by_this_one, or_(skip, ~VERDICTS.c.audit))
    reviewers = func.count(func.coalesce(VERDICTS.c.reviewer, "").distinct())
    skips = select(reviewers).where(of_this, skip).scalar_subquery()
    return or_(exists().where(*by_this_one, skip), skips >= ENOUGH_SKIPS)


def _item(stage: Drawn, row: Row[Any]) -> AuditItem:
    return AuditItem(drawn=stage, **row._mapping)
