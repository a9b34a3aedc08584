"""Events through OpenCensus, which Microsoft has retired and some still run."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from opencensus.ext.azure.common.transport import TransportMixin, TransportStatusCode
from opencensus.ext.azure.log_exporter import AzureEventHandler

from inference.telemetry import sinks
from inference.telemetry.events import LOGGER_NAME, Event

GRACE_SECONDS = 2 * sinks.TIMEOUT_SECONDS + 1
"""For the last events: a try that times out, and what the disk needs."""


class PatientTransport(TransportMixin):  # type: ignore[misc]  # the package has no types
    """The transport without its reports to Microsoft, and without the loss that this brings along.

    Attributes:
        made: to be set once whatever has this transport is made.
    """

    made = False

    def _check_stats_collection(self) -> bool:
        # Asked when the handler is made: whether to start those reports. Asked later: whether to
        # count. A failed connection is retried only on the path that counts; on the other one it
        # goes on to read an answer that never came, and drops the events (1.1.15, the last one).
        return self.made

    def _transmit_from_storage(self) -> None:
        # As the original, which does not stop at the first failure: each file would wait for its
        # own timeout.
        for blob in self.storage.gets():
            if blob.lease(self.options.timeout + 5):
                envelopes: Sequence[Any] | None = blob.get()
                status = self._transmit(envelopes) if envelopes else TransportStatusCode.DROP
                if status == TransportStatusCode.RETRY:
                    blob.lease(sinks.RETRY_SECONDS)
                    return
                blob.delete()


class _Handler(PatientTransport, AzureEventHandler):  # type: ignore[misc]
    """The handler with that transport."""


class OpenCensusSink:
    """See `EventSink`."""

    def __init__(self, connection_string: str, folder: Path, service_name: str) -> None:
        """Start the SDK's threads; see `OpenTelemetrySink`."""
        self._handler = _Handler(
            **exporter_options(connection_string, folder, sinks.MAX_BYTES_ON_DISK),
            export_interval=sinks.BATCH_SECONDS,
            queue_capacity=sinks.MAX_IN_MEMORY,
            grace_period=GRACE_SECONDS,
        )
        self._handler.made = True
        self._handler.add_telemetry_processor(naming_role(service_name))
        self._drain = sinks.Drain(self._handler._transmit_from_storage)

    def send(self, event: Event) -> None:
        """See `EventSink`."""
        told = {**event.fields, "logger_name": LOGGER_NAME}  # as OpenTelemetry's exporter adds it
        self._handler.emit(logging.makeLogRecord({"msg": event.name, "custom_dimensions": told}))

    def close(self) -> None:
        """See `EventSink`."""
        self._drain.close()
        self._handler.close()


def exporter_options(connection_string: str, folder: Path, max_bytes: int) -> dict[str, Any]:
    """Arguments of what keeps on the disk what it cannot send; see `otel.exporter_options`."""
    return {
        "connection_string": connection_string,
        "storage_path": str(folder),
        "storage_max_size": max_bytes,
        "storage_retention_period": sinks.KEEP_SECONDS,
        "minimum_retry_interval": sinks.RETRY_SECONDS,
        "timeout": sinks.TIMEOUT_SECONDS,
    }


def naming_role(service_name: str) -> Callable[[Any], None]:
    """What names the role in all that is sent."""

    def name_role(envelope: Any) -> None:
        envelope.tags["ai.cloud.role"] = service_name

    return name_role
