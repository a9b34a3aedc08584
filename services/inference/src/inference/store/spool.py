"""What is acknowledged while the database is away: on this machine's disk until it is back.

It is a SQLite file with the database's own tables, so verdicts on predictions in it are judged as
they would be there. Moving it over repeats what a crash interrupted: rows whose key is in the
database already are skipped.

Verdicts on predictions that only the database has cannot be judged meanwhile: see `store.backlog`.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Engine, Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from inference.logging import fields
from inference.store import migrate
from inference.store.backlog import Backlog
from inference.store.engine import make_engine
from inference.store.errors import is_unreachable, reason_of, store_unavailable
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, SHADOW_PREDICTIONS, VERDICTS
from inference.store.writer import Rows

FILE = "spool.db"
BATCH = 500
"""Predictions moved in one transaction."""

_KEYS: dict[Table, Column[uuid.UUID]] = {
    PREDICTIONS: PREDICTIONS.c.id,
    KEPT_TEXTS: KEPT_TEXTS.c.prediction_id,
    VERDICTS: VERDICTS.c.prediction_id,
    SHADOW_PREDICTIONS: SHADOW_PREDICTIONS.c.prediction_id,
}
"""The tables that are spooled, each after those it refers to, with the prediction's column."""

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class Spool:
    """Predictions, and verdicts on them, that wait for a PostgreSQL database.

    Attributes:
        away: set while the database is known not to answer.
        backlog: verdicts on predictions that are not in it, to be judged by the database.
    """

    def __init__(self, folder: Path, max_predictions: int, max_verdicts: int) -> None:
        """Nothing is touched before `open`.

        Args:
            folder: where the file is kept.
            max_predictions: how many may wait.
            max_verdicts: how many, on other predictions, may wait.
        """
        self.away = threading.Event()
        self._folder = folder
        self._max_predictions = max_predictions
        url = URL.create("sqlite", database=str(folder / FILE))
        self._engine = make_engine(url, synchronous="FULL")
        self.backlog = Backlog(self._engine, max_verdicts)
        self._waiting = 0
        self._refused: set[uuid.UUID] = set()

    @property
    def engine(self) -> Engine:
        """Of its file."""
        return self._engine

    @property
    def waiting(self) -> int:
        """Predictions in it."""
        return self._waiting

    @property
    def movable(self) -> int:
        """Those that the database has not refused."""
        return self._waiting - len(self._refused)

    def open(self) -> None:
        """Make the file, or take up the one that a process before left.

        Raises:
            OSError: the folder or the file cannot be used.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            if migrate.current_revision(self._engine) != migrate.HEAD:
                migrate.upgrade(self._engine)
            self._count()
            self.backlog.open()
        except SQLAlchemyError as error:
            raise OSError(f"{FILE} in it cannot be used: {reason_of(error)}") from None

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        self._engine.dispose()

    def require_room(self) -> None:
        """Check that one more prediction would be taken.

        Raises:
            ServiceError: (store unavailable) it is full.
        """
        if self._waiting >= self._max_predictions:
            raise store_unavailable(
                f"the store does not answer, and {self._waiting} predictions wait for it already"
            )

    def add(self, group: Sequence[Rows]) -> None:
        """Keep rows; they are on the disk when this returns.

        What a challenger says comes after its prediction. If that is in the database, it is
        dropped: it is of no use before, and nobody was promised that it is kept.

        Raises:
            ServiceError: (store unavailable) it is full, or the disk is.
        """
        self.require_room()
        try:
            with self._engine.begin() as connection:
                for table in _KEYS:
                    rows = [row for item in group for row in item.get(table, ())]
                    if table is SHADOW_PREDICTIONS:
                        rows = _of_held(connection, rows)
                    if rows:
                        connection.execute(insert(table), rows)
        except SQLAlchemyError as error:
            _log.error("nothing can be spooled", extra=fields(reason=reason_of(error)))
            raise store_unavailable() from error
        self._waiting += sum(len(item.get(PREDICTIONS, ())) for item in group)

    def run_if_held(
        self, prediction_id: uuid.UUID, work: Callable[[Connection], Result]
    ) -> Result | None:
        """Do some work in one transaction on the spool, if the prediction is in it.

        Returns:
            What the work returned; None if the prediction is not here.

        Raises:
            ServiceError: (store unavailable) the file failed.
        """
        if not self._waiting:
            return None
        try:
            with self._engine.begin() as connection:
                held = select(PREDICTIONS.c.id).where(PREDICTIONS.c.id == prediction_id)
                return work(connection) if connection.execute(held).first() else None
        except SQLAlchemyError as error:
            _log.error("the spool failed", extra=fields(reason=reason_of(error)))
            raise store_unavailable() from error

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Do some work in one transaction on the spool.

        Raises:
            ServiceError: (store unavailable) the file failed.
        """
        try:
            with self._engine.begin() as connection:
                done = work(connection)
            self._count()
        except SQLAlchemyError as error:
            _log.error("the spool failed", extra=fields(reason=reason_of(error)))
            raise store_unavailable() from error
        return done

    def move(self, database: Engine) -> int:
        """Move the oldest predictions into the database, with what hangs on them.

        A verdict that comes meanwhile waits for the file's lock, so none is deleted unmoved.

        Returns:
            How many were moved; 0 when all that is left was refused.

        Raises:
            SQLAlchemyError: the database does not answer, or the file failed.
        """
        with self._engine.begin() as spooled:
            oldest = select(PREDICTIONS.c.id).order_by(PREDICTIONS.c.created_at)
            left = oldest.where(PREDICTIONS.c.id.not_in(self._refused)).limit(BATCH)
            moved = self._copied(spooled, database, list(spooled.execute(left).scalars()))
            spooled.execute(delete(PREDICTIONS).where(PREDICTIONS.c.id.in_(moved)))
        self._count()
        return len(moved)

    def _copied(
        self, spooled: Connection, database: Engine, ids: Sequence[uuid.UUID]
    ) -> list[uuid.UUID]:
        """Those of some predictions that are in the database now."""
        if not ids:
            return []
        try:
            with database.begin() as connection:
                for table, key in _KEYS.items():
                    rows = spooled.execute(select(table).where(key.in_(ids))).mappings().all()
                    if rows:
                        statement = postgresql.insert(table).on_conflict_do_nothing()
                        connection.execute(statement, [dict(row) for row in rows])
        except SQLAlchemyError as error:
            if is_unreachable(error):
                raise
            if len(ids) > 1:  # one refused row must not hold up its neighbours
                return [done for one in ids for done in self._copied(spooled, database, [one])]
            self._refused.update(ids)
            _log.error(
                "a spooled prediction is refused, and stays where it is",
                extra=fields(prediction_id=str(ids[0]), reason=reason_of(error)),
            )
            return []
        return list(ids)

    def _count(self) -> None:
        with self._engine.connect() as connection:
            count = select(func.count()).select_from(PREDICTIONS)
            self._waiting = connection.execute(count).scalar_one()


def _of_held(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of some rows whose prediction is in the spool."""
    ids = [row["prediction_id"] for row in rows]
    if not ids:
        return []
    held = connection.execute(select(PREDICTIONS.c.id).where(PREDICTIONS.c.id.in_(ids)))
    present = set(held.scalars())
    return [row for row in rows if row["prediction_id"] in present]
