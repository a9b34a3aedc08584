"""Group commit: the rows of concurrent requests go into the database in one transaction.

One thread writes. While it waits for the disk, requests queue, and what has queued is the next
group. So a commit's cost is shared exactly when there is something to share, and a single client
waits for nobody.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, Table, insert

from inference.logging import fields
from inference.problems import ServiceError
from inference.store.errors import is_unreachable, reason_of, store_unavailable
from inference.store.tables import METADATA

MAX_QUEUED = 1_024
MAX_GROUP = 128

Rows = Mapping[Table, Sequence[Mapping[str, Any]]]
"""Rows to insert, by table."""

Aside = Callable[[Sequence[Rows]], None]
"""Keeps rows elsewhere; raises `ServiceError` if it cannot."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Request:
    rows: Rows
    done: "Future[None]" = field(default_factory=Future)


class GroupWriter:
    """Inserts rows, many requests in one transaction."""

    def __init__(
        self,
        engine: Engine,
        max_queued: int = MAX_QUEUED,
        *,
        aside: Aside | None = None,
        away: threading.Event | None = None,
    ) -> None:
        """Start the thread that writes.

        Args:
            engine: of the database.
            max_queued: requests that may wait for it.
            aside: takes what the database does not answer to; None refuses that.
            away: set by the first such failure; while it is, the database is not tried.
        """
        self._engine = engine
        self._aside = aside
        self._away = away or threading.Event()
        self._queue: queue.Queue[_Request | None] = queue.Queue(max_queued)
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread that writes is there."""
        return self._thread.is_alive()

    def submit(self, rows: Rows) -> "Future[None]":
        """Insert rows; the future is done when they are committed.

        Raises:
            ServiceError: (store unavailable) too many requests wait, or the writer is closed. The
                future raises the same when the database failed.
        """
        request = _Request(rows)
        with self._lock:  # nothing may come after the mark that ends the queue
            if self._closed:
                raise store_unavailable("the service is shutting down")
            try:
                self._queue.put_nowait(request)
            except queue.Full:
                raise store_unavailable(
                    f"{self._queue.maxsize} requests wait for the store; try again shortly"
                ) from None
        return request.done

    def close(self) -> None:
        """Write what has queued, then end."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            group = []
            request = self._queue.get()
            while request is not None:
                # Marks the future as begun; False if its client has left.
                if request.done.set_running_or_notify_cancel():
                    group.append(request)
                if len(group) == MAX_GROUP:
                    break
                try:
                    request = self._queue.get_nowait()
                except queue.Empty:
                    break
            ended = request is None
            if group:
                self._write(group)

    def _write(self, group: Sequence[_Request]) -> None:
        if self._aside is not None and self._away.is_set():
            self._put_aside(group, self._aside)
            return
        try:
            self._insert(group)
        except Exception as error:  # the thread must outlive whatever a driver raises
            unreachable = is_unreachable(error)
            if unreachable and self._aside is not None:
                _log.warning("the store is away", extra=fields(reason=reason_of(error)))
                self._away.set()
                self._put_aside(group, self._aside)
                return
            if len(group) > 1 and not unreachable:
                # One request's row was refused: it must not take its neighbours along.
                for request in group:
                    self._write([request])
                return
            _log.error(
                "predictions could not be stored",
                extra=fields(requests=len(group), reason=reason_of(error)),
            )
            for request in group:
                request.done.set_exception(store_unavailable())
        else:
            for request in group:
                request.done.set_result(None)

    @staticmethod
    def _put_aside(group: Sequence[_Request], aside: Aside) -> None:
        try:
            aside([request.rows for request in group])
        except Exception as error:  # as above
            known = isinstance(error, ServiceError)
            if not known:
                _log.error("nothing can be put aside", extra=fields(reason=reason_of(error)))
            for request in group:
                request.done.set_exception(error if known else store_unavailable())
        else:
            for request in group:
                request.done.set_result(None)

    def _insert(self, group: Sequence[_Request]) -> None:
        with self._engine.begin() as connection:
            for table in METADATA.sorted_tables:
                rows = [row for request in group for row in request.rows.get(table, ())]
                if rows:
                    connection.execute(insert(table), rows)
