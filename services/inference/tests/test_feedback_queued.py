"""Verdicts given while PostgreSQL is away, on predictions that only it has."""

import re
import uuid
from datetime import datetime

import httpx
import pytest
from sqlalchemy import create_engine, select, update
from sqlalchemy.engine import make_url

from inference.store import migrate
from inference.store.backlog import BACKLOG, Backlog
from inference.store.engine import make_engine
from inference.store.spool import FILE
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, VERDICTS

pytestmark = pytest.mark.postgres

TEXT = "lovely"


@pytest.fixture
def database(postgres_url):
    """The database itself, for looking inside; migrated."""
    engine = make_engine(make_url(postgres_url))
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


class Api:
    def __init__(self, client):
        self.client = client

    def predict(self, text=TEXT):
        answer = self.client.post("/v1/predict", json={"text": text})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def judge(self, prediction_id, verdict="confirmed", expected=202, **more):
        body = {"prediction_id": prediction_id, "verdict": verdict} | more
        answer = self.client.post("/v1/feedback", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def figure(self, name):
        text = self.client.get("/metrics").text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])


@pytest.fixture
def api(serve_app, postgres_url, database):
    with serve_app(database_url=postgres_url) as client:
        yield Api(client)


@pytest.fixture
def stored(database, until):
    """The verdicts on a prediction, by revision, once there are as many as expected."""

    def read(prediction_id, count):
        query = select(VERDICTS).where(VERDICTS.c.prediction_id == uuid.UUID(prediction_id))

        def rows():
            with database.connect() as connection:
                return connection.execute(query.order_by(VERDICTS.c.revision)).all()

        until(lambda: len(rows()) >= count, f"{count} verdicts are in the store", 20)
        return rows()

    return read


def waiting(folder):
    """What is in the queue, by way of the file itself."""
    engine = create_engine(f"sqlite:///{folder / FILE}")
    with engine.connect() as connection:
        found = connection.execute(select(BACKLOG).order_by(BACKLOG.c.id)).all()
    engine.dispose()
    return found


def said(rows):
    return [(row.verdict, row.corrected_label) for row in rows]


def test_it_is_taken_at_once_and_stored_as_it_was_given(api, allow, stored, database):
    prediction_id = api.predict()
    allow(False)
    answer = api.judge(
        prediction_id,
        "rejected",
        corrected_label="neutral",
        channel="page",
        reviewer="r-7",
        text=TEXT,
        consent=True,
    )
    created_at = answer.pop("created_at")
    assert answer == {
        "prediction_id": prediction_id,
        "verdict": "rejected",
        "corrected_label": "neutral",
        "revision": None,
        "text_kept": None,
        "queued": True,
        "unchecked": ["prediction_id", "corrected_label", "text"],
    }
    assert api.client.get("/readyz").status_code == 200
    assert api.figure("radar_spooled_verdicts") == 1

    allow(True)
    (row,) = stored(prediction_id, 1)
    assert (row.revision, row.channel, row.reviewer) == (1, "page", "r-7")
    assert row.created_at == datetime.fromisoformat(created_at)
    with database.connect() as connection:
        (kept,) = connection.execute(select(KEPT_TEXTS)).all()
    assert (kept.text, kept.reason) == (TEXT, "consent")
    again = api.judge(prediction_id, "rejected", expected=200, corrected_label="neutral")
    assert (again["revision"], again["queued"], again["text_kept"]) == (1, False, True)
    assert again["created_at"] == created_at
    assert api.figure("radar_spooled_verdicts") == 0


def test_one_that_was_given_blind_is_an_audit_after_the_wait(api, allow, stored, database):
    drawn = api.predict()
    with database.begin() as connection:
        connection.execute(update(PREDICTIONS).values(audit=True))
    allow(False)
    api.judge(drawn, blind=True)
    allow(True)
    (row,) = stored(drawn, 1)
    assert row.audit


