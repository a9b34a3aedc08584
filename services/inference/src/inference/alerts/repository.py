"""Alerts in the database: exactly one for all processes, whatever they find at the same time."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, literal, select, update

from inference.store.tables import ALERT_PREDICTIONS, ALERTS, PREDICTIONS
from inference.store.upsert import insert_if_new

SYSTEM = "system"
"""Who resolved an alert whose condition had not been seen for a while."""

TOUCH_EVERY = timedelta(seconds=30)
"""A condition that lasts is noted no more often than this."""


@dataclass(frozen=True)
class Finding:
    """A condition that holds.

    Attributes:
        kind: which rule found it: small letters and underscores.
        key: what it is about, within the rule.
        summary: one line for people, without any text of a tweet.
        details: figures and short tokens, without any text of a tweet.
        seen_at: when the newest of its evidence happened.
        predictions: ids of the predictions that it rests on.
    """

    kind: str
    key: str
    summary: str
    details: Mapping[str, Any]
    seen_at: datetime
    predictions: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class KeptAlert:
    """An alert as it is kept; see the table for what the fields say."""

    id: uuid.UUID
    kind: str
    key: str
    number: int
    summary: str
    details: Mapping[str, Any]
    opened_at: datetime
    last_seen_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_key: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_key: str | None

    @property
    def state(self) -> str:
        """`open`, `acknowledged` or `resolved`."""
        if self.resolved_at is not None:
            return "resolved"
        return "acknowledged" if self.acknowledged_at is not None else "open"


def newest(connection: Connection, kind: str, key: str) -> KeptAlert | None:
    """The last alert of a kind on something."""
    of_this = (ALERTS.c.kind == kind, ALERTS.c.key == key)
    query = select(ALERTS).where(*of_this).order_by(ALERTS.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return _kept(row) if row else None


def is_news(last: KeptAlert | None, finding: Finding, cooldown: timedelta) -> bool:
    """Whether a finding changes anything: opens an alert, or shows that one still holds.

    Args:
        last: the last alert of its kind on its key.
        finding: what was found.
        cooldown: time after an alert was last seen in which none follows it.
    """
    if last is None:
        return True
    least = TOUCH_EVERY if last.resolved_at is None else cooldown
    return finding.seen_at - last.last_seen_at >= least


def raise_alert(
    connection: Connection, finding: Finding, now: datetime, cooldown: timedelta
) -> KeptAlert | None:
    """Open an alert, unless there is one, or was one until a moment ago.

    However many processes find the same, one opens it: each would give it the number after the
    last one's, and the table takes a number once. One that is open is noted as seen again.

    Args:
        connection: to the database, in a transaction.
        finding: what was found.
        now: the current moment.
        cooldown: time after an alert was last seen in which none follows it.

    Returns:
        The alert if this call opened it.
    """
    last = newest(connection, finding.kind, finding.key)
    if not is_news(last, finding, cooldown):
        return None
    if last is not None and last.resolved_at is None:
        seen = update(ALERTS).where(ALERTS.c.id == last.id)
        connection.execute(seen.values(last_seen_at=finding.seen_at))
        return None
    alert = opened(finding, now, number=last.number + 1 if last else 1)
    if not insert_if_new(connection, ALERTS, vars(alert)):
        return None  # another process was faster
    _link(connection, alert.id, finding.predictions)
    return alert


def opened(finding: Finding, now: datetime, number: int) -> KeptAlert:
    """The alert that a finding opens.

    Args:
        finding: what was found.
        now: when it is opened.
        number: one more than that of the last alert of its kind on its key.
    """
    return KeptAlert(
        id=uuid.uuid4(),
        kind=finding.kind,
        key=finding.key,
        number=number,
        summary=finding.summary,
        details=dict(finding.details),
        opened_at=now,
        last_seen_at=finding.seen_at,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_key=None,
        resolved_at=None,
        resolved_by=None,
        resolved_key=None,
    )


def get(connection: Connection, alert_id: uuid.UUID) -> KeptAlert | None:
    """One alert, held to the end of the transaction."""
    row = connection.execute(
        select(ALERTS).where(ALERTS.c.id == alert_id).with_for_update()
    ).one_or_none()
    return _kept(row) if row else None


def page(connection: Connection, *, unresolved: bool, limit: int) -> list[KeptAlert]:
    """The newest alerts first.

    Args:
        connection: to the database.
        unresolved: leave out those that are resolved.
        limit: most alerts.
    """
    query: Select[Any] = select(ALERTS).order_by(ALERTS.c.opened_at.desc(), ALERTS.c.id)
    if unresolved:
        query = query.where(ALERTS.c.resolved_at.is_(None))
    return [_kept(row) for row in connection.execute(query.limit(limit))]


def predictions_of(
    connection: Connection, alert_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The predictions that some alerts rest on, as far as they were not erased."""
    links = ALERT_PREDICTIONS.c
    query = select(links.alert_id, links.prediction_id).where(links.alert_id.in_(list(alert_ids)))
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in connection.execute(query.order_by(links.prediction_id)):
        found.setdefault(row.alert_id, []).append(row.prediction_id)
    return found


def acknowledge(
    connection: Connection, alert_id: uuid.UUID, now: datetime, by: str | None, key: str | None
) -> None:
    """Note who looks after an alert; the first one stays."""
    of_this = (ALERTS.c.id == alert_id, ALERTS.c.acknowledged_at.is_(None))
    values = {"acknowledged_at": now, "acknowledged_by": by, "acknowledged_key": key}
    connection.execute(update(ALERTS).where(*of_this).values(values))


def resolve(
    connection: Connection, alert_id: uuid.UUID, now: datetime, by: str | None, key: str | None
) -> None:
    """Note that an alert is over; who said so first stays."""
    of_this = (ALERTS.c.id == alert_id, ALERTS.c.resolved_at.is_(None))
    values = {"resolved_at": now, "resolved_by": by, "resolved_key": key}
    connection.execute(update(ALERTS).where(*of_this).values(values))


def stale(connection: Connection, before: datetime) -> list[uuid.UUID]:
    """Alerts that are not resolved, though neither opened nor seen since some moment."""
    columns = ALERTS.c
    old = (columns.resolved_at.is_(None), columns.last_seen_at < before, columns.opened_at < before)
    return list(connection.execute(select(columns.id).where(*old)).scalars())


def _link(connection: Connection, alert_id: uuid.UUID, ids: tuple[uuid.UUID, ...]) -> None:
    """Name the predictions; one that was erased in the meantime is not there to be selected."""
    if ids:
        found = select(literal(alert_id, ALERTS.c.id.type), PREDICTIONS.c.id)
        chosen = found.where(PREDICTIONS.c.id.in_(ids)).with_for_update(read=True, key_share=True)
        target = [ALERT_PREDICTIONS.c.alert_id, ALERT_PREDICTIONS.c.prediction_id]
        connection.execute(insert(ALERT_PREDICTIONS).from_select(target, chosen))


def _kept(row: Row[Any]) -> KeptAlert:
    return KeptAlert(**row._mapping)
