"""The runs of a comparison in MLflow: what is done, what a run measured, what is to be redone."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trainer.comparison.plan import Plan, PlannedRun
from trainer.data.dataset import Dataset, Labels, Split
from trainer.evaluation.metrics import Scores
from trainer.tracking.nesting import children
from trainer.tracking.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMPARISON_TAG = "comparison"
"""Key of the plan, on the parent and on every run under it."""
RECIPE_TAG = "compared_recipe"
SEED_TAG = "compared_seed"
STATE_TAG = "compared_state"
MEASURED, REPLACED = "measured", "replaced"
"""A run counts once it is measured, which is the last thing it says; not any more if replaced."""

ROWS_FILE = "rows.npz"
PREDICTIONS_FILE = "predictions.npz"
VERSION_TAGS_FILE = "version_tags.json"
SECONDS_METRIC = "run_seconds"


@dataclass(frozen=True)
class HeldOut:
    """The rows that every run is measured on, without their texts.

    Attributes:
        labels: ordered label names.
        validation_truth: right labels as indices `[rows]`.
        validation_lines: number of each row's line in the source `[rows]`.
        test_truth: the same of the test split.
        test_lines: the same of the test split.
    """

    labels: tuple[str, ...]
    validation_truth: Labels
    validation_lines: Labels
    test_truth: Labels
    test_lines: Labels

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Those of a data set."""
        validation, test = dataset.validation, dataset.test
        return cls(dataset.labels, validation.labels, _lines(validation), test.labels, _lines(test))


@dataclass(frozen=True)
class MeasuredRun:
    """What one run is remembered by; probabilities are calibrated, `[rows, labels]`."""

    recipe: str
    seed: int
    run_id: str
    commit: str
    validation: Scores
    test: Scores
    fit_seconds: float
    tweets_per_second: float
    megabytes: float


def runs_done(client: "MlflowClient", parent: str) -> dict[tuple[str, int], "Run"]:
    """The measured runs under a parent, by recipe and seed.

    Runs that a crash or a kill left open are given the state they are in.
    """
    done = {}
    for run in children(client, parent):
        state = run.data.tags.get(STATE_TAG)
        if run.info.status == "RUNNING":
            client.set_terminated(run.info.run_id, "FINISHED" if state == MEASURED else "KILLED")
        if state == MEASURED:
            done[run.data.tags[RECIPE_TAG], int(run.data.tags[SEED_TAG])] = run
    return done


def begin(client: "MlflowClient", run_id: str, plan: Plan, run: PlannedRun) -> None:
    """Say what an open run is part of."""
    tags = {COMPARISON_TAG: plan.key, RECIPE_TAG: run.recipe, SEED_TAG: str(run.seed)}
    for name, value in tags.items():
        client.set_tag(run_id, name, value)


def keep_measurements(client: "MlflowClient", run_id: str, record: TrainingRecord) -> None:
    """Keep what the report and a later registration need, so that neither needs the model."""
    arrays = {"validation": record.validation.probabilities, "test": record.test.probabilities}
    _keep_arrays(client, run_id, PREDICTIONS_FILE, arrays)
    client.log_dict(run_id, record.version_tags(), VERSION_TAGS_FILE)


def keep_rows(client: "MlflowClient", parent: str, rows: HeldOut) -> None:
    """Keep which rows were measured on, and their labels."""
    arrays = {
        "labels": np.array(rows.labels),
        "validation_truth": rows.validation_truth,
        "validation_lines": rows.validation_lines,
        "test_truth": rows.test_truth,
        "test_lines": rows.test_lines,
    }
    _keep_arrays(client, parent, ROWS_FILE, arrays)


def load_rows(client: "MlflowClient", parent: str) -> HeldOut:
    """What `keep_rows` kept."""
    arrays = _load_arrays(client, parent, ROWS_FILE)
    labels = tuple(str(label) for label in arrays.pop("labels"))
    return HeldOut(labels, **arrays)


def load_run(client: "MlflowClient", run: "Run") -> MeasuredRun:
    """What a measured run kept."""
    arrays = _load_arrays(client, run.info.run_id, PREDICTIONS_FILE)
    tags, metrics = run.data.tags, run.data.metrics
    return MeasuredRun(
        recipe=tags[RECIPE_TAG],
        seed=int(tags[SEED_TAG]),
        run_id=run.info.run_id,
        commit=tags["git_commit"],
        validation=arrays["validation"],
        test=arrays["test"],
        fit_seconds=metrics["fit_seconds"],
        tweets_per_second=metrics["tweets_per_second"],
        megabytes=metrics["bundle_megabytes"],
    )


def version_tags(client: "MlflowClient", run_id: str) -> dict[str, str]:
    """What a model version of a run's bundle must say by itself."""
    with tempfile.TemporaryDirectory(prefix="tags-") as scratch:
        path = client.download_artifacts(run_id, VERSION_TAGS_FILE, scratch)
        return {str(key): str(value) for key, value in json.loads(Path(path).read_text()).items()}


def _keep_arrays(client: "MlflowClient", run_id: str, name: str, arrays: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="arrays-") as scratch:
        path = Path(scratch) / name
        np.savez_compressed(path, **arrays)
        client.log_artifact(run_id, str(path))


def _load_arrays(client: "MlflowClient", run_id: str, name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="arrays-") as scratch:
        path = client.download_artifacts(run_id, name, scratch)
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}


def _lines(split: Split) -> Labels:
    return np.arange(1, len(split) + 1) if split.lines is None else split.lines
