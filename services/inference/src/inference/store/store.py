"""The store as the rest of the service sees it."""

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from inference.logging import fields
from inference.problems import ServiceError
from inference.store import migrate
from inference.store.backlog import Apply, Waiting
from inference.store.engine import READ_ONLY, make_engine
from inference.store.erasing import Erased, Target, erase, forget_text, total
from inference.store.errors import is_unreachable, reason_of, store_unavailable
from inference.store.scrubbing import Scrubber
from inference.store.spool import Spool
from inference.store.writer import GroupWriter, Rows

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 5.0
KEEP_SECONDS = 1.0
"""Time between looks at whether a database that was away is back."""

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class Store:
    """A database that may be late, or go away and come back, while the process lives on."""

    def __init__(self, url: URL, *, migrate: bool, spool: Spool | None = None) -> None:
        """Prepare to open a database; nothing is touched yet.

        Args:
            url: SQLite or PostgreSQL, with its driver.
            migrate: bring the schema up to date; else it must be up to date already.
            spool: takes predictions and verdicts while a PostgreSQL is away.
        """
        self._spool = spool
        self._apply: Apply | None = None
        self._url = url
        self._migrate = migrate
        self._engine = make_engine(url)
        # Predictions survive the death of the process, which is what their commit promises, and
        # each verdict's commit makes the predictions before it safe from a loss of power too.
        self._writing_engine = make_engine(url, synchronous="NORMAL")
        self._writer = GroupWriter(
            self._writing_engine,
            aside=spool.add if spool else None,
            away=spool.away if spool else None,
        )
        embedded = [self._engine] if url.get_backend_name() == "sqlite" else []
        self._scrubber = Scrubber([*embedded, *([spool.engine] if spool else [])])
        self._closing = threading.Event()
        self._problem: str | None = "the store is not open yet; try again shortly"
        self._keeper = threading.Thread(target=self._keep, name="store-keeper", daemon=True)

    def replay_with(self, apply: Apply) -> None:
        """Name what brings queued verdicts into the database; before `open`.

        It may be given the same one twice, and must leave the second time without effect.
        """
        self._apply = apply

    def open(self) -> None:
        """Open in the background, and keep trying until it works."""
        self._keeper.start()

    def close(self) -> None:
        """Write what has queued and let go of the database."""
        self._closing.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self._writer.close()
        if self._spool is not None:
            self._spool.close()
        self._engine.dispose()
        self._writing_engine.dispose()

    def submit(self, rows: Rows) -> "Future[None]":
        """Insert rows with those of other requests; see `GroupWriter.submit`."""
        if not self.away:
            self._require_open()
        return self._writer.submit(rows)

    def run(self, work: Callable[[Connection], Result], *, read_only: bool = False) -> Result:
        """Do some work in one transaction of its own.

        Raises:
            ServiceError: (store unavailable) the database failed; nothing was changed. What the
                work itself raises passes, errors of the database apart.
        """
        self._require_open()
        engine = self._engine.execution_options(**{READ_ONLY: read_only})
        try:
            with engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            _log.error("the store failed", extra=fields(reason=reason_of(error)))
            raise store_unavailable() from error

    def run_on(
        self,
        prediction_id: uuid.UUID,
        work: Callable[[Connection], Result],
        body: Mapping[str, Any],
        text: str | None,
    ) -> Result | Waiting:
        """Work on one prediction where it is, in the spool or the database, or else queue it.

        Args:
            prediction_id: the prediction.
            work: done in one transaction.
            body: what `replay_with`'s function needs to do the same later.
            text: a text that belongs to it.

        Returns:
            What the work returned, or the place in the queue while the database is away.

        Raises:
            ServiceError: as `run`, or there is no room in the queue.
        """
        spool = self._spool
        if spool is None:
            return self.run(work)
        done = spool.run_if_held(prediction_id, work)
        if done is not None:
            return done
        if not self.away:
            try:
                return self.run(work)
            except ServiceError as error:
                if not is_unreachable(error.__cause__):
                    raise
            _log.warning("the store is away")
            spool.away.set()  # the keeper looks whether it is back
        return spool.backlog.add(prediction_id, body, text)

    def run_where_held(
        self, prediction_id: uuid.UUID, work: Callable[[Connection], Result]
    ) -> Result:
        """Work on one prediction where it is, in the spool or else the database.

        Raises:
            ServiceError: as `run`.
        """
        done = self._spool.run_if_held(prediction_id, work) if self._spool is not None else None
        return done if done is not None else self.run(work, read_only=True)

    def run_everywhere(self, work: Callable[[Connection], Result]) -> list[Result]:
        """Do some work in the spool, and then in the database, in one transaction each.

        In this order nothing is missed that moves from one to the other meanwhile.

        Raises:
            ServiceError: as `run`; the work is done in the spool all the same.
        """
        done = [self._spool.run(work)] if self._spool is not None else []
        return [*done, self.run(work)]

    def erase(
        self,
        target: Target,
        first: Callable[[Connection], Counter[str]] = lambda _: Counter(),
    ) -> Counter[str]:
        """Erase a prediction or a text, with whatever belongs to it, on this machine's disk too.

        Args:
            target: what to erase.
            first: done before it in the same transaction; gives the rows that it erased, by table.

        Returns:
            How many rows were erased, by table.

        Raises:
            ServiceError: (store unavailable) the database does not answer. Some may be erased;
                asking again erases the rest.
        """

        def work(connection: Connection) -> Erased:
            before = first(connection)
            erased = erase(connection, target)
            erased.rows.update(before)
            return erased

        backlog = self._spool.backlog if self._spool is not None else None
        queued = backlog.erase(target.prediction_id, target.text_hmac) if backlog else 0
        found = self.run_everywhere(work)
        # Verdicts that wait are on predictions which only the database knew to be of this text.
        for prediction_id in {one for item in found for one in item.prediction_ids}:
            queued += backlog.erase(prediction_id, None) if backlog else 0
        rows = total(found)
        rows["backlog"] += queued
        return rows

    def forget_text(self, prediction_id: uuid.UUID) -> int:
        """Remove the text of a prediction, on this machine's disk too; returns how often it was.

        Raises:
            ServiceError: as `erase`.
        """
        queued = self._spool.backlog.forget_text(prediction_id) if self._spool is not None else 0
        found = self.run_everywhere(lambda connection: forget_text(connection, prediction_id))
        return queued + sum(found)

    def forget_queued_texts(self, before: datetime) -> int:
        """Remove the texts of verdicts that have waited since before some time.

        Raises:
            ServiceError: (store unavailable) the file failed.
        """
        return self._spool.backlog.forget_texts(before) if self._spool is not None else 0

    def scrub(self) -> bool:
        """Let SQLite files forget what was deleted from them; see `store.scrubbing`.

        Returns:
            Whether they have. PostgreSQL's own files are its VACUUM's.
        """
        return self._scrubber.scrub()

    def finish_scrubbing(self) -> bool:
        """Do what a `scrub` before left to do; returns as that does."""
        return self._scrubber.finish()

    def check(self) -> None:
        """Find out whether predictions would be kept.

        Raises:
            ServiceError: (store unavailable) the database gives no answer and the spool is full
                or not there, its schema is not usable, or the thread that writes has died; the
                detail says which.
        """
        if self._spool is not None and self.away:
            self._spool.require_room()
        else:
            self._check_database()
        if not self._writer.alive:
            raise store_unavailable("the thread that writes to the store has died")

    def _check_database(self) -> None:
        try:
            self.run(lambda connection: connection.execute(text("SELECT 1")), read_only=True)
        except ServiceError:
            if self._spool is None or self._problem is not None:
                raise
            # Found out before any request did; the next one is spooled.
            self._spool.away.set()
            self._spool.require_room()

    @property
    def away(self) -> bool:
        """Whether the database is known not to answer."""
        return self._spool is not None and self._spool.away.is_set()

    def _require_open(self) -> None:
        if self._problem is not None:
            raise store_unavailable(self._problem)

    def _keep(self) -> None:
        """Open the database, then move into it what was spooled, whenever there is something."""
        spool = self._spool
        if not self._open() or spool is None:
            return
        while True:
            if spool.away.is_set() or spool.movable or spool.backlog.waiting:
                self._move(spool)
            if self._closing.wait(KEEP_SECONDS):
                return

    def _move(self, spool: Spool) -> None:
        total = tried_verdicts = 0
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            spool.away.clear()
            while not self._closing.is_set() and (moved := spool.move(self._engine)):
                total += moved
            while not self._closing.is_set() and (tried := self._replay(spool)):
                tried_verdicts += tried
        except Exception as error:  # the thread must go on looking, whatever a driver raises
            if is_unreachable(error):
                spool.away.set()
            else:
                _log.error("the spool cannot be moved", extra=fields(reason=reason_of(error)))
        if total:
            _log.info("spooled predictions are in the store", extra=fields(predictions=total))
        if tried_verdicts:
            _log.info("queued verdicts were tried", extra=fields(verdicts=tried_verdicts))

    def _replay(self, spool: Spool) -> int:
        return spool.backlog.replay(self._engine, self._apply) if self._apply else 0

    def _open(self) -> bool:
        """Open the database; returns whether that came before the end."""
        delay = FIRST_RETRY_SECONDS
        while True:
            problem = self._try_to_open()
            self._problem = problem
            if problem is None:
                _log.info("the store is open", extra=fields(database=self._url.get_backend_name()))
                return True
            _log.error("the store does not open", extra=fields(reason=problem, retry_in=delay))
            if self._closing.wait(delay):
                return False
            delay = min(2 * delay, LAST_RETRY_SECONDS)

    def _try_to_open(self) -> str | None:
        try:
            if self._url.get_backend_name() == "sqlite" and self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            if self._migrate and migrate.current_revision(self._engine) != migrate.HEAD:
                migrate.upgrade(self._engine)
            migrate.require_head(self._engine)
        except migrate.SchemaError as error:
            if self._spool is not None:
                self._spool.away.clear()  # it answers, and its answer is no
            return str(error)
        except (SQLAlchemyError, OSError) as error:
            if self._spool is not None and is_unreachable(error):
                self._spool.away.set()
            return f"the store does not open ({reason_of(error)})"
        except Exception as error:  # alembic's own, such as a revision that it does not know
            return f"the store's schema cannot be used ({type(error).__name__}: {error})"
        return None
