"""A collector that is away, slow or mad costs spans, and nothing else."""

import signal
import threading
import time

import httpx
import pytest
from opentelemetry.sdk.trace.export import SpanExportResult
from prometheus_client.parser import text_string_to_metric_families

from inference.settings import Settings
from inference.tracing import export
from inference.tracing.export import BoundedProcessor
from inference.tracing.tracing import Tracing

TEXT = "late"


def lost(client):
    return {
        sample.labels["reason"]: sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == "radar_lost_spans_total"
    }


def predict(client, times=1):
    started = time.monotonic()
    for _ in range(times):
        assert client.post("/v1/predict", json={"text": TEXT}).status_code == 200
    return time.monotonic() - started


def test_a_collector_that_is_away_costs_spans_alone(traced, free_port, until, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    with traced(otel_exporter_otlp_endpoint=f"http://127.0.0.1:{free_port()}") as client:
        assert lost(client) == {"queue-full": 0, "not-taken": 0, "shutdown": 0}
        assert predict(client, 20) < 10
        until(lambda: lost(client)["not-taken"] >= 6, "losses are counted", 20)
        started = time.monotonic()
    assert time.monotonic() - started < export.FLUSH_SECONDS + 5


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"zanzibar"), (401, b""), (302, b"\xff\x00 nonsense")]
)
def test_a_collector_that_answers_nonsense_is_heard_by_nobody(
    traced, collector, until, caplog, status, body
):
    collector.status, collector.body = status, body
    with traced() as client:
        predict(client, 2)
        assert collector.asked.wait(10)
        if status != 302:  # which OpenTelemetry's exporter takes for success
            until(lambda: lost(client)["not-taken"] >= 6, "losses are counted", 20)
            said = about_the_collector(caplog)
            assert said == ["spans are dropped: the collector does not take them"]
    assert "zanzibar" not in caplog.text
    assert [line for line in caplog.records if line.name.startswith("opentelemetry")] == []


def about_the_collector(caplog):
    return [line for line in caplog.messages if "collector" in line]


def test_one_that_recovers_gets_the_spans_that_follow(traced, collector, until, caplog):
    collector.status = 400
    with traced() as client, caplog.at_level("INFO", "inference.tracing.export"):
        predict(client)
        until(lambda: lost(client)["not-taken"] >= 6, "losses are counted", 20)
        collector.status = 200
        predict(client)
        until(lambda: collector.named("POST /v1/predict"), "spans arrive again", 20)
        again = "the collector takes spans again"  # said once its answer was read
        until(lambda: about_the_collector(caplog)[-1:] == [again], "it is said", 5)


def test_a_slow_collector_holds_up_no_request_and_no_end(traced, collector, monkeypatch):
    monkeypatch.setattr(export, "FLUSH_SECONDS", 0.5)
    collector.delay = 8.0
    with traced() as client:
        predict(client)
        assert collector.asked.wait(10)  # from here on the thread that exports is stuck
        quick = predict(client, 20)
        assert quick < 5
        metrics = client.app.state.services.metrics
        started = time.monotonic()
    assert time.monotonic() - started < 6
    assert b'radar_lost_spans_total{reason="shutdown"}' in metrics.exposition()
    value = metrics._registry.get_sample_value("radar_lost_spans_total", {"reason": "shutdown"})
    assert value >= 20 * 6


class Stuck:
    """An exporter that does nothing until it is let."""

    def __init__(self, gate):
        self.gate = gate

    def export(self, spans):
        assert self.gate.wait(20)
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


def test_what_waits_is_bounded_and_what_does_not_fit_is_counted(monkeypatch):
    monkeypatch.setattr(export, "QUEUE_SPANS", 100)
    monkeypatch.setattr(export, "BATCH_SPANS", 10)
    gate = threading.Event()
    counted = {}
    settings = Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:9")
    tracing = Tracing(settings, lambda: [Stuck(gate)])
    tracing.start(lambda reason, spans: counted.update({reason: counted.get(reason, 0) + spans}))
    for _ in range(150):
        tracing.begin({}).end()
    assert counted == {"queue-full": 50}
    gate.set()
    tracing.close()
    assert counted == {"queue-full": 50}
    (processor,) = tracing._processors
    assert isinstance(processor, BoundedProcessor)
    assert processor.waiting == 0


def test_an_exporter_that_raises_loses_its_spans_alone():
    class Broken(Stuck):
        def export(self, spans):
            raise RuntimeError("zanzibar")

    counted = []
    settings = Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:9")
    tracing = Tracing(settings, lambda: [Broken(None)])
    tracing.start(lambda reason, spans: counted.append((reason, spans)))
    tracing.begin({}).end()
    tracing.close()
    assert counted == [("not-taken", 1)]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_end_of_the_process_hands_on_what_waits(start_server, collector, store_url):
    server = start_server(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_SERVICE_NAME="radar-of-tests",
        DRAIN_SECONDS="0",
        DATABASE_URL=store_url,
    )
    answer = httpx.post(f"{server.url}/v1/predict", json={"text": TEXT}, trust_env=False)
    assert answer.status_code == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    (span,) = collector.named("POST /v1/predict")
    assert span.resource["service.name"] == "radar-of-tests"
    logged = [line for line in server.lines() if line.get("route") == "/v1/predict"]
    assert [line["trace_id"] for line in logged] == [span.trace]


@pytest.mark.parametrize("address", ["collector:4318", "ftp://collector", "http://"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match="must be an address"):
        Settings(otel_exporter_otlp_endpoint=address)
