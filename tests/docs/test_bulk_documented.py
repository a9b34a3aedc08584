"""docs/bulk.md and `inference score` name the same options and files."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inference.bulk import output
from inference.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "bulk.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_option_of_the_page_is_there(page):
    shown = CliRunner().invoke(app, ["score", "--help"], env={"COLUMNS": "200"}).stdout
    named = set(re.findall(r"--[a-z][a-z-]+", page)) - {"--block"}  # of `ray start`
    assert {"--engine", "--address", "--output", "--model", "--text-column"} <= named
    assert [name for name in sorted(named) if name not in shown] == []


def test_the_page_names_the_files_of_an_output(page):
    for name in (output.SCORES, output.REFUSED, output.UNCOUNTED, output.MANIFEST):
        assert f"scored/{name}" in page
