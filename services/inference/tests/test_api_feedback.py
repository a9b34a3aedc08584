import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from contract.bundle import Bundle
from inference.store.tables import KEPT_TEXTS, VERDICTS

TEXT = "lovely crew, thank you"


@pytest.fixture
def judged(serve_app, store_url):
    """The API over each database, and a prediction (positive) to say something of."""
    with serve_app(database_url=store_url) as client:
        prediction_id = client.post("/v1/predict", json={"text": TEXT}).json()["id"]

        def judge(verdict: str, **more):
            body = {"prediction_id": prediction_id, "verdict": verdict} | more
            return client.post("/v1/feedback", json=body)

        yield judge


def kept(engine, table):
    with engine.connect() as connection:
        return connection.execute(select(table)).mappings().all()


def problem_type(answer) -> str:
    assert answer.status_code in (404, 422), answer.text
    return answer.json()["type"].removeprefix("/problems/")


def test_the_same_verdict_again_changes_nothing(judged, rows):
    first = judged("rejected", corrected_label="negative", channel="page", reviewer="r-7")
    assert first.status_code == 200
    body = first.json()
    assert body["revision"] == 1
    assert body["verdict"] == "rejected"
    assert body["corrected_label"] == "negative"
    assert body["text_kept"] is False
    assert body["created_at"].endswith("Z")
    assert judged("rejected", corrected_label="negative").json() == body
    (row,) = kept(rows, VERDICTS)
    assert (row["channel"], row["reviewer"]) == ("page", "r-7")


def test_a_changed_verdict_keeps_the_history(judged, rows):
    said = [
        ("confirmed", None),
        ("rejected", "neutral"),
        ("rejected", None),
        ("skipped", None),
        ("confirmed", None),
    ]
    for revision, (verdict, label) in enumerate(said, start=1):
        assert judged(verdict, corrected_label=label).json()["revision"] == revision
    history = sorted(kept(rows, VERDICTS), key=lambda row: row["revision"])
    assert [(row["verdict"], row["corrected_label"]) for row in history] == said


def test_a_text_with_consent_is_kept_for_training(judged, rows):
    assert judged("confirmed").json()["text_kept"] is False
    body = judged("confirmed", text=TEXT, consent=True).json()
    assert (body["revision"], body["text_kept"]) == (1, True)
    assert judged("confirmed", text=TEXT, consent=True).json() == body
    assert judged("skipped").json()["text_kept"] is True
    assert [(row["reason"], row["text"]) for row in kept(rows, KEPT_TEXTS)] == [("consent", TEXT)]


def test_refusals_leave_nothing_behind(judged, rows):
    refusals = {
        "consent-missing": judged("confirmed", text=TEXT),
        "invalid-request": judged("confirmed", consent=True),
        "text-mismatch": judged("confirmed", text="another tweet", consent=True),
        "unknown-label": judged("rejected", corrected_label="angry"),
        "unknown-prediction": judged("confirmed", prediction_id=str(uuid.uuid4())),
        "text-too-long": judged("confirmed", text="x" * 10_001, consent=True),
    }
    for expected, answer in refusals.items():
        assert problem_type(answer) == expected
    assert problem_type(judged("rejected", corrected_label="positive")) == "unknown-label"
    assert problem_type(judged("confirmed", corrected_label="neutral")) == "unknown-label"
    labels = judged("rejected", corrected_label="angry").json()["labels"]
    assert labels == ["negative", "neutral", "positive"]
    assert kept(rows, VERDICTS) == []
    assert kept(rows, KEPT_TEXTS) == []


def test_simultaneous_clicks_are_one_revision(judged, rows):
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(
                lambda _: judged("rejected", corrected_label="neutral", text=TEXT, consent=True),
                range(32),
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["revision"] for answer in answers} == {1}
    assert len(kept(rows, VERDICTS)) == 1
    assert len(kept(rows, KEPT_TEXTS)) == 1


def test_opposite_clicks_leave_an_unbroken_history(judged, rows):
    verdicts = ["confirmed", "rejected"] * 12
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status_code for answer in pool.map(judged, verdicts)} == {200}
    history = sorted(kept(rows, VERDICTS), key=lambda row: row["revision"])
    assert [row["revision"] for row in history] == list(range(1, len(history) + 1))
    said = [row["verdict"] for row in history]
    assert all(before != after for before, after in itertools.pairwise(said))


def test_a_verdict_goes_by_the_labels_of_the_model_that_predicted(client, bundle):
    prediction_id = client.post("/v1/predict", json={"text": TEXT}).json()["id"]
    serving = client.app.state.services.serving
    other = bundle.manifest.model_copy(update={"labels": ("no", "perhaps", "yes")})
    swapped = Bundle(other, bundle.encoder, bundle.graph, "fp32")
    serving.swap(replace(serving.current, bundle=swapped, version="2"))
    assert client.post("/v1/predict", json={"text": TEXT}).json()["label"] == "yes"
    body = {"prediction_id": prediction_id, "verdict": "rejected", "corrected_label": "yes"}
    assert problem_type(client.post("/v1/feedback", json=body)) == "unknown-label"
    body["corrected_label"] = "negative"
    assert client.post("/v1/feedback", json=body).status_code == 200
