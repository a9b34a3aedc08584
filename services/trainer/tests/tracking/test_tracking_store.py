from pathlib import Path

import pytest

from trainer.errors import TrainerError
from trainer.tracking.store import (
    experiment_id,
    tracking_session,
    tracking_uri,
    without_password,
)


def test_without_a_setting_the_store_is_a_file_of_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    assert tracking_uri() == f"sqlite:///{tmp_path}/.radar/mlflow.db"


def test_artifacts_lie_beside_the_database(tracking, tmp_path):
    made = experiment_id(tracking, "first")

    location = tracking.get_experiment(made).artifact_location
    assert location == (tmp_path / "store" / "artifacts").as_uri()
    assert experiment_id(tracking, "first") == made


def test_a_deleted_experiment_is_named(tracking):
    tracking.delete_experiment(experiment_id(tracking, "gone"))

    with pytest.raises(TrainerError, match="'gone' was deleted"):
        experiment_id(tracking, "gone")


def test_a_server_that_is_not_there_is_named_in_one_line(monkeypatch, free_port):
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(TrainerError, match=f"MLflow at {url}: ") as caught, tracking_session():
        pass
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(monkeypatch, tmp_path):
    path = Path(tmp_path / "mlflow.db")
    path.write_text("not a database")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")

    with pytest.raises(TrainerError, match="not a database"), tracking_session():
        pass


def test_passwords_are_not_shown():
    shown = without_password("postgresql+psycopg2://user:secret@db/mlflow")
    assert shown == "postgresql+psycopg2://user:***@db/mlflow"
    assert without_password("some/folder") == "some/folder"
