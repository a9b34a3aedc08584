"""What is kept long enough goes, in small steps, whoever removes it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.engine import make_url

from inference.privacy.retention import BATCH, Retention
from inference.store.store import Store
from inference.store.tables import KEPT_TEXTS, PREDICTIONS, RADAR_SAMPLES, VERDICTS

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(store_url, until):
    store = Store(make_url(store_url), migrate=True)
    store.open()

    def is_open():
        return store._problem is None

    until(is_open, "the store is open")
    yield store
    store.close()


def add(rows, days, texts=1):
    """Predictions of some age with texts and a verdict each."""
    ids = [uuid.uuid4() for _ in range(texts)]
    at = NOW - timedelta(days=days)
    prediction = {
        "created_at": at,
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
    kept = {"reason": "all", "text": "kept", "created_at": at}
    said = {"revision": 1, "verdict": "confirmed", "created_at": at}
    with rows.begin() as connection:
        connection.execute(insert(PREDICTIONS), [{"id": id} | prediction for id in ids])
        for table, row in ((KEPT_TEXTS, kept), (VERDICTS, said)):
            connection.execute(insert(table), [{"prediction_id": id} | row for id in ids])


def counts(rows):
    with rows.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (PREDICTIONS, KEPT_TEXTS, VERDICTS)
        ]


def test_texts_go_after_their_days_and_predictions_stay(store, rows):
    for days in (0, 29, 31, 400):
        add(rows, days, 2)
    assert Retention(store, 30, 0).sweep(NOW) == {"kept_texts": 4, "backlog": 0, "radar_samples": 0}
    assert counts(rows) == [8, 4, 8]
    assert Retention(store, 30, 0).sweep(NOW).total() == 0
    assert Retention(store, 1, 365).sweep(NOW)["predictions"] == 2
    assert counts(rows) == [6, 2, 6]


def test_many_rows_go_in_small_steps_whoever_removes_them(store, rows):
    add(rows, 31, 2 * BATCH + 7)
    add(rows, 1, 5)
    with ThreadPoolExecutor(3) as pool:
        sweeps = list(pool.map(lambda _: Retention(store, 30, 0).sweep(NOW), range(3)))
    assert sum(sweep["kept_texts"] for sweep in sweeps) == 2 * BATCH + 7
    assert counts(rows)[1] == 5


def test_samples_of_the_radar_go_by_when_they_were_kept(store, rows):
    sample = {"minute": 1, "airline": "", "text_hmac": "0" * 64, "text": "late", "negative": 0.9}
    old, new, undated = NOW - timedelta(days=31), NOW - timedelta(days=29), None
    with rows.begin() as connection:
        for number, moment in enumerate((old, new, undated)):
            row = sample | {"identity": bytes([number]), "kept_at": moment}
            connection.execute(insert(RADAR_SAMPLES), [row])
    assert Retention(store, 30, 0).sweep(NOW)["radar_samples"] == 1
    with rows.connect() as connection:
        dated = connection.execute(select(RADAR_SAMPLES.c.identity, RADAR_SAMPLES.c.kept_at)).all()
    assert {bytes(row.identity): row.kept_at for row in dated} == {b"\1": new, b"\2": NOW}
    assert Retention(store, 30, 0).sweep(NOW + timedelta(days=31))["radar_samples"] == 2


@pytest.mark.usefixtures("often")
def test_it_begins_with_the_service(serve_app, store_url, rows, until):
    with serve_app(database_url=store_url):
        pass
    add(rows, (NOW - datetime.now(UTC)).days + 40, 3)
    with serve_app(database_url=store_url):
        until(lambda: counts(rows) == [3, 0, 3], "texts are removed at the start", 20)
