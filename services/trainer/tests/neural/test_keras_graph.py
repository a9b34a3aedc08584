import numpy as np
import onnx
import onnxruntime
import pytest

from trainer.errors import ExportError
from trainer.export.keras_graph import export_keras
from trainer.neural.backend import load_keras

pytestmark = pytest.mark.slow


def network(*layers):
    keras = load_keras()
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((None,), dtype="int64"), keras.layers.Embedding(30, 6), *layers]
    )


def run(graph, ids):
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(["logits"], {"token_ids": ids})[0]


@pytest.mark.parametrize("shape", [(1, 3), (4, 9)])
def test_exact_gelu_is_converted(shape):
    keras = load_keras()
    exact = keras.layers.Dense(8, activation=lambda x: keras.activations.gelu(x, approximate=False))
    model = network(exact, keras.layers.GlobalMaxPooling1D(), keras.layers.Dense(3))
    model.layers[0].embeddings.assign(model.layers[0].embeddings * 100)  # both tails of erf
    graph = export_keras(model)
    assert "Erf" in {node.op_type for node in graph.graph.node}
    ids = np.random.default_rng(0).integers(0, 30, shape)
    np.testing.assert_allclose(run(graph, ids), model(ids).numpy(), atol=1e-5)


def test_graph_is_named_as_the_contract_has_it():
    layers = load_keras().layers
    graph = export_keras(network(layers.GlobalMaxPooling1D(), layers.Dense(3))).graph
    (tokens,), (logits,) = graph.input, graph.output
    assert (tokens.name, logits.name) == ("token_ids", "logits")
    assert [size.dim_param for size in tokens.type.tensor_type.shape.dim] == ["batch", "length"]


def test_recurrent_layer_built_where_cudnn_is_seen_has_no_cudnn_operator(cudnn_seen):
    layers = load_keras().layers
    graph = export_keras(network(layers.LSTM(4), layers.Dense(3)))
    operators = {node.op_type for node in graph.graph.node}
    assert not {operator for operator in operators if "Cudnn" in operator}
    run(graph, np.ones((2, 5), np.int64))


def test_operator_that_onnx_lacks_is_refused_by_name():
    keras = load_keras()
    import tensorflow as tf

    odd = keras.layers.Lambda(tf.math.bessel_i0)
    with pytest.raises(ExportError, match="BesselI0") as refusal:
        export_keras(network(odd, keras.layers.GlobalMaxPooling1D(), keras.layers.Dense(3)))
    assert refusal.value.check == "conversion"


def test_graph_that_converts_but_does_not_load_is_refused(monkeypatch):
    layers = load_keras().layers
    import tf2onnx

    convert = tf2onnx.convert.from_function

    def breaking(*arguments, **options):
        graph, storage = convert(*arguments, **options)
        graph.graph.node[-1].input[0] = "nowhere"
        return graph, storage

    monkeypatch.setattr(tf2onnx.convert, "from_function", breaking)
    with pytest.raises(ExportError) as refusal:
        export_keras(network(layers.GlobalMaxPooling1D(), layers.Dense(3)))
    assert refusal.value.check == "load"
