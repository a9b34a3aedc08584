"""What the rules look at: verdicts that stand, and what the API processes answered."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, delete, func, select

from inference.alerts.rules import Tally
from inference.feedback.standing import stands
from inference.store.tables import TRAFFIC, VERDICTS

LOOK_BACK: Final = timedelta(days=1)
"""How old a cluster of rejections may be: verdicts can wait for a database that is away."""

MOST_REJECTIONS: Final = 1_000
"""The newest ones looked at; a cluster among them is as good as an older one."""

KEEP_TRAFFIC: Final = timedelta(days=1)


@dataclass(frozen=True)
class Rejections:
    """Rejections that stand, oldest first."""

    moments: list[datetime]
    predictions: list[uuid.UUID]


@dataclass(frozen=True)
class Answers:
    """What all API processes answered within a window.

    Attributes:
        errors: requests, and those answered with a status of 500 or more.
        slow: single predictions, and those that took longer than allowed.
    """

    errors: Tally
    slow: Tally


def rejections(connection: Connection, now: datetime) -> Rejections:
    """The newest rejections, one for each prediction."""
    rejected = (VERDICTS.c.verdict == "rejected", VERDICTS.c.created_at > now - LOOK_BACK)
    query = (
        select(VERDICTS.c.created_at, VERDICTS.c.prediction_id)
        .where(*rejected, stands())
        .order_by(VERDICTS.c.created_at.desc())
        .limit(MOST_REJECTIONS)
    )
    rows = connection.execute(query).all()[::-1]
    return Rejections([row.created_at for row in rows], [row.prediction_id for row in rows])


def verdicts(connection: Connection, since: datetime) -> Tally:
    """Verdicts that stand, skipped ones apart, and the rejections among them."""
    said = VERDICTS.c.verdict.in_(("confirmed", "rejected"))
    bad = func.sum(case((VERDICTS.c.verdict == "rejected", 1), else_=0))
    query = select(func.count(), func.coalesce(bad, 0)).select_from(VERDICTS)
    total, rejected = connection.execute(
        query.where(said, VERDICTS.c.created_at > since, stands())
    ).one()
    return Tally(int(total), int(rejected))


def answers(connection: Connection, since: datetime) -> Answers:
    """What all processes together answered, by the minutes that they noted."""
    columns = (TRAFFIC.c.requests, TRAFFIC.c.errors, TRAFFIC.c.predictions, TRAFFIC.c.slow)
    sums = [func.coalesce(func.sum(column), 0) for column in columns]
    query = select(*sums).where(TRAFFIC.c.noted_at > since)
    requests, errors, predictions, slow = map(int, connection.execute(query).one())
    return Answers(Tally(requests, errors), Tally(predictions, slow))


def forget_traffic(connection: Connection, now: datetime) -> None:
    """Remove what processes answered long ago."""
    connection.execute(delete(TRAFFIC).where(TRAFFIC.c.noted_at < now - KEEP_TRAFFIC))
