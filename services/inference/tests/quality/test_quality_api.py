"""Quality over HTTP, from predictions and verdicts as rows of either database."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, update

from inference.store.tables import PREDICTIONS, VERDICTS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WINDOW = {"from": "2026-03-01", "to": "2026-03-08"}
SKIPPED = ("skipped", "if_skipped_were_wrong", "if_skipped_were_right")
THREE = ("negative", "neutral", "positive")


@pytest.fixture
def api(serve_app, store_url):
    with serve_app(database_url=store_url) as client:
        yield client


@pytest.fixture
def predicted(rows, api):
    """Keeps a prediction, and verdicts on it: a verdict, the corrected label, and whether blind.

    Without the last one, verdicts on what was drawn for an audit are audits.
    """

    def keep(label, *verdicts, labels=THREE, **values):
        made = {
            "id": uuid.uuid4(),
            "created_at": NOON,
            "text_hmac": "0" * 64,
            "model_name": "m",
            "model_version": "1",
            "label": label,
            "probabilities": dict.fromkeys(labels, 1 / len(labels)),
            "uncertain": False,
            "truncated": False,
            "token_count": 3,
            "audit": False,
            "confidence": 0.8,
            "language": "en",
        } | values
        with rows.begin() as connection:
            connection.execute(insert(PREDICTIONS).values(made))
            for revision, (verdict, corrected, *blind) in enumerate(verdicts, start=1):
                connection.execute(
                    insert(VERDICTS).values(
                        prediction_id=made["id"],
                        revision=revision,
                        verdict=verdict,
                        corrected_label=corrected,
                        audit=made["audit"] and all(blind),
                        created_at=made["created_at"] + timedelta(minutes=revision),
                    )
                )
        return made["id"]

    return keep


def quality(api, **query):
    answer = api.get("/v1/quality", params=WINDOW | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hits(share):
    return share["value"] and round(share["value"] * share["total"]), share["total"]


def test_audits_are_counted_apart_and_the_newest_verdict_of_each_prediction(api, predicted):
    predicted("negative", ("confirmed", None), audit=True)
    predicted("negative", ("rejected", "neutral"), ("confirmed", None), audit=True)
    predicted("positive", ("confirmed", None), ("rejected", "negative"), audit=True)
    predicted("positive", ("rejected", "negative"))
    predicted("positive", ("confirmed", None), ("skipped", None), audit=True)
    predicted("neutral")
    found = quality(api)
    total = found["total"]
    assert (total["predictions"], total["marked"]) == (6, 4)
    assert hits(total["audits"]["accuracy"]) == (2, 3)
    assert hits(total["volunteered"]["accuracy"]) == (0, 1)
    assert found["audits"]["confusion"] == [
        {"predicted": "negative", "actual": "negative", "count": 2},
        {"predicted": "positive", "actual": "negative", "count": 1},
    ]
    negative, positive = found["audits"]["labels"]
    assert hits(negative["precision"]) == (2, 2)
    assert hits(negative["recall"]) == (2, 3)
    assert hits(positive["precision"]) == (0, 1)
    assert positive["recall"] == {"value": None, "low": None, "high": None, "total": 0}


def test_skipped_audits_are_in_no_share_and_bound_it(api, predicted):
    skipped, labels = ("skipped", None), ("negative", "positive")
    predicted("negative", ("confirmed", None), labels=labels, audit=True)
    predicted("negative", ("rejected", None), labels=labels, audit=True)
    predicted("negative", ("rejected", "positive"), skipped, labels=labels, audit=True)
    predicted("positive", skipped, labels=labels, audit=True)
    predicted("positive", skipped, labels=labels)
    predicted("positive", labels=labels, audit=True)  # nobody has come to it yet
    found = quality(api)
    audits = found["total"]["audits"]
    assert hits(audits["accuracy"]) == (1, 2)
    assert audits["without_label"] == 0
    assert [audits[name] for name in SKIPPED] == [2, 0.25, 0.75]
    assert [found["total"]["volunteered"][name] for name in SKIPPED] == [1, 0, 1]
    assert [item["label"] for item in found["audits"]["labels"]] == ["negative", "positive"]
    assert sum(item["count"] for item in found["audits"]["confusion"]) == 2
    assert found["volunteered"] == {"labels": [], "confusion": []}


def test_an_audit_is_what_was_judged_blind_and_what_was_not_bounds_it(api, predicted):
    shown, blind = False, True
    predicted("negative", ("confirmed", None, blind), audit=True)
    predicted("negative", ("rejected", "neutral", shown), audit=True)
    predicted("negative", ("skipped", None, shown), audit=True)
    predicted("negative", ("rejected", "positive", shown), ("confirmed", None, blind), audit=True)
    predicted("negative", ("rejected", "neutral", blind), ("confirmed", None, shown), audit=True)
    total = quality(api)["total"]
    assert hits(total["audits"]["accuracy"]) == (2, 3)
    assert [total["audits"][name] for name in SKIPPED] == [2, 0.4, 0.8]
    assert hits(total["volunteered"]["accuracy"]) == (1, 3)
    assert total["volunteered"]["skipped"] == 1


def test_a_verdict_is_an_audit_only_if_it_is_said_to_be_blind(serve_app, store_url):
    with serve_app(database_url=store_url, audit_share=1) as api:
        for more in ({}, {"blind": False}, {"blind": True}):
            made = api.post("/v1/predict", json={"text": "lovely"}).json()["id"]
            said = {"prediction_id": made, "verdict": "confirmed"} | more
            assert api.post("/v1/feedback", json=said).status_code == 200
        total = api.get("/v1/quality").json()["total"]
    assert hits(total["audits"]["accuracy"]) == (1, 1)
    assert total["audits"]["skipped"] == 2
    assert hits(total["volunteered"]["accuracy"]) == (2, 2)


def test_a_rejection_without_a_label_counts_for_accuracy_and_not_for_recall(api, predicted):
    predicted("negative", ("confirmed", None))
    predicted("positive", ("rejected", None))
    found = quality(api)
    assert hits(found["total"]["volunteered"]["accuracy"]) == (1, 2)
    assert found["total"]["volunteered"]["without_label"] == 1
    negative, positive = found["volunteered"]["labels"]
    assert hits(negative["recall"]) == (1, 1)
    assert hits(positive["precision"]) == (0, 1)
    cell = {"predicted": "positive", "actual": None, "count": 1}
    assert cell in found["volunteered"]["confusion"]


def test_of_two_labels_a_rejection_says_the_other(api, predicted):
    predicted("negative", ("rejected", None), labels=("negative", "positive"))
    found = quality(api)
    assert found["volunteered"]["confusion"] == [
        {"predicted": "negative", "actual": "positive", "count": 1}
    ]
    assert found["total"]["volunteered"]["without_label"] == 0


def test_versions_languages_and_days_in_utc(api, predicted):
    predicted("negative", ("confirmed", None), language="fr", model_version="2")
    predicted("negative", ("rejected", "positive"), created_at=NOON + timedelta(hours=11.99))
    predicted("negative", created_at=NOON + timedelta(hours=12), language=None, confidence=None)
    predicted("negative", created_at=datetime(2026, 3, 8, tzinfo=UTC))
    predicted("negative", created_at=datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC))
    found = quality(api)

    def counts(slices):
        return {item["name"]: item["predictions"] for item in slices}

    assert counts(found["versions"]) == {"m/1": 2, "m/2": 1}
    assert counts(found["languages"]) == {"": 1, "en": 1, "fr": 1}
    assert counts(found["days"]) == {"2026-03-02": 2, "2026-03-03": 1}
    assert found["days"][1]["expected"]["value"] is None
    only = quality(api, language="fr")
    assert hits(only["total"]["volunteered"]["accuracy"]) == (1, 1)
    assert quality(api, language="")["total"]["predictions"] == 1
    assert quality(api, model_version="2")["total"]["predictions"] == 1


def test_confidences_promise_an_accuracy_without_verdicts(api, predicted):
    for confidence in (0.5, 0.7, 0.9):
        predicted("negative", confidence=confidence)
    expected = quality(api)["total"]["expected"]
    assert expected["value"] == pytest.approx(0.7)
    assert expected["low"] == pytest.approx(0.7 - 1.96 * (0.25 + 0.21 + 0.09) ** 0.5 / 3, abs=1e-4)


def test_predictions_made_here_have_confidence_and_language(api, rows):
    said = api.post("/v1/predict", json={"text": "the crew is lovely and I thank you"}).json()
    api.post("/v1/predict", json={"text": "les valises ne sont pas dans l'avion"})
    found = api.get("/v1/quality").json()
    assert [item["name"] for item in found["languages"]] == ["en", "fr"]
    english = found["languages"][0]
    assert english["expected"]["value"] == pytest.approx(max(said["probabilities"].values()))
    assert found["latency"]["requests"] == 2
    assert 0 < found["latency"]["p50"] <= found["latency"]["p95"] <= found["latency"]["p99"]


def test_rows_of_an_older_version_have_no_confidence_and_spoil_nothing(api, predicted, rows):
    predicted("negative", ("confirmed", None))
    with rows.begin() as connection:
        connection.execute(update(PREDICTIONS).values(confidence=None, language=None))
    total = quality(api)["total"]
    assert hits(total["volunteered"]["accuracy"]) == (1, 1)
    assert total["volunteered"]["confidence"] is None
    assert total["expected"]["total"] == 0


def test_nothing_yet_and_nothing_any_more(api, predicted, rows):
    predicted("negative", ("confirmed", None))
    with rows.begin() as connection:
        connection.execute(delete(VERDICTS))
        connection.execute(delete(PREDICTIONS))
    found = quality(api)
    assert found["total"]["predictions"] == 0
    assert found["days"] == found["audits"]["labels"] == []
    assert found["total"]["audits"]["accuracy"]["value"] is None
    assert [found["total"]["audits"][name] for name in SKIPPED] == [0, None, None]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "yesterday"}, "from: is no time such as"),
        ({"from": "2026-03-02", "to": "2026-03-02"}, "from: must be earlier than to"),
        ({"from": "2025-03-02", "to": "2026-03-02"}, "from: must be at most 92 days before to"),
    ],
)
def test_times_that_cannot_be_used_are_refused(client, query, said):
    answer = client.get("/v1/quality", params=query)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)
