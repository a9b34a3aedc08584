"""Every Keras recipe, trained in seconds on a generated corpus, through the real export."""

import json
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest

from contract.calibration import softmax
from contract.encoding import pad
from trainer.errors import TrainerError
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

pytestmark = pytest.mark.slow

EPOCHS = {"bert-features": 6, "bert": 2}
"""Enough for what is asked of each here."""


@pytest.fixture(scope="module")
def fit(toy, tiny_bert, tiny_distilbert):
    """A function that trains a recipe; BERT ones on tiny random weights."""
    encoders = {"bert": tiny_bert, "distilbert": tiny_distilbert}

    def trained(recipe, dataset=toy, encoder="bert", epochs=None, seed=0, progress=None):
        spec = RecipeSpec.parse(recipe).with_settings(
            epochs=epochs, weights=str(encoders[encoder])
        )
        return spec.fit(dataset, progress or NoProgress(), seed=seed)

    return trained


@pytest.fixture(scope="module")
def fitted(fit):
    """The models that several tests look at, each trained once."""
    return {
        **{recipe: fit(recipe, epochs=epochs) for recipe, epochs in EPOCHS.items()},
        "distilbert": fit("bert", encoder="distilbert", epochs=1),
    }


def accuracy(logits, split):
    return (logits.argmax(axis=1) == split.labels).mean()


@pytest.mark.parametrize("name", ["bert-features", "bert", "distilbert"])
def test_model_becomes_a_bundle_that_answers_alike(fitted, exported, toy, name):
    model = fitted[name]
    bundle = exported(model)  # parity, padding and goldens are verified within
    encoded = bundle.encoder.encode(toy.test.texts)
    expected = softmax(model.predict_logits(toy.test.texts))
    by_length = np.argsort([item.ids.size for item in encoded])
    for size in (1, 8):
        for indices in (by_length[:size], by_length[-size:]):
            logits = bundle.graph(pad([encoded[index] for index in indices], model.encoder.pad_id))
            np.testing.assert_allclose(softmax(logits), expected[indices], atol=1e-4)
    for index in by_length[[0, 40, -1]]:
        text = encoded[index]
        alone = bundle.graph(pad([text], model.encoder.pad_id))
        for extra in (1, 20, 60):
            ids = np.pad(text.ids, (0, extra), constant_values=model.encoder.pad_id)
            padded = bundle.graph({"token_ids": ids[None]})
            np.testing.assert_allclose(padded, alone, atol=1e-5)


def test_bert_features_of_the_default_weights_learn_the_toy_corpus(toy):
    model = RecipeSpec.parse("bert-features").fit(toy, NoProgress())
    assert accuracy(model.predict_logits(toy.test.texts), toy.test) > 0.9


def test_bert_trains_its_encoder(fitted):
    losses = fitted["bert"].history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["bert-features", "bert", "distilbert"])
def test_model_says_what_was_done(fitted, name):
    model = fitted[name]
    assert set(model.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert model.parameters["learning_rate"] > 0
    content = json.loads(model.tokenizer_json)
    assert content["padding"] is None
    assert content["truncation"] is None


@pytest.mark.parametrize("name", ["bert-features", "bert"])
def test_the_model_of_the_lowest_weighted_loss_is_kept(fitted, toy, name):
    model = fitted[name]
    labels = toy.validation.labels
    counts = np.bincount(toy.train.labels)
    weights = (counts.sum() / (3 * counts))[labels]
    probabilities = softmax(model.predict_logits(toy.validation.texts))
    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    # Training may compute in bfloat16, which has three digits.
    assert (losses * weights).mean() == pytest.approx(min(model.history["val_loss"]), rel=0.02)
    assert abs((losses * weights).mean() - losses.mean()) > 0.03 * losses.mean()


@pytest.mark.parametrize("recipe", ["bert-features"])
def test_rare_labels_weigh_as_much_as_frequent_ones(fit, signal_free, recipe):
    model = fit(recipe, signal_free, epochs=6)
    (probabilities,) = softmax(model.predict_logits(signal_free.test.texts[:1]))
    # Nine to one in the data: unweighted, the first label would be near 0.9.
    assert probabilities[0] < 0.7


@pytest.mark.parametrize("recipe", ["bert-features", "bert"])
def test_seed_fixes_the_model(fit, fitted, toy, recipe):
    again = fit(recipe, epochs=EPOCHS[recipe]).predict_logits(toy.test.texts)
    np.testing.assert_allclose(fitted[recipe].predict_logits(toy.test.texts), again, atol=1e-4)


class Interrupting(NoProgress):
    """Sends this process Ctrl-C at its third step."""

    def __init__(self):
        self.steps = 0

    def advance(self, steps=1, note=""):
        self.steps += 1
        if self.steps == 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("recipe", ["bert-features"])
def test_control_c_stops_and_leaves_nothing(fit, recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    progress = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, progress=progress)
    assert progress.steps == 3
    assert not list(tmp_path.iterdir())


def test_encoder_without_attention_mask_is_refused(fitted, refused_by, fit, toy):
    from trainer.export.keras_graph import export_keras
    from trainer.neural.backend import load_keras
    from trainer.neural.prediction import KerasLogits

    keras = load_keras()
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int64"),
            keras.layers.Embedding(500, 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3),
        ]
    )
    like = fitted["bert"]
    unmasked = replace(
        like,
        predict_logits=KerasLogits(model, like.encoder),
        to_onnx=lambda: export_keras(model),
    )
    assert refused_by(unmasked) in ("parity", "padding")


def test_weights_that_do_not_fit_their_config_are_one_line(tiny_bert, toy, tmp_path):
    directory = tmp_path / "other"
    shutil.copytree(tiny_bert, directory)
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "model_type": "no-such-type"}))
    with pytest.raises(TrainerError, match=r"KerasHub cannot load .*") as refusal:
        RecipeSpec.parse(f"bert:weights={directory}").fit(toy, NoProgress())
    assert "\n" not in str(refusal.value)
