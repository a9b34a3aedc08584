"""The ways out: a webhook, and Application Insights."""

import json
import time
from typing import Final, Protocol

from inference.alerts.repository import KeptAlert
from inference.alerts.signing import signed_headers
from inference.telemetry.events import ALERT_OPENED, Event, EventSink

TIMEOUT_SECONDS: Final = 10.0
"""For a connection, and for the first byte of an answer."""

MAX_FIELD: Final = 8_000
"""Characters of a field that Application Insights keeps (8,192)."""


class DeliveryError(Exception):
    """An alert did not arrive; the message says why, and holds neither address nor secret."""


class Channel(Protocol):
    """A way out.

    Attributes:
        name: as deliveries call it.
    """

    name: str

    def send(self, alert: KeptAlert) -> None:
        """Send an alert.

        Raises:
            DeliveryError: it did not arrive, as far as anybody can tell.
        """


class Webhook:
    """A POST to an address, signed."""

    name = "webhook"

    def __init__(self, url: str, key: bytes) -> None:
        """Nothing is sent.

        Args:
            url: where alerts are posted to.
            key: under which they are signed.
        """
        self._url = url
        self._key = key

    def send(self, alert: KeptAlert) -> None:
        """See `Channel`; a status of 2xx says that it arrived, and nothing else does."""
        import requests  # half a tenth of a second that only those who post need

        body = json.dumps(message_of(alert), separators=(",", ":")).encode()
        headers = signed_headers(self._key, str(alert.id), int(time.time()), body)
        headers["Content-Type"] = "application/json"
        try:
            with requests.post(
                self._url,
                data=body,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,  # what it answers beyond the status is not read
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise DeliveryError(f"no answer ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise DeliveryError(f"answered {status}")


class InsightsChannel:
    """An event in Application Insights; from here on its SDK looks after it."""

    name = "insights"

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    def send(self, alert: KeptAlert) -> None:
        """See `Channel`."""
        self._sink.send(
            Event(
                ALERT_OPENED,
                {
                    "alert_id": str(alert.id),
                    "kind": alert.kind,
                    "key": alert.key,
                    "summary": alert.summary,
                    "details": json.dumps(alert.details)[:MAX_FIELD],
                    "opened_at": alert.opened_at.isoformat(),
                },
            )
        )


def message_of(alert: KeptAlert) -> dict[str, object]:
    """What a webhook says; ids of predictions are left out, since nobody could erase them there."""
    return {
        "type": "alert.opened",
        "timestamp": alert.opened_at.isoformat(),
        "data": {
            "id": str(alert.id),
            "kind": alert.kind,
            "key": alert.key,
            "summary": alert.summary,
            "details": dict(alert.details),
        },
    }
