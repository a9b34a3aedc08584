"""Every failure is a problem document of a stable type, and none holds what was sent."""

import json
import uuid
from dataclasses import replace

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from contract.bundle import Bundle
from inference.problems import FAILURES, MEDIA_TYPE, Failure

SECRET = "zanzibar"
JSON = {"Content-Type": "application/json"}


def check_problem(answer: httpx.Response, failure: Failure) -> dict:
    body = answer.json()
    status, title = FAILURES[failure]
    assert body["type"] == f"/problems/{failure}"
    assert answer.status_code == body["status"] == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert body["title"] == title
    assert body["detail"]
    assert SECRET not in answer.text
    assert answer.headers["X-Request-Id"]
    return body


def test_every_failure_has_a_status_and_a_title():
    assert set(FAILURES) == set(Failure)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"", Failure.INVALID_REQUEST),
        (b"{", Failure.MALFORMED_JSON),
        (b'{"text": "zanzibar \xff"}', Failure.MALFORMED_JSON),
        (b'{"text": ' * 100_000, Failure.MALFORMED_JSON),
        (b'{"text": ' + b"9" * 10_000 + b"}", Failure.MALFORMED_JSON),
        (b'{"text": ' + b"[" * 500 + b"]" * 500 + b"}", Failure.INVALID_REQUEST),
        (b'{"text": NaN}', Failure.INVALID_REQUEST),
        (b"null", Failure.INVALID_REQUEST),
        (b'["zanzibar"]', Failure.INVALID_REQUEST),
        (b'{"zanzibar": 1}', Failure.INVALID_REQUEST),
        (b'{"text": "a", "zanzibar": 1}', Failure.INVALID_REQUEST),
        (b'{"text": {"zanzibar": 1}}', Failure.INVALID_REQUEST),
        (b'{"text": "zanzibar \\ud800"}', Failure.TEXT_REFUSED),
        (b'{"text": "zanzibar", "true_label": "zanzibar"}', Failure.UNKNOWN_LABEL),
        (b'{"text": "zanzibar", "true_label": "\\ud800"}', Failure.INVALID_REQUEST),
        (b'{"text": "' + b"zanzibar" * 2_000 + b'"}', Failure.TEXT_TOO_LONG),
    ],
)
def test_predict_refuses(client, body, failure):
    check_problem(client.post("/v1/predict", content=body, headers=JSON), failure)


@pytest.mark.parametrize(
    "body", [{"texts": []}, {"texts": ["a"] * 257}, {"texts": ["a", 7]}, {"texts": SECRET}, {}]
)
def test_a_batch_must_fit_its_schema(client, body):
    problem = check_problem(client.post("/v1/predict/batch", json=body), Failure.INVALID_REQUEST)
    assert problem["errors"][0]["field"].startswith("body.texts")


def test_an_unknown_true_label_names_the_labels(client):
    answer = client.post("/v1/predict", json={"text": "a", "true_label": "angry"})
    problem = check_problem(answer, Failure.UNKNOWN_LABEL)
    assert problem["labels"] == ["negative", "neutral", "positive"]


@pytest.mark.parametrize(
    "field",
    [{"channel": "zanzibar is nice"}, {"reviewer": "\ud800"}, {"prediction_id": SECRET}, {"x": 1}],
)
def test_feedback_must_fit_its_schema(client, field):
    body = {"prediction_id": str(uuid.uuid4()), "verdict": "confirmed"} | field
    answer = client.post("/v1/feedback", content=json.dumps(body), headers=JSON)
    check_problem(answer, Failure.INVALID_REQUEST)


def test_addresses_methods_and_media_types(client):
    check_problem(client.get(f"/v1/{SECRET}?q={SECRET}"), Failure.NOT_FOUND)
    refused = client.get("/v1/predict")
    check_problem(refused, Failure.METHOD_NOT_ALLOWED)
    assert refused.headers["Allow"] == "POST"
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "zanzibar"}):
        answer = client.post("/v1/predict", content=b'{"text": "a"}', headers=headers)
        check_problem(answer, Failure.UNSUPPORTED_MEDIA_TYPE)
    utf8 = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post("/v1/predict", content=b'{"text": "a"}', headers=utf8).status_code == 200


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/feedback", "/nowhere"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused_before_it_is_read(serve_app, path, chunked):
    with serve_app(max_body_bytes=2_000, ready=False) as client:
        parts = [b'{"text": "'] + [b"zanzibar" * 100] * 4 + [b'"}']
        body = iter(parts) if chunked else b"".join(parts)
        answer = client.post(path, content=body, headers=JSON)
        # A body of unknown length is counted where it is read, and nobody reads it elsewhere.
        unread = chunked and path == "/nowhere"
        check_problem(answer, Failure.NOT_FOUND if unread else Failure.BODY_TOO_LARGE)


