"""Failures under the addresses of other protocols, wherever they arise."""

import pytest

from inference.scheduling.admission import PREDICTION

KEYS = {"access": "keys"}
INFER = "/v2/models/tweet-sentiment/infer"
TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["late"]}
ASKING = {INFER: {"inputs": [TENSOR]}, "/predict": {"inputs": "late"}}
FIELDS = {INFER: {"error"}, "/predict": {"error", "error_type"}}


def check(path, answer, status, kind):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == FIELDS[path]
    assert answer.json()["error"]
    assert answer.json().get("error_type", kind) == kind
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ASKING)
class TestFailures:
    def test_a_key_that_is_missing(self, serve_app, path):
        with serve_app(**KEYS) as client:
            answer = client.post(path, json=ASKING[path])
        check(path, answer, 401, "Validation")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_full_service(self, serve_app, path):
        with serve_app(max_waiting_tokens=1) as client:
            admission = client.app.state.services.guard._admission
            with admission.admit(0, 10.0, PREDICTION):
                answer = client.post(path, json=ASKING[path])
        check(path, answer, 429, "Overloaded")
        assert int(answer.headers["Retry-After"]) >= 1

    def test_a_body_beyond_the_limit_declared_or_not(self, serve_app, path):
        with serve_app(max_body_bytes=1_024) as client:
            long = b'{"inputs": "' + b"x" * 2_000 + b'"}'
            headers = {"Content-Type": "application/json"}
            check(path, client.post(path, content=long, headers=headers), 413, "Validation")
            parts = iter([long[:500], long[500:]])
            check(path, client.post(path, content=parts, headers=headers), 413, "Validation")

    def test_no_json(self, client, path):
        headers = {"Content-Type": "application/json"}
        check(path, client.post(path, content=b"{", headers=headers), 400, "Validation")

    def test_another_method(self, client, path):
        answer = client.put(path)
        check(path, answer, 405, "Validation")
        assert answer.headers["Allow"] == "POST"

    def test_no_model(self, serve_app, tmp_path, path):
        with serve_app(ready=False, model_source=str(tmp_path / "none")) as client:
            answer = client.post(path, json=ASKING[path])
            check(path, answer, 503, "Unhealthy")
            assert client.get("/v2/health/ready").status_code == 503
            assert client.get("/v2/health/live").json() == {"live": True}

    def test_time_that_is_up(self, client, path):
        answer = client.post(path, json=ASKING[path], headers={"X-Request-Timeout": "1e-9"})
        check(path, answer, 504, "Overloaded")

    def test_a_failure_that_nobody_foresaw(self, serve_app, path, monkeypatch):
        with serve_app() as client:

            async def fail(*arguments, **named):
                raise ZeroDivisionError

            monkeypatch.setattr(client.app.state.services.predictions, "predict_all", fail)
            check(path, client.post(path, json=ASKING[path]), 500, "Backend")


def test_addresses_of_the_protocol_that_lead_nowhere(client):
    for path in ("/v2/nowhere", "/v2/models/another", "/v2/models/tweet-sentiment/versions/0"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"error"}
    assert client.get("/v2x").json()["type"] == "/problems/not-found"
    assert client.get("/predictor").json()["type"] == "/problems/not-found"


def test_health_needs_no_key_and_the_rest_does(serve_app):
    with serve_app(**KEYS) as client:
        assert client.get("/v2/health/live").status_code == 200
        assert client.get("/v2/health/ready").status_code == 200
        for path in (
            "/v2",
            "/v2/models/tweet-sentiment",
            "/v2/models/tweet-sentiment/ready",
            "/info",
        ):
            assert client.get(path).status_code == 401


def test_failures_are_described_as_they_are_answered(client):
    paths = client.get("/openapi.json").json()["paths"]
    ours = [path for path in paths if path.startswith("/v2") or path in ("/predict", "/info")]
    assert len(ours) == 11
    for path in ours:
        for operation in paths[path].values():
            for status, response in operation["responses"].items():
                assert "application/problem+json" not in response.get("content", {}), path
                if status in ("429", "503"):
                    schema = response["content"]["application/json"]["schema"]
                    assert "error" in schema["required"]
    infer = paths["/v2/models/{name}/infer"]["post"]["responses"]["200"]["content"]
    assert set(infer) == {"application/json", "application/octet-stream"}
