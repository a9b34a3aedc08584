"""Erasing by id, by text, and by taking consent back: nothing is left in either database."""

import json
import random
import sqlite3
import uuid

import pytest
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from inference.store import migrate
from inference.store.engine import make_engine
from inference.store.erasing import HANGING, OF_TEXTS
from inference.store.scrubbing import Scrubber
from inference.store.tables import KEPT_TEXTS, METADATA, SHADOW_PREDICTIONS, VERDICTS
from inference.texts import Fingerprints

KEY = "f3b7a9c1d5e2480796ab14cd35ef6872"
TEXT = "lovely marmotte, thank you"
OTHER = "late wombat, never again"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def api(serve_app, store_url):
    """The API over each database, keeping every text."""
    with serve_app(database_url=store_url, store_text="all") as client:
        yield client


def predict(api, text=TEXT):
    answer = api.post("/v1/predict", json={"text": text})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def judge(api, prediction_id, verdict="confirmed", **more):
    body = {"prediction_id": prediction_id, "verdict": verdict} | more
    answer = api.post("/v1/feedback", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def done(answer):
    assert answer.status_code == 200, answer.text
    assert answer.json()["scrubbed"] is True
    return answer.json()["erased"]


def count(rows, table):
    with rows.connect() as connection:
        return len(connection.execute(select(table)).all())


def mention(api, text):
    body = {"text": text, "created_at": "2026-02-03T04:05:06Z", "airline": "Air Paradis"}
    answer = api.post("/v1/radar/mentions", json={"mentions": [body]})
    assert answer.json()["counted"] == 1, answer.text


def test_a_text_is_erased_wherever_it_is(api, content, rows):
    first, second, other = predict(api), predict(api, f"  {TEXT} "), predict(api, OTHER)
    judge(api, first, "rejected", corrected_label="neutral")
    judge(api, first, text=TEXT, consent=True)
    shadow = {"prediction_id": uuid.UUID(first), "model_version": "2", "label": "negative"}
    shadow |= {"confidence": 0.5, "seconds": 0.1, "champion_seconds": 0.1}
    with rows.begin() as connection:
        connection.execute(insert(SHADOW_PREDICTIONS), [shadow])
    negative = "late marmotte, lost bag"
    mention(api, negative)
    hmac = Fingerprints(KEY.encode()).of(TEXT).encode()
    before = content()
    for mark in (b"marmotte", hmac, uuid.UUID(first).hex.encode()):
        assert mark in before.replace(b"-", b"")

    erased = done(api.post("/v1/erasures", json={"text": TEXT}))
    assert erased == {"predictions": 2, "kept_texts": 3, "verdicts": 2, "shadow_predictions": 1}
    erased = done(api.post("/v1/erasures", json={"text": negative}))
    assert erased == {"radar_mentions": 1, "radar_samples": 1, "radar_words": 2 * 4}
    assert done(api.post("/v1/erasures", json={"text": TEXT})) == {}
    left = content().replace(b"-", b"")
    for mark in (b"marmotte", hmac, *(uuid.UUID(one).hex.encode() for one in (first, second))):
        assert mark not in left
    assert uuid.UUID(other).hex.encode() in left
    assert b"wombat" in left
    assert api.get(f"/v1/predictions/{first}").status_code == 404
    assert api.get(f"/v1/predictions/{other}").json()["text"] == OTHER


def test_one_prediction_is_erased_or_all_of_its_text(api, content, rows):
    first, second, third = predict(api), predict(api), predict(api)
    judge(api, first)
    erased = done(api.delete(f"/v1/predictions/{first}"))
    assert erased == {"predictions": 1, "kept_texts": 1, "verdicts": 1}
    assert b"marmotte" in content()
    assert api.get(f"/v1/predictions/{third}").status_code == 200
    erased = done(api.delete(f"/v1/predictions/{second}", params={"same_text": True}))
    assert erased == {"predictions": 2, "kept_texts": 2}
    assert b"marmotte" not in content()
    for unknown in (first, uuid.uuid4()):
        assert done(api.delete(f"/v1/predictions/{unknown}", params={"same_text": True})) == {}
    assert count(rows, VERDICTS) == 0


def test_consent_can_be_taken_back(api, content, rows):
    first = predict(api)
    judge(api, first, text=TEXT, consent=True)
    assert done(api.delete(f"/v1/feedback/{first}/text")) == {"kept_texts": 2}
    assert b"marmotte" not in content()
    found = api.get(f"/v1/predictions/{first}").json()
    assert (found["text"], found["kept_for"]) == (None, [])
    assert [verdict["verdict"] for verdict in found["verdicts"]] == ["confirmed"]
    assert done(api.delete(f"/v1/feedback/{first}/text")) == {}
    assert api.get("/v1/feedback/labelled").json()["items"] == []
    assert judge(api, first)["text_kept"] is False


def test_texts_are_kept_redacted(api, content, rows):
    text = "@quokka lost bag of numbat@mail.example, +33 6 12 34 56 78, pnr ABCDEF"
    first = predict(api, text)
    judge(api, first, text=text, consent=True)
    with rows.connect() as connection:
        kept = connection.execute(select(KEPT_TEXTS.c.text)).scalars().all()
    assert kept == ["@user lost bag of [e-mail], [phone], pnr [code]"] * 2
    mention(api, text)
    assert not any(word in content() for word in (b"quokka", b"numbat", b"ABCDEF", b"12 34 56"))
    assert done(api.post("/v1/erasures", json={"text": text}))["radar_samples"] == 1


@pytest.mark.postgres
def test_what_waits_on_the_disk_is_erased_too(serve_app, postgres_url, tmp_path, allow, until):
    """The database goes away, and comes back with another machine's lock on what is spooled."""
    with serve_app(database_url=postgres_url, store_text="all") as api:
        stored = predict(api, OTHER)
        allow(False)
        spooled = predict(api)
        body = {"prediction_id": stored, "verdict": "confirmed", "text": OTHER, "consent": True}
        assert api.post("/v1/feedback", json=body).status_code == 202
        files = list((tmp_path / "data").glob("spool.db*"))

        def waits(word):
            return any(word in file.read_bytes() for file in files if file.exists())

        assert waits(b"marmotte")
        assert waits(b"wombat")
        for text in (TEXT, OTHER):
            answer = api.post("/v1/erasures", json={"text": text})
            assert answer.json()["type"] == "/problems/store-unavailable"
        allow(True)
        until(lambda: api.get(f"/v1/predictions/{stored}").status_code == 200, "it is back", 20)
        for text in (TEXT, OTHER):
            done(api.post("/v1/erasures", json={"text": text}))
        assert not waits(b"marmotte")
        assert not waits(b"wombat")
        for one in (stored, spooled):
            assert api.get(f"/v1/predictions/{one}").status_code == 404


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_copies_that_rebalancing_left_are_gone_too(store_url, tmp_path):
    """Deleted rows of a file with much coming and going, which overwriting alone does not reach."""
    engine = make_engine(make_url(store_url))
    migrate.upgrade(engine)
    rng = random.Random(1)
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        live, gone = [], []
        for batch in range(60):
            raw.execute("BEGIN IMMEDIATE")
            for number in range(100):
                id, mark = uuid.UUID(int=rng.getrandbits(128)).hex, f"MARK{100 * batch + number:06}"
                text = "w" * rng.randint(0, 280) + mark + "z" * rng.randint(0, 200)
                values = (id, "all", text, "2026-01-01")
                raw.execute("INSERT INTO kept_texts VALUES (?, ?, ?, ?)", values)
                live.append((id, mark))
            for _ in range(50):
                id, mark = live.pop(rng.randrange(len(live)))
                raw.execute("DELETE FROM kept_texts WHERE prediction_id = ?", (id,))
                gone.append(mark.encode())
            raw.execute("COMMIT")
    assert Scrubber([engine]).scrub()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert [mark for mark in gone if mark in left] == []
    assert all(mark.encode() in left for _, mark in live)
    engine.dispose()


@pytest.fixture
def impatient(monkeypatch):
    """Who waits for a lock on a file gives up after a second, not after five."""
    monkeypatch.setattr("inference.store.engine.BUSY_SECONDS", 1)


@pytest.mark.usefixtures("impatient", "often")
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_file_that_another_process_uses_is_scrubbed_later(api, content, tmp_path, until):
    first = predict(api)
    reader = sqlite3.connect(tmp_path / "store.db")
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM predictions").fetchone() == (1,)
    answer = api.delete(f"/v1/predictions/{first}").json()
    assert answer["scrubbed"] is False
    reader.close()
    until(lambda: b"marmotte" not in content(), "the file is scrubbed in the background", 30)


def test_every_table_with_something_of_a_text_is_known():
    assert {table.name for table, _ in HANGING} >= {
        *("kept_texts", "verdicts", "shadow_predictions", "alert_predictions")
    }
    assert {table.name for table in OF_TEXTS} == {"radar_mentions", "radar_samples"}
    with_text = {table.name for table in METADATA.tables.values() if "text" in table.c}
    assert with_text == {"kept_texts", "radar_samples"}


def test_an_erasure_is_refused_as_any_request_is(client):
    for body, failure in (
        ({}, "invalid-request"),
        ({"text": 1}, "invalid-request"),
        ({"text": "a", "mention_id": "b"}, "invalid-request"),
        ({"mention_id": ""}, "invalid-request"),
        ({"mention_id": "x" * 201}, "invalid-request"),
        ({"mention_id": "\ud800"}, "invalid-request"),
        ({"text": "a", "other": 1}, "invalid-request"),
        ({"text": "x" * 10_001}, "text-too-long"),
    ):
        answer = client.post("/v1/erasures", content=json.dumps(body), headers=JSON)
        assert answer.json()["type"] == f"/problems/{failure}"
    assert client.delete("/v1/predictions/none").status_code == 422
