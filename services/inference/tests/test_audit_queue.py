"""What people are asked to judge next, and what became of it."""

import uuid

import pytest
from sqlalchemy import update

from inference.store.tables import PREDICTIONS

TEXTS = ("lovely", "late gate", "hm", "late late lost", "happy bag")
"""The model is sure of some, and of the third least of all."""


@pytest.fixture
def api(serve_app, store_url):
    """The API over each database, keeping every text; nothing is drawn for an audit."""
    with serve_app(database_url=store_url, store_text="all", audit_share=0) as client:
        yield client


@pytest.fixture
def mark(rows):
    """Says of a prediction that it is of the random audit share."""

    def mark(prediction_id):
        this = PREDICTIONS.c.id == uuid.UUID(prediction_id)
        with rows.begin() as connection:
            connection.execute(update(PREDICTIONS).where(this).values(audit=True))

    return mark


def predict(api, text):
    answer = api.post("/v1/predict", json={"text": text})
    assert answer.status_code == 200, answer.text
    return answer.json()


def judge(api, prediction_id, verdict, **more):
    body = {"prediction_id": prediction_id, "verdict": verdict} | more
    answer = api.post("/v1/feedback", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def audit(api, **parameters):
    answer = api.get("/v1/audit", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def queue(api, **parameters):
    return [item["prediction_id"] for item in audit(api, **parameters)["items"]]


def test_random_audits_come_first_then_the_least_sure(api, mark):
    made = {text: predict(api, text) for text in TEXTS}
    by_confidence = sorted(
        made.values(), key=lambda one: (max(one["probabilities"].values()), one["id"])
    )
    ids = [one["id"] for one in by_confidence]
    assert ids[0] == made["hm"]["id"]
    assert queue(api) == ids
    drawn = sorted([ids[4], ids[1]], key=lambda one: uuid.UUID(one).hex)
    for one in drawn:
        mark(one)
    rest = [one for one in ids if one not in drawn]
    assert queue(api) == drawn + rest
    assert queue(api, drawn="random") == drawn
    assert queue(api, drawn="uncertain") == rest

    for limit in (1, 2, 3, 5):
        found, after = [], {}
        while True:
            page = audit(api, limit=limit, **after)
            found += [item["prediction_id"] for item in page["items"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert found == drawn + rest

    item = audit(api)["items"][-1]
    assert item == {
        "prediction_id": rest[-1],
        "drawn": "uncertain",
        "created_at": item["created_at"],
        "text": next(text for text, one in made.items() if one["id"] == rest[-1]),
        "confidence": max(item["probabilities"].values()),
        **{key: made[item["text"]][key] for key in ("label", "probabilities", "uncertain")},
        **{key: made[item["text"]][key] for key in ("model_name", "model_version")},
    }


def test_what_is_decided_leaves_and_what_is_skipped_leaves_for_that_reviewer(api):
    ids = [predict(api, f"lovely {number}")["id"] for number in range(3)]
    judge(api, ids[0], "confirmed", reviewer="r-1")
    judge(api, ids[1], "rejected", corrected_label="neutral")
    assert queue(api) == [ids[2]]
    assert judge(api, ids[2], "skipped", reviewer="r-1")["revision"] == 1
    assert queue(api, reviewer="r-1") == []
    assert queue(api) == queue(api, reviewer="r-2") == [ids[2]]
    assert judge(api, ids[2], "skipped", reviewer="r-2")["revision"] == 2
    assert queue(api, reviewer="r-2") == []
    assert queue(api, reviewer="r-3") == [ids[2]]
    for reviewer in ("r-1", "r-2"):  # who skipped it before changes nothing
        assert judge(api, ids[2], "skipped", reviewer=reviewer)["revision"] == 2
    judge(api, ids[2], "confirmed", reviewer="r-3")
    assert queue(api, reviewer="r-4") == []
    judge(api, ids[0], "skipped", reviewer="r-1")  # takes the verdict back
    assert queue(api, reviewer="r-4") == [ids[0]]


def test_those_without_a_pseudonym_skip_for_each_other(api):
    made = predict(api, "lovely")["id"]
    judge(api, made, "skipped")
    assert queue(api) == []
    assert queue(api, reviewer="r-1") == [made]


def test_three_who_skip_are_enough_but_not_of_a_random_audit(api, mark):
    drawn, unsure = (predict(api, text)["id"] for text in ("lovely", "hm"))
    mark(drawn)
    for reviewer in ("r-1", "r-2"):
        for one in (drawn, unsure):
            judge(api, one, "skipped", reviewer=reviewer)
    assert queue(api, reviewer="r-3") == [drawn, unsure]
    for one in (drawn, unsure):
        judge(api, one, "skipped")  # the third is somebody without a pseudonym
    assert queue(api, reviewer="r-3") == [drawn]
    assert queue(api) == []


def test_a_random_audit_is_offered_until_it_is_judged_blind(api, mark):
    drawn = predict(api, "lovely")["id"]
    mark(drawn)
    judge(api, drawn, "rejected", corrected_label="neutral", reviewer="r-1")
    assert queue(api, reviewer="r-1") == []  # who has seen what the model says
    assert queue(api, reviewer="r-2") == queue(api) == [drawn]
    assert judge(api, drawn, "skipped", reviewer="r-2", blind=True)["verdict"] == "skipped"
    assert queue(api, reviewer="r-2") == []
    said = api.get("/v1/feedback/labelled").json()["items"]
    assert [item["label"] for item in said] == ["neutral"]  # the skip took nothing from r-1
    # It says the same as r-1 did, and is kept, since it is of the other kind.
    blind = {"corrected_label": "neutral", "reviewer": "r-3", "blind": True}
    assert judge(api, drawn, "rejected", **blind)["revision"] == 3
    assert judge(api, drawn, "rejected", **blind)["revision"] == 3
    assert queue(api, reviewer="r-4") == []
    verdicts = api.get(f"/v1/predictions/{drawn}").json()["verdicts"]
    assert [item["audit"] for item in verdicts] == [False, True, True]


def test_blind_says_nothing_of_a_prediction_that_was_not_drawn(api):
    made = predict(api, "lovely")["id"]
    judge(api, made, "confirmed", reviewer="r-1")
    assert judge(api, made, "confirmed", reviewer="r-2", blind=True)["revision"] == 1
    (verdict,) = api.get(f"/v1/predictions/{made}").json()["verdicts"]
    assert verdict["audit"] is False


def test_who_cannot_say_takes_nothing_from_who_could(api):
    made = predict(api, "lovely")["id"]
    judge(api, made, "confirmed", reviewer="r-1")
    answer = judge(api, made, "skipped", reviewer="r-2")
    assert (answer["verdict"], answer["revision"]) == ("confirmed", 1)
    verdicts = api.get(f"/v1/predictions/{made}").json()["verdicts"]
    assert [item["verdict"] for item in verdicts] == ["confirmed"]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kept", "share", "texts", "hint"),
    [("none", 1, 0, "STORE_TEXT=audit"), ("audit", 1, 1, "STORE_TEXT=all"), ("all", 0, 1, None)],
)
def test_it_says_how_to_have_texts(serve_app, store_url, kept, share, texts, hint):
    with serve_app(database_url=store_url, store_text=kept, audit_share=share) as api:
        predict(api, "@ann is late")
        page = audit(api)
        assert [item["text"] for item in page["items"]] == ["@user is late" if texts else None]
        assert page["texts_kept"] == kept
        assert hint in page["hint"] if hint else page["hint"] is None
        assert len(queue(api, with_text=True)) == texts


def test_every_prediction_can_be_asked_about(api):
    made = predict(api, "lovely crew of @ann")
    judge(api, made["id"], "confirmed", channel="page", reviewer="r-1")
    judge(api, made["id"], "rejected", corrected_label="negative", reviewer="r-2")
    answer = api.get(f"/v1/predictions/{made['id']}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {key: found[key] for key in made if key != "demonstration"} == {
        key: value for key, value in made.items() if key != "demonstration"
    }
    assert (found["text"], found["kept_for"], found["audit"]) == (
        *("lovely crew of @user", ["all"]),
        False,
    )
    said = [(item["revision"], item["verdict"], item["reviewer"]) for item in found["verdicts"]]
    assert said == [(1, "confirmed", "r-1"), (2, "rejected", "r-2")]
    unknown = api.get(f"/v1/predictions/{uuid.uuid4()}")
    assert unknown.json()["type"] == "/problems/unknown-prediction"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"after": "zanzibar"}, "query.after"),
        ({"after": "enp8MXwy"}, "query.after"),
        ({"limit": 201}, "query.limit"),
        ({"drawn": "zanzibar"}, "query.drawn"),
        ({"reviewer": "zanzibar is nice"}, "query.reviewer"),
        ({"days": 0}, "query.days"),
    ],
)
def test_a_wrong_parameter_is_named_and_not_echoed(client, parameters, named):
    answer = client.get("/v1/audit", params=parameters)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{named}: ")
    assert "zanzibar" not in answer.text
