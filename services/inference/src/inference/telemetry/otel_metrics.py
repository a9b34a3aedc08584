"""Measurements through OpenTelemetry's data model and Azure Monitor's exporter."""

import time
from collections.abc import Sequence
from pathlib import Path

from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from inference.telemetry import sinks
from inference.telemetry.events import LOGGER_NAME
from inference.telemetry.measurements import Measurement
from inference.telemetry.otel import exporter_options


class OpenTelemetryMeasurements:
    """See `MeasurementSink`."""

    def __init__(self, connection_string: str, folder: Path, service_name: str) -> None:
        """Nothing is sent; see `OpenTelemetrySink`."""
        self._exporter = AzureMonitorMetricExporter(
            **exporter_options(connection_string, folder, sinks.MAX_MEASUREMENT_BYTES)
        )
        self._resource = Resource.create({SERVICE_NAME: service_name})

    def send(self, measurements: Sequence[Measurement]) -> None:
        """See `MeasurementSink`."""
        now = time.time_ns()
        # The exporter reads no more of a counter than its value either: what was added.
        metrics = [
            Metric(item.name, "", "", Gauge([NumberDataPoint(item.fields, now, now, item.value)]))
            for item in measurements
        ]
        scope = ScopeMetrics(InstrumentationScope(LOGGER_NAME), metrics, "")
        self._exporter.export(MetricsData([ResourceMetrics(self._resource, [scope], "")]))

    def close(self) -> None:
        """See `MeasurementSink`."""
        self._exporter.shutdown()
