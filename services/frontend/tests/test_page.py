"""The whole page, run by Streamlit's own tester against a real HTTP server."""

from importlib.resources import files
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.i18n import Catalogue, catalogue

EN, FR = catalogue("en"), catalogue("fr")
FEEDBACK = "/v1/feedback"
EXPLAIN = "/v1/explain"


@pytest.fixture
def page(stand_in: Any) -> AppTest:
    return AppTest.from_file(str(files("frontend").joinpath("app.py")), default_timeout=20)


def seen(page: AppTest) -> str:
    """All HTML on the page; fails when the page shows a traceback."""
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html")).replace("&#x27;", "'")


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button if button.key}


def analyse(page: AppTest, text: str) -> AppTest:
    page.text_area(key="tweet").set_value(text)
    return submit(page)


def submit(page: AppTest) -> AppTest:
    return click(page, "read")


def click(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def test_the_empty_page_says_what_to_do(page: AppTest, stand_in: Any) -> None:
    page.run()
    assert EN("analyse.examples") in seen(page)
    assert page.title[0].value == EN("analyse.title")
    assert page.text_area(key="tweet").label == EN("analyse.field")
    assert page.text_area(key="tweet").proto.max_chars == 1000
    click(page, "example-0")
    assert page.text_area(key="tweet").value == EN.examples[0]
    assert stand_in.bodies(EXPLAIN) == [{"text": EN.examples[0]}]
    assert "result positive" in seen(page)


def test_a_result_shows_label_shares_and_model(page: AppTest) -> None:
    shown = seen(analyse(page.run(), "no news for hours"))
    assert "<strong>Negative</strong>" in shown
    assert "80%" in shown
    assert "12%" in shown
    assert "Model tweet-sentiment · version 7" in shown
    assert EN("result.uncertain") not in shown
    assert EN("analyse.examples") not in shown


def test_doubts_are_told(page: AppTest, stand_in: Any) -> None:
    stand_in.prediction = {"uncertain": True, "truncated": True, "token_count": 128}
    shown = seen(analyse(page.run(), "well"))
    assert EN("result.uncertain") in shown
    assert EN("result.truncated", count=128) in shown


def test_a_tweet_is_text_and_never_markup(page: AppTest) -> None:
    shown = seen(analyse(page.run(), "<img src=x onerror=alert(1)> & thanks"))
    assert "<img src=x" not in shown
    assert "&lt;img</mark>" in shown
    assert ">src=x</mark>" in shown
    assert "onerror=alert(1)&gt;</mark> <mark" in shown
    assert ">&amp;</mark>" in shown


def test_labels_of_another_model_are_shown_and_escaped(page: AppTest, stand_in: Any) -> None:
    stand_in.prediction = {"label": "<b>bag", "probabilities": {"<b>bag": 0.7, "refund": 0.3}}
    shown = seen(analyse(page.run(), "where is it"))
    assert "<strong>&lt;b&gt;bag</strong>" in shown
    click(page, "wrong")
    assert page.radio[0].options == ["refund", EN("verdict.cannot_say")]


@pytest.mark.parametrize("demonstration", [True, False])
def test_a_demonstration_model_is_named_as_such(
    page: AppTest, stand_in: Any, demonstration: bool
) -> None:
    stand_in.demonstration = demonstration
    shown = seen(page.run())
    assert (EN("demonstration.title") in shown) is demonstration
    assert ("make demo DATA=" in shown) is demonstration


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_to_read_is_not_sent(page: AppTest, stand_in: Any, text: str) -> None:
    assert EN("analyse.empty") in seen(analyse(page.run(), text))
    assert stand_in.bodies(EXPLAIN) == []


def test_right_is_stored_once_through_reruns(page: AppTest, stand_in: Any) -> None:
    click(analyse(page.run(), "thank you"), "right")
    page.run()
    shown = seen(page.run())
    assert EN("verdict.delivered") in shown
    assert EN("verdict.confirmed") in shown
    assert EN("verdict.text_not_kept") in shown
    assert len(stand_in.bodies(FEEDBACK)) == 1
    assert "right" not in keys(page)


def test_wrong_asks_for_the_label(page: AppTest, stand_in: Any) -> None:
    click(analyse(page.run(), "thank you"), "wrong")
    assert stand_in.bodies(FEEDBACK) == []
    assert page.radio[0].options == ["Negative", "Neutral", EN("verdict.cannot_say")]
    assert page.radio[0].value is None
    assert page.button(key="send").disabled
    page.radio[0].set_value("neutral").run()
    click(page, "send")
    assert EN("verdict.corrected", label="Neutral") in seen(page)
    assert [list(item) for item in stand_in.verdicts.values()] == [
        [{"verdict": "rejected", "corrected_label": "neutral"}]
    ]


def test_wrong_without_knowing_better(page: AppTest, stand_in: Any) -> None:
    click(analyse(page.run(), "thank you"), "wrong")
    page.radio[0].set_value("").run()
    click(page, "send")
    (body,) = stand_in.bodies(FEEDBACK)
    assert body["verdict"] == "rejected"
    assert "corrected_label" not in body


def test_a_mind_can_be_changed_and_changed_back(page: AppTest, stand_in: Any) -> None:
    click(analyse(page.run(), "thank you"), "right")
    click(page, "change")
    click(page, "keep")
    click(page, "change")
    click(page, "right")
    assert len(stand_in.bodies(FEEDBACK)) == 1
    click(page, "change")
    click(page, "wrong")
    page.radio[0].set_value("negative").run()
    click(page, "send")
    assert EN("verdict.revised", revision=2) in seen(page)
    (history,) = stand_in.verdicts.values()
    assert [item["verdict"] for item in history] == ["confirmed", "rejected"]


def test_the_text_goes_only_with_consent(page: AppTest, stand_in: Any) -> None:
    analyse(page.run(), "thank you")
    assert page.checkbox[0].value is False
    page.checkbox[0].check().run()
    click(page, "right")
    assert EN("verdict.text_kept") in seen(page)
    (body,) = stand_in.bodies(FEEDBACK)
    assert (body["text"], body["consent"]) == ("thank you", True)
    analyse(page, "thank you again")
    assert page.checkbox[0].value is False


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (503, "model-unavailable", "not_ready"),
        (503, "store-unavailable", "unavailable"),
        (422, "text-refused", "refused"),
        (422, "text-too-long", "too_long"),
        (429, "overloaded", "busy"),
        (500, "internal-error", "broken"),
    ],
)
def test_a_failed_analysis_is_explained(
    page: AppTest, stand_in: Any, make_answer: Any, status: int, name: str, kind: str
) -> None:
    page.run()
    for path in (EXPLAIN, "/v1/predict"):
        stand_in.answers[path] = make_answer.problem(status, name, "<i>reason")
    shown = seen(analyse(page, "thank you"))
    assert EN(f"problem.{kind}.title") in shown
    assert "The service says: &lt;i&gt;reason" in shown
    assert ("retry" in keys(page)) == (status != 422)
    assert page.text_area(key="tweet").value == "thank you"
    del stand_in.answers[EXPLAIN]
    assert "result positive" in seen(submit(page))


