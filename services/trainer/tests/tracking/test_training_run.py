"""Training runs as real MLflow keeps them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from contract.bundle import Bundle
from contract.manifest import MANIFEST, Manifest, sha256_of
from trainer.errors import ExportError, TrainerError
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

NAME = "some-model"
TEXTS = ["Lost my bag again", "what time is it", "lovely crew :)", ""]

LOAD_ELSEWHERE = """
import importlib.util, json, sys
import mlflow, pandas as pd

# The installed package is hidden, so that only the model's own copy is left.
sys.path = [place for place in sys.path if not place.endswith("contract/src")]
assert importlib.util.find_spec("contract") is None
model = mlflow.pyfunc.load_model(sys.argv[1])
answers = model.predict(pd.DataFrame({"text": json.loads(sys.argv[2])}))
import contract
try:
    model.predict(pd.DataFrame({"text": ["fine", None]}))
    refusal = ""
except Exception as error:
    refusal = str(error)
print(json.dumps([answers.to_dict("records"), contract.__file__, refusal]))
"""


@pytest.fixture
def train(tracking, sample):
    """A function that trains a recipe on the sample."""
    from trainer.training import train_version

    def run(recipe="naive-bayes", name=NAME):
        dataset, cleaning = sample
        return train_version(
            tracking,
            RecipeSpec.parse(recipe),
            dataset,
            cleaning,
            NoProgress(),
            seed=7,
            name=name,
            experiment="some-experiment",
        )

    return run


@pytest.fixture
def only_run(tracking):
    """A function that returns the one run of the store, and what was kept of it."""

    def look():
        experiment = tracking.get_experiment_by_name("some-experiment").experiment_id
        (run,) = tracking.search_runs([experiment])
        logged = tracking.search_logged_models([experiment])
        versions = tracking.search_model_versions("")
        return run, list(logged), list(versions)

    return look


def test_a_run_is_logged_and_its_model_answers_anywhere(
    train, only_run, tracking, sample, tmp_path
):
    dataset, cleaning = sample
    trained = train()
    run, (logged,), (version,) = only_run()

    assert run.info.status == "FINISHED"
    assert run.info.run_id == trained.run_id == version.run_id
    parameters = run.data.params
    assert parameters["recipe"] == "naive-bayes"
    assert parameters["seed"] == "7"
    assert float(parameters["alpha"]) > 0
    assert parameters["data_source"] == "sample"
    assert parameters["test_fingerprint"] == dataset.test_fingerprint
    assert parameters["test_rows"] == str(len(dataset.test))
    metrics = run.data.metrics
    for prefix, measured in (("validation_", trained.validation), ("test_", trained.test)):
        for name, value in measured.as_dict(prefix).items():
            assert metrics[name] == pytest.approx(value)
    assert metrics["tweets_per_second"] * metrics["predict_seconds"] == pytest.approx(
        len(dataset.test)
    )
    assert metrics["fit_seconds"] > 0

    assert {item.path for item in tracking.list_artifacts(run.info.run_id, "plots")} == {
        f"plots/{name}.png" for name in ("roc", "precision_recall", "confusion", "calibration")
    }
    reports = Path(tracking.download_artifacts(run.info.run_id, "reports", str(tmp_path)))
    assert json.loads((reports / "cleaning.json").read_text())["rows_kept"] == cleaning.rows_kept
    assert set(dataset.labels) <= set(json.loads((reports / "test_report.json").read_text()))

    model = Path(logged.artifact_location.removeprefix("file://"))
    bundle = model / "artifacts" / "bundle"
    assert version.tags["manifest_sha256"] == sha256_of(bundle / MANIFEST)
    assert version.tags["test_fingerprint"] == dataset.test_fingerprint
    assert float(version.tags["validation_macro_f1"]) == pytest.approx(
        trained.validation.macro_f1, rel=1e-5
    )
    manifest = Manifest.read(bundle)
    assert manifest.metrics == trained.test.as_dict()
    assert manifest.name == NAME
    requirements = (model / "requirements.txt").read_text().splitlines()
    assert all("==" in line for line in requirements)
    assert not list(model.rglob("__pycache__"))

    answer = subprocess.run(
        [sys.executable, "-c", LOAD_ELSEWHERE, f"models:/{NAME}/1", json.dumps(TEXTS)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    rows, code, refusal = json.loads(answer.stdout.splitlines()[-1])
    assert Path(code).parent.parent.name == "code"
    assert "row 1 of column 'text' holds no text" in refusal
    for row, expected in zip(rows, Bundle.open(bundle).predict(TEXTS), strict=True):
        assert row["label"] == expected.label
        assert row["uncertain"] is expected.uncertain
        assert row["truncated"] is expected.truncated
        for label, probability in expected.probabilities.items():
            assert row[f"p_{label}"] == pytest.approx(probability, abs=1e-6)


def test_the_history_of_a_neural_recipe_is_kept_by_epoch(train, only_run, tracking, add_recipe):
    history = {"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}

    def fit(dataset, settings, progress, *, seed):
        return replace(RecipeSpec.parse("naive-bayes").fit(dataset, progress), history=history)

    add_recipe("with-history", fit)
    train("with-history")
    run, _, _ = only_run()

    kept = tracking.get_metric_history(run.info.run_id, "history_val_loss")
    assert [(item.step, item.value) for item in kept] == [(1, 0.8), (2, 0.6)]
    plots = {item.path for item in tracking.list_artifacts(run.info.run_id, "plots")}
    assert "plots/history.png" in plots


def test_a_failed_check_registers_nothing(train, only_run, add_recipe):
    def fit(dataset, settings, progress, *, seed):
        model = RecipeSpec.parse("naive-bayes").fit(dataset, progress)

        def swapped():
            graph = model.to_onnx()
            for held in graph.graph.initializer:
                if held.name == "bias":
                    values = np.add(onnx.numpy_helper.to_array(held), [3, 0, 0])
                    held.CopyFrom(onnx.numpy_helper.from_array(values.astype("float32"), "bias"))
            return graph

        return replace(model, to_onnx=swapped)

    add_recipe("wrong-export", fit)
    with pytest.raises(ExportError, match="'parity' check"):
        train("wrong-export")

    run, logged, versions = only_run()
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"].startswith("ExportError: export refused by the 'parity' check")
    assert (logged, versions) == ([], [])


def test_what_was_logged_is_deleted_when_registration_fails(train, only_run):
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="name"):
        train(name="no/such/name")  # the registry refuses it, after the model has been logged

    run, logged, versions = only_run()
    assert run.info.status == "FAILED"
    assert (logged, versions) == ([], [])


def test_an_interrupted_run_is_killed_and_registers_nothing(train, only_run, add_recipe):
    def fit(dataset, settings, progress, *, seed):
        raise KeyboardInterrupt

    add_recipe("interrupted", fit)
    with pytest.raises(KeyboardInterrupt):
        train("interrupted")

    run, logged, versions = only_run()
    assert run.info.status == "KILLED"
    assert (logged, versions) == ([], [])


def test_the_next_run_is_not_disturbed_by_a_failed_one(train, tracking, add_recipe):
    def fit(dataset, settings, progress, *, seed):
        raise TrainerError("this data does not suit")

    add_recipe("refusing", fit)
    with pytest.raises(TrainerError):
        train("refusing")

    assert train().version == 1
