"""Verdicts that cannot be checked while the database is away, because their predictions are in it.

They wait in the spool's file, each on the disk before it is acknowledged. When the database is back
each is tried in a transaction of its own, and what came of it is noted afterwards: a crash in
between tries it again, so whoever applies verdicts must leave a second try without effect. One that
does not fit is set aside with its reason, without its text, and holds up no other.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Update,
    Uuid,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from inference.logging import fields
from inference.problems import Failure, ServiceError
from inference.store.errors import is_unreachable, reason_of, store_unavailable
from inference.store.tables import UtcDateTime

BATCH = 100
"""Verdicts tried before what came of them is noted."""

SECOND_TRY = timedelta(minutes=5)
"""Time after which a verdict is tried again: its prediction may be in another machine's spool."""

MAX_SET_ASIDE = 10_000
"""Verdicts kept after they were set aside; the oldest make room."""

# In the spool's file only, so not among the tables that migrations look after.
BACKLOG = Table(
    "backlog",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("prediction_id", Uuid, nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
    Column("text", Text, nullable=True),
    Column("tried_at", UtcDateTime, nullable=True),
    Column("set_aside", String(32), nullable=True),
    sqlite_autoincrement=True,
)

_IS_WAITING = BACKLOG.c.set_aside.is_(None)
_MICROSECOND = timedelta(microseconds=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A verdict in the backlog.

    Attributes:
        id: its place in the queue.
        prediction_id: what it is on.
        created_at: when it was taken; later for each further one on the same prediction.
        body: what it says, in the form of whoever applies it.
        text: the text that came with it.
        tried: whether it was tried before.
    """

    id: int
    prediction_id: uuid.UUID
    created_at: datetime
    body: Mapping[str, Any]
    text: str | None
    tried: bool


Apply = Callable[[Connection, Waiting], None]
"""Brings a verdict into the database; raises `ServiceError` if it does not fit."""


class Backlog:
    """The queue of such verdicts, in order."""

    def __init__(self, engine: Engine, max_waiting: int) -> None:
        """Nothing is touched before `open`.

        Args:
            engine: of the spool's file.
            max_waiting: how many may wait.
        """
        self._engine = engine
        self._max_waiting = max_waiting
        self._waiting = 0
        self._tell: Callable[[str], None] = lambda reason: None

    @property
    def waiting(self) -> int:
        """Verdicts that wait; those set aside do not count."""
        return self._waiting

    def on_set_aside(self, tell: Callable[[str], None]) -> None:
        """Have a function called with the reason of each verdict that is set aside."""
        self._tell = tell

    def open(self) -> None:
        """Make the table, or take up what a process before left.

        Raises:
            SQLAlchemyError: the file cannot be used.
        """
        with self._engine.begin() as connection:
            BACKLOG.create(connection, checkfirst=True)
            self._waiting = _count(connection)

    def add(self, prediction_id: uuid.UUID, body: Mapping[str, Any], text: str | None) -> Waiting:
        """Keep a verdict; it is on the disk when this returns.

        The same again, before another on that prediction, is the one that waits already.

        Raises:
            ServiceError: (store unavailable) too many wait, or the disk is full.
        """
        try:
            with self._file() as connection:
                same = BACKLOG.c.prediction_id == prediction_id
                newest = select(BACKLOG).where(same, _IS_WAITING).order_by(BACKLOG.c.id.desc())
                last = connection.execute(newest.limit(1)).mappings().one_or_none()
                if last and (last["body"], last["text"]) == (body, text):
                    return _waiting(dict(last))
                waiting = _count(connection)
                if waiting >= self._max_waiting:
                    raise store_unavailable(
                        f"the store does not answer, and {waiting} verdicts wait for it already; "
                        "no more are taken"
                    )
                now = datetime.now(UTC)
                row = {
                    "prediction_id": prediction_id,
                    # Order in time is what tells a second try from a change of mind and back.
                    "created_at": max(now, last["created_at"] + _MICROSECOND) if last else now,
                    "body": body,
                    "text": text,
                    "tried_at": None,
                }
                added = insert(BACKLOG).values(row).returning(BACKLOG.c.id)
                place = connection.execute(added).scalar_one()
        except OSError as error:
            _log.error("no verdict can be queued", extra=fields(reason=str(error)))
            raise store_unavailable() from error
        self._waiting = waiting + 1
        return _waiting({**row, "id": place})

    def erase(self, prediction_id: uuid.UUID | None, text_hmac: str | None) -> int:
        """Erase the verdicts on a prediction, and those that came with a text, set aside or not.

        Args:
            prediction_id: of the prediction.
            text_hmac: fingerprint of the text, under this name in a verdict's body.

        Returns:
            How many there were.

        Raises:
            ServiceError: (store unavailable) the file failed.
        """
        same_text = BACKLOG.c.body["text_hmac"].as_string() == text_hmac
        return self._change(
            delete(BACKLOG).where(or_(BACKLOG.c.prediction_id == prediction_id, same_text))
        )

    def forget_text(self, prediction_id: uuid.UUID) -> int:
        """Remove the texts that came with verdicts on a prediction; returns how many there were.

        Raises:
            ServiceError: as `erase`.
        """
        return self._forget(BACKLOG.c.prediction_id == prediction_id)

    def forget_texts(self, before: datetime) -> int:
        """Remove the texts of verdicts taken before some time; returns how many there were.

        Raises:
            ServiceError: as `erase`.
        """
        return self._forget(BACKLOG.c.created_at < before)

    def _forget(self, which: ColumnElement[bool]) -> int:
        kept = BACKLOG.c.text.is_not(None)
        return self._change(update(BACKLOG).where(which, kept).values(text=None))

    def _change(self, statement: Delete | Update) -> int:
        try:
            with self._file() as connection:
                changed = connection.execute(statement).rowcount
                self._waiting = _count(connection)
        except OSError as error:
            _log.error("the queue of verdicts failed", extra=fields(reason=str(error)))
            raise store_unavailable() from error
        return changed

    def replay(self, database: Engine, apply: Apply) -> int:
        """Try the oldest verdicts whose time has come.

        Returns:
            How many were tried; 0 when none is left for now.

        Raises:
            SQLAlchemyError: the database does not answer.
            OSError: the file failed; what was tried is tried again.
        """
        outcomes: list[tuple[Waiting, _Outcome]] = []
        try:
            for item in self._due():
                outcomes.append((item, _try(database, apply, item)))
        finally:
            if outcomes:
                self._note(outcomes)
        return len(outcomes)

    def _due(self) -> list[Waiting]:
        tried = BACKLOG.c.tried_at
        due = tried.is_(None) | (tried < datetime.now(UTC) - SECOND_TRY)
        oldest = select(BACKLOG).where(_IS_WAITING, due).order_by(BACKLOG.c.id).limit(BATCH)
        with self._file() as connection:
            return [_waiting(dict(row)) for row in connection.execute(oldest).mappings()]

    def _note(self, outcomes: Sequence[tuple[Waiting, "_Outcome"]]) -> None:
        now = datetime.now(UTC)
        gone = [item.id for item, outcome in outcomes if outcome.done]
        refused = [(item, outcome.reason) for item, outcome in outcomes if outcome.reason]
        with self._file() as connection:
            connection.execute(delete(BACKLOG).where(BACKLOG.c.id.in_(gone)))
            for item, outcome in outcomes:
                if not outcome.done:
                    change: dict[str, Any] = {"tried_at": now, "set_aside": outcome.reason or None}
                    if outcome.reason:
                        change["text"] = None  # its consent was for a prediction that it fits
                    connection.execute(
                        update(BACKLOG).where(BACKLOG.c.id == item.id).values(change)
                    )
            forgotten = _make_room(connection) if refused else 0
            self._waiting = _count(connection)
        for item, reason in refused:
            _log.warning(
                "a queued verdict is set aside",
                extra=fields(
                    prediction_id=str(item.prediction_id),
                    reason=reason,
                    created_at=item.created_at.isoformat(),
                    text_removed=item.text is not None,
                ),
            )
            self._tell(reason)
        if forgotten:
            _log.warning("set-aside verdicts are forgotten", extra=fields(verdicts=forgotten))

    @contextmanager
    def _file(self) -> Iterator[Connection]:
        """A transaction on the file, whose failures are not taken for the database's."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise OSError(f"the spool failed ({reason_of(error)})") from error


@dataclass(frozen=True)
class _Outcome:
    """What came of a try: in the database, set aside for a reason, or neither yet."""

    done: bool = False
    reason: str = ""


def _try(database: Engine, apply: Apply, item: Waiting) -> _Outcome:
    try:
        with database.begin() as connection:
            apply(connection, item)
    except ServiceError as error:
        if error.failure is Failure.UNKNOWN_PREDICTION and not item.tried:
            return _Outcome()
        return _Outcome(reason=error.failure)
    except Exception as error:  # one that the database cannot take must not hold up the others
        if is_unreachable(error):
            raise
        kind = type(getattr(error, "orig", None) or error).__name__  # its message may hold the text
        _log.error(
            "a queued verdict cannot be applied, and is tried again later",
            extra=fields(prediction_id=str(item.prediction_id), reason=kind),
        )
        return _Outcome()
    return _Outcome(done=True)


def _waiting(row: Mapping[str, Any]) -> Waiting:
    return Waiting(
        id=row["id"],
        prediction_id=row["prediction_id"],
        created_at=row["created_at"],
        body=row["body"],
        text=row["text"],
        tried=row["tried_at"] is not None,
    )


def _count(connection: Connection) -> int:
    count = select(func.count()).select_from(BACKLOG).where(_IS_WAITING)
    return int(connection.execute(count).scalar_one())


def _make_room(connection: Connection) -> int:
    """Forget the oldest that were set aside, beyond the most that are kept."""
    newest = select(BACKLOG.c.id).where(~_IS_WAITING).order_by(BACKLOG.c.id.desc())
    last = connection.execute(newest.offset(MAX_SET_ASIDE).limit(1)).scalar()
    if last is None:
        return 0
    done = connection.execute(delete(BACKLOG).where(~_IS_WAITING, BACKLOG.c.id <= last))
    return done.rowcount
