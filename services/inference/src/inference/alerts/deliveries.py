"""Where alerts have to go, as rows: one for each alert and channel, whichever process sends it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, exists, select, update

from inference.alerts.repository import KeptAlert, get
from inference.store.tables import ALERT_DELIVERIES, ALERTS
from inference.store.upsert import insert_if_new

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""After the opening: nobody wants to be woken by older news."""

LEASE: Final = timedelta(seconds=60)
"""Time in which whoever took a delivery must be done; another process takes it then."""

FIRST_WAIT: Final = timedelta(seconds=5)
LAST_WAIT: Final = timedelta(minutes=10)

LONGEST_ERROR: Final = 200


@dataclass(frozen=True)
class Delivery:
    """An alert that this process took to send.

    Attributes:
        alert: what to send.
        channel: where to.
        attempts: how often it was tried, this time included.
    """

    alert: KeptAlert
    channel: str
    attempts: int


def plan(connection: Connection, channel: str, now: datetime) -> None:
    """Make the rows of alerts that have none yet for a channel."""
    is_planned = exists().where(
        ALERT_DELIVERIES.c.alert_id == ALERTS.c.id, ALERT_DELIVERIES.c.channel == channel
    )
    query = select(ALERTS.c.id).where(ALERTS.c.opened_at > now - GIVE_UP_AFTER, ~is_planned)
    for alert_id in connection.execute(query).scalars().all():
        row = {"alert_id": alert_id, "channel": channel, "attempts": 0, "due_at": now}
        insert_if_new(connection, ALERT_DELIVERIES, row)


def is_waiting(connection: Connection, channels: Sequence[str], now: datetime) -> bool:
    """Whether `plan` or `take` would find something for one of some channels."""
    for channel in channels:
        known = ALERT_DELIVERIES.c.channel == channel
        settled = exists().where(
            ALERT_DELIVERIES.c.alert_id == ALERTS.c.id,
            known,
            ALERT_DELIVERIES.c.delivered_at.is_not(None) | (ALERT_DELIVERIES.c.due_at > now),
        )
        query = select(ALERTS.c.id).where(ALERTS.c.opened_at > now - GIVE_UP_AFTER, ~settled)
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False


def take(connection: Connection, channel: str, now: datetime) -> Delivery | None:
    """Take one delivery that is due, for as long as a lease lasts.

    Of the processes that see the same one, one changes its row; the others' condition then fails.
    """
    due = (
        ALERT_DELIVERIES.c.channel == channel,
        ALERT_DELIVERIES.c.delivered_at.is_(None),
        ALERT_DELIVERIES.c.due_at <= now,
    )
    query = (
        select(ALERT_DELIVERIES.c.alert_id, ALERT_DELIVERIES.c.attempts)
        .join(ALERTS, ALERTS.c.id == ALERT_DELIVERIES.c.alert_id)
        .where(*due, ALERTS.c.opened_at > now - GIVE_UP_AFTER)
        .order_by(ALERT_DELIVERIES.c.due_at)
    )
    for row in connection.execute(query).all():
        of_this = (ALERT_DELIVERIES.c.alert_id == row.alert_id, *due)
        attempts = row.attempts + 1
        claim = update(ALERT_DELIVERIES).where(*of_this)
        if connection.execute(claim.values(attempts=attempts, due_at=now + LEASE)).rowcount:
            alert = get(connection, row.alert_id)
            return Delivery(alert, channel, attempts) if alert else None
    return None


def note_success(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """Note that it has arrived."""
    _change(connection, delivery.alert.id, delivery.channel, delivered_at=now, last_error=None)


def note_failure(connection: Connection, delivery: Delivery, now: datetime, reason: str) -> None:
    """Note why it has not arrived, and when to try again."""
    due_at = now + wait_after(delivery.attempts)
    reason = reason[:LONGEST_ERROR]
    _change(connection, delivery.alert.id, delivery.channel, due_at=due_at, last_error=reason)


def wait_after(attempts: int) -> timedelta:
    """Time before the next try, twice as long after each, up to ten minutes."""
    doublings = min(attempts - 1, 16)
    return min(FIRST_WAIT * (1 << doublings), LAST_WAIT)


def _change(connection: Connection, alert_id: uuid.UUID, channel: str, **values: object) -> None:
    of_this = (ALERT_DELIVERIES.c.alert_id == alert_id, ALERT_DELIVERIES.c.channel == channel)
    connection.execute(update(ALERT_DELIVERIES).where(*of_this).values(**values))
