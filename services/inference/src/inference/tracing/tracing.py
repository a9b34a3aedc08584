"""Spans of requests, made from the notes on them."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from inference.settings import Settings
from inference.tracing.export import BoundedProcessor, Lost
from inference.tracing.record import Attribute, Record, Run

MOST_BATCHES = 32
"""Spans of batches for one stay in the queue; 256 texts of all lengths need fewer."""
UNSET, FAILED = Status(StatusCode.UNSET), Status(StatusCode.ERROR)


class Tracing:
    """Makes a trace of each request that is sampled, and hands it on in the background.

    Exporters are side by side: each has a queue and a thread of its own.
    """

    def __init__(self, settings: Settings, exporters: Callable[[], Sequence[SpanExporter]]) -> None:
        """Prepare; no thread is started and no exporter made.

        Args:
            settings: name and sampler.
            exporters: makes what spans are handed to.
        """
        # Its lines come with each batch that is not taken; ours when that begins and ends.
        logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL)
        self._exporters = exporters
        self._processors: list[BoundedProcessor] = []
        self._provider = TracerProvider(
            sampler=sampler_of(settings.otel_traces_sampler, settings.otel_traces_sampler_arg),
            resource=Resource.create(
                {
                    "service.name": settings.otel_service_name,
                    "service.version": version("radar-inference"),
                    "service.instance.id": uuid.uuid4().hex,
                }
            ),
            shutdown_on_exit=False,
        )
        # Not the global one: libraries that trace themselves have nothing to say here.
        self._scope = InstrumentationScope("inference", version("radar-inference"))
        self._tracer = self._provider.get_tracer(self._scope.name, self._scope.version)
        self._propagator = TraceContextTextMapPropagator()

    def start(self, lost: Lost) -> None:
        """Start the threads that hand spans on.

        Args:
            lost: told of spans that are lost.
        """
        for exporter in self._exporters():
            processor = BoundedProcessor(exporter, lost)
            self._processors.append(processor)
            self._provider.add_span_processor(processor)

    def close(self) -> None:
        """Hand on what waits, for `FLUSH_SECONDS` for each exporter at most."""
        for processor in self._processors:
            processor.close()

    def begin(self, headers: Mapping[str, str]) -> Span:
        """The span of a request, part of its client's trace if it names one (W3C traceparent)."""
        carried = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        context = self._propagator.extract(carried, Context())
        return self._tracer.start_span("request", context, SpanKind.SERVER)

    def end(self, span: Span, record: Record, *, method: str, route: str, status: int) -> None:
        """End a request's span, and make those of its parts, by what was noted.

        Args:
            span: from `begin`.
            record: the notes.
            method: HTTP's.
            route: the route's pattern; a path may hold anything.
            status: of the answer; 0 if there was none.
        """
        now = time.monotonic()
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                **record.attributes,
            }
        )
        if status >= 500 or not status:  # semantic conventions of HTTP: 4xx is the client's
            span.set_attribute("error.type", str(status or "no answer"))
            span.set_status(FAILED)
        parent = span.get_span_context()
        for part in record.parts:
            self._child(
                parent,
                record,
                part.name,
                (part.began, part.ended),
                part.attributes,
                failed=part.failed,
            )
        ended = [part.ended for part in record.parts]
        for run in record.runs:
            ended.append(self._stay(parent, record, run))
        if ended:
            self._child(parent, record, "respond", (max(ended), now))
        span.end(record.time_of_day(now))

    def _stay(self, parent: SpanContext, record: Record, run: Run) -> float:
        """The spans of a stay in the scheduler; returns when it ended."""
        batches = sorted(run.batches, key=lambda batch: batch.began)
        if not batches:  # dropped before it was computed, or its client left
            return run.queued
        self._child(parent, record, "queue", (run.queued, batches[0].began))
        for batch in batches[:MOST_BATCHES]:
            self._child(
                parent,
                record,
                "infer",
                (batch.began, batch.began + batch.seconds),
                {
                    "radar.batch.texts": batch.texts,
                    "radar.batch.tokens": batch.tokens,
                    "radar.batch.padding": batch.padded - batch.tokens,
                },
            )
        return max(batch.began + batch.seconds for batch in batches)

    def _child(
        self,
        parent: SpanContext,
        record: Record,
        name: str,
        times: tuple[float, float],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        failed: bool = False,
    ) -> None:
        # Not by the tracer: it would ask the sampler again, copy and check what is known to be
        # right, and take locks for a span that is over: several times the cost, in the one thread
        # that all requests share.
        began, ended = map(record.time_of_day, times)
        child = ReadableSpan(
            name,
            SpanContext(
                parent.trace_id,
                self._provider.id_generator.generate_span_id(),
                is_remote=False,
                trace_flags=parent.trace_flags,
                trace_state=parent.trace_state,
            ),
            parent,
            self._provider.resource,
            attributes,
            status=FAILED if failed else UNSET,
            start_time=began,
            end_time=ended,
            instrumentation_scope=self._scope,
        )
        for processor in self._processors:
            processor.on_end(child)


def sampler_of(name: str, share: float) -> Sampler:
    """The sampler of a name, as OpenTelemetry's environment variables have it.

    Args:
        name: one of those that `OTEL_TRACES_SAMPLER` takes.
        share: of traces, for those that keep a share.
    """
    root = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "traceidratio": TraceIdRatioBased(share),
    }[name.removeprefix("parentbased_")]
    return ParentBased(root) if name.startswith("parentbased_") else root


def exporters_of(settings: Settings) -> list[SpanExporter]:
    """What the settings name: OTLP over HTTP, Application Insights, or both.

    What else OpenTelemetry's variables say of OTLP (`OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`,
    `_CERTIFICATE`, `_COMPRESSION`) its exporter reads itself.
    """
    exporters: list[SpanExporter] = []
    if settings.otel_exporter_otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        address = settings.otel_exporter_otlp_endpoint.rstrip("/")
        exporters.append(OTLPSpanExporter(endpoint=f"{address}/v1/traces"))
    if settings.applicationinsights_connection_string:
        from inference.telemetry.otel import span_exporter

        exporters.append(span_exporter(settings.applicationinsights_connection_string))
    return exporters
