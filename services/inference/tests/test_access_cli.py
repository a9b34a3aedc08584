"""`inference keys`, as an operator types it, and the refusal to serve strangers by accident."""

import re
import secrets
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from inference.access.keys import check_given
from inference.cli import app
from inference.settings import Settings

GIVEN = "PAGE_API_KEY"


@pytest.fixture
def keys(store_url, tmp_path, monkeypatch):
    """Runs `inference keys` on an empty database of each kind."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    if store_url.startswith("postgres"):
        assert CliRunner().invoke(app, ["migrate"]).exit_code == 0

    def run(*arguments, ok=True):
        result = CliRunner().invoke(app, ["keys", *arguments])
        assert (result.exit_code == 0) is ok, result.output
        return result

    return run


def column(keys, title):
    lines = keys("list").stdout.splitlines()
    cells = [re.split(r" {2,}", line) for line in lines]
    index = cells[0].index(title)
    return {row[0]: row[index] for row in cells[1:]}


def test_a_key_is_shown_once_listed_and_revoked(keys):
    made = keys("create", "newsroom", "--scope", "predict", "--scope", "feedback", "--days", "30")
    (secret,) = made.stdout.splitlines()
    check_given(secret)
    assert "shown this once" in made.stderr
    listed = keys("list").output
    assert secret not in listed
    assert column(keys, "SCOPES") == {"newsroom": "feedback predict"}
    assert column(keys, "REQUESTS/MIN") == {"newsroom": "600"}
    assert column(keys, "STATE") == {"newsroom": "in use"}
    keys("revoke", "newsroom")
    assert column(keys, "STATE") == {"newsroom": "revoked"}
    keys("create", "trainer", "--scope", "admin", "--requests-per-minute", "0")
    assert column(keys, "EXPIRES")["trainer"] == "never"
    assert column(keys, "REQUESTS/MIN")["trainer"] == "any"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_misuse_is_one_line(keys, monkeypatch):
    keys("create", "page", "--scope", "predict")
    monkeypatch.setenv(GIVEN, "change-me")
    said = {
        ("create", "page", "--scope", "predict"): "was, a key named page",
        ("create", "a b", "--scope", "predict"): "NAME: ",
        ("create", "b", "--scope", "predict", "--from-env", GIVEN): f"{GIVEN}: must be a secret",
        ("create", "b", "--scope", "predict", "--from-env", "NONE"): "NONE: must be a secret",
        ("revoke", "nobody"): "no key named nobody",
    }
    for arguments, expected in said.items():
        refused = keys(*arguments, ok=False)
        (line,) = refused.stderr.splitlines()
        assert line.startswith("inference: ")
        assert expected in line
        assert "change-me" not in line
    keys("revoke", "page")
    assert "was revoked at" in keys("revoke", "page", ok=False).stderr
    for arguments in (("create", "b"), ("create", "b", "--scope", "everything")):
        assert keys(*arguments, ok=False).exit_code == 2


def test_a_given_key_can_be_given_again_and_replaced(keys, monkeypatch):
    command = ("create", "page", "--scope", "predict", "--from-env", GIVEN)
    first = secrets.token_hex(32)
    monkeypatch.setenv(GIVEN, first)
    assert f"is the one in {GIVEN} now" in keys(*command).stderr
    again = keys(*command)
    assert f"is the one in {GIVEN} already" in again.stderr
    assert first not in again.output
    monkeypatch.setenv(GIVEN, secrets.token_hex(32))
    assert f"is the one in {GIVEN} now" in keys(*command).stderr
    assert list(column(keys, "STATE").values()) == ["in use"]
    keys("revoke", "page")
    assert "was revoked: give it another value" in keys(*command, ok=False).stderr
    monkeypatch.setenv(GIVEN, first)
    keys(*command)
    assert column(keys, "STATE") == {"page": "in use"}


@pytest.mark.postgres
@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_database_that_was_not_migrated_is_said(keys, postgres_url):
    from sqlalchemy import create_engine, text

    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    assert "run `inference migrate`" in keys("list", ok=False).stderr


def test_strangers_are_not_served_by_accident(tmp_path):
    def serve(*arguments, **settings):
        return subprocess.run(
            [sys.executable, "-m", "inference", "serve", "--port", "0", *arguments],
            env={"DATA_DIR": str(tmp_path), **settings},
            capture_output=True,
            text=True,
            timeout=60,
        )

    reachable = serve("--host", "0.0.0.0")
    secret = secrets.token_hex(32)
    production = serve(ENVIRONMENT="production", TEXT_HMAC_KEY=secret)
    for refused in (reachable, production):
        assert refused.returncode == 1
        (line,) = refused.stderr.splitlines()
        assert line.startswith("inference: ACCESS: ")
        assert "ACCESS=keys" in line
        assert "ACCESS=open" in line
    assert list(tmp_path.iterdir()) == []
