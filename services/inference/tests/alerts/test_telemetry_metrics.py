"""Figures that go to Application Insights: which, when, and what a bad endpoint does to them."""

import math
import re
import time

import pytest

from inference.metrics import Metrics
from inference.scheduling.scheduler import BatchFigures
from inference.telemetry import reporter as reporting
from inference.telemetry import sinks
from inference.telemetry.measurements import CHOSEN, Measurement, Readings
from inference.telemetry.reporter import MetricsReporter
from inference.telemetry.sinks import open_measurements

MODEL = {"model_name": "m", "model_version": "1"}
LABELS = re.compile(r'(\w+)="([^"]*)"')


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def readings(metrics):
    return Readings(metrics.figures)


@pytest.fixture
def open_one(insights, backend, tmp_path, impatient):
    opened = []

    def open_it():
        opened.append(open_measurements(insights.connection_string, backend, tmp_path, "inference"))
        return opened[-1]

    yield open_it
    for sink in opened:
        sink.close()


def taken(readings):
    return {(item.name, *item.fields.values()): item.value for item in readings.take()}


def told(insights):
    """What arrived: name, fields and value of each measurement."""
    found = []
    for data in insights.found("MetricData"):
        (point,) = data["metrics"]
        found.append((point["name"], data.get("properties") or {}, point["value"]))
    return found


def tokens(value):
    return Measurement("radar_queue_tokens", value, {})


def values(insights):
    return [value for name, _, value in told(insights) if name == "radar_queue_tokens"]


def on_disk(tmp_path):
    return [path for path in (tmp_path / "telemetry").rglob("*") if path.is_file()]


def test_counters_tell_what_was_added_and_gauges_what_is(metrics, readings):
    waiting = 7
    metrics.batches.watch(lambda: waiting, lambda: 70)
    for status in (200, 201, 422, 503):
        metrics.observe_request("POST", "/v1/predict", status, 0.25)
    metrics.observe_request("GET", "/v1/radar", 200, 1.5)
    metrics.count_prediction("m", "1", "negative")
    metrics.count_verdict("m", "1", "rejected")
    metrics.batches.dropped("expired", 3)
    metrics.set_model("m", "1", "int8", fallback=False)
    first = taken(readings)
    assert first.pop(("process_resident_memory_bytes",)) > 1e6
    assert first == {
        ("radar_requests_total", "2xx"): 3,
        ("radar_requests_total", "4xx"): 1,
        ("radar_requests_total", "5xx"): 1,
        ("radar_request_seconds_sum", "/v1/predict"): 1.0,
        ("radar_request_seconds_count", "/v1/predict"): 4,
        ("radar_request_seconds_sum", "/v1/radar"): 1.5,
        ("radar_request_seconds_count", "/v1/radar"): 1,
        ("radar_predictions_total", "m", "1", "negative"): 1,
        ("radar_verdicts_total", "m", "1", "rejected"): 1,
        ("radar_dropped_tweets_total", "expired"): 3,
        ("radar_model_info", "m", "1", "int8"): 1,
        ("radar_queue_tokens",): 7,
        ("radar_admitted_tokens",): 70,
        **{(f"radar_model_{state}",): 0 for state in ("failing", "held", "fallback")},
        **{(f"radar_spooled_{what}",): 0 for what in ("predictions", "verdicts")},
    }

    waiting = 0
    metrics.observe_request("POST", "/v1/predict", 200, 0.5)
    metrics.set_model("m", "2", "int8", fallback=False)
    second = taken(readings)
    moved = {key: value for key, value in second.items() if "_total" in key[0] or "_sec" in key[0]}
    assert moved == {
        ("radar_requests_total", "2xx"): 1,
        ("radar_request_seconds_sum", "/v1/predict"): 0.5,
        ("radar_request_seconds_count", "/v1/predict"): 1,
    }
    assert second["radar_queue_tokens",] == 0
    assert ("radar_model_info", "m", "2", "int8") in second
    assert ("radar_model_info", "m", "1", "int8") not in second


