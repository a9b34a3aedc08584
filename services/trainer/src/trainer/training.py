"""One training run from data to a registered version; nothing is registered unless all succeeds."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer import defaults
from trainer.data.dataset import Dataset
from trainer.data.report import CleaningReport
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.metrics import Metrics
from trainer.export.bundle_writer import export_model, record_metrics
from trainer.export.quantisation import add_int8
from trainer.progress import Progress
from trainer.recipes.spec import RecipeSpec
from trainer.tracking.model import ARTIFACT, log_bundle
from trainer.tracking.record import TrainingRecord, log_training
from trainer.tracking.run import training_run

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class TrainedVersion:
    """A registered version, and how good it is on the held-out splits.

    Attributes:
        abstain_threshold: answers less probable than this are marked uncertain.
        answered_share: share of test rows whose answers are not.
        answered_precision: share of right ones among those; None where all are marked.
    """

    recipe: str
    name: str
    version: int
    run_id: str
    fit_seconds: float
    tweets_per_second: float
    validation: Metrics
    test: Metrics
    abstain_threshold: float
    answered_share: float
    answered_precision: float | None


def train_version(
    client: "MlflowClient",
    spec: RecipeSpec,
    dataset: Dataset,
    cleaning: CleaningReport,
    progress: Progress,
    *,
    seed: int,
    name: str,
    experiment: str,
    precision: float = defaults.PRECISION,
    tags: Mapping[str, str] | None = None,
) -> TrainedVersion:
    """Train a recipe, export and verify its bundle, measure it, log it, and register it.

    Both held-out splits are scored through the bundle, so the figures are of what will serve.

    Args:
        client: of the tracking store.
        spec: which recipe, and how it is set.
        dataset: what to train on and measure with.
        cleaning: what reading that data found, to be logged.
        progress: told of every step.
        seed: fixes every random choice.
        name: registered model to become a version of.
        experiment: where the run is filed.
        precision: what answers that are not marked uncertain shall reach, see `export_model`.
        tags: more of what the version shall say of itself.

    Raises:
        TrainerError: recipe and data do not fit, or its export failed a check;
            the run then ends as failed.
        KeyboardInterrupt: the user stopped it; the run then ends as killed.
    """
    with (
        training_run(client, experiment, str(spec)) as run_id,
        tempfile.TemporaryDirectory(prefix="trained-") as scratch,
    ):
        directory = Path(scratch) / ARTIFACT
        record = fit_and_measure(
            spec,
            dataset,
            cleaning,
            progress,
            seed=seed,
            name=name,
            directory=directory,
            precision=precision,
        )
        log_training(client, run_id, record)
        described = {**record.version_tags(), **(tags or {})}
        version = log_bundle(client, directory, name=name, run_id=run_id, tags=described)
    share, reached = record.answered
    return TrainedVersion(
        recipe=str(spec),
        name=name,
        version=int(version.version),
        run_id=run_id,
        fit_seconds=record.fit_seconds,
        tweets_per_second=record.test.tweets_per_second,
        validation=record.validation.metrics,
        test=record.test.metrics,
        abstain_threshold=record.abstain_threshold,
        answered_share=share,
        answered_precision=reached,
    )


def fit_and_measure(
    spec: RecipeSpec,
    dataset: Dataset,
    cleaning: CleaningReport,
    progress: Progress,
    *,
    seed: int,
    name: str,
    directory: Path,
    precision: float = defaults.PRECISION,
) -> TrainingRecord:
    """Train a recipe, export and verify its bundle, and measure both held-out splits through it.

    Args:
        spec: which recipe, and how it is set.
        dataset: what to train on and measure with.
        cleaning: what reading that data found.
        progress: told of every step.
        seed: fixes every random choice.
        name: registered model that the bundle is meant for.
        directory: where the bundle shall be; must not exist, or be empty.
        precision: what answers that are not marked uncertain shall reach, see `export_model`.

    Returns:
        Everything there is to log; nothing has been logged yet.

    Raises:
        TrainerError: recipe and data do not fit, or the export failed a check.
    """
    started = time.perf_counter()
    model = spec.fit(dataset, progress, seed=seed)
    fit_seconds = time.perf_counter() - started
    bundle = export_model(
        model,
        dataset,
        name=name,
        recipe=str(spec),
        directory=directory,
        progress=progress,
        precision=precision,
    )
    labels = dataset.labels
    validation = evaluate(bundle, dataset.validation, labels, progress, task="score validation")
    test = evaluate(bundle, dataset.test, labels, progress, task="score test")
    int8 = None
    if model.family == "transformer":  # the others are faster than HTTP already
        int8 = add_int8(directory, bundle, dataset.test, test.probabilities, progress)
    record_metrics(directory, {**test.metrics.as_dict(), **(int8.as_dict() if int8 else {})})
    return TrainingRecord(
        name=name,
        spec=spec,
        seed=seed,
        model=model,
        dataset=dataset,
        cleaning=cleaning,
        fit_seconds=fit_seconds,
        validation=validation,
        test=test,
        bundle=directory,
        abstain_threshold=bundle.manifest.abstain_threshold,
        int8=int8,
    )
