"""docs/monitoring.md names the figures that Application Insights gets, with their fields."""

import re
from pathlib import Path

import pytest

from inference.telemetry.measurements import CHOSEN

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def section() -> str:
    text = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    return text.split("## Figures in Application Insights\n", 1)[1].split("\n## ", 1)[0]


def test_every_figure_is_explained_with_its_fields(section):
    rows = re.findall(r"^\| (`[^|]+`) \| ([^|]*)\|", section, re.MULTILINE)
    explained = {
        name: set(re.findall(r"`(\w+)`", fields))
        for names, fields in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert explained == {name: set(fields) for name, fields in CHOSEN.items()}


def test_the_query_asks_for_figures_and_fields_that_are_sent(section):
    (query,) = re.findall(r"```kusto\n(.*?)```", section, re.DOTALL)
    names = set(re.findall(r'"(\w+)"', query))
    assert names
    assert names <= CHOSEN.keys()
    fields = set(re.findall(r"Properties\.(\w+)", query))
    assert fields
    assert all(fields <= set(CHOSEN[name]) for name in names)
