"""The Universal Sentence Encoder of the package: read, converted, and used."""

import numpy as np
import pytest

from contract.calibration import softmax
from contract.encoding import TokenEncoder, pad
from contract.text.pipeline import TextSteps
from trainer.errors import TrainerError
from trainer.neural import sentence_encoder
from trainer.neural.sentence_encoder import (
    PAD_ID,
    UNKNOWN_ID,
    sentence_encoder_files,
    sentence_encoder_layer,
    sentence_tokenizer,
    sentence_weights,
)
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

pytestmark = pytest.mark.slow

# The first numbers that the package's own code (0.2.1) gives for these texts.
REFERENCE = {
    "Three hours at the gate, never again!": [-0.065906, 0.033736, 0.011450, -0.053388],
    "Merci pour ce vol parfait": [-0.070753, 0.041197, -0.014034, -0.069668],
}


@pytest.fixture(scope="module")
def encoder():
    tokenizer = sentence_tokenizer(sentence_encoder_files()[0])
    return TokenEncoder(
        tokenizer, TextSteps(), pad_id=PAD_ID, unknown_id=UNKNOWN_ID, max_length=128
    )


@pytest.fixture(scope="module")
def layer():
    return sentence_encoder_layer()(sentence_weights(sentence_encoder_files()[1]))


def test_pieces_are_sentencepieces(encoder):
    ids = [item.ids.tolist() for item in encoder.encode(["a  gate ", "a gate", "ａ gate"])]
    assert ids[0] == ids[1] == ids[2]
    assert (ids[0][0], ids[0][-1]) == (1, 2)


def test_no_text_names_a_piece_that_is_no_text(encoder):
    (encoded,) = encoder.encode(["<s> </s> extra_token_id_1"])
    assert encoded.ids[1:-1].min() > 2
    assert PAD_ID not in encoded.ids
    assert encoder.encode([""])[0].ids.tolist() == [1, UNKNOWN_ID, 2]


def test_vectors_are_those_of_the_package_whatever_the_padding(encoder, layer):
    ids = pad(encoder.encode(list(REFERENCE)), PAD_ID)["token_ids"]
    vectors = layer(ids).numpy()
    np.testing.assert_allclose(vectors[:, :4], list(REFERENCE.values()), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    further = layer(np.pad(ids, ((0, 0), (0, 30)), constant_values=PAD_ID)).numpy()
    np.testing.assert_allclose(further, vectors, atol=1e-6)


def test_recipe_learns_and_becomes_a_bundle_that_answers_alike(toy, exported, tmp_path):
    model = RecipeSpec.parse("use-features:epochs=12:learning_rate=0.01").fit(toy, NoProgress())
    expected = softmax(model.predict_logits(toy.test.texts))
    assert (expected.argmax(axis=1) == toy.test.labels).mean() > 0.9
    bundle = exported(model)
    logits = bundle.graph(pad(bundle.encoder.encode(toy.test.texts), PAD_ID))
    np.testing.assert_allclose(softmax(logits), expected, atol=1e-4)
    size = sum(path.stat().st_size for path in (tmp_path / "bundle").iterdir())
    assert size < 100_000_000  # the table of embeddings stays bytes


def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setitem(sentence_encoder.FILES, "weights.npz", "0" * 64)
    with pytest.raises(TrainerError, match=r"weights.npz is not the expected file"):
        sentence_encoder_files()
