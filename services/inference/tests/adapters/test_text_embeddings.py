"""text-embeddings-inference's routes, asked by Hugging Face's client and as documented."""

import math

import pytest

from inference.adapters.text_embeddings.routes import ERROR_TYPES

JSON = {"Content-Type": "application/json"}
LABELS = {"negative", "neutral", "positive"}


def ask(client, body):
    return client.post("/predict", json=body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs":"late again","raw_scores":false,"truncate":false}',
        b'{"inputs":"late again"}',
        b'{"inputs":["late again"],"truncate":null}',
        b'{"inputs":"late again","truncation_direction":"Right","something_newer":1}',
    ],
)
def test_the_documented_request_for_one_text(client, body):
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    scores = answer.json()
    expected = client.post("/v1/predict", json={"text": "late again"}).json()["probabilities"]
    assert [item["label"] for item in scores] == sorted(expected, key=expected.get, reverse=True)
    assert {item["label"]: item["score"] for item in scores} == pytest.approx(expected)
    assert all(set(item) == {"label", "score"} for item in scores)


def test_several_texts_have_a_list_each(client):
    scores = ask(client, {"inputs": [["late"], ["lovely"], ["late"]]}).json()
    assert [item[0]["label"] for item in scores] == ["negative", "positive", "negative"]
    assert [len(ask(client, {"inputs": [["late"]]}).json()), len(scores[0])] == [1, 3]


def test_raw_scores_are_what_softmax_makes_the_probabilities_of(client):
    plain, raw = (ask(client, {"inputs": "late", "raw_scores": flag}).json() for flag in (0, 1))
    assert [math.exp(item["score"]) for item in raw] == pytest.approx(
        [item["score"] for item in plain]
    )


def test_hugging_face_s_client_is_answered(start_server, monkeypatch):
    hub = pytest.importorskip("huggingface_hub", reason="comes with the trainer's packages")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    server = start_server()
    client = hub.InferenceClient(model=f"{server.url}/predict", token="a-key")
    found = client.text_classification("Lovely crew, thank you")
    assert found[0].label == "positive"
    assert {item.label for item in found} == LABELS
    assert sum(item.score for item in found) == pytest.approx(1)
    (best,) = client.text_classification("late again", top_k=1)
    assert best.label == "negative"
    raw = client.text_classification("late again", function_to_apply="none")
    assert math.exp(raw[0].score) == pytest.approx(best.score)
    with pytest.raises(hub.errors.HfHubHTTPError) as refused:
        client.text_classification("late " * 100)
    assert refused.value.response.status_code == 422
    assert refused.value.response.json()["error_type"] == "Validation"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ({}, "Validation", "inputs"),
        ({"inputs": []}, "Validation", "from 1 to 256"),
        ({"inputs": [["late"]] * 257}, "Validation", "from 1 to 256"),
        ({"inputs": ["late", "zanzibar"]}, "Validation", "pair"),
        ({"inputs": [["late"], ["late", "zanzibar"]]}, "Validation", "inputs.1"),
        ({"inputs": [["late"], []]}, "Validation", "inputs.1"),
        ({"inputs": {"zanzibar": 1}}, "Validation", "inputs"),
        ({"inputs": "late " * 100}, "Validation", "32 tokens"),
        ({"inputs": [["late"], ["zanzibar " * 100]]}, "Validation", "text 1"),
        ({"inputs": "late", "truncation_direction": "Left"}, "Validation", "truncation_direction"),
        (
            {"inputs": "late", "parameters": {"function_to_apply": "sigmoid"}},
            "Validation",
            "softmax",
        ),
    ],
)
def test_what_cannot_be_answered_says_why_in_the_protocol_s_form(client, body, kind, said):
    answer = ask(client, body)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "error_type"}
    assert answer.json()["error_type"] == kind
    assert said in answer.json()["error"]
    assert "zanzibar" not in answer.text


def test_a_text_is_cut_where_that_is_asked_for(client):
    assert ask(client, {"inputs": "late " * 100, "truncate": True}).status_code == 200


def test_a_lone_surrogate_is_the_tokenizer_s_failure(client):
    answer = client.post("/predict", content=b'{"inputs": "\\ud800"}', headers=JSON)
    assert answer.json()["error_type"] == "Tokenizer"


def test_the_model_is_described(client):
    info = client.get("/info").json()
    model = client.get("/v1/model").json()
    assert (info["model_id"], info["model_sha"]) == (model["name"], model["version"])
    assert (info["max_input_length"], info["auto_truncate"]) == (32, False)
    classifier = info["model_type"]["classifier"]
    assert set(classifier["id2label"].values()) == LABELS
    assert {classifier["id2label"][str(at)]: at for at in range(3)} == classifier["label2id"]


def test_kinds_of_error_are_those_of_the_protocol():
    assert set(ERROR_TYPES.values()) == {"Overloaded", "Tokenizer", "Backend", "Unhealthy"}
