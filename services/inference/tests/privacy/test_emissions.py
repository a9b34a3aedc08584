"""After a hostile session no word of a text is in anything that the service wrote or sent."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

MARK = "qzxvk"
"""A word of every text, and of one author, so that not even the radar may write it down."""
TEXTS = (
    f"{MARK} lost",  # alone it would be a pseudonym as good as any
    f"late {MARK} lost bag, never again",
    f"@{MARK} https://{MARK}.example/x {MARK}@mail.example",
    f"'; DROP TABLE predictions; -- {MARK} %s %(a)s :a ? {{0}}",
    f"\0{MARK}\0",
    f"{MARK} \ud800",
    f"{MARK} " * 2_000,
)
JSON = {"Content-Type": "application/json"}


class Collector:
    """Takes whatever is sent to it: traces, events and alerts."""

    def __init__(self):
        self.bodies = bodies = []
        self.paths = paths = set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                packed = self.headers.get("Content-Encoding") == "gzip"
                bodies.append(gzip.decompress(body) if packed else body)
                paths.add(self.path.split("?")[0])
                answer = json.dumps({"itemsReceived": 1, "itemsAccepted": 1, "errors": []})
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def ask(api, method, path, body=None, content=None, **more):
    """The answer to a request; the body escapes what UTF-8 cannot hold."""
    content = json.dumps(body).encode() if content is None else content
    return api.request(
        method, path, content=content, headers=JSON | more.pop("headers", {}), **more
    )


def misuse(api):
    """Every route asked with texts where they belong and where they do not; gives the answers."""
    answers = []

    def send(*given, **more):
        answers.append(ask(api, *given, **more))
        return answers[-1]

    for text in TEXTS:
        send("POST", "/v1/predict", {"text": text, "true_label": "negative"})
        send("POST", "/v1/predict", {"text": text, "true_label": MARK})
        send("POST", "/v1/predict/batch", {"texts": [text, "fine"]})
        send("POST", "/v1/explain", {"text": text})
        send("POST", "/predict", {"inputs": text})
        tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
        send("POST", "/v2/models/tweet-sentiment/infer", {"inputs": [tensor]})
        mention = {
            "text": text,
            "created_at": "2026-02-03T04:05:06Z",
            "airline": "A",
            "author": "a",
        }
        send("POST", "/v1/radar/mentions", {"mentions": [mention]})
        send("POST", "/v1/radar/mentions", {"mentions": [mention | {"created_at": text}]})
        made = send("POST", "/v1/predict", {"text": text}).json()
        verdict = {"prediction_id": made.get("id"), "verdict": "rejected"}
        send("POST", "/v1/feedback", verdict)
        for wrong in (
            {"text": text},
            {"text": f"{MARK} other", "consent": True},
            {"corrected_label": text[:100]},
            {"channel": text},
            {"reviewer": text},
            {"prediction_id": text},
            {MARK: text},
        ):
            send("POST", "/v1/feedback", verdict | wrong)
        send("POST", "/v1/erasures", {"text": text, MARK: 1})
        send("POST", "/v1/erasures", {"mention_id": text})
    for path in ("/v1/predict", "/v1/predict/batch", "/v1/erasures", "/v1/radar/mentions"):
        for content in (
            f'{{"text": "{MARK}'.encode(),
            f'"{MARK}"'.encode(),
            MARK.encode() * 300_000,
        ):
            send("POST", path, content=content)
        send("POST", path, {MARK: MARK}, headers={"Content-Type": MARK})
        send("PATCH", path, {MARK: MARK})
    for path in (
        *(f"/{MARK}", f"/v1/predict?text={MARK}", f"/v1/predictions/{MARK}"),
        *(f"/v1/audit?after={MARK}", f"/v1/audit?reviewer={MARK}%20x", f"/v1/radar?from={MARK}"),
        *(f"/v1/feedback/labelled?after={MARK}", f"/v1/alerts?limit={MARK}"),
    ):
        send("GET", path)
    send("DELETE", f"/v1/predictions/{MARK}")
    for path in ("/v1/audit", "/v1/feedback/labelled", "/v1/radar", "/v1/alerts", "/v1/model"):
        assert send("GET", path).status_code == 200
    return answers


def is_ready(api):
    try:
        return api.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_no_text_is_in_anything_that_is_written_or_sent(
    start_server, store_url, content, collector, until
):
    connection = (
        f"InstrumentationKey=12345678-1234-1234-1234-123456789abc;IngestionEndpoint={collector.url}"
    )
    server = start_server(
        ready=False,
        DATABASE_URL=store_url,
        LOG_LEVEL="DEBUG",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        APPLICATIONINSIGHTS_CONNECTION_STRING=connection,
        TELEMETRY_METRICS_SECONDS="1",
        ALERT_WEBHOOK_URL=f"{collector.url}/alerts",
        ALERT_WEBHOOK_SECRET="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as api:
        until(lambda: is_ready(api), f"the API is ready; see {server.log}", 180)
        answers = misuse(api)
        until(
            lambda: {"/v1/traces", "/v2.1/track", "/alerts"} <= collector.paths,
            f"traces, events and an alert are sent, not only {collector.paths}",
            30,
        )
        until(
            lambda: any(b"radar_verdicts_total" in body for body in collector.bodies),
            "figures are sent",
            30,
        )
        metrics = api.get("/metrics").text
    statuses = {answer.status_code for answer in answers}
    assert statuses >= {200, 404, 405, 413, 415, 422}
    assert not [answer.status_code for answer in answers if answer.status_code >= 500]
    # Explanations show a word to whoever sent it.
    shown = [one for one in answers if "/v1/explain" not in str(one.url) or one.status_code != 200]
    assert [answer.url for answer in shown if MARK in answer.text] == []
    assert MARK not in metrics
    assert MARK not in server.log.read_text()
    assert [body for body in collector.bodies if MARK.encode() in body] == []
    kept = content()
    assert MARK.encode() not in kept, kept[kept.index(MARK.encode()) - 200 :][:400]
