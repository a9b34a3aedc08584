"""The life of one training run in MLflow."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trainer.tracking.store import experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

LONGEST_TAG = 5_000


@contextmanager
def training_run(
    client: "MlflowClient", experiment: str, name: str, *, again: str | None = None
) -> Iterator[str]:
    """A run that is open while its training runs, and says afterwards how that ended.

    `FINISHED` if all went well, `KILLED` after Ctrl-C, else `FAILED` with the reason as the tag
    `failure`. Within another one it is nested under that.

    Args:
        client: of the tracking store.
        experiment: name of the experiment, made if need be.
        name: the run's name in MLflow's pages.
        again: id of a run that is opened again, in place of a new one.

    Yields:
        The run's id.
    """
    import mlflow

    nested = mlflow.active_run() is not None
    if again:
        run = mlflow.start_run(run_id=again, nested=nested)
    else:
        place = experiment_id(client, experiment)
        run = mlflow.start_run(experiment_id=place, run_name=name, nested=nested)
    try:
        yield run.info.run_id
    except KeyboardInterrupt:
        mlflow.end_run("KILLED")
        raise
    except BaseException as error:
        try:
            mlflow.set_tag("failure", f"{type(error).__name__}: {error}"[:LONGEST_TAG])
        finally:
            mlflow.end_run("FAILED")
        raise
    mlflow.end_run("FINISHED")
