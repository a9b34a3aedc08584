"""An analyst at the page: a tweet, its mood, a verdict, and a service that goes away."""

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

COMPLAINT = "Lost my bag again & nobody at the desk <b>cares</b>. Never again @AirParadis"
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}


TWEET = re.compile("^(The|Le) tweet")


@pytest.fixture
def analyse(settle: Any) -> Callable[[Any, str], None]:
    """Types a tweet and has it read; what follows it on the page is there, too, then."""

    def read(page: Any, text: str) -> None:
        page.get_by_role("textbox", name=TWEET).fill(text)
        page.get_by_role("button", name=re.compile("^Analy")).click()
        page.locator(".result blockquote", has_text=text).wait_for()
        settle(page)

    return read


def test_a_typed_tweet_is_analysed(api: Any, open_page: Any, analyse: Any) -> None:
    page = open_page()
    analyse(page, COMPLAINT)
    result = page.locator(".result")
    assert result.locator(".mood strong").inner_text() in ("Negative", "Neutral", "Positive")
    assert result.locator(".bars li").count() == 3
    assert result.locator(".bars li.best .name").inner_text() == (
        result.locator(".mood strong").inner_text()
    )
    assert "Model tweet-sentiment · version " in result.inner_text()
    assert result.locator("blockquote").inner_text() == COMPLAINT
    assert result.locator("blockquote mark").count() > 2
    weights = result.locator(".weights tbody td:first-child")
    assert weights.count() > 2
    page.get_by_text("Every word with its weight").click()
    strengths = [abs(float(text.replace("−", "-"))) for text in weights.all_inner_texts()]
    assert strengths == sorted(strengths, reverse=True)
    page.get_by_text("Demonstration model").click()
    page.get_by_text("make demo DATA=").wait_for()


def test_keys_alone_are_enough(api: Any, open_page: Any, verdicts: Any, settle: Any) -> None:
    page = open_page()
    page.get_by_role("textbox", name=TWEET).focus()
    page.keyboard.type("Thank you for the lovely flight")
    page.keyboard.press("Control+Enter")
    page.locator(".st-key-again").wait_for()
    settle(page)
    page.get_by_role("button", name="Right").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Thank you, noted.").wait_for()
    assert verdicts.of_last_prediction() == [(1, "confirmed", None)]


def test_a_correction_is_one_revision_despite_double_clicks(
    api: Any, open_page: Any, verdicts: Any, analyse: Any, settle: Any
) -> None:
    page = open_page()
    analyse(page, COMPLAINT)
    page.get_by_text("Use this tweet to improve the model").click()
    page.get_by_role("button", name="Wrong").dblclick()
    assert page.get_by_role("button", name="Send").is_disabled()
    other = page.get_by_role("radiogroup").locator("label").first
    label = other.inner_text()
    other.click()
    page.locator(".st-key-send button:enabled").dblclick()
    page.get_by_text(f"You said: wrong, it is “{label}”.").wait_for()
    page.get_by_text("The tweet is kept to improve the model.").wait_for()
    settle(page)
    # Runs of the page that follow show the verdict and send nothing.
    page.get_by_text("Français").click()
    page.get_by_text("Merci, c’est noté.").wait_for()
    settle(page)
    assert page.get_by_role("textbox", name=TWEET).input_value() == COMPLAINT
    page.get_by_text("English").click()
    page.get_by_text("Thank you, noted.").wait_for()
    assert verdicts.of_last_prediction() == [(1, "rejected", label.lower())]
    assert verdicts.kept_texts()[0] == COMPLAINT.replace("@AirParadis", "@user")


def test_a_changed_mind_is_a_second_revision(
    api: Any, open_page: Any, verdicts: Any, analyse: Any, settle: Any
) -> None:
    page = open_page()
    analyse(page, "Which gate for Lyon?")
    page.get_by_role("button", name="Right").dblclick()
    page.get_by_text("Thank you, noted.").wait_for()
    settle(page)
    page.get_by_role("button", name="Change my mind").click()
    page.get_by_role("button", name="Wrong").click()
    page.get_by_role("radiogroup").get_by_text("I cannot say").click()
    page.locator(".st-key-send button:enabled").click()
    page.get_by_text("your change is noted (version 2)").wait_for()
    assert verdicts.of_last_prediction() == [(1, "confirmed", None), (2, "rejected", None)]


