"""What the service counts, in Prometheus' form."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "radar_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "radar_request_seconds",
            "Seconds from a request's first byte to its answer's last",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._predictions = Counter(
            "radar_predictions",
            "Predictions kept",
            ("model_name", "model_version", "label"),
            registry=self._registry,
        )
        self._model = Gauge(
            "radar_model_info",
            "1 for the model that serves",
            ("model_name", "model_version", "precision"),
            registry=self._registry,
        )
        self._spooled = Gauge(
            "radar_spooled_predictions",
            "Predictions that wait on the disk for the database",
            registry=self._registry,
        )

    def watch_spool(self, waiting: Callable[[], int]) -> None:
        """Show how many predictions wait on the disk for the database."""
        self._spooled.set_function(waiting)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_prediction(self, model_name: str, model_version: str, label: str) -> None:
        """Count one prediction that was kept."""
        self._predictions.labels(model_name, model_version, label).inc()

    def set_model(self, name: str, version: str, precision: str) -> None:
        """Show which model serves."""
        self._model.clear()
        self._model.labels(name, version, precision).set(1)

    def exposition(self) -> bytes:
        """All figures, as Prometheus reads them."""
        return generate_latest(self._registry)
