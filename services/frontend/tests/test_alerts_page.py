"""The page of alerts, run by Streamlit's own tester against a real HTTP server."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.i18n import catalogue

EN = catalogue("en")
Seen = Callable[[AppTest], str]


def make_alert(name: str = "a1", **changes: Any) -> dict[str, Any]:
    return {
        "id": name, "kind": "rejections", "key": "api", "state": "open",
        "summary": "3 predictions were rejected within 5 minutes",
        "details": {"rejections": 3, "seconds": 300.0}, "opened_at": "2026-03-02T10:00:00Z",
        "last_seen_at": "2026-03-02T10:01:00Z", "acknowledged_at": None, "acknowledged_by": None,
        "acknowledged_key": None, "resolved_at": None, "resolved_by": None, "resolved_key": None,
        "predictions": [],
    } | changes  # fmt: skip


@pytest.fixture
def page(open_view: Callable[[str], AppTest]) -> AppTest:
    return open_view("alerts")


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button if button.key}


def test_without_alerts_the_page_says_what_is_watched(page: AppTest, seen: Seen) -> None:
    shown = seen(page.run())
    assert EN("alerts.none") in shown
    assert EN("alerts.none_action") in shown


def test_an_alert_is_looked_after_and_resolved(page: AppTest, seen: Seen, stand_in: Any) -> None:
    stand_in.alerts.append(make_alert())
    shown = seen(page.run())
    assert EN("alerts.kind.rejections") in shown
    assert "3 predictions were rejected within 5 minutes." in shown
    assert "Since 2 March, 10:00, last seen 2 March, 10:01" in shown
    shown = seen(page.button(key="acknowledge-a1").click().run())
    assert "page has looked after it since 2 March, 10:05" in shown
    assert keys(page) == {"resolve-a1"}
    shown = seen(page.button(key="resolve-a1").click().run())
    assert EN("alerts.none") in shown
    assert keys(page) == set()
    page.toggle(key="everything").set_value(True).run()
    assert "Over since 2 March, 10:05 (page)" in seen(page)
    assert [path for path, _ in stand_in.calls if "alerts/" in path] == [
        "/v1/alerts/a1/acknowledge",
        "/v1/alerts/a1/resolve",
    ]


def test_who_looks_after_an_alert_is_said_by_their_pseudonym(
    page: AppTest, open_view: Callable[[str], AppTest], seen: Seen, stand_in: Any
) -> None:
    stand_in.alerts.append(make_alert())
    page.run()
    page.text_input(key="reviewer").set_value("owl-7")
    shown = seen(page.button(key="acknowledge-a1").click().run())
    assert "owl-7 has looked after it since 2 March, 10:05" in shown
    assert page.expander[0].label == EN("reviewer.given", name="owl-7")
    colleague = open_view("alerts").run()
    assert "owl-7 has looked after it since 2 March, 10:05" in seen(colleague)
    colleague.button(key="resolve-a1").click().run()
    assert [field.key for field in colleague.text_input] == []
    assert [stand_in.bodies(f"/v1/alerts/a1/{step}") for step in ("acknowledge", "resolve")] == [
        [{"by": "owl-7"}],
        [{}],
    ]


def test_a_surge_and_a_drift_are_told_with_their_figures(
    page: AppTest, seen: Seen, stand_in: Any
) -> None:
    surge = {"start": "2026-03-02T09:00:00Z", "negatives": 40, "expected": 2.04, "ratio": 19.61}
    drift = {"texts": 400, "reference_texts": 5000, "features": {}, "classifier_auc": None}
    stand_in.alerts.append(make_alert(kind="radar_surge", key="Cumulus", details=surge))
    stand_in.alerts.append(make_alert("a2", kind="drift", key="m/7", details=drift))
    shown = seen(page.run())
    assert EN("alerts.kind.radar_surge") in shown
    assert "Cumulus: 40 negative tweets where 2.0 were expected, 19.6 times as many." in shown
    assert "400 tweets of now differ from 5,000 of before." in shown
    assert "page Radar" in shown


def test_an_alert_that_somebody_else_resolved_is_told(
    page: AppTest, seen: Seen, stand_in: Any
) -> None:
    stand_in.alerts.append(make_alert())
    page.run()
    stand_in.alerts[0] |= {"state": "resolved", "resolved_at": "2026-03-02T10:05:00Z"}
    shown = seen(page.button(key="acknowledge-a1").click().run())
    assert EN("problem.alert_resolved.title") in shown
    assert EN("alerts.none") in shown


def test_an_alert_of_another_kind_is_shown_in_the_services_words(
    page: AppTest, seen: Seen, stand_in: Any
) -> None:
    stand_in.alerts.append(make_alert(kind="weather", summary="<b>storm", details={"x": "y"}))
    stand_in.alerts.append(make_alert("a2", details={}))
    shown = seen(page.run())
    assert EN("alerts.kind.other", kind="weather") in shown
    assert "&lt;b&gt;storm" in shown
    assert "3 predictions were rejected within 5 minutes" in shown


def test_failures_are_explained(page: AppTest, seen: Seen, stand_in: Any, make_answer: Any) -> None:
    stand_in.answers["/v1/alerts"] = make_answer.problem(403, "scope-missing", "feedback")
    assert EN("problem.no_access.title") in seen(page.run())
