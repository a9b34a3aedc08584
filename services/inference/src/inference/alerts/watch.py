"""Looking for alerts, and sending them, in threads of their own: no request waits for either."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import Metric
from sqlalchemy import Connection

from inference.alerts import deliveries, evidence, repository
from inference.alerts.channels import Channel, DeliveryError
from inference.alerts.findings import Thresholds, findings
from inference.alerts.repository import Finding, KeptAlert
from inference.alerts.traffic import Answered, answered, note
from inference.logging import fields
from inference.loop import Loop
from inference.store.store import Store

LOOK_SECONDS: Final = 10.0
"""Time between looks that nothing prompted."""

FORGET_SECONDS: Final = 3_600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Look:
    """What a look at the store found to do."""

    news: list[Finding]
    stale: list[uuid.UUID]


class AlertWatch:
    """Evaluates the rules after verdicts and on a timer; every process may, at the same time."""

    def __init__(
        self,
        store: Store,
        thresholds: Thresholds,
        cooldown: timedelta,
        figures: Callable[[], Iterable[Metric]],
        on_open: Callable[[], None],
    ) -> None:
        """Nothing is read before `start`.

        Args:
            store: holds verdicts, traffic and alerts.
            thresholds: when there is something to find.
            cooldown: see `repository.raise_alert`; also the time after which an alert that is not
                seen any more resolves itself.
            figures: of this process's requests.
            on_open: called after this process opened an alert.
        """
        self._store = store
        self._thresholds = thresholds
        self._cooldown = cooldown
        self._figures = figures
        self._on_open = on_open
        self._process = uuid.uuid4()
        self._noted = Answered()
        self._forget_at = 0.0
        self._loop = Loop("alert-watch", LOOK_SECONDS, self.look)

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def nudge(self) -> None:
        """Look soon; neither waits nor fails."""
        self._loop.nudge()

    def close(self) -> None:
        """End, after the look that is being taken."""
        self._loop.close()

    def look(self) -> None:
        """Evaluate the rules once.

        Raises:
            ServiceError: the store does not answer.
        """
        if self._store.away:  # it would only say so again
            return
        now = datetime.now(UTC)
        self._note_traffic(now)
        found = self._store.run(lambda connection: self._find(connection, now), read_only=True)
        if not found.news and not found.stale:
            return
        opened = self._store.run(lambda connection: self._apply(connection, found, now))
        for alert in opened:
            log_opened(alert)
        if opened:
            self._on_open()

    def _find(self, connection: Connection, now: datetime) -> _Look:
        found = findings(connection, self._thresholds, now)
        news = [
            finding
            for finding in found
            if repository.is_news(
                repository.newest(connection, finding.kind, finding.key), finding, self._cooldown
            )
        ]
        return _Look(news, repository.stale(connection, now - self._cooldown))

    def _apply(self, connection: Connection, found: _Look, now: datetime) -> list[KeptAlert]:
        opened = [
            repository.raise_alert(connection, finding, now, self._cooldown)
            for finding in found.news
        ]
        # What is over, unless it was just found again.
        for alert_id in set(found.stale) & set(repository.stale(connection, now - self._cooldown)):
            repository.resolve(connection, alert_id, now, repository.SYSTEM, None)
        return [alert for alert in opened if alert is not None]

    def _note_traffic(self, now: datetime) -> None:
        total = answered(self._figures(), self._thresholds.slow_seconds)
        added = total.since(self._noted)
        if added.requests:
            self._store.run(lambda connection: note(connection, self._process, now, added))
            self._noted = total
        if time.monotonic() >= self._forget_at:
            self._store.run(lambda connection: evidence.forget_traffic(connection, now))
            self._forget_at = time.monotonic() + FORGET_SECONDS


class AlertDelivery:
    """Sends what was opened, by this process or another, once for all of them."""

    def __init__(self, store: Store, channels: Sequence[Channel]) -> None:
        """Nothing is read before `start`.

        Args:
            store: holds the alerts and what became of them.
            channels: the ways out that this process has.
        """
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self._loop = Loop("alert-delivery", LOOK_SECONDS / 5, self.deliver)

    def start(self) -> None:
        """Start the thread, if there is a way out."""
        if self._channels:
            self._loop.start()

    def nudge(self) -> None:
        """See to what waits soon."""
        self._loop.nudge()

    def close(self) -> None:
        """End, after the delivery that is being made."""
        self._loop.close()

    def deliver(self) -> None:
        """Send all that is due.

        Raises:
            ServiceError: the store does not answer.
        """
        names = list(self._channels)
        if self._store.away or not self._store.run(
            lambda connection: deliveries.is_waiting(connection, names, datetime.now(UTC)),
            read_only=True,
        ):
            return
        for name, channel in self._channels.items():
            while not self._loop.ending and (delivery := self._store.run(_taking(name))):
                self._send(channel, delivery)

    def _send(self, channel: Channel, delivery: deliveries.Delivery) -> None:
        try:
            channel.send(delivery.alert)
        except DeliveryError as error:
            reason = str(error)
            self._store.run(
                lambda connection: deliveries.note_failure(
                    connection, delivery, datetime.now(UTC), reason
                )
            )
            _log.warning(
                "an alert did not arrive",
                extra=fields(
                    alert_id=str(delivery.alert.id),
                    channel=delivery.channel,
                    attempts=delivery.attempts,
                    reason=reason,
                ),
            )
        else:
            self._store.run(
                lambda connection: deliveries.note_success(connection, delivery, datetime.now(UTC))
            )


def _taking(channel: str) -> Callable[[Connection], deliveries.Delivery | None]:
    def take(connection: Connection) -> deliveries.Delivery | None:
        now = datetime.now(UTC)
        deliveries.plan(connection, channel, now)
        return deliveries.take(connection, channel, now)

    return take


def log_opened(alert: KeptAlert) -> None:
    """Say in the log that this process opened an alert."""
    _log.warning(
        "an alert is open",
        extra=fields(alert_id=str(alert.id), kind=alert.kind, key=alert.key, summary=alert.summary),
    )
