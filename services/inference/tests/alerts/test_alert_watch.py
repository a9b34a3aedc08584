"""A look at the store: what it finds, opens, lets go on and ends."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from inference.alerts.findings import Thresholds
from inference.alerts.settings import SLOW_BOUNDS
from inference.alerts.watch import AlertWatch
from inference.metrics import LATENCY_BUCKETS, Metrics
from inference.store.tables import ALERTS, TRAFFIC

MINUTE = timedelta(minutes=1)
COOLDOWN = 30 * MINUTE
THRESHOLDS = Thresholds(
    rejections=3,
    rejections_within=5 * MINUTE,
    expected_rejections=0.15,
    error_share=0.02,
    slow_share=0.05,
    slow_seconds=0.5,
)


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def opened():
    return []


@pytest.fixture
def watch(store, metrics, opened):
    return AlertWatch(
        store, THRESHOLDS, COOLDOWN, metrics.request_figures, lambda: opened.append(1)
    )


@pytest.fixture
def alerts(engine):
    def read(kind=None):
        with engine.connect() as connection:
            rows = connection.execute(ALERTS.select().order_by(ALERTS.c.number)).all()
        return [row for row in rows if kind in (None, row.kind)]

    return read


def ago(minutes):
    return datetime.now(UTC) - minutes * MINUTE


def test_three_rejections_and_no_fewer(watch, predicted, alerts, opened):
    for minutes in (4, 3):
        predicted(("rejected", ago(minutes)))
    predicted(("rejected", ago(9)))
    watch.look()
    assert alerts() == []
    predicted(("rejected", ago(0)))
    watch.look()
    watch.look()
    (alert,) = alerts()
    assert (alert.kind, alert.details) == ("rejections", {"rejections": 3, "seconds": 300.0})
    assert alert.summary == "3 predictions were rejected within 5 minutes"
    assert opened == [1]


def test_a_cluster_that_waited_for_the_database_raises_one_alert_that_resolves_later(
    watch, predicted, alerts, engine
):
    for minutes in (92, 91, 90):
        predicted(("rejected", ago(minutes)))
    watch.look()
    watch.look()
    (alert,) = alerts()
    assert alert.resolved_at is None
    with engine.begin() as connection:
        connection.execute(update(ALERTS).values(opened_at=ago(31)))
    watch.look()
    (alert,) = alerts()
    assert alert.resolved_by == "system"
    watch.look()
    assert len(alerts()) == 1  # the same rejections are no news


def test_too_many_rejections_among_many_verdicts(watch, predicted, alerts, engine):
    for number in range(40):
        predicted(("rejected" if number % 2 else "confirmed", ago(2 + number / 2)))
    watch.look()
    (alert,) = alerts("rejection_rate")
    assert alert.details["rejected"] == 20
    assert alert.details["verdicts"] == 40
    assert "20 of 40 verdicts within 30 minutes" in alert.summary
    # It holds for as long as it would be raised as the first one, not only as the next.
    with engine.begin() as connection:
        connection.execute(update(ALERTS).values(opened_at=ago(60), last_seen_at=ago(29)))
    watch.look()
    (alert,) = alerts("rejection_rate")
    assert alert.resolved_at is None
    assert alert.last_seen_at > ago(1)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_after_an_alarm_a_rate_must_be_sure(watch, predicted, alerts, engine):
    row = {"kind": "rejection_rate", "key": "api", "number": 1, "summary": "", "details": {}}
    times = {"opened_at": ago(300), "last_seen_at": ago(200), "resolved_at": ago(200)}
    with engine.begin() as connection:
        connection.execute(insert(ALERTS).values(id=uuid.uuid4(), **row, **times))
    for number in range(60):
        predicted(("rejected" if number < 18 else "confirmed", ago(number / 4)))
    watch.look()
    assert len(alerts("rejection_rate")) == 1  # 18 of 60: 0.3 % by chance
    with engine.begin() as connection:
        connection.execute(update(ALERTS).values(opened_at=ago(8 * 24 * 60)))
    watch.look()
    assert len(alerts("rejection_rate")) == 2


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_errors_of_all_processes_are_one_share(watch, metrics, alerts, engine):
    for _ in range(3):
        metrics.observe_request("POST", "/v1/predict", 503, 0.01)
    for _ in range(100):
        metrics.observe_request("GET", "/readyz", 503, 0.01)
    for _ in range(17):
        metrics.observe_request("POST", "/v1/feedback", 422, 0.01)
    others = {"requests": 150, "errors": 0, "predictions": 0, "slow": 0}
    with engine.begin() as connection:
        connection.execute(insert(TRAFFIC).values(process=uuid.uuid4(), noted_at=ago(1), **others))
    watch.look()
    assert alerts() == []  # 3 of 170
    metrics.observe_request("POST", "/v1/predict", 500, 0.01)
    watch.look()
    (alert,) = alerts()
    assert alert.kind == "errors"
    assert (alert.details["bad"], alert.details["requests"]) == (4, 171)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_slow_predictions_are_those_above_the_bound(watch, metrics, alerts):
    for seconds, count in ((0.5, 18), (0.51, 2)):
        for _ in range(count):
            metrics.observe_request("POST", "/v1/predict", 200, seconds)
    for _ in range(50):
        metrics.observe_request("POST", "/v1/predict/batch", 200, 3.0)
    watch.look()
    (alert,) = alerts()
    assert alert.kind == "latency"
    assert alert.summary == "2 of 20 predictions within 5 minutes took longer than 0.5 s (10.0%)"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_rules_that_are_off_find_nothing(store, predicted, metrics, alerts):
    off = Thresholds(0, MINUTE, 0.0, 1.0, 1.0, 0.5)
    for _ in range(30):
        predicted(("rejected", ago(1)))
        metrics.observe_request("POST", "/v1/predict", 500, 9.0)
    AlertWatch(store, off, COOLDOWN, metrics.request_figures, lambda: None).look()
    assert alerts() == []


def test_every_bound_is_one_that_the_figures_have():
    assert set(SLOW_BOUNDS) <= set(LATENCY_BUCKETS)
