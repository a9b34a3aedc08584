"""What a trainer reads: kept texts with the label that the newest verdict gives them."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def api(serve_app, store_url):
    """The API over each database, keeping every text."""
    with serve_app(database_url=store_url, store_text="all") as client:
        yield client


def predict(api, text, **more):
    answer = api.post("/v1/predict", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def judge(api, prediction, verdict, **more):
    body = {"prediction_id": prediction["id"], "verdict": verdict, **more}
    answer = api.post("/v1/feedback", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def labelled(api, **parameters):
    answer = api.get("/v1/feedback/labelled", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def every(api, limit):
    """All pages of one pass."""
    pages = [labelled(api, limit=limit)]
    while pages[-1]["next"]:
        pages.append(labelled(api, limit=limit, after=pages[-1]["next"]))
    return pages


def add(rows, text="kept", *, at=BEGIN, **verdict):
    """A judged prediction written straight into the store."""
    id = uuid.uuid4()
    prediction = {
        "id": id,
        "created_at": BEGIN,
        "text_hmac": "0" * 64,
        "model_name": "m",
        "model_version": "1",
        "label": "positive",
        "probabilities": {"negative": 0.25, "positive": 0.75},
        "uncertain": False,
        "truncated": False,
        "token_count": 3,
        "audit": False,
    }
    kept = {"prediction_id": id, "reason": "all", "text": text, "created_at": BEGIN}
    said = {"prediction_id": id, "revision": 1, "verdict": "confirmed", "created_at": at} | verdict
    with rows.begin() as connection:
        for table, row in ((PREDICTIONS, prediction), (KEPT_TEXTS, kept), (VERDICTS, said)):
            connection.execute(insert(table), [row])
    return str(id)


def test_an_example_says_what_the_newest_verdict_says(api):
    assert labelled(api) == {"items": [], "next": None}
    confirmed = predict(api, "lovely crew")
    judge(api, confirmed, "confirmed", reviewer="r-7")
    corrected = predict(api, "lovely flight")
    judge(api, corrected, "confirmed")
    answer = judge(api, corrected, "rejected", corrected_label="negative")
    for verdict in ("rejected", "skipped"):  # neither says which label is true
        judge(api, predict(api, "happy"), verdict)
    withdrawn = predict(api, "thank you")
    judge(api, withdrawn, "confirmed")
    judge(api, withdrawn, "skipped")
    predict(api, "never judged")
    predict(api, "bag lost", true_label="negative")

    found = labelled(api)
    assert found["next"] is None
    first, second, third = found["items"]
    assert first == {
        "prediction_id": confirmed["id"],
        "text": "lovely crew",
        "label": "positive",
        "predicted_label": "positive",
        "verdict": "confirmed",
        "reviewer": "r-7",
        "reviewer_key": None,
        "audit": first["audit"],
        "judged_at": first["judged_at"],
        "model_name": confirmed["model_name"],
        "model_version": confirmed["model_version"],
    }
    assert isinstance(first["audit"], bool)
    assert (second["label"], second["verdict"]) == ("negative", "rejected")
    assert second["predicted_label"] == corrected["label"] != "negative"
    assert second["judged_at"] == answer["created_at"]
    assert (third["text"], third["label"]) == ("bag lost", "negative")


def test_only_texts_that_are_kept(serve_app, store_url):
    with serve_app(database_url=store_url, audit_share=0) as api:
        judge(api, predict(api, "lovely crew"), "confirmed")
        consented = predict(api, "late")
        judge(api, consented, "confirmed")
        assert labelled(api)["items"] == []
        judge(api, consented, "confirmed", text="late", consent=True)
        assert [item["text"] for item in labelled(api)["items"]] == ["late"]


def test_a_text_that_is_kept_twice_comes_once(api):
    prediction = predict(api, "late")
    judge(api, prediction, "confirmed", text="late", consent=True)
    assert len(labelled(api)["items"]) == 1


def test_pages_join_without_gap_or_repetition_even_at_the_same_moment(api, rows):
    moments = [BEGIN + timedelta(microseconds=index // 5) for index in range(23)]
    expected = {add(rows, at=moment) for moment in moments}
    whole = labelled(api)["items"]
    judged = [datetime.fromisoformat(item["judged_at"]) for item in whole]
    assert judged == moments
    assert {item["prediction_id"] for item in whole} == expected
    for limit in (1, 3, 5, 23, 24):
        pages = every(api, limit)
        assert [item for page in pages for item in page["items"]] == whole
        assert all(len(page["items"]) == limit for page in pages[:-1])
        assert pages[-1]["items"]


def test_a_pass_misses_nothing_while_people_go_on_judging(api):
    predictions = [predict(api, f"lovely {index}") for index in range(30)]
    for prediction in predictions:
        judge(api, prediction, "confirmed")
    # Some of those that were read already change, and some that were not.
    changes = iter(predictions[::-2] + predictions[::2])
    said = {}
    found = {"next": None}
    while True:
        more = {"after": found["next"]} if found["next"] else {}
        found = labelled(api, limit=7, **more)
        said |= {item["prediction_id"]: item["label"] for item in found["items"]}
        if found["next"] is None:
            break
        for prediction, _ in zip(changes, range(3), strict=False):
            judge(api, prediction, "rejected", corrected_label="negative")
    # The last ones changed before the last page was read, so all is as it stands.
    stands = {item["prediction_id"]: item["label"] for item in labelled(api)["items"]}
    assert set(said) == {prediction["id"] for prediction in predictions}
    assert said == stands
    assert "negative" in said.values()


def test_a_changed_verdict_comes_after_the_old_one_though_that_clock_was_ahead(api, rows):
    ahead = datetime.now(UTC) + timedelta(hours=1)
    id = add(rows, at=ahead)
    cursor_page = add(rows, at=ahead + timedelta(hours=1))
    first = labelled(api, limit=1)
    assert first["items"][0]["prediction_id"] == id
    judge(api, {"id": id}, "rejected", corrected_label="negative")
    rest = labelled(api, after=first["next"])["items"]
    assert [(item["prediction_id"], item["label"]) for item in rest] == [
        (id, "negative"),
        (cursor_page, "positive"),
    ]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"limit": 0}, "query.limit"),
        ({"limit": 5001}, "query.limit"),
        ({"limit": "zanzibar"}, "query.limit"),
        ({"after": "zanzibar"}, "query.after"),
        ({"after": "é"}, "query.after"),
        ({"after": "enphbnppYmFy"}, "query.after"),
        ({"after": ""}, "query.after"),
        ({"after": "MDAwMS0wMS0wMVQwMDowMDowMCswMTowMHwwMA=="}, "query.after"),
    ],
)
def test_a_wrong_parameter_is_named_and_not_echoed(client, parameters, named):
    answer = client.get("/v1/feedback/labelled", params=parameters)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-request"
    assert answer.json()["detail"].startswith(f"{named}: ")
    assert "zanzibar" not in answer.text
