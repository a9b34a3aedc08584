"""Rows read ahead in a thread, so that waiting for a slow pipe holds up nothing else."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from radar_client.command.rows import Row

AHEAD_ROWS = 2_048
AHEAD_CHARACTERS = 1_000_000


class Feed:
    """Gives rows in groups: what there is, as soon as there is something.

    So a file makes full groups, and a line typed into a pipe is answered at once.
    """

    def __init__(self, rows: Iterator[Row], most: int) -> None:
        """Start to read; in a running event loop.

        Args:
            rows: asked for in the thread.
            most: rows in a group.
        """
        self._rows = rows
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._changed = threading.Condition()
        self._waiting: deque[Row] = deque()
        self._characters = 0
        self._ended = self._closed = False
        self._failure: Exception | None = None
        # A daemon: it may wait for input that never comes, and nothing of it needs to be finished.
        threading.Thread(target=self._read, name="rows", daemon=True).start()

    async def take(self) -> list[Row]:
        """The next rows, in order; empty at the end.

        Raises:
            CommandError: reading failed; after all rows that were read before.
        """
        while True:
            self._news.clear()
            with self._changed:
                if self._waiting:
                    return self._group()
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return []
            await self._news.wait()

    def close(self) -> None:
        """Read no further."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _group(self) -> list[Row]:
        count = min(self._most, len(self._waiting))
        group = [self._waiting.popleft() for _ in range(count)]
        self._characters -= sum(map(_size, group))
        self._changed.notify_all()
        return group

    def _read(self) -> None:
        try:
            for row in self._rows:
                with self._changed:
                    self._changed.wait_for(self._has_room)
                    if self._closed:
                        return
                    self._waiting.append(row)
                    self._characters += _size(row)
                self._tell()
        except Exception as error:  # whatever it was, it is the other side's to know
            self._failure = error
        finally:
            self._ended = True
            self._tell()

    def _has_room(self) -> bool:
        return self._closed or (
            len(self._waiting) < AHEAD_ROWS and self._characters < AHEAD_CHARACTERS
        )

    def _tell(self) -> None:
        if not self._news.is_set():
            with suppress(RuntimeError):  # the loop has ended, and nobody takes any more
                self._loop.call_soon_threadsafe(self._news.set)


def _size(row: Row) -> int:
    return len(row.text or "")
