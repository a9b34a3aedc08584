"""The store as the rest of the service sees it."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from inference.logging import fields
from inference.store import migrate
from inference.store.engine import READ_ONLY, make_engine
from inference.store.errors import reason_of, store_unavailable
from inference.store.writer import GroupWriter, Rows

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 5.0

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class Store:
    """A database that may be late, or go away and come back, while the process lives on."""

    def __init__(self, url: URL, *, migrate: bool) -> None:
        """Prepare to open a database; nothing is touched yet.

        Args:
            url: SQLite or PostgreSQL, with its driver.
            migrate: bring the schema up to date; else it must be up to date already.
        """
        self._url = url
        self._migrate = migrate
        self._engine = make_engine(url)
        # Predictions survive the death of the process, which is what their commit promises, and
        # each verdict's commit makes the predictions before it safe from a loss of power too.
        self._writing_engine = make_engine(url, synchronous="NORMAL")
        self._writer = GroupWriter(self._writing_engine)
        self._closing = threading.Event()
        self._problem: str | None = "the store is not open yet; try again shortly"
        self._opener = threading.Thread(target=self._open, name="store-opener", daemon=True)

    def open(self) -> None:
        """Open in the background, and keep trying until it works."""
        self._opener.start()

    def close(self) -> None:
        """Write what has queued and let go of the database."""
        self._closing.set()
        if self._opener.is_alive():
            self._opener.join()
        self._writer.close()
        self._engine.dispose()
        self._writing_engine.dispose()

    def submit(self, rows: Rows) -> "Future[None]":
        """Insert rows with those of other requests; see `GroupWriter.submit`."""
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

    def check(self) -> None:
        """Ask the database for an answer.

        Raises:
            ServiceError: (store unavailable) it gives none, its schema is not usable, or the
                thread that writes has died; the detail says which.
        """
        self.run(lambda connection: connection.execute(text("SELECT 1")), read_only=True)
        if not self._writer.alive:
            raise store_unavailable("the thread that writes to the store has died")

    def _require_open(self) -> None:
        if self._problem is not None:
            raise store_unavailable(self._problem)

    def _open(self) -> None:
        delay = FIRST_RETRY_SECONDS
        while True:
            problem = self._try_to_open()
            self._problem = problem
            if problem is None:
                _log.info("the store is open", extra=fields(database=self._url.get_backend_name()))
                return
            _log.error("the store does not open", extra=fields(reason=problem, retry_in=delay))
            if self._closing.wait(delay):
                return
            delay = min(2 * delay, LAST_RETRY_SECONDS)

    def _try_to_open(self) -> str | None:
        try:
            if self._url.get_backend_name() == "sqlite" and self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            if self._migrate and migrate.current_revision(self._engine) != migrate.HEAD:
                migrate.upgrade(self._engine)
            migrate.require_head(self._engine)
        except migrate.SchemaError as error:
            return str(error)
        except (SQLAlchemyError, OSError) as error:
            return f"the store does not open ({reason_of(error)})"
        except Exception as error:  # alembic's own, such as a revision that it does not know
            return f"the store's schema cannot be used ({type(error).__name__}: {error})"
        return None
