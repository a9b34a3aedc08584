"""Graphs that a conversion can return as a success, each refused by the name of its fault."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from contract.bundle import Bundle
from contract.errors import BundleError
from contract.manifest import MODEL
from trainer.errors import ExportError
from trainer.export.bundle_writer import export_model
from trainer.export.verification import verify_export
from trainer.progress import NoProgress


def initializer(model, name):
    return next(item for item in model.graph.initializer if item.name == name)


def rewrite(model, name, change):
    item = initializer(model, name)
    item.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(item)), name))


def unknown_operator(model):
    model.graph.node[0].op_type = "NoSuchOperator"


def foreign_operator(model):
    """Valid ONNX, as an operator of another domain is, but nothing here can run it."""
    model.graph.node[0].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def fixed_length(model):
    for item in model.graph.input:
        item.type.tensor_type.shape.dim[1].dim_value = 64


def other_type(model):
    """Ids as int32, which a Keras export asks for where nobody says otherwise."""
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT32


def two_labels(model):
    rewrite(model, "weights", lambda weights: weights[:, :2])
    rewrite(model, "bias", lambda bias: bias[:2])
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 2


def counts_padding(per_pad):
    """Adds to the logits something for every place, padded or not."""

    def alter(model):
        model.graph.node[-1].output[0] = "exact"
        model.graph.initializer.append(
            numpy_helper.from_array(np.array([per_pad, 0, 0], np.float32), "per_pad")
        )
        model.graph.node.extend(
            [
                helper.make_node("Shape", ["token_ids"], ["length"], start=1, end=2),
                helper.make_node("Cast", ["length"], ["places"], to=TensorProto.FLOAT),
                helper.make_node("Mul", ["places", "per_pad"], ["drift"]),
                helper.make_node("Add", ["exact", "drift"], ["logits"]),
            ]
        )

    return alter


def not_a_number(model):
    rewrite(model, "bias", lambda bias: bias * np.float32(np.nan))


def too_few_rows(model):
    rewrite(model, "weights", lambda weights: weights[:50])


def other_weights(model):
    rewrite(model, "weights", lambda weights: weights * np.float32(1.01))


FAULTS = [
    (unknown_operator, "onnx-checker", "not valid ONNX.*NoSuchOperator"),
    (foreign_operator, "load", "model.onnx does not load"),
    (fixed_length, "inputs", "must be free in both"),
    (other_type, "inputs", r"token_ids.: .tensor.int32"),
    (two_labels, "labels", "gives 2 logits, the manifest has 3 labels"),
    (counts_padding(0.01), "padding", "appending 1 pad ids to a text of .* moves a logit by 0.01"),
    (counts_padding(5e-7), "padding", "moves a logit by"),
    (not_a_number, "finite", "not finite"),
    (too_few_rows, "run", "the graph fails on a batch of shape"),
    (other_weights, "parity", "differs from the trained model's by"),
]


@pytest.mark.parametrize(
    ("alter", "check", "message"),
    FAULTS,
    ids=[f"{place}-{fault[1]}" for place, fault in enumerate(FAULTS)],
)
def test_a_fault_is_named_and_nothing_is_left(fitted, dataset, tmp_path, alter, check, message):
    def to_onnx():
        model = fitted.to_onnx()
        alter(model)
        return model

    with pytest.raises(ExportError, match=message) as refusal:
        export_model(
            replace(fitted, to_onnx=to_onnx),
            dataset,
            name="tweet-sentiment",
            recipe="naive-bayes",
            directory=tmp_path / "bundle",
            progress=NoProgress(),
        )
    assert refusal.value.check == check
    assert str(refusal.value).startswith(f"export refused by the '{check}' check: ")
    assert list(tmp_path.iterdir()) == []


def test_a_good_graph_passes_on_its_own(fitted, dataset, tmp_path):
    onnx.save_model(fitted.to_onnx(), tmp_path / MODEL)
    graph = verify_export(fitted, tmp_path, dataset.validation.texts, dataset.labels)
    feeds = {"token_ids": np.ones((2, 3), np.int64), "token_weights": np.ones((2, 3), np.float32)}
    assert graph(feeds).shape == (2, 3)
    with pytest.raises(BundleError, match=r"there is no manifest\.json"):
        Bundle.open(tmp_path)
