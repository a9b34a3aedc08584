"""Where runs and models are kept: a server, or by default a SQLite file that needs none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import TrainerError, UnavailableError

if TYPE_CHECKING:
    from mlflow import MlflowClient

URI_VARIABLE = "MLFLOW_TRACKING_URI"
DEFAULT_FOLDER = Path(".radar")
DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"

# MLflow is quiet, sends nothing home, and gives up on a server within seconds instead of minutes.
# Whoever wants it otherwise sets these variables.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def tracking_uri() -> str:
    """What `MLFLOW_TRACKING_URI` says, else the SQLite file of the working directory."""
    given = os.environ.get(URI_VARIABLE)
    return given or f"sqlite:///{(DEFAULT_FOLDER / DATABASE).resolve()}"


@contextmanager
def tracking_session() -> Iterator["MlflowClient"]:
    """A client of the tracking store, which MLflow's own functions use too from here on.

    Raises:
        UnavailableError: the store cannot be reached, or refused something within the session.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow  # takes seconds, and reads the variables above as it is imported
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    uri = tracking_uri()
    if folder := _sqlite_folder(uri):
        folder.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)  # never that of an earlier session in this process
    try:
        client = mlflow.MlflowClient()
        client.search_experiments(max_results=1)
        yield client
    except (MlflowException, SQLAlchemyError) as error:
        reason = " ".join(str(error).split())[:400]
        raise UnavailableError(f"MLflow at {without_password(uri)}: {reason}") from error


def experiment_id(client: "MlflowClient", name: str) -> str:
    """The experiment of that name, made where there is none.

    A server says itself where artifacts go. Beside a SQLite file they go into the same folder;
    MLflow's own choice would be one relative to wherever the command is run.

    Raises:
        TrainerError: the experiment was deleted.
    """
    if found := client.get_experiment_by_name(name):
        if found.lifecycle_stage != "active":
            raise TrainerError(f"the experiment {name!r} was deleted: restore it, or name another")
        return str(found.experiment_id)
    folder = _sqlite_folder(tracking_uri())
    location = (folder / ARTIFACTS).as_uri() if folder else None
    return str(client.create_experiment(name, artifact_location=location))


def work_folder() -> Path:
    """Where commands keep what is not for MLflow: beside its SQLite file, else in `.radar`."""
    return _sqlite_folder(tracking_uri()) or DEFAULT_FOLDER.resolve()


def without_password(uri: str) -> str:
    """The URI, fit to be shown."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(uri).render_as_string(hide_password=True)
    except ArgumentError:  # a plain path
        return uri


def _sqlite_folder(uri: str) -> Path | None:
    from sqlalchemy.engine import make_url

    if not uri.startswith("sqlite:"):
        return None
    database = make_url(uri).database
    return Path(database).resolve().parent if database else None
