"""What people's verdicts say about texts that are kept: labelled examples, page by page."""

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from inference.feedback.schemas import LabelledExample, LabelledPage
from inference.feedback.standing import stands
from inference.problems import Failure, ServiceError
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS


@dataclass(frozen=True)
class Cursor:
    """The last example of a page, after which the next one begins.

    Attributes:
        judged_at: when its verdict was given.
        prediction_id: which prediction; tells verdicts of the same moment apart.
    """

    judged_at: datetime
    prediction_id: uuid.UUID

    def __str__(self) -> str:
        plain = f"{self.judged_at.isoformat()}|{self.prediction_id.hex}"
        return base64.urlsafe_b64encode(plain.encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that was written as this text.

        Raises:
            ServiceError: (invalid request) it is not one.
        """
        try:
            plain = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            moment, _, prediction_id = plain.decode("ascii").partition("|")
            judged_at = datetime.fromisoformat(moment).astimezone(UTC)
            return cls(judged_at, uuid.UUID(hex=prediction_id))
        except (ValueError, OverflowError, binascii.Error):
            raise ServiceError(
                Failure.INVALID_REQUEST,
                "query.after: must be the `next` of the page before, or be left out",
            ) from None


def page(connection: Connection, after: Cursor | None, limit: int) -> LabelledPage:
    """The oldest labelled examples after a cursor.

    A pass that goes on until there is no next page gives every example that stood when it began,
    whatever is judged meanwhile: a verdict that is changed comes later in the order, never earlier
    (see `feedback.repository.add_verdict`), and then comes again with what it says now.

    Args:
        connection: to the database.
        after: where the page before ended; None for the first page.
        limit: most examples of the page.
    """
    rows = connection.execute(_query(after).limit(limit + 1)).all()
    items = [_example(row) for row in rows[:limit]]
    more = len(rows) > limit
    last = Cursor(items[-1].judged_at, items[-1].prediction_id) if more else None
    return LabelledPage(items=items, next=str(last) if last else None)


def _query(after: Cursor | None) -> Select[Any]:
    of_prediction = KEPT_TEXTS.c.prediction_id == VERDICTS.c.prediction_id
    # It may be kept for several reasons, and is the same each time.
    kept = select(func.min(KEPT_TEXTS.c.text)).where(of_prediction).scalar_subquery()
    query = (
        select(
            VERDICTS.c.prediction_id,
            kept.label("text"),
            case(
                (VERDICTS.c.verdict == "confirmed", PREDICTIONS.c.label),
                else_=VERDICTS.c.corrected_label,
            ).label("label"),
            PREDICTIONS.c.label.label("predicted_label"),
            VERDICTS.c.verdict,
            VERDICTS.c.reviewer,
            VERDICTS.c.reviewer_key,
            PREDICTIONS.c.audit,
            VERDICTS.c.created_at.label("judged_at"),
            PREDICTIONS.c.model_name,
            PREDICTIONS.c.model_version,
        )
        .join(PREDICTIONS, PREDICTIONS.c.id == VERDICTS.c.prediction_id)
        .where(stands(), _says_a_label(), exists().where(of_prediction))
        .order_by(VERDICTS.c.created_at, VERDICTS.c.prediction_id)
    )
    if after is None:
        return query
    place = tuple_(VERDICTS.c.created_at, VERDICTS.c.prediction_id)
    behind = tuple_(
        literal(after.judged_at, VERDICTS.c.created_at.type),
        literal(after.prediction_id, VERDICTS.c.prediction_id.type),
    )
    return query.where(place > behind)


def _says_a_label() -> ColumnElement[bool]:
    corrected = and_(VERDICTS.c.verdict == "rejected", VERDICTS.c.corrected_label.is_not(None))
    return or_(VERDICTS.c.verdict == "confirmed", corrected)


def _example(row: Row[Any]) -> LabelledExample:
    return LabelledExample(**row._mapping)
