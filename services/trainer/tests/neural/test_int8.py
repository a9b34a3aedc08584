"""The int8 graph of a bundle: there where it answers as well, not there where it does not."""

import numpy as np
import pytest

from contract.bundle import Bundle
from contract.manifest import QUANTISED_MODEL, Manifest
from trainer.export import quantisation
from trainer.export.block_products import BLOCK, ZERO, in_blocks
from trainer.export.bundle_writer import export_model
from trainer.export.quantisation import FORMS, Quantisation, add_int8, compare
from trainer.progress import NoProgress
from trainer.recipes.spec import RecipeSpec

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(toy, write_encoder, tmp_path_factory):
    weights = write_encoder(tmp_path_factory.mktemp("encoders") / "bert", "bert")
    return RecipeSpec.parse(f"bert:epochs=1:weights={weights}").fit(toy, NoProgress())


@pytest.fixture
def bundle(model, toy, tmp_path):
    return export_model(
        model, toy, name="toy", recipe="bert", directory=tmp_path / "b", progress=NoProgress()
    )


def add(bundle, toy, directory):
    truth = bundle.probabilities(toy.test.texts)
    return add_int8(directory, bundle, toy.test, truth, NoProgress())


def test_a_good_int8_graph_joins_the_bundle_and_reproduces(bundle, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(quantisation, "MIN_AGREEMENT", 0.9)  # sixteen units quantise coarsely
    monkeypatch.setattr(quantisation, "MAX_ACCURACY_LOSS", 0.1)
    found = add(bundle, toy, tmp_path / "b")
    assert found.acceptable
    opened = Bundle.open(tmp_path / "b", precision="int8")  # checks its hash and goldens
    before, after = bundle.probabilities(toy.test.texts), opened.probabilities(toy.test.texts)
    assert compare(before, after, toy.test.labels, found.form) == found
    assert np.abs(before - after).max() > 0
    assert Bundle.open(tmp_path / "b").precision == "fp32"


def test_a_bad_one_leaves_the_bundle_as_it_was(bundle, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(quantisation, "MIN_AGREEMENT", 1.01)
    before = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert not add(bundle, toy, tmp_path / "b").acceptable
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == before
    assert QUANTISED_MODEL not in Manifest.read(tmp_path / "b").files
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_the_fastest_form_that_is_good_enough_is_taken(bundle, toy, tmp_path, monkeypatch):
    """Blocks come nearer to what fp32 answers, so there is a bound that only they keep."""
    truth, agreements = bundle.probabilities(toy.test.texts), []

    def judged(before, after, labels, form):
        agreements.append(1 - float(np.abs(before - after).mean()))
        return Quantisation(form, agreements[-1], 0.0)

    monkeypatch.setattr(quantisation, "compare", judged)
    monkeypatch.setattr(quantisation, "MIN_AGREEMENT", 1.01)
    found = add_int8(tmp_path / "b", bundle, toy.test, truth, NoProgress())
    assert found.form == FORMS[-1].name  # the exactest is told where none is taken
    assert not found.acceptable
    plain, _, blocks = agreements
    assert blocks > plain
    monkeypatch.setattr(quantisation, "MIN_AGREEMENT", (plain + blocks) / 2)
    found = add_int8(tmp_path / "b", bundle, toy.test, truth, NoProgress())
    assert found.acceptable
    assert found.form != FORMS[0].name
    assert Bundle.open(tmp_path / "b", precision="int8").precision == "int8"


def test_weights_come_back_from_their_blocks():
    weights = np.random.default_rng(0).normal(size=(BLOCK + 5, 3)).astype(np.float32)
    values, scales = in_blocks(weights)
    steps = (values.astype(np.float32) - ZERO) * scales.reshape(3, 2)[:, :, None]
    back = steps.reshape(3, -1).T
    assert np.abs(back[: len(weights)] - weights).max() <= scales.max() / 2 + 1e-6
    assert not back[len(weights) :].any()


def test_both_bounds_decide():
    truth = np.zeros(1_000, np.int64)
    before = np.tile([0.9, 0.1], (1_000, 1))
    after = before.copy()
    after[:10] = [0.1, 0.9]
    assert compare(before, after, truth, "x") == Quantisation("x", 0.99, pytest.approx(0.01))
    assert not compare(before, after, truth, "x").acceptable  # agrees enough, loses a whole point
    before[:10] = [0.1, 0.9]
    after[:10] = [0.9, 0.1]
    assert compare(before, after, truth, "x").acceptable  # gains it
    after[10:12] = [0.1, 0.9]
    assert not compare(before, after, truth, "x").acceptable  # agrees too little
