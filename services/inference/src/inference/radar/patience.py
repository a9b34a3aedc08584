"""A store that is asked again while its database is away, for work that nobody waits for."""

import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from inference.problems import ServiceError
from inference.radar.recorder import Result, Transactions
from inference.store.errors import is_unreachable

PATIENCE_SECONDS: Final = 600.0
"""Longest time for which a database may be away, after which somebody has to look."""
FIRST_PAUSE_SECONDS: Final = 0.5
LAST_PAUSE_SECONDS: Final = 5.0


class Patient:
    """Does each transaction again until the database has answered to it.

    Whether a transaction whose answer got lost was committed nobody knows, so its work must be
    without effect the second time, as counting mentions is.
    """

    def __init__(
        self,
        store: Transactions,
        tell: Callable[[str], None],
        seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Nothing is asked yet.

        Args:
            store: whose database may go away.
            tell: told when it has, and when it is back.
            seconds: for which it may be away at a time.
        """
        self._store = store
        self._tell = tell
        self._seconds = seconds

    def run(self, work: Callable[[Connection], Result], *, read_only: bool = False) -> Result:
        """Do some work in one transaction of its own.

        Raises:
            ServiceError: (store unavailable) the database refused it, or was away for too long.
        """
        until: float | None = None
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                done = self._store.run(work, read_only=read_only)
            except ServiceError as error:
                if not is_unreachable(error.__cause__):
                    raise
                if until is None:
                    until = time.monotonic() + self._seconds
                    self._tell(f"the store does not answer; asking again for {self._seconds:g} s")
                elif time.monotonic() >= until:
                    raise
            else:
                if until is not None:
                    self._tell("the store is back")
                return done
            time.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
