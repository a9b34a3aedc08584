"""Every Keras recipe, trained in seconds on a generated corpus, through the real export."""

import json
import signal
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from contract.calibration import softmax
from contract.encoding import pad
from trainer.errors import TrainerError
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

pytestmark = pytest.mark.slow

MODELS = {
    "bert": ("bert:epochs=2", "bert"),
    "distilbert": ("bert:epochs=1", "distilbert"),
    "camembert": ("bert:epochs=1", "camembert"),
    "bert-features": ("bert-features:epochs=6:layers=2:class_weights=balanced", "roberta"),
    "xlm-roberta": ("bert-features:epochs=1:layers=1", "xlm-roberta"),
}
"""A recipe and an encoder each; not every pair, since fine-tuning takes long to compile."""


@pytest.fixture(scope="module")
def fit(toy, tiny_encoders):
    """A function that trains a recipe; BERT ones on tiny random weights."""

    def trained(recipe, dataset=toy, encoder="bert", seed=0, progress=None):
        spec = RecipeSpec.parse(recipe).with_settings(weights=str(tiny_encoders[encoder]))
        return spec.fit(dataset, progress or NoProgress(), seed=seed)

    return trained


@pytest.fixture(scope="module")
def fitted(fit):
    """A function that gives the models that several tests look at, each trained once."""

    @cache
    def trained(name):
        recipe, encoder = MODELS[name]
        return fit(recipe, encoder=encoder)

    return trained


def accuracy(logits, split):
    return (logits.argmax(axis=1) == split.labels).mean()


@pytest.mark.parametrize("name", MODELS)
def test_model_becomes_a_bundle_that_answers_alike(fitted, exported, toy, name):
    model = fitted(name)
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
    losses = fitted("bert").history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["bert-features", "bert"])
def test_model_says_what_was_done(fitted, name):
    model = fitted(name)
    assert set(model.history) == {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "val_calibrated_loss",
    }
    assert model.parameters["learning_rate"] > 0
    content = json.loads(model.tokenizer_json)
    assert content["padding"] is None
    assert content["truncation"] is None


def test_rare_labels_weigh_as_much_as_frequent_ones_on_request(fit, signal_free):
    def first_label(weights):
        spec = "bert-features:epochs=4:layers=1:hidden=8:learning_rate=0.1"
        model = fit(f"{spec}:class_weights={weights}", signal_free)
        return softmax(model.predict_logits(signal_free.test.texts[:1]))[0, 0]

    # Nine to one in the data, which the texts say nothing of.
    assert first_label("balanced") < 0.58 < first_label("none")


def test_seed_fixes_the_model(fit, fitted, toy):
    again = fit("bert:epochs=1", encoder="distilbert").predict_logits(toy.test.texts)
    first = fitted("distilbert").predict_logits(toy.test.texts)
    np.testing.assert_allclose(first, again, atol=1e-4)


def test_layers_that_the_encoder_does_not_have_are_refused(fit):
    with pytest.raises(TrainerError, match=r"bert-features, layers: .* has 1, not 3"):
        fit("bert-features")


def test_settings_reach_the_model(fit, toy):
    spec = "bert:epochs=1:learning_rate=0.002:batch_size=80:dropout=0.3:max_length=8"
    model = fit(spec)
    assert {
        name: model.parameters[name] for name in ("learning_rate", "batch_size", "dropout")
    } == {
        "learning_rate": 0.002,
        "batch_size": 80,
        "dropout": 0.3,
    }
    assert model.encoder.max_length == 8


class Interrupting(NoProgress):
    """Sends this process Ctrl-C at its third step."""

    def __init__(self):
        self.steps = 0

    def advance(self, steps=1, note=""):
        self.steps += 1
        if self.steps == 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("recipe", ["bert-features:layers=1"])
def test_control_c_stops_and_leaves_nothing(fit, recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    progress = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, progress=progress)
    assert progress.steps == 3
    assert not list(tmp_path.iterdir())


def test_encoder_without_attention_mask_is_refused(fitted, refused_by):
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
    like = fitted("bert")
    unmasked = replace(
        like,
        predict_logits=KerasLogits(model, like.encoder),
        to_onnx=lambda: export_keras(model),
    )
    assert refused_by(unmasked) in ("parity", "padding")
