"""The tables of docs/settings.md and the code name the same settings, with the same defaults."""

import re
from pathlib import Path

import pytest

from frontend import settings as frontend_settings
from inference.settings import Settings

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?:`(?P<default>[^`]*)` )?\| (?P<meaning>.+) \|$")


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, re.Match[str]]]:
    found: dict[str, dict[str, re.Match[str]]] = {}
    rows: dict[str, re.Match[str]] = {}
    for line in (ROOT / "docs/settings.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line.split("`")[1].split()[0], {})
        elif line.startswith("| `"):
            row = ROW.match(line)
            assert row, f"not a row of this table: {line}"
            rows[row["name"]] = row
    return found


def test_the_api_has_each_setting_with_its_default_and_meaning(tables):
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert set(tables["inference"]) == set(fields)
    for name, field in fields.items():
        row = tables["inference"][name]
        default = "" if field.default in ("", None) else str(field.default)
        assert (row["default"] or "", row["meaning"]) == (default, field.description), name


def test_the_page_has_each_setting_with_its_default(tables):
    rows = tables["frontend"]
    assert {name: row["default"] for name, row in rows.items()} == {
        "API_URL": frontend_settings.DEFAULT_API_URL,
        "API_KEY": None,
        "HOST": frontend_settings.DEFAULT_HOST,
        "PORT": str(frontend_settings.DEFAULT_PORT),
    }


@pytest.mark.parametrize(
    ("command", "sources"),
    [
        ("radar", "libs/client/src/radar_client"),
        ("mlflow-server", "services/mlflow/src/mlflow_server"),
        ("frontend", "services/frontend/src/frontend"),
        ("trainer", "services/trainer/src/trainer"),
    ],
)
def test_every_documented_variable_is_read(tables, command, sources):
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / sources).rglob("*.py"))
    assert tables[command]
    assert [name for name in tables[command] if f'"{name}"' not in code] == []


def test_compose_reads_every_variable_of_the_example(tables):
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"^#?\s?([A-Z_]+)=", example, flags=re.MULTILINE)
    assert names
    assert [name for name in names if f"${{{name}" not in compose] == []
