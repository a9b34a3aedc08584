"""The pages on quality and audits, run by Streamlit's own tester against a real HTTP server."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from frontend.i18n import catalogue

EN = catalogue("en")
FEEDBACK = "/v1/feedback"
Open = Callable[[str], AppTest]
Seen = Callable[[AppTest], str]


def test_quality_shows_shares_with_intervals(open_view: Open, seen: Seen, stand_in: Any) -> None:
    shown = seen(open_view("quality").run())
    assert "85%<small>(78%\u00a0–\u00a091%)</small>" in shown
    assert EN("quality.confusion", kind=EN("quality.volunteered")) in shown
    assert "<td dir='auto'>not known</td>" in shown
    assert EN("drift.too_few") in shown
    assert stand_in.bodies("/v1/quality")[0].keys() == {"from"}


def test_without_answers_or_verdicts_quality_says_what_to_do(
    open_view: Open, seen: Seen, stand_in: Any
) -> None:
    stand_in.judged = 0
    shown = seen(open_view("quality").run())
    assert EN("quality.unjudged") in shown
    assert EN("quality.by_label", kind=EN("quality.volunteered")) not in shown
    stand_in.predicted = 0
    assert EN("quality.nothing") in seen(open_view("quality").run())


def test_audits_that_were_skipped_are_told_with_what_they_may_change(
    open_view: Open, seen: Seen, stand_in: Any
) -> None:
    stand_in.skipped = 3
    said = EN("quality.skipped", count="3", low="25%", high="75%")
    assert said in seen(open_view("quality").run())


def test_drift_that_cannot_be_read_hides_no_quality(
    open_view: Open, seen: Seen, stand_in: Any, make_answer: Any
) -> None:
    stand_in.answers["/v1/drift"] = make_answer.problem(503, "store-unavailable", "no disk")
    shown = seen(open_view("quality").run())
    assert EN("quality.version_title") in shown
    assert EN("problem.unavailable.title") in shown


def test_an_audit_is_judged_or_skipped_once(open_view: Open, seen: Seen, stand_in: Any) -> None:
    page = open_view("audit").run()
    assert "&lt;i&gt;late" in seen(page)
    assert EN("audit.drawn_random") in seen(page)
    assert page.button(key="judge").disabled
    page.radio[0].set_value("neutral").run()
    page.button(key="judge").click().run()
    assert EN("audit.noted", count=1) in seen(page)
    assert EN("audit.text_missing") in seen(page)
    page.button(key="skip").click().run()
    assert EN("audit.empty") in seen(page)
    sent = [
        (item["prediction_id"], item["verdict"], item.get("corrected_label"), item.get("blind"))
        for item in stand_in.bodies(FEEDBACK)
    ]
    # What the model says is not shown with the first, which is a random audit.
    assert sent == [("p1", "rejected", "neutral", True), ("p2", "skipped", None, None)]


def test_a_random_audit_is_judged_without_the_models_answer(
    open_view: Open, seen: Seen, stand_in: Any
) -> None:
    page = open_view("audit").run()
    shown = seen(page)
    assert EN("result.mood") not in shown
    assert "60%" not in shown
    assert "result negative" not in shown
    assert page.radio[0].options == ["Negative", "Neutral", "Positive"]
    page.button(key="skip").click().run()
    assert EN("result.mood") in seen(page)
    assert page.radio[0].options[-1] == EN("audit.none_of_these")


def test_a_right_answer_is_confirmed(open_view: Open, stand_in: Any) -> None:
    page = open_view("audit").run()
    page.radio[0].set_value("negative").run()
    page.button(key="judge").click().run()
    assert stand_in.bodies(FEEDBACK)[0]["verdict"] == "confirmed"
