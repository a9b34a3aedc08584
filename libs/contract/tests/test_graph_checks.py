import numpy as np
import pytest
from onnx import TensorProto, helper

from contract.errors import BundleError
from contract.graph import Graph


def refused(path, check, message, **options):
    with pytest.raises(BundleError, match=message) as refusal:
        Graph(path, **{"label_count": 2, "uses_weights": False} | options)
    assert refusal.value.check == check


@pytest.mark.parametrize("weighted", [False, True])
def test_a_good_graph_gives_a_row_of_logits_per_text(save_graph, weighted):
    graph = Graph(
        save_graph(labels=3, weighted=weighted), label_count=3, uses_weights=weighted, threads=2
    )
    feeds = {"token_ids": np.array([[2, 3], [4, 0]])}
    if weighted:
        feeds["token_weights"] = np.array([[1, 1], [1, 0]], np.float32)
    logits = graph(feeds)
    assert logits.shape == (2, 3)
    assert logits.dtype == np.float32


def test_a_file_that_is_no_graph(tmp_path):
    (tmp_path / "graph.onnx").write_bytes(b"not a graph")
    refused(tmp_path / "graph.onnx", "load", "graph.onnx does not load")


def test_an_operator_that_no_runtime_has(save_graph):
    def alter(model):
        model.graph.node[0].domain = "com.example"
        model.opset_import.append(helper.make_opsetid("com.example", 1))

    refused(save_graph(alter=alter), "load", "does not load")


@pytest.mark.parametrize(("weighted", "expects"), [(True, False), (False, True)])
def test_weights_the_encoder_does_not_give_or_the_graph_does_not_read(
    save_graph, weighted, expects
):
    refused(save_graph(weighted=weighted), "inputs", "token_weights", uses_weights=expects)


def test_ids_of_another_type(save_graph):
    def alter(model):
        model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT32

    refused(save_graph(alter=alter), "inputs", r"tensor\(int32\)")


@pytest.mark.parametrize("axis", [0, 1])
def test_a_fixed_batch_or_length(save_graph, axis):
    def alter(model):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 4

    refused(save_graph(alter=alter), "inputs", "token_ids has shape .* must be free in both")


def test_an_output_of_another_name(save_graph):
    def alter(model):
        model.graph.output[0].name = model.graph.node[-1].output[0] = "scores"

    refused(save_graph(alter=alter), "outputs", "gives .'scores'., must give logits alone")


def test_another_number_of_labels(save_graph):
    refused(save_graph(labels=3), "labels", "gives 3 logits, the manifest has 2 labels")


def test_a_graph_that_loads_but_fails_when_run(save_graph):
    def alter(model):
        model.graph.initializer[1].CopyFrom(
            helper.make_tensor("length_axis", TensorProto.INT64, [1], [7])
        )
        model.graph.output[0].type.tensor_type.ClearField("shape")
        model.graph.input[0].type.tensor_type.ClearField("shape")
        for name in ("batch", "length"):
            model.graph.input[0].type.tensor_type.shape.dim.add().dim_param = name

    with pytest.raises(BundleError, match=r"does not (load|run)") as refusal:
        Graph(save_graph(alter=alter), label_count=2, uses_weights=False)
    assert refusal.value.check == "load"