def test_a_pseudonym_goes_with_the_click_that_leaves_its_field(
    api: Any, open_page: Any, verdicts: Any, analyse: Any, settle: Any
) -> None:
    page = open_page()
    analyse(page, "Boarding is late once more")
    page.get_by_text("Take a pseudonym").click()
    page.get_by_role("textbox", name="Pseudonym").fill("owl-7")
    page.get_by_role("button", name="Right").click()
    page.get_by_text("Thank you, noted.").wait_for()
    assert verdicts.reviewers_of_last_prediction() == ["owl-7"]
    settle(page)
    page.get_by_role("button", name="Change my mind").click()
    page.get_by_text("Your pseudonym is owl-7").wait_for()
    assert "owl-7" not in page.url


def test_a_verdict_survives_the_death_of_the_api(
    api: Any, open_page: Any, verdicts: Any, analyse: Any, settle: Any
) -> None:
    page = open_page()
    analyse(page, "Third hour on the tarmac")
    api.kill()
    page.get_by_role("button", name="Right").click()
    page.get_by_text("Not delivered yet").wait_for()
    page.get_by_text("The sentiment service does not answer").wait_for()
    settle(page)
    page.get_by_role("button", name="Send now").click()
    page.get_by_text("Not delivered yet").wait_for()
    assert page.get_by_text("Traceback").count() == 0
    api.start()
    page.get_by_text("Thank you, noted.").wait_for()  # without another click
    page.get_by_text("The sentiment service does not answer").wait_for(state="detached")
    assert verdicts.of_last_prediction() == [(1, "confirmed", None)]


def test_a_page_opened_while_the_api_is_down_mends_itself(
    api: Any, open_page: Any, check: Any, settle: Any
) -> None:
    api.kill()
    page = open_page()
    page.get_by_text("The sentiment service does not answer").wait_for()
    page.get_by_text("inference serve").wait_for()
    page.get_by_role("textbox", name=TWEET).fill("Still boarding")
    page.get_by_role("button", name="Analyse").click()
    page.get_by_role("button", name="Try again").wait_for()
    other = open_page()
    other.get_by_text("The sentiment service does not answer").wait_for()
    check(other, "en-desktop", "0-away")
    api.start()
    other.get_by_text("Demonstration model").wait_for()  # without a click
    page.get_by_text("Demonstration model").wait_for()  # it comes above the button
    settle(page)
    page.get_by_role("button", name="Try again").click()
    page.locator(".result").wait_for()
    settle(page)
    assert page.get_by_text("The sentiment service does not answer").count() == 0


def test_markup_in_a_tweet_does_nothing(api: Any, open_page: Any, analyse: Any) -> None:
    page = open_page()
    text = "<img src=x onerror=\"document.title='owned'\"> **bold** :smile: $x$"
    analyse(page, text)
    assert page.locator(".result blockquote").inner_text() == text
    assert page.locator(".result img").count() == 0
    assert page.title() == "Analyse · Bad-buzz radar · Air Paradis"


@pytest.mark.parametrize("width", list(WIDTHS))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_can_be_read(
    api: Any, open_page: Any, check: Any, settle: Any, width: str, language: str
) -> None:
    wide, high = WIDTHS[width]
    page = open_page(width=wide, height=high, locale="fr-FR" if language == "fr" else "en-GB")
    name = f"{language}-{width}"
    page.locator(".demonstration").wait_for()
    check(page, name, "1-empty")
    page.locator(".st-key-examples button").last.click()
    page.locator(".st-key-again").wait_for()
    check(page, name, "2-result")
    page.locator(".st-key-wrong button").click()
    page.get_by_role("radiogroup").locator("label").last.click()
    page.locator(".st-key-send button:enabled").wait_for()
    settle(page)
    page.locator(".st-key-pseudonym summary").click()
    page.locator(".st-key-reviewer input").wait_for()
    page.locator(".st-key-verdict").scroll_into_view_if_needed()
    check(page, name, "3-wrong")
    page.locator(".st-key-send button").click()
    page.locator(".notice.good").wait_for()
    page.locator(".st-key-again").scroll_into_view_if_needed()
    check(page, name, "4-noted")


def test_the_address_can_carry_the_language(api: Any, open_page: Any) -> None:
    page = open_page(locale="en-GB", path="/?language=fr")
    page.get_by_role("heading", name="Quel est le ton de ce tweet").wait_for()
