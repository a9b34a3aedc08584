"""The same path through MLflow itself, on SQLite."""

import shutil
import subprocess
import sys

import pytest

from inference.model.registry import MlflowRegistry, RegistryError, UnknownVersionError
from inference.model.source import parse_source

NAME = "tweet-sentiment"


@pytest.fixture
def tracking(tmp_path, bundle_path):
    """A registry with one version, whose bundle lies where the trainer's models have it."""
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    model = tmp_path / "model"
    shutil.copytree(bundle_path, model / "artifacts" / "bundle")
    (model / "MLmodel").write_text("flavors: {}\n")
    client = MlflowClient(uri, uri)
    client.create_registered_model(NAME)
    client.create_model_version(NAME, source=model.as_uri())
    client.set_registered_model_alias(NAME, "champion", "1")
    return uri


# One test, not two: the fixture's imports and MLflow's own migrations take most of its time.
def test_serves_an_alias_from_mlflow_and_from_the_cache_without_it(
    tracking, serve_app, tmp_path, bundle_path, until
):
    registry = MlflowRegistry(tracking)
    release = registry.resolve(parse_source(f"models:/{NAME}@champion"))
    assert release.version == "1"
    assert release == registry.resolve(parse_source(f"models:/{NAME}/1"))
    folder = tmp_path / "download"
    folder.mkdir()
    fetched = registry.download(NAME, "1", folder)
    assert fetched.is_relative_to(folder)
    assert {path.name: path.read_bytes() for path in fetched.iterdir()} == {
        path.name: path.read_bytes() for path in bundle_path.iterdir()
    }
    with pytest.raises(UnknownVersionError, match="alias 'nobody'"):
        registry.resolve(parse_source(f"models:/{NAME}@nobody"))
    away = MlflowRegistry("http://127.0.0.1:9")
    with pytest.raises(RegistryError, match="gives no version") as error:
        away.resolve(parse_source(f"models:/{NAME}@nobody"))
    assert not isinstance(error.value, UnknownVersionError)
    with pytest.raises(RegistryError, match="version 7 cannot be downloaded"):
        registry.download(NAME, "7", folder)

    source = {"model_source": f"models:/{NAME}@champion", "mlflow_tracking_uri": tracking}
    with serve_app(**source) as client:
        model = client.get("/v1/model").json()
        assert (model["name"], model["version"], model["alias"]) == (NAME, "1", "champion")
        until(
            lambda: client.get("/v1/model").json()["following"]["state"] == "up-to-date", "follows"
        )
    down = source | {
        "mlflow_tracking_uri": "http://u:zanzibar@127.0.0.1:9",
        "model_poll_seconds": 0.1,
    }
    with serve_app(**down) as client:
        assert client.post("/v1/predict", json={"text": "late"}).json()["model_version"] == "1"
        until(lambda: client.get("/v1/model").json()["following"]["state"] == "failing", "says so")
        told = client.get("/v1/model").json()["following"]["last_error"]
        assert "127.0.0.1:9" in told
        assert "zanzibar" not in told
        assert client.get("/readyz").status_code == 200


def test_putting_the_application_together_does_not_import_mlflow(tmp_path):
    code = (
        "import sys, inference.app, inference.cli; from inference.settings import Settings; "
        "inference.app.create_app(Settings()); "
        "assert not {'mlflow', 'alembic', 'tensorflow'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
