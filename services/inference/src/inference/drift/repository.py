"""Counts of groups of texts in the database."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from inference.drift.comparison import Group
from inference.drift.features import Counts
from inference.store.tables import DRIFT_GROUPS

SERVED: Final = "served"
RECORDED: Final = "recorded"
"""Where a group's texts come from: requests, or a file that was given as the reference."""

MOST_GROUPS: Final = 500
"""Groups of one window that are compared; of more, every so manieth is, which takes a second."""


@dataclass(frozen=True)
class Version:
    """A model version whose texts were counted."""

    model_name: str
    model_version: str


def group_row(
    model_name: str, model_version: str, source: str, ended_at: datetime, counts: Counts
) -> dict[str, Any]:
    """The row of a group."""
    return {
        "id": uuid.uuid4(),
        "model_name": model_name,
        "model_version": model_version,
        "source": source,
        "ended_at": ended_at,
        "counts": counts,
    }


def window(
    connection: Connection, version: Version, source: str, start: datetime, end: datetime
) -> list[Group]:
    """Groups of a time, oldest first; at most `MOST_GROUPS`, spread evenly.

    Args:
        connection: to the database.
        version: whose.
        source: `SERVED` or `RECORDED`.
        start: from when.
        end: until when, excluded.
    """
    chosen = and_(
        _of(version, source), DRIFT_GROUPS.c.ended_at >= start, DRIFT_GROUPS.c.ended_at < end
    )
    total = connection.execute(
        select(func.count()).select_from(DRIFT_GROUPS).where(chosen)
    ).scalar_one()
    step = max(1, -(-total // MOST_GROUPS))
    number = func.row_number().over(order_by=(DRIFT_GROUPS.c.ended_at, DRIFT_GROUPS.c.id))
    numbered = select(DRIFT_GROUPS.c.id, number.label("number")).where(chosen).subquery()
    ids = select(numbered.c.id).where(numbered.c.number % step == 0)
    return _read(connection, DRIFT_GROUPS.c.id.in_(ids))


def first(connection: Connection, version: Version, end: datetime, count: int) -> list[Group]:
    """The oldest groups of a version's requests before a moment, oldest first."""
    return _read(connection, and_(_of(version, SERVED), DRIFT_GROUPS.c.ended_at < end), limit=count)


def newest(connection: Connection, version: Version) -> datetime | None:
    """When the newest group of a version's requests ended; None if there is none."""
    found = select(func.max(DRIFT_GROUPS.c.ended_at)).where(_of(version, SERVED))
    return connection.execute(found).scalar_one_or_none()


def newest_version(connection: Connection) -> Version | None:
    """The version that answered last, as far as texts were counted."""
    columns = DRIFT_GROUPS.c.model_name, DRIFT_GROUPS.c.model_version
    last = select(*columns).order_by(DRIFT_GROUPS.c.ended_at.desc()).limit(1)
    row = connection.execute(last).first()
    return Version(*row) if row else None


def replace_recorded(
    connection: Connection, version: Version, rows: Sequence[dict[str, Any]]
) -> None:
    """Put a reference in the place of the one that was recorded before."""
    connection.execute(delete(DRIFT_GROUPS).where(_of(version, RECORDED)))
    if rows:
        connection.execute(DRIFT_GROUPS.insert(), list(rows))


def forget(connection: Connection, before: datetime, keep: int) -> int:
    """Remove the groups of requests before a moment, but the first of each version.

    Args:
        connection: to the database, in a transaction.
        before: groups that ended earlier go.
        keep: how many first groups of each version stay.

    Returns:
        How many went.
    """
    gone = 0
    columns = DRIFT_GROUPS.c.model_name, DRIFT_GROUPS.c.model_version
    for name, number in connection.execute(select(*columns).distinct()).all():
        of = _of(Version(name, number), SERVED)
        last_kept = (
            select(DRIFT_GROUPS.c.ended_at)
            .where(of)
            .order_by(DRIFT_GROUPS.c.ended_at)
            .offset(keep - 1)
            .limit(1)
        )
        until = connection.execute(last_kept).scalar_one_or_none()
        if until is not None and until < before:
            old = and_(of, DRIFT_GROUPS.c.ended_at > until, DRIFT_GROUPS.c.ended_at < before)
            gone += connection.execute(delete(DRIFT_GROUPS).where(old)).rowcount
    return gone


def _of(version: Version, source: str) -> ColumnElement[bool]:
    return and_(
        DRIFT_GROUPS.c.model_version == version.model_version,
        DRIFT_GROUPS.c.model_name == version.model_name,
        DRIFT_GROUPS.c.source == source,
    )


def _read(
    connection: Connection, chosen: ColumnElement[bool], limit: int | None = None
) -> list[Group]:
    columns = DRIFT_GROUPS.c.ended_at, DRIFT_GROUPS.c.counts
    ordered = select(*columns).where(chosen).order_by(DRIFT_GROUPS.c.ended_at, DRIFT_GROUPS.c.id)
    return [Group(*row) for row in connection.execute(ordered.limit(limit))]
