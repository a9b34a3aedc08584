"""Alerts, for routes and for whatever finds something worth one."""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from inference.alerts import repository
from inference.alerts.repository import Finding, KeptAlert
from inference.alerts.schemas import AlertAnswer
from inference.alerts.watch import log_opened
from inference.problems import Failure, ServiceError
from inference.store.store import Store

KIND: Final = re.compile(r"[a-z][a-z_]{0,31}")
LONGEST_KEY: Final = 128
LONGEST_SUMMARY: Final = 500


class RaisesAlerts(Protocol):
    """Where others bring what they found; `AlertService` is one."""

    def raise_alert(
        self, kind: str, key: str, summary: str, details: Mapping[str, Any]
    ) -> uuid.UUID | None:
        """See `AlertService.raise_alert`."""


class AlertService:
    """Alerts in the store. Its work waits for the database, so it belongs in a thread."""

    def __init__(self, store: Store, cooldown: timedelta, on_open: Callable[[], None]) -> None:
        """Nothing is read.

        Args:
            store: has the alerts.
            cooldown: see `repository.raise_alert`.
            on_open: called after this process opened an alert.
        """
        self._store = store
        self._cooldown = cooldown
        self._on_open = on_open

    def raise_alert(
        self, kind: str, key: str, summary: str, details: Mapping[str, Any]
    ) -> uuid.UUID | None:
        """Open an alert, or note that the one that is open still holds.

        Say it again for as long as the condition holds: without that it resolves itself after the
        cooldown.

        Args:
            kind: of alert, such as `radar_surge`: small letters and underscores.
            key: what it is about; two of a kind with different keys are two alerts.
            summary: one line for people. It leaves the service, so no text of a tweet may be in it.
            details: figures and short tokens that JSON can hold; the same holds for them.

        Returns:
            The id of the alert if this call opened it.

        Raises:
            ValueError: kind, key or summary are not as they must be.
            ServiceError: (store unavailable) nothing was kept.
        """
        if not KIND.fullmatch(kind):
            raise ValueError(f"kind must fit {KIND.pattern}")
        if not 0 < len(key) <= LONGEST_KEY:
            raise ValueError(f"key must have 1 to {LONGEST_KEY} characters")
        if not 0 < len(summary) <= LONGEST_SUMMARY or len(summary.splitlines()) != 1:
            raise ValueError(f"summary must be one line of at most {LONGEST_SUMMARY} characters")
        now = datetime.now(UTC)
        finding = Finding(kind, key, summary, details, seen_at=now)
        opened = self._store.run(
            lambda connection: repository.raise_alert(connection, finding, now, self._cooldown)
        )
        if opened is None:
            return None
        log_opened(opened)
        self._on_open()
        return opened.id

    def page(self, *, unresolved: bool, limit: int) -> list[AlertAnswer]:
        """The newest alerts first.

        Raises:
            ServiceError: (store unavailable) the store does not answer.
        """

        def read(connection: Connection) -> list[AlertAnswer]:
            alerts = repository.page(connection, unresolved=unresolved, limit=limit)
            return _answers(connection, alerts)

        return self._store.run(read, read_only=True)

    def acknowledge(self, alert_id: uuid.UUID, by: str | None, key: str | None) -> AlertAnswer:
        """Note who looks after an alert; whoever said so first stays.

        Args:
            alert_id: which one.
            by: a pseudonym.
            key: name of the access key under which it is said.

        Raises:
            ServiceError: there is none of that id, it is resolved already, the pseudonym is the
                service's own, or the store does not answer.
        """
        return self._store.run(lambda connection: acknowledge(connection, alert_id, by, key))

    def resolve(self, alert_id: uuid.UUID, by: str | None, key: str | None) -> AlertAnswer:
        """Note that an alert is over; whoever said so first stays.

        Args:
            alert_id: which one.
            by: a pseudonym.
            key: name of the access key under which it is said.

        Raises:
            ServiceError: there is none of that id, the pseudonym is the service's own, or the store
                does not answer.
        """
        return self._store.run(lambda connection: resolve(connection, alert_id, by, key))


def acknowledge(
    connection: Connection, alert_id: uuid.UUID, by: str | None, key: str | None
) -> AlertAnswer:
    """See `AlertService.acknowledge`."""
    _check_name(by)
    if _require(connection, alert_id).resolved_at is not None:
        raise ServiceError(Failure.ALERT_RESOLVED, "the alert is resolved already")
    repository.acknowledge(connection, alert_id, datetime.now(UTC), by, key)
    return _answers(connection, [_require(connection, alert_id)])[0]


def resolve(
    connection: Connection, alert_id: uuid.UUID, by: str | None, key: str | None
) -> AlertAnswer:
    """See `AlertService.resolve`."""
    _check_name(by)
    _require(connection, alert_id)
    repository.resolve(connection, alert_id, datetime.now(UTC), by, key)
    return _answers(connection, [_require(connection, alert_id)])[0]


def _check_name(by: str | None) -> None:
    if by == repository.SYSTEM:
        raise ServiceError(
            Failure.INVALID_REQUEST,
            f"by: {repository.SYSTEM} stands for alerts that resolve by themselves; take another "
            "pseudonym",
        )


def _require(connection: Connection, alert_id: uuid.UUID) -> KeptAlert:
    alert = repository.get(connection, alert_id)
    if alert is None:
        raise ServiceError(Failure.UNKNOWN_ALERT, "no alert has this id; list those there are")
    return alert


def _answers(connection: Connection, alerts: list[KeptAlert]) -> list[AlertAnswer]:
    predictions = repository.predictions_of(connection, [alert.id for alert in alerts])
    return [
        AlertAnswer.model_validate(
            {**vars(alert), "state": alert.state, "predictions": predictions.get(alert.id, [])}
        )
        for alert in alerts
    ]
