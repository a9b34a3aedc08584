"""Events through OpenTelemetry and Azure Monitor's exporter."""

import os
from pathlib import Path
from typing import Any, Final

from azure.monitor.opentelemetry.exporter import (
    AzureMonitorLogExporter,
    AzureMonitorTraceExporter,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from inference.telemetry import sinks
from inference.telemetry.events import LOGGER_NAME, Event

EVENT_NAME: Final = "microsoft.custom_event.name"
"""The attribute by which the exporter tells a custom event from a log line."""

REPORTS: Final = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
"""Switch off the exporter's reports on itself, which go to Microsoft, and its remote control. It
takes no arguments for them."""


class OpenTelemetrySink:
    """See `EventSink`."""

    def __init__(self, connection_string: str, folder: Path, service_name: str) -> None:
        """Start the SDK's threads.

        Args:
            connection_string: of the resource that gets the events.
            folder: keeps what could not be sent.
            service_name: the role that events come from.
        """
        self._exporter = AzureMonitorLogExporter(
            **exporter_options(connection_string, folder, sinks.MAX_BYTES_ON_DISK)
        )
        self._provider = LoggerProvider(
            Resource.create({SERVICE_NAME: service_name}), shutdown_on_exit=False
        )
        self._provider.add_log_record_processor(
            BatchLogRecordProcessor(
                self._exporter,
                schedule_delay_millis=sinks.BATCH_SECONDS * 1_000,
                max_queue_size=sinks.MAX_IN_MEMORY,
            )
        )
        self._logger = self._provider.get_logger(LOGGER_NAME)
        # An empty batch counts as sent, after which the exporter turns to what is on the disk.
        self._drain = sinks.Drain(lambda: self._exporter.export([]))

    def send(self, event: Event) -> None:
        """See `EventSink`."""
        self._logger.emit(body=event.name, attributes={**event.fields, EVENT_NAME: event.name})

    def close(self) -> None:
        """See `EventSink`."""
        self._drain.close()
        self._provider.shutdown()


def exporter_options(connection_string: str, folder: Path, max_bytes: int) -> dict[str, Any]:
    """Arguments of an exporter that keeps on the disk what it cannot send, and reports on nothing.

    Args:
        connection_string: of the resource that gets what is exported.
        folder: keeps what could not be sent.
        max_bytes: most that it keeps.
    """
    _switch_off_reports()
    return {
        "connection_string": connection_string,
        "storage_directory": str(folder),
        "storage_max_size": max_bytes,
        "storage_retention_period": sinks.KEEP_SECONDS,
        "storage_min_retry_interval": sinks.RETRY_SECONDS,
        "timeout": sinks.TIMEOUT_SECONDS,
        "read_timeout": sinks.TIMEOUT_SECONDS,
        "retry_total": 0,  # the disk is where to wait, not the thread
    }


def span_exporter(connection_string: str) -> AzureMonitorTraceExporter:
    """What hands spans to Application Insights, where they are requests and dependencies.

    Those that are not taken are gone: unlike events, they are many and each says little.

    Args:
        connection_string: of the resource that gets them.
    """
    _switch_off_reports()
    sinks.quieten()
    return AzureMonitorTraceExporter(
        connection_string=connection_string,
        disable_offline_storage=True,
        timeout=sinks.TIMEOUT_SECONDS,
        read_timeout=sinks.TIMEOUT_SECONDS,
        retry_total=0,
    )


def _switch_off_reports() -> None:
    for variable in REPORTS:
        os.environ.setdefault(variable, "true")
