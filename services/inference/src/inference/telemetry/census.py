"""Events through OpenCensus, which Microsoft has retired and some still run."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opencensus.ext.azure.common.transport import TransportStatusCode
from opencensus.ext.azure.log_exporter import AzureEventHandler

from inference.telemetry import sinks
from inference.telemetry.events import LOGGER_NAME, Event

GRACE_SECONDS = 2 * sinks.TIMEOUT_SECONDS + 1
"""For the last events: a try that times out, and what the disk needs."""


class _Handler(AzureEventHandler):  # type: ignore[misc]  # the package has no types
    """The handler without its reports to Microsoft, and without the loss that this brings along."""

    _made = False

    def _check_stats_collection(self) -> bool:
        # Asked when the handler is made: whether to start those reports. Asked later: whether to
        # count. A failed connection is retried only on the path that counts; on the other one it
        # goes on to read an answer that never came, and drops the events (1.1.15, the last one).
        return self._made

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


class OpenCensusSink:
    """See `EventSink`."""

    def __init__(self, connection_string: str, folder: Path, service_name: str) -> None:
        """Start the SDK's threads; see `OpenTelemetrySink`."""
        self._handler = _Handler(
            connection_string=connection_string,
            storage_path=str(folder),
            storage_max_size=sinks.MAX_BYTES_ON_DISK,
            storage_retention_period=sinks.KEEP_SECONDS,
            minimum_retry_interval=sinks.RETRY_SECONDS,
            export_interval=sinks.BATCH_SECONDS,
            queue_capacity=sinks.MAX_IN_MEMORY,
            timeout=sinks.TIMEOUT_SECONDS,
            grace_period=GRACE_SECONDS,
        )
        self._handler._made = True

        def name_role(envelope: Any) -> None:
            envelope.tags["ai.cloud.role"] = service_name

        self._handler.add_telemetry_processor(name_role)
        self._drain = sinks.Drain(self._handler._transmit_from_storage)

    def send(self, event: Event) -> None:
        """See `EventSink`."""
        told = {**event.fields, "logger_name": LOGGER_NAME}  # as OpenTelemetry's exporter adds it
        self._handler.emit(logging.makeLogRecord({"msg": event.name, "custom_dimensions": told}))

    def close(self) -> None:
        """See `EventSink`."""
        self._drain.close()
        self._handler.close()
