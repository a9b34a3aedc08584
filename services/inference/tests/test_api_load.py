"""Load over HTTP: what is refused, what is too late, what is dropped, and what the figures say."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from contract.bundle import Bundle

PATHS = (("/v1/predict", {"text": "late"}), ("/v1/predict/batch", {"texts": ["late", "lovely"]}))


class GatedGraph:
    """A graph that answers when its gate is open, or ends the thread that calls it."""

    def __init__(self):
        self.gate, self.entered, self.deadly = threading.Event(), threading.Event(), False

    def __call__(self, feeds):
        self.entered.set()
        assert self.gate.wait(20)
        if self.deadly:
            raise SystemExit
        return np.zeros((feeds["token_ids"].shape[0], 3), np.float32)


@pytest.fixture
def gated(bundle):
    """Makes an API serve a graph with a gate."""
    graphs = []

    def serve(client):
        graph = GatedGraph()
        graphs.append(graph)
        serving = client.app.state.services.serving
        made = Bundle(bundle.manifest, bundle.encoder, graph, "fp32")
        serving.swap(replace(serving.current, bundle=made, version="gated"))
        return graph

    yield serve
    for graph in graphs:
        graph.gate.set()


def figures(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        sample.name + "".join(sample.labels.get("reason", "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_beyond_the_bound_single_and_batch_are_refused_alike(serve_app, gated):
    with serve_app(max_waiting_tokens=1) as client, ThreadPoolExecutor(1) as pool:
        graph = gated(client)
        first = pool.submit(client.post, PATHS[0][0], json=PATHS[0][1])
        assert graph.entered.wait(20)
        for path, body in PATHS:
            refused = client.post(path, json=body)
            assert refused.status_code == 429
            assert refused.json()["type"] == "/problems/overloaded"
            assert int(refused.headers["Retry-After"]) >= 1
        assert figures(client)["radar_shed_requests_total"] == 2
        assert figures(client)["radar_admitted_tokens"] > 0
        graph.gate.set()
        assert first.result().status_code == 200
        assert client.post(PATHS[1][0], json=PATHS[1][1]).status_code == 200
        assert figures(client)["radar_admitted_tokens"] == 0


@pytest.mark.parametrize(("path", "body"), PATHS)
def test_a_request_whose_time_is_up_is_answered_then(client, gated, path, body):
    graph = gated(client)
    started = time.monotonic()
    late = client.post(path, json=body, headers={"X-Request-Timeout": "0.3"})
    assert late.status_code == 504
    assert late.json()["type"] == "/problems/deadline-exceeded"
    assert time.monotonic() - started < 10
    graph.gate.set()
    assert client.post(path, json=body).status_code == 200


def test_late_work_is_dropped_before_it_is_computed(serve_app, gated, until):
    with serve_app(inference_threads=1) as client, ThreadPoolExecutor(1) as pool:
        graph = gated(client)
        first = pool.submit(client.post, PATHS[0][0], json=PATHS[0][1])
        assert graph.entered.wait(20)
        path, body = PATHS[1]
        late = client.post(path, json=body, headers={"X-Request-Timeout": "0.2"})
        assert late.status_code == 504
        assert figures(client)["radar_queue_tokens"] == 2
        graph.gate.set()
        assert first.result().status_code == 200
        name = "radar_dropped_tweets_totalexpired"
        until(lambda: figures(client)[name] == 2, "late work is dropped")
        assert figures(client)["radar_queue_tokens"] == 0


def test_a_timeout_that_is_no_number_is_refused(client):
    answer = client.post(PATHS[0][0], json=PATHS[0][1], headers={"X-Request-Timeout": "soon"})
    assert answer.status_code == 422
    assert "X-Request-Timeout" in answer.json()["detail"]


def test_who_has_no_key_is_told_so_however_full_it_is(serve_app, gated):
    with serve_app(access="keys", max_waiting_tokens=1) as client:
        guard = client.app.state.services.guard
        with guard._admission.admit(0, 10):
            assert client.post(PATHS[0][0], json=PATHS[0][1]).status_code == 401


def test_whoever_is_refused_gets_no_further_than_the_door(serve_app, gated, monkeypatch):
    with serve_app(max_waiting_tokens=1) as client:
        guard = client.app.state.services.guard
        monkeypatch.setattr(client.app.router, "middleware_stack", None)
        assert client.post("/v1/predict", json={}).status_code == 500  # nothing answers behind it
        with guard._admission.admit(0, 10):
            for path in ("/v1/predict", "/v2/models/sentiment/infer"):
                refused = client.post(path, json={}, headers={"X-Request-Id": "mine"})
                assert (refused.status_code, refused.headers["X-Request-Id"]) == (429, "mine")
        text = client.app.state.services.metrics.exposition().decode()
        for route in ("/v1/predict", "/v2/models/{name}/infer"):
            assert f'method="POST",route="{route}",status="429"' in text


def test_liveness_misses_a_dead_thread_until_it_is_replaced(client, gated, until):
    graph = gated(client)
    graph.deadly = True
    graph.gate.set()
    failed = client.post(PATHS[0][0], json=PATHS[0][1])
    assert failed.json()["type"] == "/problems/model-failed"
    until(lambda: client.get("/livez").status_code == 503, "liveness misses it", 5)
    assert client.get("/livez").json()["type"] == "/problems/not-ready"
    until(lambda: client.get("/livez").status_code == 200, "it is replaced", 5)
    graph.deadly = False
    assert client.post(PATHS[0][0], json=PATHS[0][1]).status_code == 200


def test_at_the_end_readiness_goes_first(client):
    client.app.state.draining.begun = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the service is shutting down"
    answer = client.post(PATHS[0][0], json=PATHS[0][1])
    assert answer.status_code == 200
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("long", ["late " * 40, "late " * 1_900])  # encoded here, in a thread
def test_a_text_that_does_not_fit_is_refused_on_request(client, long):
    refused = client.post("/v1/predict", json={"text": long, "truncate": False})
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/text-too-long"
    assert "32 tokens" in refused.json()["detail"]
    texts = ["late", long, "lovely"]
    results = client.post("/v1/predict/batch", json={"texts": texts, "truncate": False}).json()
    first, second, third = results["results"]
    assert second["error"]["type"] == "/problems/text-too-long"
    assert (first["prediction"]["label"], third["prediction"]["label"]) == ("negative", "positive")
    cut = client.post("/v1/predict/batch", json={"texts": texts}).json()["results"][1]
    assert cut["prediction"]["truncated"] is True


def test_batches_are_counted(client, until):
    texts = ["late", "late lovely", "happy"]
    assert client.post("/v1/predict/batch", json={"texts": texts}).status_code == 200
    until(lambda: figures(client)["radar_queue_wait_seconds_count"] == 3, "all are counted")
    seen = figures(client)
    assert seen["radar_tokens_total"] == 4
    assert seen["radar_batch_tweets_sum"] == 3
    assert seen["radar_inference_seconds_count"] == seen["radar_batch_tweets_count"] >= 1
    assert 0 <= seen["radar_padding_tokens_total"] <= 2
    assert seen["radar_model_swaps_total"] == 1


def test_the_timeout_is_documented_where_it_counts(client):
    paths = client.get("/openapi.json").json()["paths"]
    named = {
        path
        for path, operations in paths.items()
        for operation in operations.values()
        if any(item["name"] == "X-Request-Timeout" for item in operation.get("parameters", ()))
    }
    infer = {f"/v2/models/{{name}}{version}/infer" for version in ("", "/versions/{version}")}
    others = {"/v1/explain", "/v1/radar/mentions", "/predict", *infer}
    assert named == {path for path, _ in PATHS} | others
    for path in named:
        assert {"429", "504"} <= set(paths[path]["post"]["responses"])
