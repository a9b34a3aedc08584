"""Drift from requests to answer, page and alert; the store on either database."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import func, insert, make_url, select, update

from inference.drift import repository
from inference.drift.comparison import LEAST_CURRENT, LEAST_REFERENCE
from inference.drift.features import GROUP_TEXTS
from inference.drift.repository import RECORDED, SERVED, Version, group_row
from inference.drift.watch import DriftWatch, details_of, tell
from inference.problems import ServiceError
from inference.store.store import Store
from inference.store.tables import DRIFT_GROUPS

ENOUGH = GROUP_TEXTS * LEAST_REFERENCE


@pytest.fixture
def api(serve_app, store_url):
    with serve_app(database_url=store_url) as client:
        yield client


def ask(client, words, count, random):
    texts = [" ".join(random.choice(words, 12)) for _ in range(count)]
    for start in range(0, count, 100):
        batch = texts[start : start + 100]
        answer = client.post("/v1/predict/batch", json={"texts": batch})
        assert answer.status_code == 200, answer.text


def kept_groups(rows):
    with rows.connect() as connection:
        return connection.execute(select(func.count()).select_from(DRIFT_GROUPS)).scalar_one()


def _is_open(store):
    try:
        store.check()
    except ServiceError:
        return False
    return True


def drift(client, **query):
    answer = client.get("/v1/drift", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_nothing_counted_yet(api):
    found = drift(api)
    assert (found["state"], found["features"], found["classifier"]) == ("too-few", [], None)
    assert found["reference"] == {
        "source": "first",
        "from": None,
        "to": None,
        "texts": 0,
        "needed": ENOUGH,
    }
    page = api.get("/v1/drift/report")
    assert page.status_code == 200
    assert "Too few texts" in page.text


def test_french_after_english_is_seen_from_requests_to_alert(
    api, rows, random, french, until, store_url
):
    english = "the late bag is lost at a lovely gate and we never thank you".split()
    ask(api, english, ENOUGH, random)
    until(lambda: kept_groups(rows) == LEAST_REFERENCE, "the reference is counted")
    with rows.begin() as connection:  # as if that were yesterday
        past = datetime.now(UTC) - timedelta(days=2)
        connection.execute(update(DRIFT_GROUPS).values(ended_at=past))
    ask(api, french, 200, random)
    until(lambda: kept_groups(rows) == LEAST_REFERENCE + 10, "the window is counted")
    found = drift(api)
    assert (found["state"], found["current"]["texts"]) == ("drifted", 200)
    assert {"language", "words", "unknown"} <= set(found["drifted"])

    page = api.get("/v1/drift/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "The traffic has drifted." in page.text
    assert not [word for word in ("valise", "retard", "<script") if word in page.text]

    store = Store(make_url(store_url), migrate=False)
    store.open()
    until(lambda: _is_open(store), "the store is open")
    services = api.app.state.services
    watch = DriftWatch(
        services.drift,
        store,
        services.alerts,
        cooldown=timedelta(minutes=30),
        keep=timedelta(days=60),
    )
    with ThreadPoolExecutor(1) as thread:  # which lowers its priority
        for _ in range(2):
            thread.submit(watch.look).result()
    store.close()
    (alert,) = api.get("/v1/alerts").json()["items"]
    assert (alert["kind"], alert["state"]) == ("drift", "open")
    assert "language" in alert["details"]["features"]


def test_no_word_of_a_text_is_kept(api, rows, random, until):
    ask(api, ["zanzibarian", "quokkaesque"], GROUP_TEXTS, random)
    until(lambda: kept_groups(rows) == 1, "the group is counted")
    with rows.connect() as connection:
        (row,) = connection.execute(select(DRIFT_GROUPS)).mappings()
    said = json.dumps(row["counts"])
    assert "zanzi" not in said
    assert "quokka" not in said
    assert sum(row["counts"]["label"].values()) == GROUP_TEXTS
    assert row["counts"]["unknown"] == {"7": GROUP_TEXTS}  # all words are new to the model


def test_no_text_is_counted_where_that_is_off(serve_app, store_url, rows, random):
    with serve_app(database_url=store_url, drift_samples_per_minute=0) as client:
        ask(client, ["late"], 2 * GROUP_TEXTS, random)
    assert kept_groups(rows) == 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "soon"}, "from: is no time such as"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from: must be earlier than to"),
        (
            {"reference_from": "2026-03-02", "reference_to": "2026-03-01"},
            "reference_from: must be earlier than reference_to",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/v1/drift", "/v1/drift/report"])
def test_times_that_cannot_be_used_are_refused(client, path, query, said):
    answer = client.get(path, params=query)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)


@pytest.fixture
def insert_groups(api, rows):
    """Keeps groups of the version that serves, an hour apart, the newest just now."""

    def keep(groups, source=SERVED, ago=timedelta()):
        served = api.get("/v1/model").json()
        end = datetime.now(UTC) - timedelta(minutes=1) - ago
        made = [
            group_row(
                served["name"],
                served["version"],
                source,
                end - timedelta(minutes=10 * place),
                item.counts,
            )
            for place, item in enumerate(reversed(groups))
        ]
        with rows.begin() as connection:
            connection.execute(insert(DRIFT_GROUPS), made)
        return Version(served["name"], served["version"])

    return keep


def test_a_recorded_reference_comes_before_the_first_texts(
    api, rows, window, random, french, insert_groups
):
    insert_groups(window(random, 400), ago=timedelta(days=3))
    insert_groups(window(random, 200))
    assert (drift(api)["state"], drift(api)["reference"]["source"]) == ("steady", "first")
    insert_groups(window(random, 300, words=french), RECORDED)
    found = drift(api)
    assert (found["state"], found["reference"]["source"]) == ("drifted", "recorded")
    assert found["reference"]["texts"] == 300
    now = datetime.now(UTC)
    asked = drift(api, reference_from=(now - timedelta(days=10)).isoformat())
    assert (asked["state"], asked["reference"]["source"]) == ("steady", "asked")
    assert drift(api, model_version="other")["state"] == "too-few"


def test_old_groups_go_and_the_first_ones_of_each_version_stay(rows, api, window, insert_groups):
    groups = window(np.random.default_rng(3), 20 * 30)
    version = insert_groups(groups, ago=timedelta(days=100))
    insert_groups(groups[:4])
    before = datetime.now(UTC) - timedelta(days=60)
    with rows.begin() as connection:
        assert repository.forget(connection, before, keep=12) == 18
        assert repository.forget(connection, before, keep=12) == 0
        first = repository.first(connection, version, datetime.now(UTC), 50)
    assert len(first) == 12 + 4


def test_a_long_window_is_thinned_out_evenly(rows, api, window, insert_groups, monkeypatch):
    monkeypatch.setattr(repository, "MOST_GROUPS", 10)
    version = insert_groups(window(np.random.default_rng(3), 20 * 35))
    end = datetime.now(UTC)
    with rows.connect() as connection:
        found = repository.window(connection, version, SERVED, end - timedelta(days=9), end)
    steps = {later.ended_at - sooner.ended_at for sooner, later in pairwise(found)}
    assert (len(found), len(steps)) == (8, 1)


def test_only_drift_is_told(window, random, api, insert_groups):
    insert_groups(window(random, 400), ago=timedelta(days=3))
    insert_groups(window(random, 200, length=30.0))
    told = []

    class Alerts:
        def raise_alert(self, kind, key, summary, details):
            told.append((kind, key, summary, details))

    drift_service = api.app.state.services.drift
    found = drift_service.read()
    tell(found, Alerts())
    ((kind, key, summary, details),) = told
    assert (kind, key) == ("drift", f"{found.model_name}/{found.model_version}")
    assert "length" in summary
    assert details == details_of(found)
    tell(found.model_copy(update={"state": "steady"}), Alerts())
    assert len(told) == 1


def test_fewer_groups_than_needed_say_how_many_are(api, window, random, insert_groups):
    insert_groups(window(random, 20 * (LEAST_CURRENT - 1)))
    found = drift(api)
    assert found["state"] == "too-few"
    assert (found["current"]["texts"], found["current"]["needed"]) == (80, 100)