def test_only_what_came_with_it_is_said_to_be_unchecked(api, allow):
    prediction_id = api.predict()
    allow(False)
    assert api.judge(prediction_id)["unchecked"] == ["prediction_id"]
    assert api.judge(prediction_id, text=TEXT, consent=True)["unchecked"] == [
        "prediction_id",
        "text",
    ]


def test_what_needs_no_prediction_is_checked_as_ever(api, allow, tmp_path):
    prediction_id = api.predict()
    allow(False)
    api.judge(prediction_id, expected=422, text=TEXT)
    api.judge(prediction_id, expected=422, consent=True)
    api.judge(prediction_id, expected=422, text="x" * 10_001, consent=True)
    api.judge(prediction_id, expected=422, corrected_label="neutral")
    api.judge("p", expected=422)
    assert waiting(tmp_path / "data") == []


def test_changed_minds_become_the_history_that_they_are(api, allow, stored, tmp_path):
    prediction_id = api.predict()
    assert api.judge(prediction_id, expected=200)["queued"] is False
    allow(False)
    api.judge(prediction_id)  # what stands already
    first = api.judge(prediction_id, "rejected", corrected_label="neutral")
    assert api.judge(prediction_id, "rejected", corrected_label="neutral") == first
    api.judge(prediction_id, "skipped")
    api.judge(prediction_id)
    assert len(waiting(tmp_path / "data")) == 4
    allow(True)
    rows = stored(prediction_id, 4)
    assert said(rows) == [
        ("confirmed", None),
        ("rejected", "neutral"),
        ("skipped", None),
        ("confirmed", None),
    ]
    assert [row.revision for row in rows] == [1, 2, 3, 4]
    assert [row.created_at for row in rows] == sorted(row.created_at for row in rows)


def test_those_that_do_not_fit_are_set_aside_and_the_others_are_stored(
    api, allow, stored, tmp_path, caplog, until
):
    ids = [api.predict() for _ in range(3)]
    allow(False)
    secret = "a tweet that nobody predicted"
    api.judge(ids[0], "rejected", corrected_label="angry")
    api.judge(ids[1], text=secret, consent=True)
    api.judge(ids[1], "rejected", corrected_label="positive")  # what was predicted
    api.judge(ids[1], "skipped")
    api.judge(ids[2])
    allow(True)
    assert said(stored(ids[2], 1)) == [("confirmed", None)]
    assert said(stored(ids[1], 1)) == [("skipped", None)]
    until(lambda: api.figure("radar_spooled_verdicts") == 0, "the queue is empty")
    assert stored(ids[0], 0) == []
    assert {
        reason: api.figure(f'radar_set_aside_verdicts_total{{reason="{reason}"}}')
        for reason in ("unknown-label", "text-mismatch", "unknown-prediction")
    } == {"unknown-label": 2, "text-mismatch": 1, "unknown-prediction": 0}
    assert [(row.set_aside, row.text) for row in waiting(tmp_path / "data")] == [
        ("unknown-label", None),
        ("text-mismatch", None),
        ("unknown-label", None),
    ]
    logged = str([(record.message, getattr(record, "fields", None)) for record in caplog.records])
    assert "text-mismatch" in logged
    assert secret not in logged
    assert "angry" not in logged


def test_an_unknown_prediction_holds_up_nobody(api, allow, stored):
    prediction_id = api.predict()
    allow(False)
    api.judge(str(uuid.uuid4()))
    api.judge(prediction_id)
    allow(True)
    assert said(stored(prediction_id, 1)) == [("confirmed", None)]
    assert api.figure("radar_spooled_verdicts") == 1  # until its second try


