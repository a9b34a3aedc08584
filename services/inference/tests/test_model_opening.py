"""Which of a bundle's two graphs serves: int8 where it answers here as it did where it was made."""

import shutil

import numpy as np
import onnx
import pytest
from fastapi.testclient import TestClient
from onnx import numpy_helper

from contract.bundle import Bundle, open_encoder
from contract.errors import BundleError
from contract.goldens import GOLDEN_TEXTS, golden_outputs
from contract.graph import Graph
from contract.manifest import MODEL, QUANTISED_MODEL, Manifest, sha256_of
from inference.app import create_app
from inference.model.opening import open_bundle


@pytest.fixture(scope="module")
def with_int8(bundle_path, tmp_path_factory):
    """The words bundle with a second graph, a little off the first as an int8 one is."""
    directory = tmp_path_factory.mktemp("int8") / "words"
    shutil.copytree(bundle_path, directory)
    model = onnx.load(directory / MODEL)
    (table,) = (item for item in model.graph.initializer if item.name == "table")
    rounded = numpy_helper.to_array(table) * np.float32(1.005)
    table.CopyFrom(numpy_helper.from_array(rounded, "table"))
    onnx.save(model, directory / QUANTISED_MODEL)
    manifest = Manifest.read(directory)
    encoder = open_encoder(manifest, directory)
    graph = Graph(directory / QUANTISED_MODEL, label_count=len(manifest.labels), uses_weights=False)
    quantised = Bundle(manifest, encoder, graph, "int8")
    outputs = golden_outputs(encoder.encode(GOLDEN_TEXTS), quantised.probabilities_of)
    manifest.model_copy(
        update={
            "files": {**manifest.files, QUANTISED_MODEL: sha256_of(directory / QUANTISED_MODEL)},
            "goldens": {**manifest.goldens, "int8": outputs},
        }
    ).write(directory)
    return directory


@pytest.fixture
def elsewhere(with_int8, tmp_path):
    """The same, as if made on a processor whose int8 products differ from this one's."""
    directory = tmp_path / "elsewhere"
    shutil.copytree(with_int8, directory)
    manifest = Manifest.read(directory)
    first, *others = manifest.goldens["int8"]
    off = first.model_copy(update={"probabilities": tuple(reversed(first.probabilities))})
    goldens = {**manifest.goldens, "int8": (off, *others)}
    manifest.model_copy(update={"goldens": goldens}).write(directory)
    return directory


def test_int8_serves_where_it_reproduces(with_int8):
    opened = open_bundle(with_int8, "auto")
    assert (opened.bundle.precision, opened.fallback) == ("int8", None)


def test_fp32_serves_where_there_is_nothing_else_or_it_was_asked_for(bundle_path, with_int8):
    assert open_bundle(bundle_path, "auto").fallback is None
    assert open_bundle(bundle_path, "auto").bundle.precision == "fp32"
    assert open_bundle(with_int8, "fp32").bundle.precision == "fp32"


def test_where_int8_does_not_reproduce_fp32_serves_and_says_so(elsewhere, make_settings, until):
    with TestClient(create_app(make_settings(model_source=str(elsewhere)))) as client:
        until(lambda: client.get("/readyz").status_code == 200, "ready")
        model = client.get("/v1/model").json()
        figures = client.get("/metrics").text
    assert model["precision"] == "fp32"
    assert model["fallback"].startswith("bundle refused by the 'goldens' check")
    assert "radar_model_fallback 1.0" in figures


def test_int8_when_it_must_be_is_refused_where_it_does_not_reproduce(elsewhere, bundle_path):
    with pytest.raises(BundleError, match="int8"):
        open_bundle(elsewhere, "int8")
    with pytest.raises(BundleError, match="no int8 graph"):
        open_bundle(bundle_path, "int8")


def test_a_bundle_whose_fp32_graph_is_bad_too_is_refused(elsewhere):
    (elsewhere / MODEL).write_bytes(b"")
    with pytest.raises(BundleError, match="checksum"):
        open_bundle(elsewhere, "auto")
