"""Rejections split over two API processes, seen at all three ends: page, webhook, Azure."""

import base64
import hashlib
import hmac
import json
import time

import httpx
import pytest

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TEXT = "the crew was lovely in zanzibar"


def post(server, path, body):
    return httpx.post(f"{server.url}{path}", json=body, trust_env=False, timeout=30)


def alerts(server):
    answer = httpx.get(f"{server.url}/v1/alerts", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def reject(server):
    made = post(server, "/v1/predict", {"text": TEXT}).json()
    verdict = {"verdict": "rejected", "corrected_label": "negative", "channel": "page"}
    answer = post(server, "/v1/feedback", verdict | {"prediction_id": made["id"]})
    assert answer.status_code == 200, answer.text
    return made["id"]


@pytest.fixture
def pair(start_server, wait_ready, store_url, insights, hook):
    """Two API processes on one store, with both ways out."""

    def start(backend):
        servers = [
            start_server(
                "--migrate",
                ready=False,
                DATABASE_URL=store_url,
                APPLICATIONINSIGHTS_CONNECTION_STRING=insights.connection_string,
                TELEMETRY_BACKEND=backend,
                ALERT_WEBHOOK_URL=f"{hook.url}/alerts",
                ALERT_WEBHOOK_SECRET=SECRET,
            )
            for _ in range(2)
        ]
        for server in servers:
            wait_ready(server)
        return servers

    return start


def is_signed(headers, body):
    """As a receiver checks it: the Standard Webhooks specification, written out anew."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 60
    return fresh and hmac.compare_digest(headers["webhook-signature"], f"v1,{digest}")


@pytest.mark.parametrize(
    ("store_url", "backend"),
    [
        ("sqlite", "opencensus"),
        pytest.param("postgres", "opentelemetry", marks=pytest.mark.postgres),
    ],
    indirect=["store_url"],
)
def test_the_third_rejection_raises_one_alert_everywhere(pair, insights, hook, until, backend):
    first, second = pair(backend)
    rejected = [reject(first), reject(second)]
    until(lambda: len(insights.events("prediction_rejected")) == 2, "two events arrive")
    time.sleep(1)  # as long as a look at the store takes several times over
    assert alerts(first) == alerts(second) == []
    assert hook.requests == []

    rejected.append(reject(first))
    until(lambda: alerts(second), "the alert is there", 10)
    until(lambda: hook.requests, "the webhook is called", 15)
    until(lambda: insights.events("alert_opened"), "the event arrives", 15)
    time.sleep(3)  # a second delivery, or a second alert, would come within this

    (alert,) = alerts(first)
    assert alerts(second) == [alert]
    assert (alert["kind"], alert["state"]) == ("rejections", "open")
    assert sorted(alert["predictions"]) == sorted(rejected)
    ((path, headers, body),) = hook.requests
    assert path == "/alerts"
    assert is_signed(headers, body)
    assert headers["webhook-id"] == alert["id"]
    message = json.loads(body)
    assert message["type"] == "alert.opened"
    assert message["data"]["details"] == {"rejections": 3, "seconds": 300.0}
    (told,) = insights.events("alert_opened")
    assert told["properties"]["alert_id"] == alert["id"]
    assert told["properties"]["kind"] == "rejections"

    events = [event["properties"] for event in insights.events("prediction_rejected")]
    assert sorted(event["prediction_id"] for event in events) == sorted(rejected)
    for event in events:
        assert event["model_name"]
        assert event["model_version"]
        assert event["predicted_label"] == "positive"
        assert event["corrected_label"] == "negative"
        assert 0.5 < float(event["confidence"]) <= 1
        assert (event["channel"], event["language"]) == ("page", "en")

    until(lambda: insights.found("RequestData"), "spans of requests arrive", 15)
    spans = {(span["name"], span["responseCode"]) for span in insights.found("RequestData")}
    assert ("POST /v1/feedback", "200") in spans
    roles = {item["tags"]["ai.cloud.role"] for item in insights.taken}
    assert roles == {"radar-inference"}

    emitted = json.dumps(insights.taken) + body.decode() + json.dumps(alert)
    emitted += first.log.read_text() + second.log.read_text()
    assert "zanzibar" not in emitted
    assert SECRET.removeprefix("whsec_") not in emitted
    assert hook.url not in first.log.read_text() + second.log.read_text()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_webhook_that_was_away_is_called_after_a_restart(
    start_server, store_url, hook, until, rows
):
    hook.stop()
    settings = {
        "DATABASE_URL": store_url,
        "ALERT_WEBHOOK_URL": hook.url,
        "ALERT_WEBHOOK_SECRET": SECRET,
    }
    server = start_server(**settings)
    for _ in range(3):
        reject(server)
    until(lambda: "an alert did not arrive" in server.log.read_text(), "it was tried", 15)
    server.kill()
    hook.start()
    start_server(**settings)
    until(lambda: hook.requests, "the webhook is called", 20)
    assert is_signed(*hook.requests[0][1:])
