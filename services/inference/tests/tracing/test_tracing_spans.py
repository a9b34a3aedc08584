"""The trace of a request, as a collector receives it."""

import io
import itertools
import json
import logging
import subprocess
import sys

import pytest

from inference.logging import JsonFormatter

TEXT = "lovely crew zanzibar"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{}"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def client(traced):
    with traced() as client:
        yield client


def test_a_prediction_is_a_span_with_its_parts_in_order(client, collector, until):
    answer = client.post("/v1/predict?q=zanzibar", json={"text": TEXT})
    assert answer.status_code == 200
    until(lambda: collector.named("POST /v1/predict"), "the span arrives", 10)
    (whole,) = collector.named("POST /v1/predict")
    assert (whole.kind, whole.parent, whole.failed) == (2, "", False)
    model = client.get("/v1/model").json()
    assert whole.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/predict",
        "http.response.status_code": 200,
        "radar.request_id": answer.headers["X-Request-Id"],
        "radar.model.name": model["name"],
        "radar.model.version": model["version"],
        "radar.model.precision": "fp32",
    }
    assert whole.resource["service.name"] == "radar-inference"
    parts = [
        collector.named(name)[0] for name in ("tokenise", "queue", "infer", "store", "respond")
    ]
    for part in parts:
        assert (part.trace, part.parent) == (whole.trace, whole.id)
        assert whole.began <= part.began <= part.ended <= whole.ended
    assert all(one.ended <= other.began for one, other in itertools.pairwise(parts))
    tokenise, _, infer, *_ = parts
    assert tokenise.attributes == {"radar.texts": 1, "radar.tokens": 3, "radar.truncated": 0}
    assert infer.attributes == {
        "radar.batch.texts": 1,
        "radar.batch.tokens": 3,
        "radar.batch.padding": 0,
    }
    assert b"zanzibar" not in b"".join(collector.raw)


def test_a_batch_is_as_many_inferences_as_it_took(client, collector, until):
    texts = ["late"] * 3 + [
        "late again and again at the gate with my bag lost forever and ever"
    ] * 2
    assert client.post("/v1/predict/batch", json={"texts": texts}).status_code == 200
    until(lambda: collector.named("POST /v1/predict/batch"), "the span arrives", 10)
    (tokenise,) = collector.named("tokenise")
    assert tokenise.attributes["radar.texts"] == 5
    batches = collector.named("infer")
    assert len(batches) >= 2  # of unlike lengths
    assert sum(batch.attributes["radar.batch.texts"] for batch in batches) == 5
    (queue,) = collector.named("queue")
    assert queue.ended == min(batch.began for batch in batches)


@pytest.mark.parametrize(("flags", "kept"), [("01", True), ("00", False)])
def test_a_client_that_traces_decides_and_is_the_parent(client, collector, until, flags, kept):
    headers = {"traceparent": PARENT.format(flags), "tracestate": "vendor=x"}
    assert client.post("/v1/predict", json={"text": TEXT}, headers=headers).status_code == 200
    client.get("/v1/model")  # without a parent: kept in any case
    until(lambda: collector.named("GET /v1/model"), "the later span arrives", 10)
    spans = collector.named("POST /v1/predict")
    assert [(span.trace, span.parent) for span in spans] == (
        [(TRACE, "b7ad6b7169203331")] if kept else []
    )


@pytest.mark.parametrize("parent", ["", "nonsense", "00-0-0-01", "ff" + PARENT[2:].format("01")])
def test_a_parent_that_is_none_begins_a_trace(client, collector, until, parent):
    client.get("/v1/model", headers={"traceparent": parent})
    until(lambda: collector.named("GET /v1/model"), "the span arrives", 10)
    (span,) = collector.named("GET /v1/model")
    assert span.parent == ""
    assert span.trace != TRACE


def test_failures_are_told_by_kind_and_paths_and_health_not_at_all(client, collector, until):
    assert client.get("/livez").status_code == 200
    assert client.get("/zanzibar/zanzibar").status_code == 404
    assert client.post("/v1/predict", json={"text": "zanzibar " * 2_000}).status_code == 422
    late = client.post("/v1/predict", json={"text": TEXT}, headers={"X-Request-Timeout": "1e-9"})
    assert late.status_code == 504
    until(lambda: len(collector.named("POST /v1/predict")) == 2, "the spans arrive", 10)
    by_status = {
        span.attributes["http.response.status_code"]: span
        for span in collector.spans
        if span.kind == 2
    }
    assert {status: span.failed for status, span in by_status.items()} == {
        404: False,
        422: False,
        504: True,
    }
    assert by_status[404].name == "any none"
    assert by_status[504].attributes["error.type"] == "504"
    assert b"zanzibar" not in b"".join(collector.raw)


@pytest.mark.parametrize("name", ["always_off", "traceidratio", "parentbased_traceidratio"])
def test_the_sampler_decides(traced, collector, name):
    settings = {"otel_traces_sampler": name, "otel_traces_sampler_arg": 0.0}
    with traced(**settings) as client:
        assert client.post("/v1/predict", json={"text": TEXT}).status_code == 200
    assert collector.spans == []


def test_log_lines_of_a_request_name_its_trace(client, collector, until):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("inference.middleware")
    log.addHandler(handler)
    before, _ = log.level, log.setLevel(logging.INFO)
    try:
        client.get("/v1/model", headers={"traceparent": PARENT.format("00")})
        until(lambda: "request" in stream.getvalue(), "the request is logged", 10)
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
    line = json.loads(stream.getvalue().splitlines()[-1])
    assert line["trace_id"] == TRACE
    assert line["request_id"]


def test_without_a_collector_nothing_is_noted_or_imported(serve_app, tmp_path):
    with serve_app() as client:
        assert client.post("/v1/predict", json={"text": TEXT}).status_code == 200
    code = (
        "import sys; from inference.app import create_app; from inference.settings import Settings;"
        "create_app(Settings(model_source='/nowhere', data_dir=sys.argv[1]));"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')"
        " or name.startswith('opentelemetry.exporter')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr
