"""Every way a bundle can be broken is refused, and the message says which."""

import json
import shutil

import pytest

from contract.bundle import Bundle
from contract.errors import BundleError
from contract.manifest import Manifest


def refused(directory, check, message, **options):
    with pytest.raises(BundleError, match=message) as refusal:
        Bundle.open(directory, **options)
    assert refusal.value.check == check
    assert str(refusal.value).startswith(f"bundle refused by the '{check}' check: ")


def encoder_file(directory):
    return next(path for path in directory.glob("*.json") if path.name != "manifest.json")


def test_the_untouched_bundle_opens(any_bundle):
    assert Bundle.open(str(any_bundle)).manifest == Manifest.read(any_bundle)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_one_changed_byte_of_the_graph(any_bundle, place):
    content = bytearray((any_bundle / "model.onnx").read_bytes())
    content[place] ^= 1
    (any_bundle / "model.onnx").write_bytes(content)
    refused(any_bundle, "checksum", "model.onnx has SHA-256 .*, the manifest says")


def test_one_changed_byte_of_the_encoder(any_bundle):
    path = encoder_file(any_bundle)
    path.write_bytes(path.read_bytes().replace(b"refund", b"refunt", 1))
    refused(any_bundle, "checksum", f"{path.name} has SHA-256")


def test_a_wrong_hash(any_bundle, edit_manifest):
    files = Manifest.read(any_bundle).files | {"model.onnx": "0" * 64}
    edit_manifest(any_bundle, files=files)
    refused(any_bundle, "checksum", "model.onnx .* the manifest says 0000")


def test_a_missing_graph(any_bundle):
    (any_bundle / "model.onnx").unlink()
    refused(any_bundle, "files", "model.onnx is missing")


def test_a_missing_encoder(any_bundle):
    path = encoder_file(any_bundle)
    path.unlink()
    refused(any_bundle, "files", f"{path.name} is missing")


def test_a_file_outside_the_bundle(any_bundle, edit_manifest):
    shutil.copy(any_bundle / "model.onnx", any_bundle.parent / "outside.onnx")
    manifest = Manifest.read(any_bundle)
    outside = {"../outside.onnx": manifest.files["model.onnx"]}
    edit_manifest(any_bundle, files=manifest.files | outside)
    refused(any_bundle, "files", r"\.\./outside.onnx is missing")


def test_a_missing_manifest(any_bundle):
    (any_bundle / "manifest.json").unlink()
    refused(any_bundle, "manifest", "there is no manifest.json")


def test_a_missing_directory(tmp_path):
    refused(tmp_path / "nowhere", "manifest", "there is no manifest.json")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe"])
def test_a_manifest_that_is_not_json(any_bundle, content):
    (any_bundle / "manifest.json").write_bytes(content)
    refused(any_bundle, "manifest", "not readable JSON")


@pytest.mark.parametrize("content", ["[]", "null", '{"format_version": 2}'])
def test_a_manifest_of_another_format(any_bundle, content):
    (any_bundle / "manifest.json").write_text(content)
    refused(any_bundle, "manifest", "format version")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["good", "good"]}, "labels must differ"),
        ({"labels": ["good"]}, "labels: "),
        ({"temperature": 0}, "temperature: "),
        ({"files": {}}, "files lacks .*model.onnx"),
        ({"goldens": {}}, "goldens lacks fp32"),
        ({"colour": "blue"}, "colour: "),
        ({"metrics": {"auc": None}}, "metrics.auc: "),
    ],
)
def test_a_manifest_that_breaks_a_rule(any_bundle, edit_manifest, changes, message):
    edit_manifest(any_bundle, **changes)
    refused(any_bundle, "manifest", message)


def test_a_token_model_without_its_unknown_id(token_bundle, edit_manifest):
    edit_manifest(token_bundle, unknown_id=None)
    refused(token_bundle, "manifest", "needs unknown_id")


def test_goldens_of_a_graph_that_is_not_there(any_bundle, edit_manifest):
    goldens = json.loads((any_bundle / "manifest.json").read_text())["goldens"]
    edit_manifest(any_bundle, goldens=goldens | {"int8": goldens["fp32"]})
    refused(any_bundle, "manifest", "model.int8.onnx and int8 goldens go together")


def test_a_precision_the_bundle_does_not_have(any_bundle):
    refused(any_bundle, "files", "no int8 graph", precision="int8")


def test_a_label_list_of_the_wrong_length(any_bundle, edit_manifest):
    edit_manifest(any_bundle, labels=["negative", "neutral", "positive"])
    refused(any_bundle, "labels", "gives 2 logits, the manifest has 3 labels")


def test_golden_probabilities_that_do_not_reproduce(any_bundle, edit_manifest):
    goldens = json.loads((any_bundle / "manifest.json").read_text())["goldens"]
    goldens["fp32"][3]["probabilities"] = [0.5, 0.5]
    edit_manifest(any_bundle, goldens=goldens)
    refused(any_bundle, "goldens", "probabilities of text 3 are off by")


def test_golden_ids_that_do_not_reproduce(any_bundle, edit_manifest):
    goldens = json.loads((any_bundle / "manifest.json").read_text())["goldens"]
    goldens["fp32"][3]["ids"] = [1, 2, 1]
    edit_manifest(any_bundle, goldens=goldens)
    refused(any_bundle, "goldens", "text 3 is encoded to other ids")


@pytest.mark.parametrize("change", [{"temperature": 5.0}, {"text_steps": []}])
def test_settings_that_change_the_answers(any_bundle, edit_manifest, change):
    edit_manifest(any_bundle, **change)
    refused(any_bundle, "goldens", r"text \d")


def test_another_set_of_golden_texts(any_bundle, edit_manifest):
    edit_manifest(any_bundle, golden_set=99)
    refused(any_bundle, "goldens", "golden set 99, this reader has")


def test_an_unknown_version_of_a_text_step(any_bundle, edit_manifest):
    edit_manifest(any_bundle, text_steps=[{"name": "lowercase", "version": 9}])
    refused(any_bundle, "text-steps", "step 'lowercase' version 9 is not known here")


def test_a_graph_that_does_not_load(any_bundle, replace_file):
    replace_file(any_bundle, "model.onnx", b"not a graph")
    refused(any_bundle, "load", "model.onnx does not load")


def test_a_tokenizer_that_cannot_be_read(token_bundle, replace_file):
    replace_file(token_bundle, "tokenizer.json", b"{}")
    refused(token_bundle, "tokenizer", "tokenizer.json cannot be read")


def test_features_that_cannot_be_read(feature_bundle, replace_file):
    replace_file(feature_bundle, "features.json", b"{}")
    refused(feature_bundle, "features", "features.json cannot be read")


def test_an_encoder_of_the_other_kind(token_bundle, edit_manifest):
    edit_manifest(token_bundle, encoder="features")
    refused(token_bundle, "manifest", "files lacks features.json")
