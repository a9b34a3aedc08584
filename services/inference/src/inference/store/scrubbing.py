"""Making SQLite forget what it deleted.

Deleting leaves a row's bytes in three places: on its page, which `secure_delete` overwrites (see
`store.engine`); on other pages, in copies that stayed when the tree was rebalanced before, which
only writing the file anew removes; and in the write-ahead log, until that is emptied.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from inference.logging import fields
from inference.store.errors import reason_of

QUICK_SECONDS: Final = 1.0
"""A file that is written anew within this is so after each erasure."""
REST: Final = 20.0
"""One that takes longer rests for this many times as long, so that whoever writes to it does not
wait for more than a twentieth of the time, however many erasures come."""

_log = logging.getLogger(__name__)


class Scrubber:
    """Writes SQLite files anew, so that nothing is left in them of what was deleted before.

    It takes a lock on the file for that time: whoever writes meanwhile waits.
    """

    def __init__(
        self, engines: Sequence[Engine], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is touched before `scrub`.

        Args:
            engines: of the files.
            clock: seconds.
        """
        self._files = [_File(engine, clock) for engine in engines]
        self._clock = clock
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._pending = threading.Event()

    @property
    def pending(self) -> bool:
        """Whether a file could not be written anew, and still holds bytes of what was deleted."""
        return self._pending.is_set()

    def scrub(self) -> bool:
        """Scrub every file, unless another thread began to after this was called.

        Returns:
            Whether nothing is left; False where another process was in the way, the disk is full,
            or a large file rests. Then `finish` has to be called until it is done.
        """
        return self._work(self._clock())

    def finish(self) -> bool:
        """Do what is left of an earlier `scrub`, and no more; returns as that does."""
        return self._work(self._asked) if self.pending else True

    def _work(self, asked: float) -> bool:
        with self._lock:
            self._asked = max(self._asked, asked)
            done = [file.scrub(self._asked) for file in self._files]
            if all(done):
                self._pending.clear()
            else:
                self._pending.set()
            return not self._pending.is_set()


class _File:
    """A SQLite file, and how far it is written anew."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._written = float("-inf")
        self._emptied = float("-inf")
        self._rests_until = float("-inf")

    def scrub(self, asked: float) -> bool:
        """Forget what was deleted before a time; nothing may be in a transaction.

        A log that a reader holds back is emptied later without writing the file anew again, which
        would only make the log longer.

        Returns:
            Whether that is done.
        """
        try:
            if self._written <= asked and not self._write():
                return False
            if self._emptied <= asked:
                began = self._clock()
                ((busy, _, _),) = self._run("PRAGMA wal_checkpoint(TRUNCATE)")
                if busy:
                    return False
                self._emptied = began
        except (sqlite3.Error, SQLAlchemyError) as error:
            _log.warning("a file waits to be written anew", extra=fields(reason=reason_of(error)))
            return False
        return True

    def _write(self) -> bool:
        """Write it anew, unless it rests; returns whether it was."""
        began = self._clock()
        if began < self._rests_until:
            return False
        locked = False
        try:
            self._run("VACUUM")
        except sqlite3.Error as error:
            locked = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            raise
        finally:
            took = self._clock() - began
            if took > QUICK_SECONDS and not locked:  # waiting for a lock keeps nobody from writing
                self._rests_until = self._clock() + REST * took
                _log.info("a large file was written anew", extra=fields(seconds=round(took, 1)))
        self._written = began
        return True

    def _run(self, statement: str) -> Sequence[Sequence[int]]:
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            rows: Sequence[Sequence[int]] = cursor.execute(statement).fetchall()
            cursor.close()
        finally:
            connection.close()
        return rows
