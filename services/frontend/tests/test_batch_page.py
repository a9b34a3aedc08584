"""The page for files, run by Streamlit's own tester against a real HTTP server."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.i18n import catalogue
from frontend.views.batch import example

EN = catalogue("en")
BATCH = "/v1/predict/batch"
Seen = Callable[[AppTest], str]


@pytest.fixture
def page(open_view: Callable[[str], AppTest]) -> AppTest:
    return open_view("batch").run()


def drop(page: AppTest, content: bytes) -> AppTest:
    page.file_uploader[0].set_value(("tweets.csv", content, "text/csv"))
    return page.run()


def click(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button if button.key}


def test_the_empty_page_shows_a_file_that_can_be_tried(
    page: AppTest, seen: Seen, stand_in: Any
) -> None:
    assert EN("batch.example_title") in seen(page)
    click(page, "example-file")
    shown = seen(click(page, "start"))
    assert EN("batch.result", count=len(EN.examples)) in page.subheader[0].value
    assert [text for body in stand_in.bodies(BATCH) for text in body["texts"]] == EN.examples
    assert EN("batch.worst") in shown


def test_a_file_is_read_and_its_bad_rows_are_told(page: AppTest, seen: Seen, stand_in: Any) -> None:
    content = "text,airline\nthanks,A\n,A\n<i>late,B\nREFUSE,B\none, two,B\n"
    shown = seen(drop(page, content.encode()))
    assert "<h2>tweets.csv</h2>" in shown
    assert "3 tweets can be read, 2 rows cannot (UTF-8, columns between commas)." in shown
    shown = seen(click(page, "start"))
    assert "1 · 50%" in shown
    assert "<q dir='auto'>&lt;i&gt;late</q>" in shown
    assert EN("batch.bad_title", count=3) in shown
    for line, reason in ((3, "no_text"), (5, "refused"), (6, "too_many_cells")):
        assert (
            f"<td class=number dir='auto'>{line}</td><td dir='auto'>{EN(f'batch.bad.{reason}')}"
            in shown
        )
    assert len(page.get("vega_lite_chart")) == 1
    assert page.selectbox(key="group").options == ["airline"]
    assert EN("batch.field") not in [item.label for item in page.file_uploader]
    click(page, "another")
    assert page.file_uploader[0].label == EN("batch.field")


def test_the_column_is_asked_for_where_no_name_tells(
    page: AppTest, seen: Seen, stand_in: Any
) -> None:
    shown = seen(drop(page, b"id,said\n1,late\n2,thanks\n"))
    assert EN("batch.no_column") in shown
    assert "start" not in keys(page)
    page.selectbox(key="column").select_index(1).run()
    click(page, "start")
    assert stand_in.bodies(BATCH) == [{"texts": ["late", "thanks"]}]


def test_a_refused_file_says_which_line_and_how_to_mend(page: AppTest, seen: Seen) -> None:
    shown = seen(drop(page, b'text\nfine\n"open\n'))
    assert EN("batch.refused_title", name="tweets.csv") in shown
    assert EN("batch.refused.open_quote.what", line=3) in shown
    assert EN("batch.refused.open_quote.mend") in shown
    assert keys(page) & {"start", "another"} == {"another"}


def test_a_service_that_goes_away_is_told_and_the_rest_can_be_read_later(
    page: AppTest, seen: Seen, stand_in: Any, make_answer: Any
) -> None:
    drop(page, b"text\nlate\nthanks\n")
    stand_in.answers[BATCH] = make_answer.problem(503, "store-unavailable", "no disk")
    shown = seen(click(page, "start"))
    assert EN("problem.unavailable.title") in shown
    assert "no disk" in shown
    assert EN("batch.stopped_by_itself", left=2) in shown
    del stand_in.answers[BATCH]
    shown = seen(click(page, "resume"))
    assert EN("problem.unavailable.title") not in shown
    assert EN("batch.result", count=2) in page.subheader[0].value
    assert len(stand_in.bodies(BATCH)) == 2


def test_a_file_is_not_begun_without_a_service(page: AppTest, seen: Seen, stand_in: Any) -> None:
    stand_in.stop()
    shown = seen(drop(page, b"text\nlate\n"))
    assert EN("problem.unreachable.title") in shown
    assert page.button(key="start").disabled


def test_the_example_can_be_read_back() -> None:
    for language in ("en", "fr"):
        words = catalogue(language)
        rows = list(csv.DictReader(io.StringIO(example(words))))
        assert [row["text"] for row in rows] == words.examples
