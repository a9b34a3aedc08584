"""An analyst with a file: dropped, read, taken away; and one that cannot be read."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

TWEETS = [
    ("Thank you for the lovely flight, wonderful crew", "Cumulus"),
    ("Lost my bag, nobody answers, never again", "NordWing"),
    ("Which gate for Lyon?", "Cumulus"),
    ('She said "sorry, no", and left', "NordWing"),
]


def drop(page: Any, content: str) -> None:
    page.locator("input[type=file]").wait_for(state="attached")
    page.locator("input[type=file]").set_input_files(
        {"name": "mentions.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )


def make_file(copies: int) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["id", "tweet", "airline"])
    rows = [*TWEETS, ("", "Cumulus")] * copies
    writer.writerows([number, *row] for number, row in enumerate(rows))
    return stream.getvalue() + "1,unquoted, tweet, Cumulus\n"


def test_a_file_is_read_and_taken_away(
    api: Any, open_page: Any, settle: Any, tmp_path: Path
) -> None:
    page = open_page(path="/batch")
    drop(page, make_file(100))
    page.get_by_text("400 tweets can be read, 101 rows cannot").wait_for()
    settle(page)
    page.get_by_role("button", name="Read 400 tweets").click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_role("heading", name="400 tweets read").wait_for()
    page.locator("svg.marks, canvas.marks").first.wait_for()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the answers").click()
    assert download.value.suggested_filename == "mentions-sentiment.csv"
    download.value.save_as(tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["tweet"], row["airline"]) for row in rows] == TWEETS * 100
    assert [row["sentiment"] for row in rows[:2]] == ["positive", "negative"]
    assert len({row["prediction_id"] for row in rows}) == 400
    assert page.get_by_text("Rows without an answer: 101").count() == 1
    assert page.get_by_text("And 81 more; the download has all of them.").count() == 1


def test_a_reading_can_be_stopped_and_outlives_a_look_at_another_page(
    api: Any, open_page: Any, settle: Any
) -> None:
    page = open_page(path="/batch")
    drop(page, make_file(1_000))
    page.get_by_role("button", name="Read 4,000 tweets").click()
    page.get_by_role("button", name="Stop").click()
    left = page.get_by_text("tweets are left.")
    left.wait_for()
    settle(page)
    said = left.inner_text()
    page.get_by_role("link", name="Analyse").click()
    page.get_by_role("heading", name="How does this tweet feel?").wait_for()
    settle(page)
    page.get_by_role("link", name="Batch").click()
    left.wait_for()
    settle(page)
    assert left.inner_text() == said
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_role("button", name="Stop").click()
    left.wait_for()
    settle(page)
    assert left.inner_text() != said


def test_a_refused_file_says_where_and_how_to_mend(api: Any, open_page: Any, settle: Any) -> None:
    page = open_page(path="/batch")
    drop(page, 'text\nfine\n"never closed\nfine\n')
    page.get_by_text("In the row that begins at line 3, a quotation mark opens").wait_for()
    settle(page)
    page.get_by_role("button", name="Take another file").click()
    page.get_by_text("What such a file looks like").wait_for()
    settle(page)
    drop(page, "text\nWhich gate for Lyon?\n")
    page.get_by_role("button", name="Read 1 tweets").wait_for()
