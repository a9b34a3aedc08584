"""Both backends against a receiver on this machine that is there, slow, broken, or not there."""

import socket
import subprocess
import sys
import time

import pytest

from inference.telemetry.connection import ConnectionString
from inference.telemetry.events import Event
from inference.telemetry.sinks import open_sink

FIELDS = {"prediction_id": "p1", "corrected_label": "", "confidence": "0.9000", "channel": "page"}


@pytest.fixture
def open_one(insights, backend, tmp_path, impatient):
    opened = []

    def open_it():
        sink = open_sink(insights.connection_string, backend, tmp_path, "inference")
        opened.append(sink)
        return sink

    yield open_it
    for sink in opened:
        sink.close()


@pytest.fixture
def only_here(monkeypatch):
    """Refuses any address but this machine's, and names those that were asked for."""
    asked = []
    real = socket.getaddrinfo

    def find(host, *rest, **more):
        if host not in ("127.0.0.1", "localhost"):
            asked.append(host)
            raise OSError(f"a test asked for {host}")
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    return asked


def event(number=1):
    return Event("prediction_rejected", FIELDS | {"prediction_id": f"p{number}"})


def ids(insights):
    return [item["properties"]["prediction_id"] for item in insights.events("prediction_rejected")]


def on_disk(tmp_path):
    return [path for path in (tmp_path / "telemetry").rglob("*") if path.is_file()]


def test_an_event_arrives_with_its_name_fields_and_role(open_one, insights, until, only_here):
    open_one().send(event())
    until(insights.events, "the event arrives")
    (arrived,) = insights.events()
    assert arrived["name"] == "prediction_rejected"
    told = {name: value for name, value in arrived["properties"].items() if value}
    # OpenTelemetry's exporter leaves out what is empty; a query reads both the same.
    assert told == {name: value for name, value in FIELDS.items() if value} | {
        "logger_name": "inference.telemetry"
    }
    assert insights.requests[0][0] == "/v2.1/track"
    (envelope,) = insights.taken
    assert envelope["tags"]["ai.cloud.role"] == "inference"
    assert only_here == []


def test_what_is_answered_503_is_tried_again(open_one, insights, until, tmp_path):
    insights.refuse(503)
    open_one().send(event())
    until(lambda: on_disk(tmp_path), "it waits on the disk")
    insights.accept()
    until(lambda: ids(insights), "it arrives without another event", 20)
    assert ids(insights) == ["p1"]
    until(lambda: not on_disk(tmp_path), "nothing is left on the disk")


def test_what_is_refused_survives_a_restart(open_one, insights, until, tmp_path):
    insights.stop()
    first = open_one()
    for number in range(3):
        first.send(event(number))
    first.close()
    assert on_disk(tmp_path)
    insights.start()
    open_one()
    until(lambda: len(ids(insights)) == 3, "all arrive in the next process's time", 20)
    assert sorted(ids(insights)) == ["p0", "p1", "p2"]


def test_a_slow_endpoint_holds_up_nobody(open_one, insights, until, tmp_path):
    insights.delay = 1.5
    sink = open_one()
    began = time.monotonic()
    for number in range(200):
        sink.send(event(number))
    assert time.monotonic() - began < 0.5
    until(lambda: on_disk(tmp_path), "it waits on the disk")
    insights.accept()
    until(lambda: set(ids(insights)) >= {f"p{n}" for n in range(200)}, "all arrive", 30)


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, b"<html>"), (206, b"not json"), (206, b'{"errors": 7}'), (400, b"\xff"), (404, b"")],
    ids=["200", "206", "206-errors", "400", "404"],
)
def test_after_garbage_the_next_event_arrives(open_one, insights, until, status, answer):
    insights.refuse(status, answer)
    sink = open_one()
    sink.send(event(1))
    until(lambda: insights.requests, "the first is sent")
    insights.accept()
    sink.send(event(2))
    until(lambda: "p2" in ids(insights), "the second arrives")


def test_what_waits_on_the_disk_is_bounded(open_one, insights, until, tmp_path, monkeypatch):
    monkeypatch.setattr("inference.telemetry.sinks.MAX_BYTES_ON_DISK", 5_000)
    insights.refuse(503)
    sink = open_one()
    for number in range(40):
        sink.send(event(number))
        time.sleep(0.05)
    until(lambda: on_disk(tmp_path), "some wait on the disk")
    sink.close()
    sizes = [path.stat().st_size for path in on_disk(tmp_path)]
    assert 0 < sum(sizes) < 5_000 + max(sizes)
    assert len(insights.requests) > len(sizes)


def test_without_a_connection_string_no_sdk_is_imported():
    code = (
        "import sys, pathlib, inference.app, inference.telemetry.sinks as s\n"
        "assert s.open_sink('', 'opentelemetry', pathlib.Path('.'), 'inference') is None\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('opencensus', 'azure')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


KEY = "0f9c6a6e-54c1-4f5b-9e9e-1d2a3b4c5d6e"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"InstrumentationKey={KEY};IngestionEndpoint=https://a.example;", "not at the end"),
        ("InstrumentationKey=7;IngestionEndpoint=https://a.example", "is a UUID"),
        ("IngestionEndpoint=https://a.example", "is a UUID"),
        (f"InstrumentationKey={KEY}", "IngestionEndpoint that is an address"),
        (f"InstrumentationKey={KEY};IngestionEndpoint=https://[", "that is an address"),
        (f"InstrumentationKey={KEY};IngestionEndpoint=http://a.example", "https://"),
    ],
)
def test_a_connection_string_that_cannot_be_used_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        ConnectionString.parse(text)
    assert KEY not in str(refused.value)


def test_a_connection_string_as_the_portal_shows_it_is_read():
    text = (
        f"InstrumentationKey={KEY};IngestionEndpoint=https://west-1.in.example.com/;"
        "LiveEndpoint=https://west.live.example.com/;ApplicationId=1"
    )
    assert str(ConnectionString.parse(text)) == (
        f"InstrumentationKey={KEY};IngestionEndpoint=https://west-1.in.example.com"
    )