def test_without_a_model_nothing_is_made_up(serve_app, tmp_path, until):
    missing = tmp_path / "no-bundle"
    with serve_app(ready=False, model_source=str(missing)) as client:
        until(lambda: "no-bundle" in client.get("/readyz").text, "the failure is told")
        assert client.get("/livez").json() == {"status": "alive"}
        for answer in (
            client.post("/v1/predict", json={"text": "lovely"}),
            client.post("/v1/predict/batch", json={"texts": ["lovely"]}),
            client.get("/v1/model"),
        ):
            problem = check_problem(answer, Failure.MODEL_UNAVAILABLE)
            assert "promote" in problem["detail"]
            assert "manifest" in problem["detail"]
            assert problem["following"]["state"] == "failing"
            assert answer.headers["Retry-After"]
        until(lambda: client.get("/readyz").json()["checks"]["store"] == "ok", "the store is open")
        problem = check_problem(client.get("/readyz"), Failure.NOT_READY)
        assert "no-bundle" in problem["checks"]["model"]


def test_without_a_store_nothing_is_answered(serve_app, tmp_path, until):
    (tmp_path / "file").write_text("in the way")
    url = f"sqlite:///{tmp_path}/file/store.db"
    with serve_app(ready=False, database_url=url) as client:
        until(lambda: "FileExistsError" in client.get("/readyz").text, "the failure is told")
        assert client.get("/livez").status_code == 200
        until(lambda: client.get("/v1/model").status_code == 200, "the model serves")
        answers = [
            client.post("/v1/predict", json={"text": SECRET}),
            client.post("/v1/predict/batch", json={"texts": [SECRET]}),
            client.post(
                "/v1/feedback", json={"prediction_id": str(uuid.uuid4()), "verdict": "skipped"}
            ),
        ]
        for answer in answers:
            check_problem(answer, Failure.STORE_UNAVAILABLE)
            assert answer.headers["Retry-After"]
        problem = check_problem(client.get("/readyz"), Failure.NOT_READY)
        assert problem["checks"]["model"] == "ok"
        # Mended, it opens by itself.
        (tmp_path / "file").unlink()
        until(lambda: client.get("/readyz").status_code == 200, "the store opens", 20)


class DummyGraph:
    """A core that answers as told; the parts before and after it are the real ones."""

    def __init__(self, logit: float | Exception) -> None:
        self.logit = logit

    def __call__(self, feeds):
        if isinstance(self.logit, Exception):
            raise self.logit
        return np.full((feeds["token_ids"].shape[0], 3), self.logit, np.float32)


def serve_dummy(client: TestClient, bundle: Bundle, logit: float | Exception) -> None:
    serving = client.app.state.services.serving
    dummy = Bundle(bundle.manifest, bundle.encoder, DummyGraph(logit), "fp32")
    serving.swap(replace(serving.current, bundle=dummy, name="dummy", version="1"))


@pytest.mark.parametrize("logit", [np.nan, RuntimeError(SECRET)])
def test_a_model_that_fails_is_not_hidden(client, bundle, logit):
    serve_dummy(client, bundle, logit)
    check_problem(client.post("/v1/predict", json={"text": SECRET}), Failure.MODEL_FAILED)
    results = client.post("/v1/predict/batch", json={"texts": [SECRET, "a"]}).json()["results"]
    assert {item["error"]["type"] for item in results} == {"/problems/model-failed"}
    problem = check_problem(client.get("/readyz"), Failure.NOT_READY)
    assert "the model gave no answer" in problem["checks"]["model"]
    serve_dummy(client, bundle, 0.0)
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/predict", json={"text": SECRET}).json()["model_name"] == "dummy"


def test_what_nobody_foresaw_is_a_problem_and_a_log_line(client, monkeypatch, caplog):
    async def fail(*_):
        raise KeyError(SECRET)

    monkeypatch.setattr(client.app.state.services.predictions, "predict", fail)
    answer = client.post("/v1/predict", json={"text": SECRET}, headers={"X-Request-Id": "r-1"})
    check_problem(answer, Failure.INTERNAL)
    assert answer.headers["X-Request-Id"] == "r-1"
    assert any(record.exc_info for record in caplog.records)
