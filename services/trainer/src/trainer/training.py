"""One training run from data to a registered version; nothing is registered unless all succeeds."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.data.dataset import Dataset
from trainer.data.report import CleaningReport
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.metrics import Metrics
from trainer.export.bundle_writer import export_model, record_metrics
from trainer.progress import Progress
from trainer.recipes.spec import RecipeSpec
from trainer.tracking.record import TrainingRecord, log_training
from trainer.tracking.run import training_run

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class TrainedVersion:
    """A registered version, and how good it is on the held-out splits."""

    recipe: str
    name: str
    version: int
    run_id: str
    fit_seconds: float
    tweets_per_second: float
    validation: Metrics
    test: Metrics


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

    Raises:
        TrainerError: recipe and data do not fit, or its export failed a check;
            the run then ends as failed.
        KeyboardInterrupt: the user stopped it; the run then ends as killed.
    """
    recipe = str(spec)
    with training_run(client, experiment, recipe) as run_id:
        started = time.perf_counter()
        model = spec.fit(dataset, progress, seed=seed)
        fit_seconds = time.perf_counter() - started
        with tempfile.TemporaryDirectory(prefix="trained-") as scratch:
            directory = Path(scratch) / "bundle"
            bundle = export_model(
                model,
                dataset,
                name=name,
                recipe=recipe,
                directory=directory,
                progress=progress,
            )
            labels = dataset.labels
            validation = evaluate(
                bundle, dataset.validation, labels, progress, task="score validation"
            )
            test = evaluate(bundle, dataset.test, labels, progress, task="score test")
            record_metrics(directory, test.metrics.as_dict())
            record = TrainingRecord(
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
            )
            version = log_training(client, run_id, record)
    return TrainedVersion(
        recipe=recipe,
        name=name,
        version=int(version.version),
        run_id=run_id,
        fit_seconds=fit_seconds,
        tweets_per_second=test.tweets_per_second,
        validation=validation.metrics,
        test=test.metrics,
    )
