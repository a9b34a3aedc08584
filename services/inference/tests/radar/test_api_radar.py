"""The radar over HTTP."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from inference.radar.times import parse_time

NOW = datetime.now(UTC) - timedelta(hours=1)


def mention(text="late", **values):
    return {"text": text, "created_at": NOW.isoformat(), **values}


def send(client, *mentions):
    answer = client.post("/v1/radar/mentions", json={"mentions": list(mentions)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_mentions_are_counted_once_and_shown(client):
    sent = [mention("late", id="1", airline="A"), mention("lovely", id="2", airline="A")]
    assert send(client, *sent, sent[0]) == {"counted": 2, "known": 1, "late": 0, "refused": []}
    assert send(client, *sent)["known"] == 2
    shown = client.get("/v1/radar", params={"airline": "A"}).json()
    assert [shown["airline"], shown["airlines"], shown["bucket_seconds"]] == ["A", ["A"], 300]
    (point,) = [point for point in shown["points"] if point["mentions"]]
    assert (point["mentions"], point["negatives"]) == (2, 1)
    assert 0 < point["share"] < 1
    assert point["expected"] is None  # an hour teaches nothing yet
    assert client.get("/v1/radar", params={"airline": "B"}).json()["points"] == []


def test_a_mention_that_cannot_be_used_is_told_by_its_place(client):
    answer = send(
        client,
        mention(created_at="yesterday"),
        mention(created_at=(datetime.now(UTC) + timedelta(hours=2)).isoformat()),
        mention("x" * 10_001),
        mention("good"),
    )
    assert answer["counted"] == 1
    reasons = [(item["index"], item["error"]["detail"]) for item in answer["refused"]]
    assert [index for index, _ in reasons] == [0, 1, 2]
    assert "is no time such as" in reasons[0][1]
    assert "in the future" in reasons[1][1]
    assert "at most 10000" in reasons[2][1]


def test_a_mention_that_is_too_old_is_late(client):
    send(client, mention())
    assert send(client, mention(created_at="2009-04-06T22:19:45Z"))["late"] == 1


@pytest.mark.parametrize(
    ("params", "field"), [({"from": "soon"}, "from"), ({"to": "2026-99-01"}, "to")]
)
def test_a_time_that_is_none_is_refused_by_name(client, params, field):
    answer = client.get("/v1/radar", params=params)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{field}: is no time")


def test_reading_and_sending_need_the_scope_predict(serve_app, monkeypatch, tmp_path):
    with serve_app(ready=False, access="keys") as client:
        assert client.get("/v1/radar").status_code == 401
        assert client.post("/v1/radar/mentions", json={"mentions": [mention()]}).status_code == 401


def test_a_model_without_the_label_negative_cannot_serve_the_radar(
    serve_app, make_bundle, tmp_path
):
    intents = make_bundle(tmp_path / "intents", labels=("refund", "rebook", "other"))
    with serve_app(model_source=str(intents)) as client:
        answer = client.post("/v1/radar/mentions", json={"mentions": [mention()]})
    assert answer.status_code == 503
    assert "label negative" in answer.json()["detail"]


def test_a_request_without_time_counts_nothing(client):
    answer = client.post(
        "/v1/radar/mentions",
        json={"mentions": [mention(f"late {n}") for n in range(256)]},
        headers={"X-Request-Timeout": "0.000001"},
    )
    assert answer.status_code == 504
    time.sleep(0.1)
    assert client.get("/v1/radar").json()["points"] == []


@pytest.mark.parametrize(
    "text",
    [
        "2009-04-07T05:19:45Z",
        "2009-04-07 05:19:45",
        "2009-04-06 22:19:45 -0700",
        "Mon Apr 06 22:19:45 PDT 2009",
        "Tue Apr 07 05:19:45 +0000 2009",
    ],
)
def test_times_in_all_their_forms(text):
    assert parse_time(text) == datetime(2009, 4, 7, 5, 19, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "Mon Foo 06 22:19:45 PDT 2009",
        "Mon Apr 06 22:19:45 XYZ 2009",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="no time such as"):
        parse_time(text)