def test_a_crash_after_the_commit_leaves_no_second_trace(
    api, allow, stored, monkeypatch, tmp_path, until
):
    """The verdicts are in the store, the note that they are is not, and then they come again."""
    prediction_id = api.predict()
    allow(False)
    for verdict in ("confirmed", "rejected", "confirmed"):
        api.judge(prediction_id, verdict)
    tries = []
    note = Backlog._note

    def crash(self, outcomes):
        tries.append(len(outcomes))
        if len(tries) == 1:
            raise OSError("the process died")
        note(self, outcomes)

    monkeypatch.setattr(Backlog, "_note", crash)
    allow(True)
    until(lambda: len(tries) == 2, "they were tried again")
    until(lambda: waiting(tmp_path / "data") == [], "the queue is empty")
    assert tries == [3, 3]
    assert [verdict for verdict, _ in said(stored(prediction_id, 3))] == [
        "confirmed",
        "rejected",
        "confirmed",
    ]


def test_a_later_verdict_by_way_of_another_replica_still_stands(
    serve_app, postgres_url, database, allow, stored, tmp_path
):
    settings = {"database_url": postgres_url}
    with serve_app(**settings, data_dir=tmp_path / "one") as client:
        prediction_id = Api(client).predict()
        allow(False)
        Api(client).judge(prediction_id, "rejected")
    allow(True)
    with serve_app(**settings, data_dir=tmp_path / "two") as client:
        assert Api(client).judge(prediction_id, expected=200)["revision"] == 1
        assert Api(client).judge(prediction_id, "skipped", expected=200)["revision"] == 2
    with serve_app(**settings, data_dir=tmp_path / "one") as client:
        rows = stored(prediction_id, 3)
        assert [(row.revision, row.verdict) for row in rows] == [
            (1, "rejected"),
            (2, "confirmed"),
            (3, "skipped"),
        ]
        assert Api(client).judge(prediction_id, "skipped", expected=200)["revision"] == 3


def test_a_kill_9_meanwhile_loses_none_and_repeats_none(
    start_server, postgres_url, database, allow, stored, tmp_path
):
    settings = {"DATABASE_URL": postgres_url, "DATA_DIR": str(tmp_path / "data")}
    server = start_server(**settings)

    def post(route, expected, **body):
        answer = httpx.post(f"{server.url}/v1/{route}", json=body, timeout=20, trust_env=False)
        assert answer.status_code == expected, answer.text
        return answer.json()

    ids = [post("predict", 200, text=TEXT)["id"] for _ in range(5)]
    allow(False)
    for prediction_id in ids:
        post("feedback", 202, prediction_id=prediction_id, verdict="confirmed")
    server.kill()
    server = start_server(**settings)  # the database is away still
    for prediction_id in ids:
        post("feedback", 202, prediction_id=prediction_id, verdict="confirmed")  # sent again
    post("feedback", 202, prediction_id=ids[0], verdict="skipped")
    server.kill()
    allow(True)
    server = start_server(**settings)
    assert [verdict for verdict, _ in said(stored(ids[0], 2))] == ["confirmed", "skipped"]
    for prediction_id in ids[1:]:
        assert said(stored(prediction_id, 1)) == [("confirmed", None)]


@pytest.mark.parametrize("room", [0, 2])
def test_a_full_queue_answers_503(serve_app, postgres_url, database, allow, room):
    with serve_app(database_url=postgres_url, spool_verdicts=room) as client:
        api = Api(client)
        ids = [api.predict() for _ in range(room + 1)]
        allow(False)
        for prediction_id in ids[:room]:
            api.judge(prediction_id)
        problem = api.judge(ids[room], expected=503)
        assert problem["type"] == "/problems/store-unavailable"
        assert f"{room} verdicts wait for it already" in problem["detail"]
        during = api.predict()  # predictions, and verdicts on those, are not concerned
        assert api.judge(during, expected=200)["revision"] == 1
        assert client.get("/readyz").status_code == 200


def test_both_answers_are_in_the_documentation(client):
    document = client.get("/openapi.json").json()
    answers = document["paths"]["/v1/feedback"]["post"]["responses"]
    names = {
        status: answers[status]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for status in ("200", "202")
    }
    assert names == {"200": "FeedbackAnswer", "202": "QueuedFeedback"}
