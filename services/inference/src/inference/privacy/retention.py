"""Removing what was kept long enough."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Table, delete, select, update

from inference.logging import fields
from inference.loop import Loop
from inference.store.store import Store
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, RADAR_SAMPLES

BATCH: Final = 500
"""Rows removed in one transaction, so that none is long."""
PAUSE_SECONDS: Final = 0.02
"""Time between batches in which others may write."""
SWEEP_SECONDS: Final = 900.0
"""Time between sweeps: nothing is kept longer than this beyond its time."""
LOOK_SECONDS: Final = 5.0
"""Time between looks at whether a sweep is due, or what was left of one can be finished."""

_log = logging.getLogger(__name__)


class Retention:
    """Sweeps the store at the start and from then on; every process may, at the same time."""

    def __init__(self, store: Store, text_days: int, prediction_days: int) -> None:
        """Nothing is touched before `start`.

        Args:
            store: to be swept, with what is on this machine's disk.
            text_days: days that a text is kept.
            prediction_days: days that a prediction is kept, with whatever hangs on it; 0: for ever.
        """
        self._store = store
        self._text_days = text_days
        self._prediction_days = prediction_days
        self._due_at = float("-inf")
        self._loop = Loop("retention", LOOK_SECONDS, self._look)

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def close(self) -> None:
        """End, after the batch that is being removed."""
        self._loop.close()

    def sweep(self, now: datetime) -> Counter[str]:
        """Remove everything that is older than it may become.

        Args:
            now: the time from which its age is counted back.

        Returns:
            How many rows were removed, by table.

        Raises:
            ServiceError: the store does not answer; what was removed stays removed.
        """
        removed: Counter[str] = Counter()
        before = now - timedelta(days=self._text_days)
        removed["backlog"] += self._store.forget_queued_texts(before)
        self._store.run_everywhere(lambda connection: _date_samples(connection, now))
        for table in (KEPT_TEXTS, RADAR_SAMPLES):
            removed[table.name] += self._remove(table, before)
        if self._prediction_days:
            before = now - timedelta(days=self._prediction_days)
            removed[PREDICTIONS.name] += self._remove(PREDICTIONS, before)
        if removed.total():
            scrubbed = self._store.scrub()
            rows = {table: count for table, count in sorted(removed.items()) if count}
            _log.info("expired", extra=fields(rows=rows, scrubbed=scrubbed))
        return removed

    def _look(self) -> None:
        self._store.finish_scrubbing()
        if time.monotonic() >= self._due_at:
            self.sweep(datetime.now(UTC))
            self._due_at = time.monotonic() + SWEEP_SECONDS

    def _remove(self, table: Table, before: datetime) -> int:
        removed = 0
        while not self._loop.ending:
            batch = sum(self._store.run_everywhere(_batch(table, before)))
            removed += batch
            if not batch:
                break
            time.sleep(PAUSE_SECONDS)
        return removed


def _batch(table: Table, before: datetime) -> Callable[[Connection], int]:
    moment = table.c.kept_at if table is RADAR_SAMPLES else table.c.created_at
    key = next(iter(table.primary_key.columns))

    def work(connection: Connection) -> int:
        # What another replica is removing at this moment is passed over, not waited for.
        old = select(key).where(moment < before).limit(BATCH).with_for_update(skip_locked=True)
        keys = connection.execute(old).scalars().all()
        if not keys:
            return 0
        return connection.execute(delete(table).where(key.in_(keys), moment < before)).rowcount

    return work


def _date_samples(connection: Connection, now: datetime) -> None:
    """Give a time to samples that a process of an earlier version keeps without one."""
    undated = RADAR_SAMPLES.c.kept_at.is_(None)
    connection.execute(update(RADAR_SAMPLES).where(undated).values(kept_at=now))
