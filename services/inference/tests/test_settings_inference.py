import stat

import pytest

from inference.model.source import DirectorySource, RegistrySource, parse_source
from inference.settings import Settings, SettingsError, read_settings
from inference.texts import KEY_FILE, fingerprint_key

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_every_setting_has_a_description():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORE_TEXT", "everything"),
        ("AUDIT_SHARE", "2"),
        ("MODEL_POLL_SECONDS", "soon"),
        ("MAX_BODY_BYTES", "0"),
        ("DATABASE_URL", "mysql://localhost/radar"),
        ("DATABASE_URL", "somewhere"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("TEXT_HMAC_KEY", "short"),
        ("TEXT_HMAC_KEY", "change-me-change-me-change-me-change-me"),
        ("TEXT_HMAC_KEY", "x" * 64),
        ("ENVIRONMENT", "production"),
        ("ENVIRONMENT", "moon"),
    ],
)
def test_a_wrong_value_gets_one_line_that_names_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        read_settings()
    message = str(error.value)
    named = "TEXT_HMAC_KEY" if value == "production" else name
    assert message.startswith(f"{named}: ")
    assert "\n" not in message


def test_the_key_is_needed_outside_development_and_never_shown(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("TEXT_HMAC_KEY", SECRET)
    settings = read_settings()
    assert fingerprint_key(settings) == SECRET.encode()
    assert SECRET not in repr(settings)


def test_in_development_a_key_is_made_once_for_its_owner_alone(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    key = fingerprint_key(settings)
    assert len(key) >= 32
    assert fingerprint_key(settings) == key
    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == [KEY_FILE]
    assert fingerprint_key(Settings(data_dir=tmp_path / "other")) != key


def test_postgres_is_reached_by_its_driver_however_it_is_written():
    for scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        url = Settings(database_url=f"{scheme}://u:p@h/d", text_hmac_key=SECRET).store_url
        assert url.drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("models:/tweets@champion", RegistrySource("tweets", "champion", None)),
        ("models:/tweets/12", RegistrySource("tweets", None, "12")),
    ],
)
def test_registry_sources(text, source):
    assert parse_source(text) == source


def test_anything_else_is_a_directory(tmp_path):
    assert parse_source(str(tmp_path)) == DirectorySource(tmp_path)


@pytest.mark.parametrize("text", ["models:/tweets", "models:/tweets/champion", "models:/a@b@c"])
def test_half_a_registry_source_is_refused(text):
    with pytest.raises(SettingsError, match=r"^MODEL_SOURCE: "):
        parse_source(text)