def test_those_who_only_ask_whether_it_is_well_are_not_counted(metrics, readings):
    for route in ("/livez", "/readyz", "/metrics", "none"):
        metrics.observe_request("GET", route, 503, 0.1)
    assert [key for key in taken(readings) if "request" in key[0]] == []


def test_every_chosen_figure_exists_with_its_fields(metrics):
    metrics.observe_request("POST", "/v1/predict", 200, 0.1)
    metrics.count_prediction("m", "1", "negative")
    metrics.count_verdict("m", "1", "rejected")
    metrics.set_model("m", "1", "fp32", fallback=False)
    metrics.batches.batch_done(BatchFigures(1, 3, 3, [0.1], 0.1))
    metrics.challenger.compared("1", "2", agree=True)
    shown = {}
    for line in metrics.exposition().decode().splitlines():
        if not line.startswith("#"):
            shown[re.split("[{ ]", line)[0]] = {name for name, _ in LABELS.findall(line)}
    missing = {name: fields for name, fields in CHOSEN.items() if not set(fields) <= shown[name]}
    assert missing == {}


def test_measurements_arrive_with_the_same_names_fields_and_role(open_one, insights):
    sent = [
        Measurement("radar_queue_tokens", 12.0, {}),
        Measurement("radar_request_seconds_sum", 0.125, {"route": "/v1/predict"}),
        Measurement("radar_predictions_total", 3.0, {**MODEL, "label": "negative"}),
    ]
    open_one().send(sent)
    assert told(insights) == [(item.name, dict(item.fields), item.value) for item in sent]
    assert {path for path, _, _ in insights.requests} == {"/v2.1/track"}
    assert len(insights.requests) == 1
    assert {item["tags"]["ai.cloud.role"] for item in insights.taken} == {"inference"}
    assert all(re.match(r"\d{4}-.*(Z|\+00:00)$", item["time"]) for item in insights.taken)


@pytest.mark.parametrize("status", [503, 429, 500])
def test_what_is_put_off_is_sent_later(open_one, insights, until, tmp_path, status):
    insights.refuse(status)
    sink = open_one()
    sink.send([tokens(1)])
    assert on_disk(tmp_path)
    insights.accept()

    def arrived():
        sink.send([tokens(2)])
        return 1 in values(insights)

    until(arrived, "it arrives with a later one", 20)
    assert values(insights).count(1) == 1


def test_what_is_refused_survives_a_restart(open_one, insights, until, tmp_path):
    insights.stop()
    first = open_one()
    first.send([tokens(1)])
    first.send([tokens(2)])
    first.close()
    assert on_disk(tmp_path)
    insights.start()
    second = open_one()

    def arrived():
        second.send([tokens(3)])
        return {1, 2} <= set(values(insights))

    until(arrived, "both arrive in the next process's time", 20)
    assert [values(insights).count(value) for value in (1, 2)] == [1, 1]
    until(lambda: not on_disk(tmp_path), "nothing is left on the disk")


def test_a_slow_endpoint_is_given_up_and_asked_again(open_one, insights, until, tmp_path):
    sink = open_one()
    insights.delay = 1.5
    began = time.monotonic()
    sink.send([tokens(1)])
    assert time.monotonic() - began < 1.4
    assert on_disk(tmp_path)
    insights.accept()

    def settled():
        sink.send([tokens(2)])
        return not on_disk(tmp_path)

    until(settled, "it is taken from the disk", 20)
    assert {1, 2} <= set(values(insights))


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, b"<html>"), (206, b"not json"), (206, b'{"errors": 7}'), (400, b"\xff"), (404, b"")],
    ids=["200", "206", "206-errors", "400", "404"],
)
def test_after_garbage_the_next_ones_arrive(open_one, insights, status, answer):
    insights.refuse(status, answer)
    sink = open_one()
    sink.send([tokens(1)])
    insights.accept()
    sink.send([tokens(2)])
    assert 2 in values(insights)


