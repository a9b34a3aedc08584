"""Removing what runs keep of single tweets: the hashes of test rows, with the answers to them."""

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.data.cleaning import normalise
from trainer.data.splitting import hash_of
from trainer.progress import Progress
from trainer.tracking.outcomes import FILE, FOLDER, find_outcomes

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE_RUNS = 200


@dataclass(frozen=True)
class ErasedRows:
    """What was removed.

    Attributes:
        runs: how many were changed.
        rows: how many rows of theirs are gone, all together.
    """

    runs: int
    rows: int


def erase_rows(client: "MlflowClient", texts: Collection[str], progress: Progress) -> ErasedRows:
    """Remove the test rows of some texts from every run, deleted ones included.

    Versions that were measured on the same rows lose the same ones, so they still compare. Stopped
    half-way, the same again removes the rest.

    Args:
        client: of the tracking store.
        texts: found by the hash of their normalised form.
        progress: told of every run.
    """
    hashes = np.array([hash_of(normalise(text)) for text in texts], np.uint64)
    runs = list(_run_ids(client))
    progress.start("looking through runs", len(runs))
    changed = removed = 0
    for run_id in runs:
        if rows := _erase_from(client, run_id, hashes):
            changed += 1
            removed += rows
        progress.advance(note=f"{removed} rows removed")
    return ErasedRows(changed, removed)


def _run_ids(client: "MlflowClient") -> Iterator[str]:
    from mlflow.entities import ViewType

    experiments = client.search_experiments(view_type=ViewType.ALL)
    for experiment in experiments:
        token = None
        while True:
            page = client.search_runs(
                [experiment.experiment_id],
                run_view_type=ViewType.ALL,
                max_results=PAGE_RUNS,
                page_token=token,
            )
            yield from (run.info.run_id for run in page)
            token = page.token
            if not token:
                break


def _erase_from(client: "MlflowClient", run_id: str, hashes: "np.typing.NDArray[np.uint64]") -> int:
    outcomes = find_outcomes(client, run_id)
    if outcomes is None:
        return 0
    stays = ~np.isin(outcomes.rows, hashes)
    removed = int(len(stays) - stays.sum())
    if removed:
        with tempfile.TemporaryDirectory(prefix="outcomes-") as scratch:
            outcomes.only(stays).write(Path(scratch))
            client.log_artifact(run_id, str(Path(scratch) / FOLDER / FILE), FOLDER)
    return removed
