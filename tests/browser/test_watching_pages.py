"""An analyst who watches: the radar and its surges, alerts to look after, every page in sight."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
CHART = "svg.marks, canvas.marks"
QUALITY, AUDIT, ALERTS, BATCH = 3, 4, 5, 1
"""Places of pages in the navigation."""


@pytest.fixture
def go(settle: Any) -> Callable[[Any, int], None]:
    """Follows a link of the navigation, and waits until that page is there as a whole."""

    def follow(page: Any, place: int) -> None:
        link = page.locator(".st-key-pages a").nth(place)
        title = link.inner_text()
        link.click()
        page.locator("[class*=st-key-page-here] a", has_text=title).wait_for()
        settle(page)

    return follow


def test_the_radar_shows_the_surges_of_the_sample(
    api: Any, replayed: str, open_page: Any, settle: Any
) -> None:
    page = open_page(path="/radar")
    page.locator(".surge").wait_for()
    page.locator(CHART).nth(1).wait_for()
    assert page.locator(".surge").count() == 1
    assert "cancelled" in page.locator(".surge .chips").inner_text()
    settle(page)
    page.get_by_text("The figures as a table").click()
    page.get_by_role("columnheader", name="Usual share").wait_for()
    page.get_by_text("30 days").click()
    page.locator(".surge").nth(1).wait_for()
    settle(page)
    assert "bag" in page.locator(".surge .chips").nth(1).inner_text()
    assert page.locator(".surge .quotes q").count() > 2
    page.get_by_role("combobox").click()
    page.get_by_role("option", name="Cumulus").click()
    page.get_by_text("No surge in this period").wait_for()
    settle(page)
    assert page.get_by_role("columnheader", name="Usual share").is_visible(), "the table closed"


def test_an_alert_is_looked_after_and_resolved(api: Any, replayed: str, open_page: Any) -> None:
    page = open_page(path="/alerts")
    # Others may open meanwhile, and then stand before it.
    alert = page.locator("[class*=st-key-alert-]", has_text="Several rejections in a short time")
    page.get_by_text("Take a pseudonym").click()
    page.get_by_role("textbox", name="Pseudonym").fill("owl-7")
    alert.get_by_role("button", name="I look after it").click()
    alert.get_by_text("owl-7 has looked after it since").wait_for()


def test_an_audit_is_judged(api: Any, replayed: str, open_page: Any, settle: Any) -> None:
    page = open_page(path="/audit")
    asked = page.locator("[class*='st-key-audit-']", has=page.get_by_role("radiogroup")).first
    first = asked.get_attribute("class")  # names the prediction; texts may be the same
    page.get_by_role("radiogroup").locator("label").first.click()
    page.locator(".st-key-judge button:enabled").click()
    page.get_by_text("Noted. Verdicts given here: 1").wait_for()
    settle(page)  # the notice stands above the tweet, which is drawn after it
    assert asked.get_attribute("class") != first


@pytest.mark.parametrize("width", list(WIDTHS))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_can_be_read(
    api: Any, replayed: str, open_page: Any, check: Any, go: Any, width: str, language: str
) -> None:
    wide, high = WIDTHS[width]
    page = open_page(
        width=wide,
        height=high,
        locale="fr-FR" if language == "fr" else "en-GB",
        path="/radar",
    )
    name = f"{language}-{width}"
    page.locator(".surge").wait_for()
    page.locator(CHART).nth(1).wait_for()
    check(page, name, "5-radar")
    go(page, ALERTS)
    page.locator(".notice").first.wait_for()
    check(page, name, "6-alerts")
    go(page, QUALITY)
    page.locator(CHART).wait_for()
    page.locator(".figures dd").first.wait_for()
    check(page, name, "9-quality")
    go(page, AUDIT)
    page.locator(".result blockquote").wait_for()
    page.locator(".st-key-pseudonym summary").click()
    page.locator(".st-key-reviewer input").wait_for()
    check(page, name, "10-audit")
    go(page, BATCH)
    page.locator(".st-key-example-file button").click()
    page.locator(".st-key-start button").wait_for()
    check(page, name, "7-file")
    page.locator(".st-key-start button").click()
    page.locator(".st-key-download button").wait_for()
    check(page, name, "8-answers")
