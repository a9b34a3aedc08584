"""A surge that the radar sees becomes an alert; what it saw in other times does not."""

import random
import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from inference.alerts.service import AlertService
from inference.alerts.surges import SurgeWatch
from inference.radar.reader import RadarReader
from inference.store.tables import RADAR_COUNTS, RADAR_STATE

BUCKET, SURGE, DAYS = 5, 60, 4


@pytest.fixture
def mentioned(engine):
    """Counts of some days, up to some minutes ago, the last hour of which may be a surge."""

    def fill(airline, *, times=1.0, minutes_ago=0):
        source = random.Random(11)
        last = int(time.time() // 60) - minutes_ago
        rows = []
        for minute in range(last - DAYS * 24 * 60, last + 1, BUCKET):
            usual = 6 * (times if minute > last - SURGE else 1)
            for label, mean, share in (("negative", usual, 0.9), ("positive", 6, 0.1)):
                count = sum(source.random() < mean / 40 for _ in range(40))
                row = {"minute": minute, "airline": airline, "label": label, "mentions": count}
                rows.append(row | {"negative_sum": share * count, "reach": 0})
        with engine.begin() as connection:
            connection.execute(insert(RADAR_COUNTS), [row for row in rows if row["mentions"]])
            state = update(RADAR_STATE).values(newest=last, revision=RADAR_STATE.c.revision + 1)
            connection.execute(state)

    return fill


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_surge_that_goes_on_is_one_alert(store, mentioned):
    alerts = AlertService(store, timedelta(minutes=30), lambda: None)
    watch = SurgeWatch(store, RadarReader(store), alerts)
    mentioned("Air Elsewhere")
    watch.look()
    assert alerts.page(unresolved=True, limit=9) == []
    mentioned("Air Paradis", times=4)
    watch.look()
    watch.look()
    (alert,) = alerts.page(unresolved=True, limit=9)
    assert (alert.kind, alert.key) == ("radar_surge", "Air Paradis")
    assert alert.details["ratio"] > 2
    assert alert.summary.startswith("negative mentions of Air Paradis are ")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_surge_in_a_file_of_last_month_is_none(store, mentioned):
    alerts = AlertService(store, timedelta(minutes=30), lambda: None)
    mentioned("Air Paradis", times=4, minutes_ago=30 * 24 * 60)
    SurgeWatch(store, RadarReader(store), alerts).look()
    assert alerts.page(unresolved=True, limit=9) == []
