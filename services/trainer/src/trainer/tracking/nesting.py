"""Runs that lie under another one, which holds a comparison or a tuning together."""

from typing import TYPE_CHECKING

from trainer.tracking.store import experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT_TAG = "mlflow.parentRunId"
MOST_RUNS = 10_000


def find_parent(client: "MlflowClient", experiment: str, tag: str, key: str) -> str | None:
    """Id of the run at the top whose tag has this value, if there is one."""
    place = experiment_id(client, experiment)
    found = client.search_runs([place], f"tags.{tag} = '{key}'", max_results=MOST_RUNS)
    parents = [run for run in found if PARENT_TAG not in run.data.tags]
    return str(parents[0].info.run_id) if parents else None


def children(client: "MlflowClient", parent: str) -> "list[Run]":
    """The runs under a parent."""
    experiment = client.get_run(parent).info.experiment_id
    query = f"tags.`{PARENT_TAG}` = '{parent}'"
    return list(client.search_runs([experiment], query, max_results=MOST_RUNS))


def close_unfinished(client: "MlflowClient", parent: str) -> None:
    """Mark the runs that a crash or a kill left open as killed."""
    for run in children(client, parent):
        if run.info.status == "RUNNING":
            client.set_terminated(run.info.run_id, "KILLED")