@pytest.mark.parametrize(("status", "name"), [(429, "overloaded"), (504, "deadline-exceeded")])
def test_without_time_for_words_the_tweet_is_still_read(
    page: AppTest, stand_in: Any, make_answer: Any, status: int, name: str
) -> None:
    stand_in.answers[EXPLAIN] = make_answer.problem(status, name, "busy")
    shown = seen(analyse(page.run(), "thank you"))
    assert "result positive" in shown
    assert EN("result.unexplained") in shown
    assert "<mark" not in shown


def test_words_are_coloured_and_listed_by_weight(page: AppTest) -> None:
    shown = seen(analyse(page.run(), "thank you"))
    assert "<mark class='for' style='--depth:1.00' title='+1.50'>thank</mark> " in shown
    assert "<mark class='against' style='--depth:0.50' title='−0.75'>you</mark>" in shown
    assert EN("words.for", label="Positive") in shown
    assert shown.index("+1.50</td>") < shown.index("−0.75</td>")
    assert ">thank</td>" in shown


def test_garbage_is_explained_and_can_be_retried(
    page: AppTest, stand_in: Any, make_answer: Any
) -> None:
    page.run()
    stand_in.answers[EXPLAIN] = make_answer(body=b"<html>")
    assert EN("problem.broken.title") in seen(analyse(page, "thank you"))
    del stand_in.answers[EXPLAIN]
    shown = seen(click(page, "retry"))
    assert "result positive" in shown
    assert EN("problem.broken.title") not in shown


def test_an_api_that_is_down_is_explained_until_it_is_back(page: AppTest, stand_in: Any) -> None:
    stand_in.stop()
    shown = seen(page.run())
    assert EN("problem.unreachable.title") in shown
    assert stand_in.url in shown
    assert EN("analyse.examples") in shown
    shown = seen(analyse(page, "thank you"))
    assert shown.count(EN("problem.unreachable.title")) == 1
    stand_in.start()
    shown = seen(submit(page))
    assert EN("problem.unreachable.title") not in shown
    assert "result positive" in shown


def test_an_api_without_a_model_is_explained(
    page: AppTest, stand_in: Any, make_answer: Any
) -> None:
    stand_in.answers["/v1/model"] = make_answer.problem(503, "model-unavailable", "none promoted")
    shown = seen(page.run())
    assert EN("problem.not_ready.title") in shown
    assert "none promoted" in shown


def test_a_verdict_waits_for_the_api_and_is_sent_once(page: AppTest, stand_in: Any) -> None:
    analyse(page.run(), "thank you")
    stand_in.stop()
    shown = seen(click(page, "right"))
    assert EN("problem.unreachable.title") in shown
    assert EN("verdict.waiting") in shown
    assert EN("verdict.confirmed") in shown
    assert "send-now" in keys(page)
    assert EN("verdict.waiting") in seen(page.run())
    stand_in.start()
    assert EN("verdict.delivered") in seen(page.run())
    page.run()
    assert len(stand_in.bodies(FEEDBACK)) == 1


