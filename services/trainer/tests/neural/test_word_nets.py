"""The word-level Keras recipes on a generated corpus: small nets, through the real export."""

import signal
from dataclasses import replace

import numpy as np
import pytest

from contract.calibration import softmax
from contract.encoding import pad
from trainer.errors import DataError, TrainerError
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

pytestmark = pytest.mark.slow

SMALL = (
    "vectors=learned:embedding=8:learning_rate=0.02:batch_size=16:embedding_dropout=0.1:dropout=0.1"
)
NETS = {
    "dense": f"dense:units=16:epochs=6:{SMALL}",
    "gru": f"gru:units=6:layers=2:epochs=5:{SMALL}",
    "lstm": f"lstm:units=6:epochs=5:{SMALL}",
    "bilstm": f"bilstm:units=6:epochs=5:{SMALL}",
}


def fit(spec, dataset, seed=0, progress=None):
    return RecipeSpec.parse(spec).fit(dataset, progress or NoProgress(), seed=seed)


@pytest.fixture(scope="module")
def fitted(toy):
    """Every net, trained once."""
    return {name: fit(spec, toy) for name, spec in NETS.items()}


@pytest.mark.parametrize("name", NETS)
def test_model_learns_and_becomes_a_bundle_that_answers_alike(fitted, exported, toy, name):
    model = fitted[name]
    bundle = exported(model)  # parity, padding and goldens are verified within
    expected = softmax(model.predict_logits(toy.test.texts))
    assert (expected.argmax(axis=1) == toy.test.labels).mean() > 0.9
    encoded = bundle.encoder.encode(toy.test.texts)
    logits = bundle.graph(pad(encoded, model.encoder.pad_id))
    np.testing.assert_allclose(softmax(logits), expected, atol=1e-4)
    further = np.pad(pad(encoded, model.encoder.pad_id)["token_ids"], ((0, 0), (0, 40)))
    np.testing.assert_allclose(bundle.graph({"token_ids": further}), logits, atol=1e-5)
    assert bundle.manifest.family == ("dense" if name == "dense" else "recurrent")


def test_model_without_sequence_lengths_is_refused(fitted, refused_by):
    """The trap of the LSTM without a mask: the same weights, padded as if padding were words."""
    model = fitted["bilstm"]

    def unmasked():
        graph = model.to_onnx()
        (lstm,) = (node for node in graph.graph.node if node.op_type == "LSTM")
        lstm.input[4] = ""  # sequence_lens
        return graph

    assert refused_by(replace(model, to_onnx=unmasked)) in ("parity", "padding")


def test_seed_fixes_the_model_and_another_gives_another(toy):
    spec = f"dense:units=4:epochs=1:{SMALL}"
    first, again, other = (
        fit(spec, toy, seed).predict_logits(toy.test.texts) for seed in (3, 3, 4)
    )
    np.testing.assert_allclose(first, again, atol=1e-4)
    assert np.abs(first - other).max() > 1e-3


def test_rare_labels_weigh_as_much_as_frequent_ones_when_asked(signal_free):
    # Nine to one in the data, and nothing that tells them apart.
    shares = {}
    for kind in ("none", "balanced"):
        spec = f"dense:layers=0:epochs=8:learning_rate=0.1:class_weights={kind}:vectors=learned"
        model = fit(spec, signal_free)
        shares[kind] = softmax(model.predict_logits(signal_free.test.texts[:1]))[0, 0]
    assert shares["balanced"] < 0.7 < 0.8 < shares["none"]


@pytest.fixture
def vector_file(tmp_path):
    """Vectors of width 4 for two words of the corpus and one that no training text holds."""
    path = tmp_path / "vectors.txt"
    path.write_text("3 4\nlost 1 2 3 4\nthanks 5 6 7 8\nstranded 9 8 7 6\n")
    return path


def embedding_of(model):
    """The table of the exported net."""
    graph = model.to_onnx().graph
    (gather,) = (node for node in graph.node if node.op_type == "Gather")
    (table,) = (array for array in graph.initializer if array.name == gather.input[0])
    from onnx import numpy_helper

    return numpy_helper.to_array(table)


@pytest.mark.parametrize("trainable", [True, False])
def test_vectors_of_a_file_are_exported_frozen_or_trained(toy, vector_file, exported, trainable):
    spec = f"dense:epochs=1:trainable={str(trainable).lower()}:vectors={vector_file}"
    model = fit(spec, toy)
    ids = exported(model).encoder.encode(["lost stranded"])[0].ids
    rows = embedding_of(model)[ids]
    same = np.abs(rows[0] - [1, 2, 3, 4]).max() < 1e-6
    assert same != trainable
    # A word of the file that no training text holds is known all the same.
    assert ids.min() > 1
    np.testing.assert_allclose(rows[1], [9, 8, 7, 6], rtol=0.05)
    assert model.parameters["vectors"] == "vectors.txt"
    assert model.parameters["embedding"] == 4
    assert 0 < model.parameters["word_coverage"] < 0.1
    assert 0 < model.parameters["token_coverage"] < 0.5


def test_glove_is_the_default_and_trained_vectors_are_a_choice(toy, exported):
    glove = fit("dense:layers=0:epochs=1", toy)
    assert glove.parameters["vectors"] == "glove-6b-50d"
    assert glove.parameters["token_coverage"] > 0.95
    ids = exported(glove).encoder.encode(["cathedral zzyzzx"])[0].ids
    assert ids[0] > 1 == ids[1]
    own = fit("dense:layers=0:epochs=1:embedding=6:vectors=word2vec", toy)
    assert own.parameters["embedding"] == 6
    assert own.encoder.encode(["cathedral"])[0].ids.tolist() == [1]


def test_words_are_normalised_when_asked(toy):
    spec = f"dense:epochs=1:{SMALL}:normalisation=stem:stop_words=drop"
    names = [step.name for step in fit(spec, toy).steps.specs]
    assert {"stems", "stop-words"} <= set(names)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("vectors=learned:trainable=false", "trainable=false needs vectors from elsewhere"),
        ("vectors=glove:embedding=100", "glove-6b-50d have 50 numbers"),
        ("vectors=no/such.txt", "vectors=no/such.txt: there is no such file"),
        ("layers=4", "layers: .*less than or equal"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(toy, settings, message):
    with pytest.raises(TrainerError, match=message) as refusal:
        fit(f"lstm:{settings}", toy)
    assert "\n" not in str(refusal.value)


def test_texts_without_a_common_word_are_refused(toy):
    alone = replace(toy, train=replace(toy.train, texts=[f"word{row}" for row in range(240)]))
    with pytest.raises(DataError, match="no word occurs in two training texts"):
        fit("dense", alone)


class Interrupting(NoProgress):
    """Sends this process Ctrl-C at its third step."""

    def __init__(self):
        self.steps = 0

    def advance(self, steps=1, note=""):
        self.steps += 1
        if self.steps == 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("vectors", ["learned", "fasttext"])
def test_control_c_stops_and_leaves_nothing(toy, vectors, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    progress = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        fit(f"dense:vectors={vectors}", toy, progress=progress)
    assert progress.steps == 3
    assert not list(tmp_path.iterdir())
