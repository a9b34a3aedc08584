import json
from dataclasses import replace

import numpy as np
import pytest

from contract.bundle import Bundle
from contract.calibration import softmax
from contract.errors import BundleError
from contract.manifest import Manifest
from trainer.errors import ExportError
from trainer.export.bundle_writer import export_model, record_metrics
from trainer.export.calibration import fit_temperature
from trainer.progress import NoProgress
from trainer.recipes.base import HeldOut


@pytest.fixture
def export(fitted, dataset, tmp_path):
    """A function that exports the fitted model, perhaps with some of its parts replaced."""

    def run(directory=tmp_path / "out" / "bundle", **changes):
        return export_model(
            replace(fitted, **changes),
            dataset,
            name="tweet-sentiment",
            recipe="naive-bayes",
            directory=directory,
            progress=NoProgress(),
            precision=0.9,
        )

    return run


def test_the_bundle_answers_as_the_model_does(export, fitted, dataset, tmp_path):
    bundle = export()
    logits = fitted.predict_logits(dataset.test.texts)
    expected = softmax(logits, bundle.manifest.temperature)
    reopened = Bundle.open(tmp_path / "out" / "bundle")
    for opened in (bundle, reopened):
        np.testing.assert_allclose(
            opened.probabilities(dataset.test.texts), expected, atol=1e-5, rtol=0
        )
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["bundle"]


def test_the_manifest_says_where_it_comes_from(export, fitted, dataset, tmp_path):
    export()
    manifest = Manifest.read(tmp_path / "out" / "bundle")
    assert manifest.labels == dataset.labels == ("negative", "neutral", "positive")
    assert (manifest.name, manifest.recipe, manifest.family) == (
        "tweet-sentiment",
        "naive-bayes",
        "linear",
    )
    assert manifest.training_data.fingerprint == dataset.fingerprint
    assert manifest.training_data.test_fingerprint == dataset.test_fingerprint
    assert manifest.training_data.train_rows == len(dataset.train)
    assert manifest.training_data.is_sample
    assert manifest.languages == dataset.languages
    assert manifest.text_steps == fitted.steps.specs
    assert manifest.abstain_precision == 0.9
    assert set(manifest.files) == {"model.onnx", "features.json"}


def test_confidence_is_calibrated_on_held_out_rows(export, fitted, dataset, tmp_path):
    held_out = HeldOut(
        fitted.predict_logits(dataset.validation.texts), dataset.validation.labels
    ).joined(fitted.out_of_fold)
    wanted = fit_temperature(*held_out).temperature
    assert export().manifest.temperature == pytest.approx(wanted, rel=1e-3)
    assert wanted != pytest.approx(1, rel=0.05)  # else this would not tell
    alone = export(directory=tmp_path / "alone", out_of_fold=None).manifest.temperature
    assert alone != pytest.approx(wanted, rel=0.05)


def test_the_threshold_of_doubt_keeps_its_promise_on_held_out_rows(export, dataset):
    bundle = export(out_of_fold=None)
    answers = bundle.predict(dataset.validation.texts)
    right = [
        dataset.labels[truth] == answer.label
        for truth, answer in zip(dataset.validation.labels, answers, strict=True)
        if not answer.uncertain
    ]
    assert 0 < bundle.manifest.abstain_threshold < 1
    assert 0.9 <= np.mean(right) < 1
    assert len(right) > len(answers) / 2


def test_metrics_come_last_and_change_nothing_else(export, tmp_path):
    directory = tmp_path / "out" / "bundle"
    before = export().manifest
    assert before.metrics == {}
    after = record_metrics(directory, {"accuracy": np.float32(0.75)})
    assert after.metrics == {"accuracy": 0.75}
    assert Bundle.open(directory).manifest == after
    assert after.model_copy(update={"metrics": {}}) == before
    assert {path.name for path in directory.iterdir()} == {
        "manifest.json",
        "model.onnx",
        "features.json",
    }
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["bundle"]


def test_a_metric_without_a_value_is_refused(export, tmp_path):
    directory = tmp_path / "out" / "bundle"
    export()
    with pytest.raises(ExportError, match="auc is nan"):
        record_metrics(directory, {"accuracy": 0.75, "auc": float("nan")})
    assert json.loads((directory / "manifest.json").read_text())["metrics"] == {}


def test_metrics_need_a_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"there is no manifest\.json"):
        record_metrics(tmp_path, {"accuracy": 0.75})


def test_an_empty_directory_is_filled(export, tmp_path):
    assert export(tmp_path).manifest.labels
    assert (tmp_path / "model.onnx").is_file()


def test_a_taken_directory_is_left_as_it_is(export, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    for taken in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ExportError, match="exists; name another, or delete it first"):
            export(taken)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError("disk full")])
def test_an_interrupted_export_leaves_nothing(export, tmp_path, failure):
    def predict_logits(texts):
        raise failure

    with pytest.raises(type(failure)):
        export(predict_logits=predict_logits)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_model_without_an_encoder_is_refused(export, tmp_path):
    with pytest.raises(ExportError, match="neither a tokenizer nor features"):
        export(features=None)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_encoder_that_its_file_does_not_describe_is_refused(export, fitted, tmp_path):
    vocabulary = fitted.features.vocabulary
    other = fitted.features.model_copy(update={"vocabulary": vocabulary[::-1]})
    with pytest.raises(ExportError, match="text 0 is encoded to other ids") as refusal:
        export(features=other)
    assert refusal.value.check == "goldens"
    assert list((tmp_path / "out").iterdir()) == []
