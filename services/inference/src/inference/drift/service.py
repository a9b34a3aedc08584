"""Reading drift: which windows, and what became of comparing them."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from inference.drift import repository
from inference.drift.comparison import (
    LEAST_CURRENT,
    LEAST_REFERENCE,
    LEVEL,
    Comparison,
    Group,
    compare,
)
from inference.drift.features import GROUP_TEXTS
from inference.drift.repository import RECORDED, SERVED, Version
from inference.drift.schemas import DriftAnswer, WindowOut
from inference.model.serving import ServingModel
from inference.problems import Failure, ServiceError
from inference.store.store import Store

REFERENCE_GROUPS: Final = 250
"""The first groups of a version, 5,000 texts, that are its reference where none is recorded."""

COMPARISONS: Final = 8
"""Comparisons kept in memory, each a second's work."""

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)


class DriftService:
    """Compares windows. It waits for the database and computes, so it belongs in a thread."""

    def __init__(self, store: Store, serving: ServingModel, window: timedelta) -> None:
        """Nothing is read.

        Args:
            store: has the counts.
            serving: whose traffic is meant where no version is named.
            window: how far back from now the current window goes.
        """
        self._store = store
        self._serving = serving
        self._window = window
        self._known: OrderedDict[object, Comparison | None] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        reference_start: datetime | None = None,
        reference_end: datetime | None = None,
        model_version: str | None = None,
    ) -> DriftAnswer:
        """Compare a version's traffic with what it was.

        Args:
            start: of the current window; without it, the window's length before its end.
            end: of the current window; without it, now.
            reference_start: of the reference; without both ends, the file recorded for the
                version, or else its first texts before the current window.
            reference_end: of the reference; without it, the current window's start.
            model_version: without it, the version that serves.

        Raises:
            ServiceError: a window is empty, or the store does not answer.
        """
        end = end or datetime.now(UTC)
        start = start or end - self._window
        _require_order("from", start, "to", end)
        asked = reference_start or reference_end
        before = reference_end or start
        if asked:
            since = reference_start or _BEGINNING
            _require_order("reference_from", since, "reference_to", before)

        def load(
            connection: Connection,
        ) -> tuple[Version | None, str, list[Group], list[Group]]:
            version = self._version(connection, model_version)
            if version is None:
                return None, "first", [], []
            current = repository.window(connection, version, SERVED, start, end)
            if asked:
                groups = repository.window(connection, version, SERVED, since, before)
                return version, "asked", groups, current
            groups = repository.window(connection, version, RECORDED, _BEGINNING, _END)
            if len(groups) >= LEAST_REFERENCE:
                return version, "recorded", groups, current
            groups = repository.first(connection, version, start, REFERENCE_GROUPS)
            return version, "first", groups, current

        version, source, reference, current = self._store.run(load, read_only=True)
        found = self._compared(version, reference, current)
        return _answer(version, source, reference, current, found)

    def newest(self) -> datetime | None:
        """When texts of the version that serves were last counted.

        Raises:
            ServiceError: the store does not answer.
        """

        def read(connection: Connection) -> datetime | None:
            version = self._version(connection, None)
            return repository.newest(connection, version) if version else None

        return self._store.run(read, read_only=True)

    def _version(self, connection: Connection, asked: str | None) -> Version | None:
        served = self._serving.current
        if served is None:
            found = repository.newest_version(connection)
            return Version(found.model_name, asked) if found and asked else found
        return Version(served.name, asked or served.version)

    def _compared(
        self, version: Version | None, reference: Sequence[Group], current: Sequence[Group]
    ) -> Comparison | None:
        ends = [tuple(group.ended_at for group in groups) for groups in (reference, current)]
        key = (version, *ends)
        # One at a time: what a second reader waits for is mostly what the first one computes.
        with self._lock:
            if key not in self._known:
                self._known[key] = compare(reference, current)
                while len(self._known) > COMPARISONS:
                    self._known.popitem(last=False)
            return self._known[key]


def _answer(
    version: Version | None,
    source: str,
    reference: Sequence[Group],
    current: Sequence[Group],
    found: Comparison | None,
) -> DriftAnswer:
    state: Literal["too-few", "steady", "drifted"] = "too-few"
    if found is not None:
        state = "drifted" if found.drifted else "steady"
    return DriftAnswer.model_validate(
        {
            "state": state,
            "model_name": version.model_name if version else None,
            "model_version": version.model_version if version else None,
            "reference": _window(source, reference, LEAST_REFERENCE),
            "current": _window("asked", current, LEAST_CURRENT),
            "drifted": found.drifted if found else [],
            "level": LEVEL,
            "features": [
                vars(item) | {"bins": [vars(part) for part in item.bins]}
                for item in (found.features if found else ())
            ],
            "classifier": vars(found.classifier) if found else None,
        }
    )


def _window(source: str, groups: Sequence[Group], needed: int) -> WindowOut:
    return WindowOut.model_validate(
        {
            "source": source,
            "from": groups[0].ended_at if groups else None,
            "to": groups[-1].ended_at if groups else None,
            "texts": GROUP_TEXTS * len(groups),
            "needed": GROUP_TEXTS * needed,
        }
    )


def _require_order(first: str, start: datetime, second: str, end: datetime) -> None:
    if start >= end:
        raise ServiceError(Failure.INVALID_REQUEST, f"{first}: must be earlier than {second}")
