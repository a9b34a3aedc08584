"""`POST /v1/explain`, on a model of each family."""

import math
import uuid

import numpy as np
import pytest
from sqlalchemy import select

from contract.bundle import Bundle
from inference.explanation.bounds import MAX_VARIANTS
from inference.explanation.evaluation import TINY
from inference.store.tables import PREDICTIONS

SHORT = "Lovely crew, not late again \u2764\ufe0f"
TWEET = (
    "Three hours late and nobody at the gate says why my bag is lost never again thank the "
    "lovely crew"
)
TEXTS = {
    "few words": SHORT,
    "a tweet": TWEET,
    "one word": "late",
    "unknown words": "qwerty asdf",
    "empty": "",
    "spaces": " \t\n",
    "emoji alone": "\u2764\ufe0f\u2764\ufe0f\U0001f600",
    "the same word": "late " * 20,
    "cut": "late lost never happy " * 20,
    "200 words": " ".join(f"word{place} late" for place in range(100)),
    "longest": "bad gate " * 1_111,
}


def explain(client, text, **more):
    answer = client.post("/v1/explain", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def odds_of(probabilities, label):
    bounded = {name: max(value, TINY) for name, value in probabilities.items()}
    return math.log(bounded.pop(label)) - math.log(sum(bounded.values()))


@pytest.fixture
def family(serve_app, family_path):
    with serve_app(model_source=str(family_path)) as client:
        yield client


def test_weights_add_up_to_what_the_words_change(family):
    for kind, text in TEXTS.items():
        body = explain(family, text)
        added = sum(word["weight"] for word in body["words"])
        assert added == pytest.approx(body["log_odds"] - body["base_log_odds"], abs=1e-6), kind
        assert body["log_odds"] == pytest.approx(
            odds_of(body["probabilities"], body["label"]), abs=1e-6
        )
        assert body["explained_label"] == body["label"]
        assert body["evaluated"] <= MAX_VARIANTS + 1
        ends = [0, *(at for word in body["words"] for at in (word["start"], word["end"]))]
        assert ends == sorted(ends), kind
        assert ends[-1] <= len(text)


def test_an_explanation_is_the_same_whenever_it_is_asked_for(family):
    first, second = explain(family, TWEET), explain(family, TWEET)
    assert not first["exact"]
    precise = family.get("/v1/model").json()["precision"] == "fp32"
    weights = [[word["weight"] for word in body["words"]] for body in (first, second)]
    # Int8 products move with what else is in the batch.
    assert weights[0] == pytest.approx(weights[1], abs=1e-4 if precise else 0.3)


def test_the_base_is_what_the_model_says_of_an_empty_text(serve_app, recurrent_path):
    expected = Bundle.open(recurrent_path).predict([""])[0].probabilities
    with serve_app(model_source=str(recurrent_path)) as client:
        for label in expected:
            body = explain(client, SHORT, label=label)
            assert body["explained_label"] == label
            assert body["base_log_odds"] == pytest.approx(odds_of(expected, label), abs=1e-5)
            assert body["log_odds"] == pytest.approx(odds_of(body["probabilities"], label), 1e-6)


def test_the_weight_of_one_word_is_all_that_it_changes(serve_app, encoder_path):
    bundle = Bundle.open(encoder_path)
    with serve_app(model_source=str(encoder_path)) as client:
        body = explain(client, " late ")
    (word,) = body["words"]
    assert (word["start"], word["end"]) == (1, 5)
    late, empty = (item.probabilities for item in bundle.predict([" late ", ""]))
    expected = odds_of(late, body["label"]) - odds_of(empty, body["label"])
    assert word["weight"] == pytest.approx(expected, abs=1e-5)
    assert body["exact"]
    assert body["evaluated"] == 1


def test_two_words_share_what_they_do_together(serve_app, encoder_path):
    bundle = Bundle.open(encoder_path)
    with serve_app(model_source=str(encoder_path)) as client:
        body = explain(client, "not late", label="positive")
    both, first, second, none = (
        odds_of(item.probabilities, "positive")
        for item in bundle.predict(["not late", "not", "late", ""])
    )
    expected = [(first - none + both - second) / 2, (second - none + both - first) / 2]
    assert [word["weight"] for word in body["words"]] == pytest.approx(expected, abs=1e-5)


def test_estimates_are_near_the_values_that_they_estimate(serve_app, encoder_path, monkeypatch):
    text = "not lovely late lost bag gate happy crew"
    with serve_app(model_source=str(encoder_path)) as client:
        exact = explain(client, text)
        monkeypatch.setattr("inference.explanation.shapley.ENOUGH", 140)
        estimate = explain(client, text)
    assert (exact["exact"], estimate["exact"]) == (True, False)
    assert estimate["evaluated"] < exact["evaluated"]
    expected = np.array([word["weight"] for word in exact["words"]])
    found = np.array([word["weight"] for word in estimate["words"]])
    errors = np.array([word["standard_error"] for word in estimate["words"]])
    assert np.all(np.abs(found - expected) < 6 * errors)
    assert np.abs(found - expected).max() < 0.3 * np.abs(expected).max()
    assert [word["standard_error"] for word in exact["words"]] == [0.0] * 8
    assert np.corrcoef(found, expected)[0, 1] > 0.95


def test_what_a_model_reads_alike_is_computed_once(serve_app, encoder_path):
    with serve_app(model_source=str(encoder_path)) as client:
        assert explain(client, "late " * 8)["evaluated"] == 8  # from none of them to seven
        # From none to two of both kinds, for it sees no case and tells no unknown word from
        # another: 9, less all of them, and it reads an empty text as one unknown word.
        assert explain(client, "LATE  late qwerty asdf")["evaluated"] == 7
        assert explain(client, "")["evaluated"] == 0
        assert explain(client, "qwerty")["evaluated"] == 0  # as it reads an empty text


def test_long_texts_have_weights_for_groups_of_words(serve_app, encoder_path):
    with serve_app(model_source=str(encoder_path)) as client:
        short, cut, longest = (
            explain(client, TEXTS[kind]) for kind in ("a tweet", "cut", "longest")
        )
        assert (short["grouped"], short["truncated"]) == (False, False)
        assert [TWEET[word["start"] : word["end"]] for word in short["words"]] == TWEET.split()
        assert cut["truncated"]
        assert longest["truncated"]
        assert longest["grouped"]
        assert 3 <= len(longest["words"]) < 20
        assert longest["words"][0]["start"] == 0
        assert longest["words"][-1]["end"] == len(TEXTS["longest"].rstrip())
        refused = client.post("/v1/explain", json={"text": TEXTS["cut"], "truncate": False})
        assert refused.json()["type"] == "/problems/text-too-long"


def test_an_explained_prediction_is_kept_and_can_be_judged(
    serve_app, encoder_path, store_url, rows
):
    with serve_app(model_source=str(encoder_path), database_url=store_url) as client:
        body = explain(client, SHORT)
        assert uuid.UUID(body["id"])
        verdict = {"prediction_id": body["id"], "verdict": "confirmed"}
        assert client.post("/v1/feedback", json=verdict).status_code == 200
        assert 'route="/v1/explain",status="200"' in client.get("/metrics").text
        plain = client.post("/v1/predict", json={"text": SHORT}).json()
        assert {key: body[key] for key in plain.keys() - {"id"}} == {
            key: plain[key] for key in plain.keys() - {"id"}
        }
    with rows.connect() as connection:
        kept = {str(row.id): row for row in connection.execute(select(PREDICTIONS))}
    assert len(kept) == 2
    assert kept[body["id"]].label == body["label"]
    assert SHORT not in str(kept)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"text": "late", "label": "angry"}, "unknown-label"),
        ({"text": "x" * 10_001}, "text-too-long"),
        ({"text": "late", "words": True}, "invalid-request"),
        ({}, "invalid-request"),
    ],
)
def test_what_cannot_be_explained_is_refused(client, body, problem):
    answer = client.post("/v1/explain", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == f"/problems/{problem}"


def test_a_lone_surrogate_is_refused(client):
    answer = client.post(
        "/v1/explain", content=b'{"text": "\\ud800"}', headers={"Content-Type": "application/json"}
    )
    assert answer.json()["type"] == "/problems/text-refused"


def test_it_is_described_with_its_deadline_and_its_failures(client):
    post = client.get("/openapi.json").json()["paths"]["/v1/explain"]["post"]
    assert {"401", "429", "504", "422", "503"} <= set(post["responses"])
    assert [item["name"] for item in post["parameters"]] == ["X-Request-Timeout"]
