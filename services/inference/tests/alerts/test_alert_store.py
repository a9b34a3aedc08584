"""Alerts and deliveries as rows, on both databases, with several writers at once."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select

from inference.alerts import deliveries, evidence, repository
from inference.alerts.repository import Finding
from inference.alerts.rules import Tally
from inference.store.tables import ALERTS, PREDICTIONS, TRAFFIC

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
COOLDOWN = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def raised(engine):
    """Raises an alert about something at some time, and returns what came of it."""

    def raise_it(at=NOW, key="api", **more):
        finding = Finding("rejections", key, "three", {"rejections": 3}, seen_at=at, **more)
        with engine.begin() as connection:
            return repository.raise_alert(connection, finding, at, COOLDOWN)

    return raise_it


def every_alert(engine):
    with engine.connect() as connection:
        return repository.page(connection, unresolved=False, limit=100)


def test_many_that_find_the_same_open_one_alert(engine, raised):
    start = threading.Barrier(8)

    def find(_):
        start.wait()
        return raised()

    with ThreadPoolExecutor(8) as pool:
        opened = [alert for alert in pool.map(find, range(8)) if alert]
    assert [alert.id for alert in every_alert(engine)] == [opened[0].id]
    assert len(opened) == 1


def test_whoever_looked_before_an_alert_was_opened_and_resolved_opens_no_second(engine, raised):
    """The number is what stops it: a constraint on open alerts alone would let it through."""
    first = raised()
    with engine.begin() as connection:
        repository.resolve(connection, first.id, NOW, "anna", None)
        row = vars(first) | {"id": uuid.uuid4()}
        assert not repository.insert_if_new(connection, ALERTS, row)
    assert len(every_alert(engine)) == 1


def test_one_thing_has_one_open_alert_and_others_have_their_own(engine, raised):
    first = raised()
    assert raised(NOW + 10 * MINUTE) is None
    assert raised(NOW + 2 * COOLDOWN) is None
    other = raised(key="other")
    assert {alert.id for alert in every_alert(engine)} == {first.id, other.id}
    seen = {alert.key: alert.last_seen_at for alert in every_alert(engine)}
    assert seen == {"api": NOW + 2 * COOLDOWN, "other": NOW}


def test_the_next_one_waits_for_the_cooldown_after_the_last_time_it_was_seen(engine, raised):
    first = raised()
    raised(NOW + 10 * MINUTE)
    with engine.begin() as connection:
        repository.resolve(connection, first.id, NOW + 11 * MINUTE, None, None)
    assert raised(NOW + 39 * MINUTE) is None
    second = raised(NOW + 40 * MINUTE)
    assert second.number == first.number + 1


def test_one_that_is_not_seen_any_more_is_stale(engine, raised):
    first = raised()
    raised(NOW + 10 * MINUTE)
    with engine.connect() as connection:
        assert repository.stale(connection, NOW + 10 * MINUTE) == []
        assert repository.stale(connection, NOW + 11 * MINUTE) == [first.id]


def test_an_erased_prediction_leaves_its_alert(engine, raised, predicted):
    kept, erased, gone = predicted(), predicted(), uuid.uuid4()
    alert = raised(predictions=(kept, erased, gone))
    with engine.begin() as connection:
        assert set(repository.predictions_of(connection, [alert.id])[alert.id]) == {kept, erased}
        connection.execute(delete(PREDICTIONS).where(PREDICTIONS.c.id == erased))
        assert repository.predictions_of(connection, [alert.id]) == {alert.id: [kept]}
    assert [alert.id for alert in every_alert(engine)] == [alert.id]


def test_the_newest_verdict_on_a_prediction_counts_once(engine, predicted):
    minute = [NOW + number * MINUTE for number in range(6)]
    twice = predicted(("rejected", minute[0]), ("rejected", minute[1]))
    predicted(("rejected", minute[1]), ("confirmed", minute[2]))
    changed = predicted(("confirmed", minute[1]), ("rejected", minute[3]))
    predicted(("skipped", minute[3]))
    predicted(("rejected", NOW - 2 * evidence.LOOK_BACK))
    with engine.connect() as connection:
        found = evidence.rejections(connection, minute[5])
        assert (found.moments, found.predictions) == ([minute[1], minute[3]], [twice, changed])
        assert evidence.verdicts(connection, NOW) == Tally(total=3, bad=2)
        assert evidence.verdicts(connection, minute[2]) == Tally(total=1, bad=1)


def test_traffic_of_all_processes_is_one(engine):
    rows = [
        {"noted_at": NOW - 6 * MINUTE, "requests": 900, "errors": 900},
        {"noted_at": NOW - 2 * MINUTE, "requests": 30, "errors": 1},
        {"noted_at": NOW - MINUTE, "requests": 20, "errors": 2},
    ]
    with engine.begin() as connection:
        for row in rows:
            more = {"process": uuid.uuid4(), "predictions": 10, "slow": 1}
            connection.execute(insert(TRAFFIC).values(row | more))
        found = evidence.answers(connection, NOW - 5 * MINUTE)
        assert (found.errors, found.slow) == (Tally(50, 3), Tally(20, 2))
        evidence.forget_traffic(connection, NOW + evidence.KEEP_TRAFFIC - 3 * MINUTE)
        assert len(connection.execute(select(TRAFFIC)).all()) == 2


def take(engine, now, channel="webhook"):
    with engine.begin() as connection:
        deliveries.plan(connection, channel, now)
        return deliveries.take(connection, channel, now)


def test_each_alert_is_taken_once_for_each_channel(engine, raised):
    alerts = [raised(key=f"k{number}") for number in range(5)]
    start = threading.Barrier(8)

    def take_all(_):
        start.wait()
        taken = []
        while delivery := take(engine, NOW):
            taken.append(delivery.alert.id)
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = sorted(alert for taken in pool.map(take_all, range(8)) for alert in taken)
    assert taken == sorted(alert.id for alert in alerts)
    assert take(engine, NOW, "insights") is not None


def test_a_delivery_is_taken_again_after_its_taker_died(engine, raised):
    raised()
    assert take(engine, NOW).attempts == 1
    assert take(engine, NOW + deliveries.LEASE - MINUTE / 2) is None
    assert take(engine, NOW + deliveries.LEASE).attempts == 2


def test_a_failure_waits_longer_each_time_until_it_is_given_up(engine, raised, monkeypatch):
    monkeypatch.setattr(deliveries, "GIVE_UP_AFTER", timedelta(hours=1))
    raised()
    now, waits = NOW, []
    while delivery := take(engine, now):
        with engine.begin() as connection:
            deliveries.note_failure(connection, delivery, now, "answered 500" + "x" * 500)
        wait = deliveries.wait_after(delivery.attempts)
        assert take(engine, now + wait - timedelta(seconds=1)) is None
        now += wait
        waits.append(wait.total_seconds())
    assert waits[:4] == [5, 10, 20, 40]
    assert max(waits) == 600
    assert now - NOW >= deliveries.GIVE_UP_AFTER
    with engine.connect() as connection:
        assert not deliveries.is_waiting(connection, ["webhook"], now)


def test_what_was_delivered_is_not_taken_again(engine, raised):
    raised()
    with engine.begin() as connection:
        assert deliveries.is_waiting(connection, ["webhook"], NOW)
    delivery = take(engine, NOW)
    with engine.begin() as connection:
        assert not deliveries.is_waiting(connection, ["webhook"], NOW)
        deliveries.note_success(connection, delivery, NOW)
        assert not deliveries.is_waiting(connection, ["webhook"], NOW + 2 * deliveries.LEASE)
        assert deliveries.is_waiting(connection, ["insights"], NOW)
    assert take(engine, NOW + 2 * deliveries.LEASE) is None
