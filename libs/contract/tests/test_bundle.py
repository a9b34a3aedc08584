import gc
import shutil
import weakref

import numpy as np
import pytest

from contract.bundle import Bundle, open_encoder
from contract.errors import BundleError, TextRefusedError
from contract.manifest import Manifest

TEXTS = ["happy happy LOVELY", "", "lost the refund again " * 9, "retard", "not a bad  crew"]


def test_batches_do_not_change_an_answer(opened):
    together = opened.probabilities(TEXTS)
    alone = np.concatenate([opened.probabilities([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(opened.probabilities(TEXTS, token_budget=1), alone, atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-6)


def test_temperature_is_applied(opened):
    encoded = opened.encoder.encode(["happy lost"])
    colder = Bundle(
        opened.manifest.model_copy(update={"temperature": opened.manifest.temperature * 2}),
        opened.encoder,
        opened.graph,
        "fp32",
    )
    (warm,), (cold,) = opened.probabilities_of(encoded), colder.probabilities_of(encoded)
    assert np.log(cold[0] / cold[1]) == pytest.approx(np.log(warm[0] / warm[1]) / 2, rel=1e-3)


def test_predictions_keep_their_order_and_say_what_they_are(opened):
    predictions = opened.predict(TEXTS)
    for prediction, row in zip(predictions, opened.probabilities(TEXTS), strict=True):
        assert prediction.label == ("negative", "positive")[row.argmax()]
        assert prediction.probabilities == pytest.approx(
            {"negative": row[0], "positive": row[1]}, abs=1e-6
        )
        assert prediction.uncertain == (row.max() < 0.6)
    assert {True, False} == {prediction.uncertain for prediction in predictions}


def test_a_long_text_is_cut_and_said_so(token_bundle):
    short, long = Bundle.open(token_bundle).predict(["happy", "happy " * 40])
    assert (short.truncated, short.token_count) == (False, 1)
    assert (long.truncated, long.token_count) == (True, 16)


def test_bundles_with_the_same_tokenizer_share_it(token_bundle, tmp_path):
    shutil.copytree(token_bundle, tmp_path / "copy")
    first, second = Bundle.open(token_bundle), Bundle.open(tmp_path / "copy")
    assert first.encoder is second.encoder
    manifest = Manifest.read(token_bundle)
    shorter = manifest.model_copy(update={"max_length": manifest.max_length - 1})
    assert open_encoder(shorter, token_bundle) is not first.encoder
    used = weakref.ref(first.encoder)
    del first, second
    gc.collect()
    assert used() is None


def test_no_texts_give_no_answers(opened):
    assert opened.predict([]) == []
    assert opened.probabilities([]).shape == (0, 2)


def test_a_lone_surrogate_is_refused(opened):
    with pytest.raises(TextRefusedError):
        opened.predict(["fine", "\ud800"])


def test_the_quantised_graph_answers_for_itself(any_bundle, edit_manifest):
    manifest = Manifest.read(any_bundle)
    shutil.copy(any_bundle / "model.onnx", any_bundle / "model.int8.onnx")
    goldens = [golden.model_dump() for golden in manifest.goldens["fp32"]]
    files = manifest.files | {"model.int8.onnx": manifest.files["model.onnx"]}
    edit_manifest(any_bundle, files=files, goldens={"fp32": goldens, "int8": goldens})
    bundle = Bundle.open(any_bundle, precision="int8")
    assert bundle.precision == "int8"
    (any_bundle / "model.int8.onnx").write_bytes(b"changed")
    with pytest.raises(BundleError, match=r"model.int8.onnx has SHA-256"):
        Bundle.open(any_bundle, precision="int8")
