from pathlib import Path

import pytest

from mlflow_server.server import server_command, server_environment
from mlflow_server.settings import Settings, SettingsError


def test_an_empty_environment_serves_this_machine_alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})

    assert settings.address == "http://127.0.0.1:5000"
    assert settings.backend_store_uri == f"sqlite:///{tmp_path}/.radar/mlflow.db"
    assert Path(settings.artifacts_destination) == tmp_path / ".radar/artifacts"
    assert settings.allowed_hosts == (
        "localhost",
        "localhost:5000",
        "127.0.0.1",
        "127.0.0.1:5000",
    )


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_environment({"MLFLOW_PORT": "", "MLFLOW_HOST": ""}).port == 5000


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80.5"])
def test_a_wrong_port_is_named(port):
    with pytest.raises(SettingsError, match=f"MLFLOW_PORT is '{port}'"):
        Settings.from_environment({"MLFLOW_PORT": port})


def test_own_names_stay_allowed_beside_those_given():
    settings = Settings.from_environment(
        {"MLFLOW_SERVER_ALLOWED_HOSTS": "mlflow:5001, mlflow", "MLFLOW_PORT": "5001"}
    )
    assert settings.allowed_hosts[:2] == ("mlflow:5001", "mlflow")
    assert "127.0.0.1:5001" in settings.allowed_hosts


def test_a_server_on_every_address_is_reached_by_loopback():
    assert Settings.from_environment({"MLFLOW_HOST": "0.0.0.0"}).address == "http://127.0.0.1:5000"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgres_urls_name_the_installed_driver(scheme):
    settings = Settings.from_environment({"MLFLOW_BACKEND_STORE_URI": f"{scheme}://u:p@db/mlflow"})
    assert settings.backend_store_uri == "postgresql+psycopg2://u:p@db/mlflow"


def test_the_password_is_not_on_the_command_line():
    settings = Settings.from_environment(
        {"MLFLOW_BACKEND_STORE_URI": "postgresql://user:secret@db/mlflow"}
    )
    assert "secret" not in " ".join(server_command(settings))
    environment = server_environment(settings, {})
    assert environment["MLFLOW_BACKEND_STORE_URI"].endswith("user:secret@db/mlflow")


def test_the_server_never_becomes_a_client_of_another():
    settings = Settings.from_environment({})
    environment = server_environment(
        settings, {"MLFLOW_TRACKING_URI": "http://elsewhere", "DO_NOT_TRACK": "false"}
    )
    assert "MLFLOW_TRACKING_URI" not in environment
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["DO_NOT_TRACK"] == "false"
