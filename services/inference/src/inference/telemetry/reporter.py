"""Reporting figures to Application Insights at intervals, from a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import Metric

from inference.settings import Settings
from inference.telemetry import sinks
from inference.telemetry.measurements import MeasurementSink, Readings

LAST_SECONDS: Final = 2 * sinks.TIMEOUT_SECONDS + 1
"""For the last report: a try that times out, and what the disk needs."""

_log = logging.getLogger(__name__)


class MetricsReporter:
    """Sends what was counted every so often, and once more at the end."""

    def __init__(self, readings: Readings, sink: MeasurementSink, seconds: float) -> None:
        """No thread is started.

        Args:
            readings: what is sent.
            sink: what sends it; closed at the end.
            seconds: between two reports.
        """
        self._readings = readings
        self._sink = sink
        self._seconds = seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics-reporter", daemon=True)

    def start(self) -> None:
        """Start the thread; the first report is due after an interval."""
        self._thread.start()

    def end(self) -> None:
        """Have the last report begin; does not wait."""
        self._ending.set()

    def close(self) -> None:
        """End, with the last report, or without it where that takes longer than `LAST_SECONDS`."""
        self.end()
        self._thread.join(LAST_SECONDS)
        if self._thread.is_alive():
            _log.warning("the last figures were not taken by Application Insights in time")

    def _run(self) -> None:
        due = time.monotonic()
        ended = False
        while not ended:
            due = max(due + self._seconds, time.monotonic())
            ended = self._ending.wait(due - time.monotonic())
            try:
                self._sink.send(self._readings.take())
            except Exception:  # the thread must outlive whatever an SDK raises
                _log.exception("figures could not be sent")
        self._sink.close()


def open_reporter(
    settings: Settings, collect: Callable[[], Iterable[Metric]]
) -> MetricsReporter | None:
    """What reports figures; None where there is nobody to report to.

    Args:
        settings: of the connection and the interval.
        collect: gives the figures.

    Raises:
        OSError: the folder of what cannot be sent yet cannot be made.
    """
    sink = sinks.open_measurements(
        settings.applicationinsights_connection_string,
        settings.telemetry_backend,
        settings.data_dir,
        settings.otel_service_name,
    )
    if sink is None:
        return None
    return MetricsReporter(Readings(collect), sink, settings.telemetry_metrics_seconds)
