import uuid

import pytest
from sqlalchemy import select

from contract.manifest import MODEL_FILES
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS

PREDICTION_FIELDS = {
    "id",
    "label",
    "probabilities",
    "uncertain",
    "truncated",
    "token_count",
    "model_name",
    "model_version",
    "demonstration",
}


def fetch(engine, table):
    with engine.connect() as connection:
        return connection.execute(select(table)).mappings().all()


def test_one_tweet_is_answered_as_the_bundle_itself_says(client, bundle):
    text = "Lovely crew, thank you"
    answer = client.post("/v1/predict", json={"text": text})
    assert answer.status_code == 200
    body = answer.json()
    expected = bundle.predict([text])[0]
    assert set(body) == PREDICTION_FIELDS
    assert uuid.UUID(body["id"])
    assert body["label"] == expected.label == "positive"
    assert body["probabilities"] == pytest.approx(expected.probabilities)
    assert sum(body["probabilities"].values()) == pytest.approx(1)
    assert body["token_count"] == expected.token_count
    assert (body["uncertain"], body["truncated"]) == (False, False)
    assert body["model_name"] == "tweet-sentiment"
    assert body["demonstration"] is True


def test_says_when_it_is_unsure_and_when_it_cut(client):
    unsure = client.post("/v1/predict", json={"text": "hmm"}).json()
    assert unsure["uncertain"] is True
    cut = client.post("/v1/predict", json={"text": "late " * 100}).json()
    assert cut["truncated"] is True
    assert cut["token_count"] == 32


def test_a_batch_answers_each_text_by_its_place(client):
    texts = ["late again", "lovely", "\ud800", "x" * 10_001, "", "lost bag"]
    body = client.post(
        "/v1/predict/batch",
        content=b'{"texts": ["late again", "lovely", "\\ud800", "%s", "", "lost bag"]}'
        % (b"x" * 10_001),
        headers={"Content-Type": "application/json"},
    ).json()
    assert set(body) == {"model_name", "model_version", "demonstration", "results"}
    results = body["results"]
    assert [item["index"] for item in results] == list(range(len(texts)))
    assert [item["prediction"] and item["prediction"]["label"] for item in results] == [
        "negative",
        "positive",
        None,
        None,
        "negative",
        "negative",
    ]
    assert set(results[0]["prediction"]) == PREDICTION_FIELDS
    assert [item["error"] and item["error"]["type"] for item in results] == [
        None,
        None,
        "/problems/text-refused",
        "/problems/text-too-long",
        None,
        None,
    ]


def test_a_batch_agrees_with_single_requests(client):
    texts = [f"{word} " * count for word in ("late", "happy", "gate", "x") for count in range(30)]
    batch = client.post("/v1/predict/batch", json={"texts": texts}).json()["results"]
    for text, item in zip(texts, batch, strict=True):
        single = client.post("/v1/predict", json={"text": text}).json()
        assert item["prediction"]["probabilities"] == pytest.approx(
            single["probabilities"], abs=1e-6
        )


def test_a_batch_of_refused_texts_only_is_an_answer(client):
    body = client.post("/v1/predict/batch", json={"texts": ["x" * 10_001] * 3}).json()
    assert [item["prediction"] for item in body["results"]] == [None] * 3


def test_what_is_answered_is_in_the_store_without_its_text(serve_app, store_url, rows):
    with serve_app(database_url=store_url, audit_share=0.0) as client:
        body = client.post("/v1/predict", json={"text": "lovely crew"}).json()
        (row,) = fetch(rows, PREDICTIONS)
    assert str(row["id"]) == body["id"]
    assert row["label"] == "positive"
    assert row["probabilities"] == body["probabilities"]
    assert row["model_version"] == body["model_version"]
    assert row["token_count"] == body["token_count"]
    assert row["audit"] is False
    assert len(row["text_hmac"]) == 64
    assert fetch(rows, KEPT_TEXTS) == []


@pytest.mark.parametrize(
    ("store_text", "audit_share", "kept"),
    [("none", 1.0, None), ("audit", 1.0, "audit"), ("audit", 0.0, None), ("all", 0.0, "all")],
)
def test_store_text_says_whose_text_is_kept(
    serve_app, tmp_path, rows, store_url, store_text, audit_share, kept
):
    overrides = {"store_text": store_text, "audit_share": audit_share, "database_url": store_url}
    with serve_app(**overrides) as client:
        client.post("/v1/predict", json={"text": "lost\0 bag"})
    texts = [(row["reason"], row["text"]) for row in fetch(rows, KEPT_TEXTS)]
    # PostgreSQL stores no U+0000, so it is dropped on both.
    assert texts == ([(kept, "lost bag")] if kept else [])
    assert [row["audit"] for row in fetch(rows, PREDICTIONS)] == [audit_share == 1.0]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_fingerprint_survives_spaces_and_hangs_on_the_key(serve_app, rows, tmp_path):
    with serve_app() as client:
        for text in ("lost  bag ", "lost bag", "lost bags"):
            client.post("/v1/predict", json={"text": text})
    with serve_app(text_hmac_key="another-secret-of-32-characters-or-more") as client:
        client.post("/v1/predict", json={"text": "lost bag"})
    first, same, other, keyed = [row["text_hmac"] for row in fetch(rows, PREDICTIONS)]
    assert first == same
    assert len({first, other, keyed}) == 3


@pytest.mark.parametrize(
    ("true_label", "verdict", "corrected"),
    [("positive", "confirmed", None), ("neutral", "rejected", "neutral")],
)
def test_a_true_label_counts_as_a_verdict(
    serve_app, rows, store_url, true_label, verdict, corrected
):
    with serve_app(database_url=store_url) as client:
        body = {"text": "lovely crew", "true_label": true_label}
        answer = client.post("/v1/predict", json=body).json()
    (row,) = fetch(rows, VERDICTS)
    assert str(row["prediction_id"]) == answer["id"]
    assert (row["verdict"], row["corrected_label"], row["revision"]) == (verdict, corrected, 1)


def test_describes_the_model(client, bundle_path):
    body = client.get("/v1/model").json()
    assert body["name"] == "tweet-sentiment"
    assert body["labels"] == ["negative", "neutral", "positive"]
    assert body["source"] == str(bundle_path)
    assert body["precision"] in MODEL_FILES
    assert body["following"] == {"state": "loaded", "last_error": None, "held": None}
    assert body["training_data"]["train_rows"] == 8
    assert {"alias", "recipe", "family", "languages", "metrics", "max_length", "loaded_at"} <= set(
        body
    )


def test_counts_requests_and_predictions(client):
    client.post("/v1/predict", json={"text": "late"})
    client.get("/secret-path")
    version = client.get("/v1/model").json()["version"]
    figures = client.get("/metrics").text
    assert 'radar_requests_total{method="POST",route="/v1/predict",status="200"} 1.0' in figures
    assert 'radar_requests_total{method="any",route="none",status="404"} 1.0' in figures
    assert (
        f'radar_predictions_total{{label="negative",model_name="tweet-sentiment",'
        f'model_version="{version}"}} 1.0' in figures
    )
    assert f'model_version="{version}",precision="fp32"}} 1.0' in figures
    assert "radar_request_seconds_bucket" in figures
    assert "secret-path" not in figures


def test_is_described_for_clients(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/predict", "/v1/predict/batch", "/v1/feedback", "/v1/model"} <= set(paths)
    refused = paths["/v1/predict"]["post"]["responses"]["422"]
    assert list(refused["content"]) == ["application/problem+json"]
    assert client.get("/docs").status_code == 200