def test_what_waits_on_the_disk_is_bounded(open_one, insights, tmp_path, monkeypatch):
    monkeypatch.setattr(sinks, "MAX_MEASUREMENT_BYTES", 3_000)
    insights.refuse(503)
    sink = open_one()
    for number in range(40):
        sink.send([tokens(number)])
    sizes = [path.stat().st_size for path in on_disk(tmp_path)]
    assert 0 < sum(sizes) < 3_000 + max(sizes)
    assert len(insights.requests) > len(sizes)


class Told:
    """A sink that notes what it gets, and may fail."""

    def __init__(self):
        self.reports = []
        self.failing = False
        self.closed = False

    def send(self, measurements):
        self.reports.append({(item.name, *item.fields.values()) for item in measurements})
        if self.failing:
            raise RuntimeError("an SDK's own mistake")

    def close(self):
        self.closed = True


def test_reports_go_on_after_one_failed_and_end_with_a_last_one(metrics, readings, until):
    sink = Told()
    sink.failing = True
    reporter = MetricsReporter(readings, sink, 0.05)
    reporter.start()
    until(lambda: len(sink.reports) > 2, "several reports")
    metrics.count_verdict("m", "1", "confirmed")
    reporter.close()
    assert sink.closed
    assert any(("radar_verdicts_total", "m", "1", "confirmed") in one for one in sink.reports)


def test_the_end_does_not_wait_for_an_endpoint_that_hangs(
    readings, open_one, insights, until, monkeypatch, caplog
):
    monkeypatch.setattr(sinks, "TIMEOUT_SECONDS", 10.0)
    monkeypatch.setattr(reporting, "LAST_SECONDS", 0.3)
    insights.delay = 1.2
    reporter = MetricsReporter(readings, open_one(), 3_600)
    reporter.start()
    began = time.monotonic()
    reporter.close()
    assert time.monotonic() - began < 1.0
    assert "the last figures" in caplog.text
    until(lambda: values(insights) or insights.requests, "the thread ends", 10)


def sums(insights):
    """Values by name and fields, added up over all reports."""
    found = {}
    for name, fields, value in told(insights):
        key = (name, *(fields[label] for label in CHOSEN[name]))
        found[key] = found.get(key, 0.0) + value
    return found


def test_the_api_reports_its_figures_at_intervals_and_at_the_end(
    serve_app, insights, until, backend
):
    text = "never late in zanzibar"
    with serve_app(
        applicationinsights_connection_string=insights.connection_string,
        telemetry_backend=backend,
        telemetry_metrics_seconds=1.0,
        otel_traces_sampler="always_off",
    ) as client:
        made = client.post("/v1/predict", json={"text": text}).json()
        client.post("/v1/predict", json={"wrong": text})
        model = (made["model_name"], made["model_version"])
        until(lambda: ("radar_predictions_total", *model, "negative") in sums(insights), "a report")
        verdict = {"prediction_id": made["id"], "verdict": "rejected"}
        assert client.post("/v1/feedback", json=verdict).status_code == 200
    found = sums(insights)
    assert found["radar_verdicts_total", *model, "rejected"] == 1
    assert found["radar_predictions_total", *model, "negative"] == 1
    assert found["radar_requests_total", "2xx"] == 2
    assert found["radar_requests_total", "4xx"] == 1
    assert found["radar_request_seconds_count", "/v1/predict"] == 2
    assert math.isclose(found["radar_request_seconds_sum", "/v1/predict"], 0.5, abs_tol=0.5)
    assert found["radar_model_info", *model, "fp32"] >= 1
    assert "zanzibar" not in str(insights.taken)
    assert made["id"] not in str(insights.found("MetricData"))
