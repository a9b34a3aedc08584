"""The pseudonym of who judges, run by Streamlit's own tester against a real HTTP server."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.i18n import catalogue

EN = catalogue("en")
FEEDBACK = "/v1/feedback"
Open = Callable[[str], AppTest]
Seen = Callable[[AppTest], str]


def analyse(page: AppTest, text: str) -> AppTest:
    page.text_area(key="tweet").set_value(text)
    return page.button(key="read").click().run()


def reviewers(stand_in: Any) -> list[str | None]:
    return [body.get("reviewer") for body in stand_in.bodies(FEEDBACK)]


def test_a_pseudonym_is_given_once_and_goes_with_every_verdict(
    open_view: Open, seen: Seen, stand_in: Any
) -> None:
    page = open_view("analyse").run()
    assert EN("reviewer.help") in seen(analyse(page, "thank you"))
    assert page.expander[0].label == EN("reviewer.title")
    page.text_input(key="reviewer").set_value(" owl-7 ").run()
    assert page.expander[0].label == EN("reviewer.given", name="owl-7")
    page.button(key="right").click().run()
    assert [field.key for field in page.text_input] == []
    analyse(page, "no news")
    assert page.expander[0].label == EN("reviewer.given", name="owl-7")
    page.button(key="wrong").click().run()
    page.radio[0].set_value("").run()
    page.button(key="send").click().run()
    assert reviewers(stand_in) == ["owl-7", "owl-7"]


def test_one_that_is_typed_and_left_by_a_click_goes_with_that_click(
    open_view: Open, stand_in: Any
) -> None:
    page = analyse(open_view("analyse").run(), "thank you")
    page.text_input(key="reviewer").set_value("owl-7")
    page.button(key="right").click().run()
    assert reviewers(stand_in) == ["owl-7"]


def test_without_one_none_is_sent(open_view: Open, stand_in: Any) -> None:
    page = analyse(open_view("analyse").run(), "thank you")
    page.text_input(key="reviewer").set_value("owl-7").run()
    page.text_input(key="reviewer").set_value("").run()
    page.button(key="right").click().run()
    (body,) = stand_in.bodies(FEEDBACK)
    assert "reviewer" not in body


@pytest.mark.parametrize("typed", ["Anna Müller", "hérisson", "-owl", "owl@example.org"])
def test_what_the_api_would_refuse_is_said_and_not_sent(
    open_view: Open, seen: Seen, stand_in: Any, typed: str
) -> None:
    page = analyse(open_view("analyse").run(), "thank you")
    page.text_input(key="reviewer").set_value("owl-7").run()
    page.text_input(key="reviewer").set_value(typed).run()
    assert EN("reviewer.refused_action") in seen(page)
    assert page.text_input(key="reviewer").value == typed
    page.button(key="right").click().run()
    assert reviewers(stand_in) == [None]


def test_what_somebody_skips_is_left_to_others(open_view: Open, seen: Seen, stand_in: Any) -> None:
    page = open_view("audit").run()
    page.text_input(key="reviewer").set_value("owl-7").run()
    page.button(key="skip").click().run()
    assert EN("audit.drawn_uncertain") in seen(page)
    page.text_input(key="reviewer").set_value("fox").run()
    assert EN("audit.drawn_random") in seen(page)
    page.radio[0].set_value("negative").run()
    page.button(key="judge").click().run()
    page.button(key="skip").click().run()
    assert EN("audit.empty") in seen(page)
    page.text_input(key="reviewer").set_value("owl-7").run()
    assert EN("audit.drawn_uncertain") in seen(page)
    sent = [(body["prediction_id"], body["verdict"]) for body in stand_in.bodies(FEEDBACK)]
    assert sent == [("p1", "skipped"), ("p1", "confirmed"), ("p2", "skipped")]
    assert reviewers(stand_in) == ["owl-7", "fox", "fox"]
    assert {query.get("reviewer") for query in stand_in.bodies("/v1/audit")} == {
        None, "owl-7", "fox"
    }  # fmt: skip


def test_a_later_audit_is_judged_under_it_too(open_view: Open, stand_in: Any) -> None:
    page = open_view("audit").run()
    page.text_input(key="reviewer").set_value("owl-7").run()
    for _ in range(2):
        page.button(key="skip").click().run()
    assert reviewers(stand_in) == ["owl-7", "owl-7"]
