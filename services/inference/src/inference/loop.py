"""Threads that do something again and again."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from inference.problems import ServiceError

PAUSE_SECONDS: Final = 0.25
"""Least time between two turns, so that a burst of nudges is one."""

_log = logging.getLogger(__name__)


class Loop:
    """Works at once, every few seconds, and soon after a nudge, whatever a turn raises."""

    def __init__(self, name: str, seconds: float, work: Callable[[], None]) -> None:
        """No thread is started.

        Args:
            name: of the thread.
            seconds: between turns that nothing prompted.
            work: a turn.
        """
        self._name = name
        self._seconds = seconds
        self._work = work
        self._nudged = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ending(self) -> bool:
        """Whether `close` was called; a long turn looks now and then."""
        return self._ending.is_set()

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """Have a turn soon; neither waits nor fails."""
        self._nudged.set()

    def close(self) -> None:
        """End, after the turn that is going on."""
        self._ending.set()
        self._nudged.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self.ending:
            self._nudged.clear()
            try:
                self._work()
            except ServiceError:
                pass  # the store has said why
            except Exception:  # the thread must go on, whatever a driver raises
                _log.exception("%s failed", self._name)
            if not self._ending.wait(PAUSE_SECONDS):
                self._nudged.wait(self._seconds)
