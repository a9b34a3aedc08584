"""Measurements through OpenCensus."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from opencensus.ext.azure.metrics_exporter import MetricsExporter
from opencensus.metrics.export.metric import Metric
from opencensus.metrics.export.metric_descriptor import MetricDescriptor, MetricDescriptorType
from opencensus.metrics.export.point import Point
from opencensus.metrics.export.time_series import TimeSeries
from opencensus.metrics.export.value import ValueDouble
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue

from inference.telemetry import sinks
from inference.telemetry.census import PatientTransport, exporter_options, naming_role
from inference.telemetry.measurements import Measurement

MAX_BATCH: Final = 1_000
"""Measurements in a request. After a full one the exporter leaves the disk alone."""


class _Exporter(PatientTransport, MetricsExporter):  # type: ignore[misc]  # the package has no types
    """The exporter, which is asked directly, and starts no thread to ask others."""


class OpenCensusMeasurements:
    """See `MeasurementSink`."""

    def __init__(self, connection_string: str, folder: Path, service_name: str) -> None:
        """Nothing is sent; see `OpenTelemetrySink`."""
        self._exporter = _Exporter(
            **exporter_options(connection_string, folder, sinks.MAX_MEASUREMENT_BYTES),
            max_batch_size=MAX_BATCH,
        )
        self._exporter.made = True
        self._exporter.add_telemetry_processor(naming_role(service_name))

    def send(self, measurements: Sequence[Measurement]) -> None:
        """See `MeasurementSink`."""
        now = datetime.now(UTC)
        self._exporter.export_metrics([_metric(item, now) for item in measurements])

    def close(self) -> None:
        """See `MeasurementSink`."""
        self._exporter.shutdown()


def _metric(item: Measurement, now: datetime) -> Any:
    keys = [LabelKey(name, "") for name in item.fields]
    values = [LabelValue(value) for value in item.fields.values()]
    # A gauge for counters too: what is sent is what was added, which OpenCensus has no word for.
    descriptor = MetricDescriptor(item.name, "", "1", MetricDescriptorType.GAUGE_DOUBLE, keys)
    return Metric(descriptor, [TimeSeries(values, [Point(ValueDouble(item.value), now)], None)])
