"""Handing spans on without ever waiting for whoever takes them."""

import logging
import threading
from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from inference.logging import fields

QUEUE_SPANS = 8_192
"""Spans that may wait, about a kilobyte each."""
BATCH_SPANS = 512
DELAY_SECONDS = 2.0
"""How long a span waits for others at most."""
FLUSH_SECONDS = 3.0
"""Part of the time to end that goes to handing on what waits."""

Lost = Callable[[str, int], None]
"""Is told of lost spans: one of `SPAN_LOSSES`, and how many."""

_log = logging.getLogger(__name__)


class WatchedExporter(SpanExporter):
    """Another exporter, whose losses are counted, and named in the log when they begin and end."""

    def __init__(self, exporter: SpanExporter, lost: Lost) -> None:
        """Wrap an exporter.

        Args:
            exporter: does the work, in the processor's thread.
            lost: told of spans that it could not hand on.
        """
        self._exporter = exporter
        self._lost = lost
        self.taken = 0
        self.failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See `SpanExporter`; whatever is raised is a loss like any other."""
        try:
            result = self._exporter.export(spans)
        except Exception as error:
            _log.warning("spans cannot be handed on", extra=fields(reason=type(error).__name__))
            result = SpanExportResult.FAILURE
        failed = result is not SpanExportResult.SUCCESS
        if failed:
            self._lost("not-taken", len(spans))
        if failed != self.failing:
            said = (
                "spans are dropped: the collector does not take them"
                if failed
                else ("the collector takes spans again")
            )
            _log.log(logging.WARNING if failed else logging.INFO, said)
        self.failing = failed
        self.taken += len(spans)
        return result

    def shutdown(self) -> None:
        """See `SpanExporter`."""
        self._exporter.shutdown()


class BoundedProcessor(BatchSpanProcessor):
    """OpenTelemetry's own batches, with what does not fit counted.

    The library drops the oldest spans when its queue is full, and says so in a log line for each.
    """

    def __init__(self, exporter: SpanExporter, lost: Lost) -> None:
        """Start the thread that exports; arguments as for `WatchedExporter`."""
        self._watched = WatchedExporter(exporter, lost)
        self._lost = lost
        # Counted by one thread each, so without a lock: what came here, and what went on there.
        self._entered = 0
        super().__init__(
            self._watched,
            max_queue_size=QUEUE_SPANS,
            max_export_batch_size=BATCH_SPANS,
            schedule_delay_millis=DELAY_SECONDS * 1_000,
        )

    @property
    def waiting(self) -> int:
        """Spans that came and were neither handed on nor dropped."""
        return self._entered - self._watched.taken

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span, if there is room; in the event loop's thread."""
        if self.waiting >= QUEUE_SPANS:
            self._lost("queue-full", 1)
            return
        self._entered += 1
        super().on_end(span)

    def close(self) -> None:
        """Hand on what waits, for a bounded time, and count what is lost."""
        if self._watched.failing:
            self._watched.shutdown()  # it would spend the time on asking in vain
        ending = threading.Thread(target=self.shutdown, name="spans-end", daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)
        if self.waiting:
            self._lost("shutdown", self.waiting)
