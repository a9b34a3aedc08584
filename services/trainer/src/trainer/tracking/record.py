"""What is known of a training run, and its logging to MLflow: one way for every recipe."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from contract.manifest import MANIFEST, sha256_of
from trainer.data.dataset import Dataset
from trainer.data.report import CleaningReport
from trainer.data.splitting import fingerprint
from trainer.evaluation.evaluate import Evaluation
from trainer.export.abstention import answered
from trainer.export.quantisation import Quantisation
from trainer.recipes.base import FittedModel
from trainer.recipes.spec import RecipeSpec
from trainer.tracking.outcomes import Outcomes
from trainer.tracking.revision import git_commit

if TYPE_CHECKING:
    from mlflow import MlflowClient

PLOT_DPI = 120


@dataclass(frozen=True)
class TrainingRecord:
    """One model, how it came about, and how good it is.

    Attributes:
        name: registered model that it becomes a version of.
        spec: the recipe, and how it was set.
        seed: of every random choice.
        model: what the recipe made.
        dataset: what it was made of.
        cleaning: what reading that data found.
        fit_seconds: time the recipe took.
        validation: the bundle's answers on the validation split.
        test: the same on the test split.
        bundle: directory of the verified bundle, its test figures in its manifest.
        abstain_threshold: answers less probable than this are marked uncertain.
        int8: how its int8 graph compares, in the bundle or not; None where none was made.
    """

    name: str
    spec: RecipeSpec
    seed: int
    model: FittedModel
    dataset: Dataset
    cleaning: CleaningReport
    fit_seconds: float
    validation: Evaluation
    test: Evaluation
    bundle: Path
    abstain_threshold: float
    int8: Quantisation | None = None

    @property
    def answered(self) -> tuple[float, float | None]:
        """Share of test rows whose answers are not marked uncertain, and of right ones there."""
        return answered(self.test.probabilities, self.test.truth, self.abstain_threshold)

    def parameters(self) -> dict[str, Any]:
        """Recipe, its hyperparameters as used, and what they were applied to."""
        return {
            "recipe": str(self.spec),
            "family": self.model.family,
            "seed": self.seed,
            **self.spec.settings.model_dump(exclude_none=True),
            **self.model.parameters,
            "data_source": self.dataset.source,
            "data_fingerprint": self.dataset.fingerprint,
            "test_fingerprint": self.dataset.test_fingerprint,
            "labels": ",".join(self.dataset.labels),
            "train_rows": len(self.dataset.train),
            "validation_rows": len(self.dataset.validation),
            "test_rows": len(self.dataset.test),
        }

    def figures(self) -> dict[str, float]:
        """Metrics on both held-out splits, and times; prediction is timed from raw text."""
        share, precision = self.answered
        return {
            "abstain_threshold": self.abstain_threshold,
            "test_answered_share": share,
            **({} if precision is None else {"test_answered_precision": precision}),
            **self.validation.metrics.as_dict("validation_"),
            **self.test.metrics.as_dict("test_"),
            **(self.int8.as_dict() if self.int8 else {}),
            "fit_seconds": self.fit_seconds,
            "predict_seconds": self.test.seconds,
            "bundle_megabytes": sum(file.stat().st_size for file in self.bundle.iterdir()) / 1e6,
            "tweets_per_second": self.test.tweets_per_second,
        }

    def version_tags(self) -> dict[str, str]:
        """What a model version must say by itself, to be compared and trusted."""
        return {
            **{name: f"{value:.6g}" for name, value in self.figures().items()},
            "recipe": str(self.spec),
            "data_fingerprint": self.dataset.fingerprint,
            "test_fingerprint": self.dataset.test_fingerprint,
            "validation_fingerprint": _validation_fingerprint(self.dataset),
            "data_source": self.dataset.source,
            "is_sample": str(self.dataset.is_sample).lower(),
            "labels": ",".join(self.dataset.labels),
            "manifest_sha256": sha256_of(self.bundle / MANIFEST),
            "git_commit": git_commit(),
        }


def log_training(client: "MlflowClient", run_id: str, record: TrainingRecord) -> None:
    """Log everything of a training run except its bundle, for which there is `log_bundle`.

    Args:
        client: of the tracking store.
        run_id: the open run, see `training_run`.
        record: everything to be logged.
    """
    import mlflow

    client.set_tag(run_id, "git_commit", git_commit())
    mlflow.log_params(record.parameters(), run_id=run_id)
    mlflow.log_metrics(record.figures(), run_id=run_id)
    for name, values in record.model.history.items():
        for epoch, value in enumerate(values, start=1):
            client.log_metric(run_id, f"history_{name}", value, step=epoch)
    with tempfile.TemporaryDirectory(prefix="run-") as scratch:
        _write_files(record, Path(scratch))
        client.log_artifacts(run_id, scratch)


def _validation_fingerprint(dataset: Dataset) -> str:
    """Tells whether validation figures compare, whatever the models were trained on."""
    labels = [dataset.labels[index] for index in dataset.validation.labels]
    rows = {"text": dataset.validation.texts, "label": labels}
    return fingerprint(pl.DataFrame(rows).with_columns(split=pl.lit("validation")))


def _write_files(record: TrainingRecord, folder: Path) -> None:
    """The plots and reports of a run, as MLflow's pages will show them, and its test answers."""
    from trainer.evaluation.plots import evaluation_figures, history_figure  # matplotlib is slow

    test = record.test
    Outcomes.of(record.dataset, test).write(folder)
    figures = evaluation_figures(test.truth, test.probabilities, test.labels)
    if record.model.history:
        figures["history"] = history_figure(record.model.history)
    (folder / "plots").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "plots" / f"{name}.png", dpi=PLOT_DPI)
    (folder / "reports").mkdir()
    for name, content in (
        ("validation_report", record.validation.report()),
        ("test_report", test.report()),
        ("cleaning", asdict(record.cleaning)),
    ):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / "reports" / f"{name}.json").write_text(text + "\n", encoding="utf-8")
