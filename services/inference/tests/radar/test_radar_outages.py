"""A PostgreSQL that is stopped and started while mentions come: none is lost, none counts twice."""

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy.exc import IntegrityError, OperationalError

from inference.problems import Failure, ServiceError
from inference.radar.patience import Patient
from inference.settings import Settings
from inference.store import migrate
from inference.store.engine import make_engine
from inference.store.errors import store_unavailable
from inference.store.tables import RADAR_COUNTS, RADAR_MENTIONS

pytestmark = pytest.mark.postgres
KEY = "f3b7a9c1d5e2480796ab14cd35ef6872"


@pytest.fixture
def url(own_postgres):
    """Of a migrated database of that server."""
    url = make_url(own_postgres.get_uri()).set(drivername="postgresql+psycopg2")
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    return url.render_as_string(hide_password=False)


def totals(url):
    """Mentions in the counts, and mentions by identity."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            counted = connection.scalar(select(func.sum(RADAR_COUNTS.c.mentions)))
            return counted, connection.scalar(select(func.count()).select_from(RADAR_MENTIONS))
    finally:
        engine.dispose()


def body(mentions):
    return {
        "mentions": [
            {"text": one.text, "created_at": one.created_at.isoformat(), "author": one.author}
            for one in mentions
        ]
    }


def test_mentions_are_sent_again_until_they_are_counted(serve_app, url, own_postgres, traffic):
    """Every request is refused or counted as a whole, so whoever got no 200 sends it again."""
    mentions = traffic(days=1, surge=False)[:400]
    parts = [mentions[at : at + 20] for at in range(0, len(mentions), 20)]
    refused, told = [], 0
    stopped = threading.Event()
    with serve_app(database_url=url) as api:

        def interrupt():
            own_postgres.stop()
            stopped.set()
            own_postgres.start()

        breaker = threading.Thread(target=interrupt)
        for number, part in enumerate(parts):
            if number == 5:
                breaker.start()
            if number == 10:
                stopped.wait(30)
            while True:
                answer = api.post("/v1/radar/mentions", json=body(part))
                if answer.status_code == 200:
                    told += answer.json()["counted"]
                    break
                assert answer.json()["type"] == "/problems/store-unavailable"
                assert int(answer.headers["Retry-After"]) > 0
                refused.append(number)
        breaker.join()
        assert refused
        assert api.post("/v1/radar/mentions", json=body(parts[0])).json()["known"] == 20
    assert told <= len(mentions)  # an answer may have got lost after the commit
    assert totals(url) == (len(mentions), len(mentions))


def test_a_replay_waits_for_the_database_and_goes_on(
    monkeypatch, url, own_postgres, traffic, write_file, bundle_path, tmp_path, until
):
    mentions = traffic(days=4, per_hour=60, surge=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in {
        "DATA_DIR": str(tmp_path / "data"),
        "MODEL_SOURCE": str(bundle_path),
        "TEXT_HMAC_KEY": KEY,
        "DATABASE_URL": url,
    }.items():
        monkeypatch.setenv(name, value)
    seconds = (mentions[-1].created_at - mentions[0].created_at) / timedelta(seconds=1)
    command = [sys.executable, "-m", "inference", "radar", "replay", str(write_file(mentions))]
    log = tmp_path / "replay.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--speed", str(seconds / 6)], stderr=file, stdout=file
        )
    try:
        until(lambda: b" mentions" in log.read_bytes(), "some are counted")
        own_postgres.stop()
        until(lambda: b"does not answer; asking again" in log.read_bytes(), "it notices")
        own_postgres.start()
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
    said = log.read_text()
    assert "the store is back" in said
    assert f"{len(mentions):,} of {len(mentions):,} mentions" in said
    assert totals(url) == (len(mentions), len(mentions))


class Away:
    """Refuses some times, for some reason, and then works."""

    def __init__(self, times, cause):
        self.times, self.cause = times, cause

    def run(self, work, *, read_only=False):
        if self.times:
            self.times -= 1
            raise store_unavailable() from self.cause
        return work(None)


def test_only_a_database_that_is_away_is_asked_again_and_not_for_ever(monkeypatch):
    monkeypatch.setattr("inference.radar.patience.FIRST_PAUSE_SECONDS", 0.001)
    away = OperationalError("", {}, Exception("away"))
    told = []
    assert Patient(Away(3, away), told.append).run(lambda _: 7) == 7
    assert told == ["the store does not answer; asking again for 600 s", "the store is back"]
    for store, seconds in ((Away(9**9, away), 0.05), (Away(1, IntegrityError("", {}, "")), 600)):
        with pytest.raises(ServiceError) as failure:
            Patient(store, told.append, seconds).run(lambda _: 7)
        assert failure.value.failure is Failure.STORE_UNAVAILABLE