@pytest.mark.parametrize("words", [EN, FR], ids=["en", "fr"])
def test_a_queued_verdict_is_said_to_be_so_and_is_not_sent_again(
    page: AppTest, stand_in: Any, make_answer: Any, words: Catalogue
) -> None:
    page.query_params["language"] = "en" if words is EN else "fr"
    analyse(page.run(), "thank you")
    page.checkbox[0].check().run()
    stand_in.answers[FEEDBACK] = make_answer.queued()
    shown = seen(click(page, "right"))
    for key in ("queued", "confirmed", "queued_action", "queued_text"):
        assert words(f"verdict.{key}") in shown
    assert words("verdict.waiting") not in shown
    assert "send-now" not in keys(page)
    page.run()
    assert len(stand_in.bodies(FEEDBACK)) == 1
    click(page, "change")
    assert page.checkbox[0].disabled  # the service has the text already
    click(page, "keep")
    shown = seen(click(page, "again"))
    assert words("verdict.waiting") not in shown
    assert words("earlier.waiting_one") not in shown


def test_a_queued_verdict_can_be_changed(page: AppTest, stand_in: Any, make_answer: Any) -> None:
    analyse(page.run(), "thank you")
    stand_in.answers[FEEDBACK] = make_answer.queued()
    assert EN("verdict.queued_text") not in seen(click(page, "right"))
    click(page, "change")
    click(page, "right")
    assert len(stand_in.bodies(FEEDBACK)) == 1  # the same again
    del stand_in.answers[FEEDBACK]
    click(page, "change")
    click(page, "wrong")
    page.radio[0].set_value("negative").run()
    click(page, "send")
    assert len(stand_in.bodies(FEEDBACK)) == 2
    assert EN("verdict.delivered") in seen(page)


def test_a_waiting_verdict_is_not_lost_with_its_tweet(
    page: AppTest, stand_in: Any, make_answer: Any
) -> None:
    analyse(page.run(), "thank you")
    stand_in.answers[FEEDBACK] = make_answer.problem(503, "store-unavailable", "disk")
    click(page, "right")
    shown = seen(analyse(page, "no news"))
    assert EN("earlier.waiting_one") in shown
    click(page, "right")
    assert EN("earlier.waiting_many", count=2) in seen(click(page, "again"))
    del stand_in.answers[FEEDBACK]
    assert EN("verdict.waiting") not in seen(page.run())
    assert len(stand_in.verdicts) == 2


def test_a_waiting_verdict_outlives_its_tab(page: AppTest, stand_in: Any) -> None:
    analyse(page.run(), "thank you")
    stand_in.stop()
    click(page, "right")
    stand_in.start()
    AppTest.from_file(str(files("frontend").joinpath("app.py")), default_timeout=20).run()
    assert len(stand_in.verdicts) == 1


def test_a_refused_verdict_is_told_and_stays_until_understood(
    page: AppTest, stand_in: Any, make_answer: Any
) -> None:
    analyse(page.run(), "thank you")
    stand_in.answers[FEEDBACK] = make_answer.problem(404, "unknown-prediction", "gone")
    shown = seen(click(page, "right"))
    assert EN("verdict.refused") in shown
    assert EN("problem.unknown_prediction.action") in shown
    shown = seen(analyse(page, "thank you"))
    assert EN("earlier.refused") in shown
    assert EN("earlier.refused") not in seen(click(page, "dismiss"))
    assert len(stand_in.bodies(FEEDBACK)) == 1


def test_a_change_of_language_keeps_everything(page: AppTest, stand_in: Any) -> None:
    page.run().segmented_control(key="language").set_value("fr").run()
    assert page.title[0].value == FR("analyse.title")
    click(page, "example-1")
    assert "<strong>Négatif</strong>" in seen(page)
    assert "80\u00a0%" in seen(page)
    page.segmented_control(key="language").set_value("en").run()
    assert page.title[0].value == EN("analyse.title")
    assert page.text_area(key="tweet").value == FR.examples[1]
    assert "<strong>Negative</strong>" in seen(page)
    assert len(stand_in.bodies(EXPLAIN)) == 1


def test_the_address_can_carry_the_language(page: AppTest) -> None:
    page.query_params["language"] = "fr"
    assert page.run().title[0].value == FR("analyse.title")
    page.segmented_control(key="language").set_value("en").run()
    assert page.query_params["language"] == "en"
    assert page.run().title[0].value == EN("analyse.title")


def test_an_unknown_language_in_the_address_is_no_error(page: AppTest) -> None:
    page.query_params["language"] = "xx"
    assert EN("analyse.examples") in seen(page.run())


def test_start_over_empties_the_page(page: AppTest) -> None:
    analyse(page.run(), "thank you")
    shown = seen(click(page, "again"))
    assert page.text_area(key="tweet").value == ""
    assert EN("analyse.examples") in shown
    assert "class='result" not in shown
