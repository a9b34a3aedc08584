"""The radar's page, run by Streamlit's own tester against a real HTTP server."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.i18n import catalogue

EN = catalogue("en")
END = datetime(2026, 3, 9, 12, tzinfo=UTC)
Seen = Callable[[AppTest], str]


def iso(**before_the_end: float) -> str:
    return (END - timedelta(**before_the_end)).isoformat()


def make_radar(days: int = 7, *, learnt: bool = True, **changes: Any) -> dict[str, Any]:
    """Five mentions an hour, one of them negative, and a surge three days before the end."""
    usual = {"expected": 0.1, "low": 0, "high": 1, "expected_share": 0.2}
    unknown = dict.fromkeys(usual)
    points = [
        {
            "start": iso(minutes=5 * back), "mentions": 5 if back % 12 == 0 else 0,
            "negatives": 1 if back % 12 == 0 else 0, "negative_sum": 1.0 if back % 12 == 0 else 0.0,
            "reach": 0, "share": None, **(usual if learnt else unknown),
        }
        for back in range(days * 288, 0, -1)
    ]  # fmt: skip
    episode = {
        "start": iso(days=3), "alarm": iso(days=2.99), "peak": iso(days=2.98), "end": iso(days=2.9),
        "charts": ["volume-cusum"], "negatives": 40, "expected": 2.04, "ratio": 19.61,
        "score": 80.0,
        "share": 0.8, "expected_share": 0.2, "settled": False,
        "drivers": [
            {"kind": "topic", "name": "<b>bags", "score": 4.0, "count": 9, "usual_count": 3,
             "ratio": 3.44},
            {"kind": "word", "name": "lost", "score": 3.0, "count": 8, "usual_count": 4,
             "ratio": 3.1},
        ],
        "samples": [
            {"created_at": iso(days=2.95), "airline": "A", "text": "<i>where</i>", "negative": 0.9}
        ],
    }  # fmt: skip
    return {
        "airlines": ["", "A"], "from": iso(days=days), "to": END.isoformat(), "points": points,
        "episodes": [episode | changes],
    }  # fmt: skip


@pytest.fixture
def page(open_view: Callable[[str], AppTest]) -> AppTest:
    return open_view("radar")


def charts(page: AppTest) -> list[str]:
    return [json.dumps(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def test_without_mentions_the_page_says_how_to_get_some(page: AppTest, seen: Seen) -> None:
    shown = seen(page.run())
    assert EN("radar.nothing") in shown
    assert "<code>inference radar replay tweets.csv</code>" in shown
    assert charts(page) == []


def test_series_and_surges_are_shown(page: AppTest, seen: Seen, stand_in: Any) -> None:
    stand_in.radar = make_radar()
    shown = seen(page.run())
    assert len(charts(page)) == 2
    assert "840" in shown
    assert "20%" in shown
    assert "6 March, 12:00 → 6 March, 14:24" in shown
    assert "19.6 times the usual: 40 negative tweets where 2.0 were expected." in shown
    assert "Topic: &lt;b&gt;bags" in shown
    assert "8 tweets, 3.1 times as likely as usual" in shown
    assert "&lt;i&gt;where&lt;/i&gt;" in shown
    assert EN("radar.now") not in shown
    assert stand_in.bodies("/v1/radar") == [None]


def test_a_surge_that_goes_on_is_said_first(page: AppTest, seen: Seen, stand_in: Any) -> None:
    stand_in.radar = make_radar(end=None, drivers=[], samples=[])
    shown = seen(page.run())
    assert EN("radar.now") in shown
    assert EN("radar.open") in shown
    assert EN("radar.no_drivers") in shown
    assert "<code>STORE_TEXT=all</code>" in shown


def test_periods_and_airlines_are_asked_for(page: AppTest, seen: Seen, stand_in: Any) -> None:
    stand_in.radar = make_radar()
    page.run().segmented_control(key="period").set_value("day").run()
    shown = seen(page)
    assert EN("radar.calm") in shown
    assert "120" in shown
    page.segmented_control(key="period").set_value("month").run()
    assert stand_in.bodies("/v1/radar")[-1] == {"from": iso(days=30)}
    page.segmented_control(key="period").set_value("week").run()
    assert page.selectbox(key="airline").options == [EN("radar.all"), EN("radar.unnamed"), "A"]
    for place, name in ((1, ""), (2, "A")):
        page.selectbox(key="airline").select_index(place).run()
        assert stand_in.bodies("/v1/radar")[-1] == {"airline": name}


def test_while_it_learns_nothing_is_called_a_surge(
    page: AppTest, seen: Seen, stand_in: Any
) -> None:
    stand_in.radar = make_radar(1, learnt=False) | {"episodes": []}
    shown = seen(page.run())
    assert EN("radar.learning") in shown
    assert EN("radar.calm") not in shown
    assert len(charts(page)) == 2


def test_a_quiet_period_is_told(page: AppTest, seen: Seen, stand_in: Any) -> None:
    silent = make_radar(1)
    for point in silent["points"]:
        point |= {"mentions": 0, "negatives": 0, "negative_sum": 0}
    stand_in.radar = silent | {"episodes": []}
    assert EN("radar.quiet") in seen(page.run())


def test_failures_are_explained(page: AppTest, seen: Seen, stand_in: Any, make_answer: Any) -> None:
    stand_in.answers["/v1/radar"] = make_answer.problem(503, "store-unavailable", "no disk")
    shown = seen(page.run())
    assert EN("problem.unavailable.title") in shown
    assert "no disk" in shown
    stand_in.answers["/v1/radar"] = make_answer(body=b'{"points": 3}')
    assert EN("problem.broken.title") in seen(page.run())
    stand_in.stop()
    assert seen(page.run()).count(EN("problem.unreachable.title")) == 1
