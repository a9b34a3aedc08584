"""Looking for drift in a thread of its own, and telling the alerts of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from inference.alerts.service import RaisesAlerts
from inference.drift import repository
from inference.drift.schemas import DriftAnswer
from inference.drift.service import REFERENCE_GROUPS, DriftService
from inference.loop import Loop
from inference.model.background import give_way
from inference.store.store import Store

KIND: Final = "drift"
LONGEST_KEY: Final = 128

LOOKS_IN_COOLDOWN: Final = 3
"""An alert that is not said again within the cooldown resolves itself."""
SHORTEST_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 600.0

FORGET_EVERY: Final = timedelta(hours=1)


class DriftWatch:
    """Compares the traffic of the version that serves every few minutes; every process may."""

    def __init__(
        self,
        drift: DriftService,
        store: Store,
        alerts: RaisesAlerts,
        cooldown: timedelta,
        keep: timedelta,
    ) -> None:
        """Nothing is read before `start`.

        Args:
            drift: compares.
            store: has the counts.
            alerts: told of drift for as long as it lasts.
            cooldown: of alerts.
            keep: how long counts are kept.
        """
        self._drift = drift
        self._store = store
        self._alerts = alerts
        self._keep = keep
        self._gives_way = False
        self._found: tuple[object, DriftAnswer] | None = None
        self._forget_at = datetime.now(UTC)
        seconds = cooldown.total_seconds() / LOOKS_IN_COOLDOWN
        self._loop = Loop(
            "drift-watch", min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS), self.look
        )

    def start(self) -> None:
        """Start the thread."""
        self._loop.start()

    def close(self) -> None:
        """End, after the look that is being taken."""
        self._loop.close()

    def look(self) -> None:
        """Compare once, if anything was counted since the last time.

        Raises:
            ServiceError: the store does not answer.
        """
        if not self._gives_way:
            give_way()
            self._gives_way = True
        if self._store.away:  # it would only say so again
            return
        now = datetime.now(UTC)
        # The hour too: where nothing comes any more, the window empties.
        seen = self._drift.newest(), now.replace(minute=0, second=0, microsecond=0)
        if self._found is None or self._found[0] != seen:
            self._found = seen, self._drift.read()
        tell(self._found[1], self._alerts)
        self._forget(now)

    def _forget(self, now: datetime) -> None:
        if now < self._forget_at:
            return

        def forget(connection: Connection) -> int:
            return repository.forget(connection, now - self._keep, REFERENCE_GROUPS)

        self._store.run(forget)
        self._forget_at = now + FORGET_EVERY


def tell(found: DriftAnswer, alerts: RaisesAlerts) -> None:
    """Raise the alert of drift, if there is any."""
    if found.state != "drifted":
        return
    model = f"{found.model_name}/{found.model_version}"
    alerts.raise_alert(
        KIND,
        model[:LONGEST_KEY],
        f"the traffic of a model has drifted from its reference: {', '.join(found.drifted)}",
        details_of(found),
    )


def details_of(found: DriftAnswer) -> dict[str, Any]:
    """The figures behind an alert: no text, and no word, is in them."""
    return {
        "reference_texts": found.reference.texts,
        "texts": found.current.texts,
        "features": {
            item.feature: {
                "stability_index": round(item.stability_index, 4),
                "p_value": round(item.p_value, 4),
            }
            for item in found.features
            if item.state == "drifted"
        },
        "classifier_auc": round(found.classifier.auc, 4) if found.classifier else None,
    }
