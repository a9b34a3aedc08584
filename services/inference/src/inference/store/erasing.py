"""Erasing a prediction, or all of a text, in one database: with whatever hangs on it."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, select

from inference.store.tables import KEPT_TEXTS, METADATA, PREDICTIONS

BATCH: Final = 500
"""Predictions erased by one statement."""

HANGING: Final[tuple[tuple[Table, Column[Any]], ...]] = tuple(
    (table, column)
    for table in METADATA.sorted_tables
    for column in table.columns
    for key in column.foreign_keys
    if key.column is PREDICTIONS.c.id
)
"""Every table whose rows belong to a prediction, with the column that says to which."""

OF_TEXTS: Final[tuple[Table, ...]] = tuple(
    table for table in METADATA.sorted_tables if "text_hmac" in table.c and table is not PREDICTIONS
)
"""Every table whose rows belong to a text, whether it was predicted for anybody or not."""


@dataclass(frozen=True)
class Target:
    """What is to be erased.

    Attributes:
        prediction_id: one prediction; None for none.
        text_hmac: whatever belongs to the text with this fingerprint; None for none.
    """

    prediction_id: uuid.UUID | None = None
    text_hmac: str | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Which predictions that are; null, which is none, where nothing is named."""
        if self.prediction_id is not None:
            return PREDICTIONS.c.id == self.prediction_id
        return PREDICTIONS.c.text_hmac == self.text_hmac


@dataclass
class Erased:
    """What was erased.

    Attributes:
        rows: how many, by table.
        prediction_ids: the predictions.
    """

    rows: Counter[str] = field(default_factory=Counter)
    prediction_ids: list[uuid.UUID] = field(default_factory=list)


def erase(connection: Connection, target: Target) -> Erased:
    """Erase; in the transaction that the connection is in."""
    erased = Erased()
    # Held first, so that a verdict given meanwhile comes before or finds no prediction.
    some = select(PREDICTIONS.c.id).where(target.condition).limit(BATCH).with_for_update()
    while ids := connection.execute(some).scalars().all():
        erased.prediction_ids += ids
        for table, column in HANGING:
            erased.rows[table.name] += _delete(connection, table, column.in_(ids))
        erased.rows[PREDICTIONS.name] += _delete(connection, PREDICTIONS, PREDICTIONS.c.id.in_(ids))
    if target.text_hmac is not None:
        for table in OF_TEXTS:
            same = table.c.text_hmac == target.text_hmac
            erased.rows[table.name] += _delete(connection, table, same)
    return erased


def forget_text(connection: Connection, prediction_id: uuid.UUID) -> int:
    """Remove the text of a prediction, for whatever reason it is kept.

    Returns:
        How many copies of it there were.
    """
    return _delete(connection, KEPT_TEXTS, KEPT_TEXTS.c.prediction_id == prediction_id)


def hmac_of(connection: Connection, prediction_id: uuid.UUID) -> str | None:
    """The fingerprint of a prediction's text; None where there is no such prediction."""
    query = select(PREDICTIONS.c.text_hmac).where(PREDICTIONS.c.id == prediction_id)
    return connection.execute(query).scalar_one_or_none()


def _delete(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(condition)).rowcount


def total(found: Sequence[Erased]) -> Counter[str]:
    """The rows of several databases together."""
    rows: Counter[str] = Counter()
    for item in found:
        rows.update(item.rows)
    return rows
