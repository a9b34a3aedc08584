"""Making SQLite forget what it deleted.

Deleting leaves a row's bytes in three places: on its page, which `secure_delete` overwrites (see
`store.engine`); on other pages, in copies that stayed when the tree was rebalanced before, which
only writing the file anew removes; and in the write-ahead log, until that is emptied.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from inference.logging import fields
from inference.store.errors import reason_of

_log = logging.getLogger(__name__)


class Scrubber:
    """Writes SQLite files anew, so that nothing is left in them of what was deleted before.

    It takes a lock on the file for that time: whoever writes meanwhile waits.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        """Nothing is touched before `scrub`.

        Args:
            engines: of the files.
        """
        self._engines = engines
        self._lock = threading.Lock()
        self._began = float("-inf")
        self._pending = threading.Event()

    @property
    def pending(self) -> bool:
        """Whether a file could not be written anew, and still holds bytes of what was deleted."""
        return self._pending.is_set()

    def scrub(self) -> bool:
        """Scrub every file, unless another thread began to after this was called.

        Returns:
            Whether nothing is left; False where another process was in the way or the disk is full.
        """
        asked = time.monotonic()
        with self._lock:
            if self._began <= asked:
                self._began = time.monotonic()
                done = [_scrub(engine) for engine in self._engines]
                if all(done):
                    self._pending.clear()
                else:
                    self._pending.set()
            return not self._pending.is_set()


def _scrub(engine: Engine) -> bool:
    """Write a file anew and empty its log; neither may be in a transaction."""
    try:
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("VACUUM")
            busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.close()
        finally:
            connection.close()
    except (sqlite3.Error, SQLAlchemyError) as error:
        _log.warning("a file waits to be written anew", extra=fields(reason=reason_of(error)))
        return False
    return not busy
