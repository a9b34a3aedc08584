"""A collector on this machine that takes spans as OTLP over HTTP, or misbehaves as told."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Span:
    """One span as it was received."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    began: int
    ended: int
    failed: bool
    attributes: dict[str, object]
    resource: dict[str, object]


@dataclass
class Collector:
    """What came, and how it is answered."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    delay: float = 0.0
    spans: list[Span] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def plain(value: object) -> object:
    return getattr(value, value.WhichOneof("value"))


def spans_in(content: bytes) -> Iterator[Span]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    for group in ExportTraceServiceRequest.FromString(content).resource_spans:
        resource = {item.key: plain(item.value) for item in group.resource.attributes}
        for scope in group.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.kind,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    span.status.code == 2,
                    {item.key: plain(item.value) for item in span.attributes},
                    resource,
                )


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                content = gzip.decompress(content)
            made.asked.set()
            time.sleep(made.delay)
            if made.status == 200 and self.path == "/v1/traces":
                made.raw.append(content)
                made.spans += spans_in(content)
            self.send_response(made.status if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # an API that did not wait for its answer
    server.block_on_close = False
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def traced(serve_app: Callable[..., object], collector: Collector, monkeypatch) -> object:
    """The API in this process, whose spans go to the collector without delay."""
    from inference.tracing import export

    monkeypatch.setattr(export, "DELAY_SECONDS", 0.05)

    def serve(**settings: object) -> object:
        return serve_app(**{"otel_exporter_otlp_endpoint": collector.url, **settings})

    return serve
