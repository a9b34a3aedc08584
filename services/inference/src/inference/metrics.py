"""What the service counts, in Prometheus' form."""

from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from inference.model.figures import ChallengerFigures
from inference.model.serving import Following
from inference.problems import Failure
from inference.scheduling.scheduler import BatchFigures
from inference.tracing.record import SPAN_LOSSES

CONTENT_TYPE = CONTENT_TYPE_LATEST
NOT_FITTING = (Failure.UNKNOWN_PREDICTION, Failure.UNKNOWN_LABEL, Failure.TEXT_MISMATCH)
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZE_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
DROPS = ("expired", "cancelled")
NO_ROUTE = "none"
"""In place of a route, of requests that come to none."""
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
"""Routes asked every few seconds by machines; their log lines would bury the others."""
NOT_COUNTED = QUIET | {NO_ROUTE}
"""Routes of machines that ask whether this one is well; its answer may well be no."""


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
        self._verdicts = Counter(
            "radar_verdicts",
            "Verdicts on predictions that were kept",
            ("model_name", "model_version", "verdict"),
            registry=self._registry,
        )
        self._model = Gauge(
            "radar_model_info",
            "1 for the model that serves",
            ("model_name", "model_version", "precision"),
            registry=self._registry,
        )
        self._swaps = Counter(
            "radar_model_swaps", "Times that a model began to serve", registry=self._registry
        )
        self._failing = Gauge(
            "radar_model_failing",
            "1 while the model cannot be brought to what its source says",
            registry=self._registry,
        )
        self._held = Gauge(
            "radar_model_held",
            "1 while a rollback keeps the model from what its source says",
            registry=self._registry,
        )
        self.challenger = ChallengerFigures(self._registry)
        self.batches = BatchMetrics(self._registry)
        self._fallback = Gauge(
            "radar_model_fallback",
            "1 while the fp32 graph serves because the int8 one answers differently here",
            registry=self._registry,
        )
        self._spooled = Gauge(
            "radar_spooled_predictions",
            "Predictions that wait on the disk for the database",
            registry=self._registry,
        )
        self._spooled_verdicts = Gauge(
            "radar_spooled_verdicts",
            "Verdicts on predictions of the database that wait on the disk for it",
            registry=self._registry,
        )
        self._set_aside = Counter(
            "radar_set_aside_verdicts",
            "Verdicts that had waited, and then did not fit their prediction",
            ("reason",),
            registry=self._registry,
        )
        self._lost_spans = Counter(
            "radar_lost_spans",
            "Spans of traces that reached no collector",
            ("reason",),
            registry=self._registry,
        )
        for reason in SPAN_LOSSES:
            self._lost_spans.labels(reason)
        for reason in NOT_FITTING:  # from 0, so that the first one is seen as an increase
            self._set_aside.labels(reason)

    def request_figures(self) -> Iterator[Metric]:
        """Requests by status, and their durations, as `exposition` shows them."""
        yield from self._requests.collect()
        yield from self._seconds.collect()

    def count_lost_spans(self, reason: str, spans: int) -> None:
        """Count spans that reached no collector."""
        self._lost_spans.labels(reason).inc(spans)

    def watch_spool(self, predictions: Callable[[], int], verdicts: Callable[[], int]) -> None:
        """Show how many predictions and how many verdicts wait on the disk for the database."""
        self._spooled.set_function(predictions)
        self._spooled_verdicts.set_function(verdicts)

    def watch_following(self, following: Callable[[], Following]) -> None:
        """Show whether the model is in step with its source."""
        self._failing.set_function(lambda: following().last_error is not None)
        self._held.set_function(lambda: following().held is not None)

    def count_set_aside(self, reason: str) -> None:
        """Count one verdict that had waited and was then set aside."""
        self._set_aside.labels(reason).inc()

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_prediction(self, model_name: str, model_version: str, label: str) -> None:
        """Count one prediction that was kept."""
        self._predictions.labels(model_name, model_version, label).inc()

    def count_verdict(self, model_name: str, model_version: str, verdict: str) -> None:
        """Count one verdict that was kept, by the model that made its prediction."""
        self._verdicts.labels(model_name, model_version, verdict).inc()

    def set_model(self, name: str, version: str, precision: str, *, fallback: bool) -> None:
        """Show which model serves, and whether its fp32 graph does in place of its int8 one."""
        self._swaps.inc()
        self._model.clear()
        self._model.labels(name, version, precision).set(1)
        self._fallback.set(fallback)

    def figures(self) -> Iterator[Metric]:
        """All figures, as they are now."""
        yield from self._registry.collect()

    def exposition(self) -> bytes:
        """All figures, as Prometheus reads them."""
        return generate_latest(self._registry)


class BatchMetrics:
    """What the scheduler counts; the threads that compute call it once for each batch."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Count from nothing.

        Args:
            registry: where the figures are shown.
        """
        self._waits = Histogram(
            "radar_queue_wait_seconds",
            "Seconds that a tweet waited to be computed",
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._inference = Histogram(
            "radar_inference_seconds",
            "Seconds that a batch took to compute",
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._sizes = Histogram(
            "radar_batch_tweets", "Tweets in a batch", buckets=SIZE_BUCKETS, registry=registry
        )
        self._tokens = Counter("radar_tokens", "Tokens of tweets computed", registry=registry)
        self._padding = Counter(
            "radar_padding_tokens",
            "Tokens computed for nothing, to make the tweets of a batch equally long",
            registry=registry,
        )
        self._dropped = Counter(
            "radar_dropped_tweets",
            "Tweets dropped before they were computed, since nobody waited any more",
            ("reason",),
            registry=registry,
        )
        for reason in DROPS:
            self._dropped.labels(reason)
        self._shed = Counter(
            "radar_shed_requests", "Requests refused since too many waited", registry=registry
        )
        self._waiting = Gauge("radar_queue_tokens", "Tokens that wait", registry=registry)
        self._admitted = Gauge(
            "radar_admitted_tokens",
            "Tokens of requests that are in, as MAX_WAITING_TOKENS bounds them",
            registry=registry,
        )

    def watch(self, waiting: Callable[[], int], admitted: Callable[[], int]) -> None:
        """Show how many tokens wait, and how many are in."""
        self._waiting.set_function(waiting)
        self._admitted.set_function(admitted)

    def count_shed(self) -> None:
        """Count one request that was refused."""
        self._shed.inc()

    def batch_done(self, figures: BatchFigures) -> None:
        """See `Observer`."""
        for wait in figures.waits:
            self._waits.observe(wait)
        self._inference.observe(figures.seconds)
        self._sizes.observe(figures.texts)
        self._tokens.inc(figures.tokens)
        self._padding.inc(figures.padded - figures.tokens)

    def dropped(self, reason: str, texts: int) -> None:
        """See `Observer`."""
        self._dropped.labels(reason).inc(texts)
