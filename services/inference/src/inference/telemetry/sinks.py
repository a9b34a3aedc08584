"""Choosing what sends events and measurements, once at the start."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from inference.logging import fields
from inference.telemetry.events import EventSink
from inference.telemetry.measurements import MeasurementSink

FOLDER: Final = "telemetry"
"""In DATA_DIR: events and measurements that could not be sent yet, by what sends them."""

DRAIN_SECONDS: Final = 30.0
"""Time between looks at what waits on the disk, which the SDKs take only along with new events."""

RETRY_SECONDS: Final = 15
"""Least time that events wait on the disk before they are tried again."""

TIMEOUT_SECONDS: Final = 3.0
"""For a connection, and for an answer; after that the events go to the disk."""

BATCH_SECONDS: Final = 1.0
"""Longest that events wait in memory for company; what a kill can lose."""

MAX_IN_MEMORY: Final = 8_192
MAX_BYTES_ON_DISK: Final = 20 * 1024 * 1024
MAX_MEASUREMENT_BYTES: Final = 5 * 1024 * 1024
"""The same for measurements: 10 to 40 a minute, of some 650 bytes, for 3 to 14 hours. Then the
newest are lost."""

KEEP_SECONDS: Final = 48 * 3600
"""What is on the disk is given up after this."""

_log = logging.getLogger(__name__)


def open_sink(
    connection_string: str, backend: str, data_dir: Path, service_name: str
) -> EventSink | None:
    """What sends events; the SDK is loaded only if there is somewhere to send them.

    Args:
        connection_string: of the resource that gets them; empty: there is none.
        backend: `opentelemetry` or `opencensus`.
        data_dir: holds what cannot be sent yet.
        service_name: the role that events come from.
    """
    if not connection_string:
        return None
    folder = _prepare(data_dir, backend)
    sink: EventSink
    if backend == "opencensus":
        from inference.telemetry.census import OpenCensusSink

        sink = OpenCensusSink(connection_string, folder, service_name)
    else:
        from inference.telemetry.otel import OpenTelemetrySink

        sink = OpenTelemetrySink(connection_string, folder, service_name)
    _log.info("events go to Application Insights", extra=fields(backend=backend))
    return sink


def open_measurements(
    connection_string: str, backend: str, data_dir: Path, service_name: str
) -> MeasurementSink | None:
    """What sends measurements; see `open_sink`."""
    if not connection_string:
        return None
    folder = _prepare(data_dir, f"{backend}-metrics")
    if backend == "opencensus":
        from inference.telemetry.census_metrics import OpenCensusMeasurements

        return OpenCensusMeasurements(connection_string, folder, service_name)
    from inference.telemetry.otel_metrics import OpenTelemetryMeasurements

    return OpenTelemetryMeasurements(connection_string, folder, service_name)


def _prepare(data_dir: Path, name: str) -> Path:
    quieten()
    folder = data_dir / FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def quieten() -> None:
    """Leave out the SDKs' informational lines, which name every request that they make."""
    for noisy in ("azure", "opencensus"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))


class Drain:
    """Has what waits on the disk tried again now and then."""

    def __init__(self, drain: Callable[[], object]) -> None:
        """Start the thread.

        Args:
            drain: tries it once; at once, for what a process before left, and every now and then.
        """
        self._drain = drain
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry-drain", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, after the try that is being made."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._drain()
            except Exception:  # the thread must outlive whatever an SDK raises
                _log.exception("events on the disk could not be tried again")
            if self._ending.wait(DRAIN_SECONDS):
                return
