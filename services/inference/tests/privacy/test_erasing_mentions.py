"""Erasing reaches what the radar has of a mention, in either database, and nothing of others."""

import pytest
from sqlalchemy import select

from inference.radar.mentions import identity_of_id
from inference.store.tables import RADAR_SAMPLES, RADAR_WORDS
from inference.texts import Fingerprints

KEY = "f3b7a9c1d5e2480796ab14cd35ef6872"
FINGERPRINTS = Fingerprints(KEY.encode())
TEXT = "late, late marmotte, lost bag"
OTHER = "late wombat, lost gate"


@pytest.fixture
def api(serve_app, store_url):
    """The API over each database, keeping samples."""
    with serve_app(database_url=store_url, store_text="all") as client:
        yield client


def mentions(text, minutes, **values):
    """Mentions of one hour, each by somebody else, with ids such as `text-7`."""
    return [
        {
            "text": text,
            "created_at": f"2026-02-03T04:{minute:02}:06Z",
            "author": f"author-{minute}",
            "id": f"{text}-{minute}",
            **values,
        }
        for minute in minutes
    ]


def send(api, sent):
    answer = api.post("/v1/radar/mentions", json={"mentions": sent})
    assert answer.status_code == 200, answer.text
    return answer.json()["counted"]


def erase(api, **what):
    answer = api.post("/v1/erasures", json=what)
    assert answer.status_code == 200, answer.text
    assert answer.json()["scrubbed"] is True
    return answer.json()["erased"]


def keys_in(content, sent):
    """How many keyed hashes of mentions and of their texts there are, in bytes or as dumped."""
    keys = {identity_of_id(one["id"], FINGERPRINTS) for one in sent}
    hmacs = {FINGERPRINTS.of(one["text"]).encode() for one in sent}
    return sum(key in content or key.hex().encode() in content for key in keys) + sum(
        hmac in content for hmac in hmacs
    )


def names(rows):
    with rows.connect() as connection:
        return set(connection.scalars(select(RADAR_WORDS.c.name))) - {None}


def samples(rows):
    with rows.connect() as connection:
        return sorted(connection.scalars(select(RADAR_SAMPLES.c.text)))


def counted(api):
    return sum(point["mentions"] for point in api.get("/v1/radar").json()["points"])


def test_a_text_is_erased_with_the_words_that_only_it_had(api, content, rows):
    """Three authors make a word known, which from then on is legible in the database."""
    sent = mentions(TEXT, range(4), topic="marmotte")
    others = mentions(OTHER, range(10, 16))
    assert send(api, sent + others) == 10
    assert names(rows) == {"late", "lost", "marmotte", "bag", "wombat", "gate"}
    assert keys_in(content(), sent) == 4 + 1
    assert keys_in(content(), others) == 6 + 1
    assert samples(rows) == sorted([TEXT] * 4 + [OTHER])

    erased = erase(api, text=f" {TEXT}  ")
    # "marmotte" and "bag", of the hour and of all time, and the topic.
    assert erased == {"radar_mentions": 4, "radar_samples": 4, "radar_words": 5}
    left = content()
    assert b"marmotte" not in left
    assert (keys_in(left, sent), keys_in(left, others)) == (0, 6 + 1)
    assert names(rows) == {"late", "lost", "wombat", "gate"}
    assert samples(rows) == [OTHER]
    assert counted(api) == 10
    assert erase(api, text=TEXT) == {}
    assert send(api, sent) == 4  # nothing knows them any more


def test_one_mention_is_erased_by_the_id_of_its_source(api, content, rows):
    sent = mentions(TEXT, range(2)) + mentions(OTHER, range(10, 15))
    assert send(api, sent) == 7
    first, second, *_ = sent
    assert b"marmotte" in content()
    for one in (first, second):
        assert keys_in(content(), [one]) == 2
        assert erase(api, mention_id=one["id"])["radar_mentions"] == 1
        assert erase(api, mention_id=one["id"]) == {}
    assert keys_in(content(), [first, second]) == 0
    assert b"marmotte" not in content()
    assert b"wombat" in content()
    assert keys_in(content(), sent) == 5 + 1
    assert counted(api) == 7


@pytest.mark.parametrize("kept", ["all", "none"])
def test_what_a_prediction_is_of_is_erased_from_the_radar(
    serve_app, store_url, content, rows, kept
):
    """Its text need not be known: of the words of those hours none stays that is as rare."""
    with serve_app(database_url=store_url, store_text=kept) as api:
        sent, others = mentions(TEXT, range(4)), mentions(OTHER, range(10, 18))
        assert send(api, sent + others) == 12
        made = api.post("/v1/predict", json={"text": TEXT}).json()["id"]
        assert b"marmotte" in content()
        assert api.delete(f"/v1/predictions/{made}").status_code == 200
        assert keys_in(content(), sent) == 4 + 1
        made = api.post("/v1/predict", json={"text": TEXT}).json()["id"]
        answer = api.delete(f"/v1/predictions/{made}", params={"same_text": True})
        assert answer.json()["erased"]["radar_mentions"] == 4
        assert b"marmotte" not in content()
        assert (keys_in(content(), sent), keys_in(content(), others)) == (0, 8 + 1)
        assert names(rows) == {"late", "lost", "wombat", "gate"}
