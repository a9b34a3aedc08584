import numpy as np
import onnx
import onnxruntime
import pytest

from trainer.errors import ExportError
from trainer.export.recurrent_graph import export_recurrent
from trainer.neural.backend import load_keras
from trainer.neural.pooling import pooling_layer

pytestmark = pytest.mark.slow

WORDS = 30
IDS = np.random.default_rng(0).integers(1, WORDS, (5, 9))
LENGTHS = (9, 4, 1, 7, 2)
for row, length in zip(IDS, LENGTHS, strict=True):
    row[length:] = 0


def network(*layers, mask_zero=True):
    keras = load_keras()
    embedding = keras.layers.Embedding(WORDS, 6, mask_zero=mask_zero)
    model = keras.Sequential([keras.Input((None,), dtype="int64"), embedding, *layers])
    # Keras starts biases at 0 and 1, which would hide a gate in another's place.
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.5, w.shape) for w in model.get_weights()])
    return model


def layers_of(form):
    layers = load_keras().layers
    return {
        "lstm": lambda: [layers.LSTM(5), layers.Dense(3)],
        "gru": lambda: [layers.GRU(5), layers.Dense(3, activation="tanh", use_bias=False)],
        "bidirectional lstm": lambda: [
            layers.SpatialDropout1D(0.5),
            layers.Bidirectional(layers.LSTM(5)),
            layers.Dropout(0.5),
            layers.Dense(4, activation="relu"),
            layers.Dense(3),
        ],
        "bidirectional gru": lambda: [layers.Bidirectional(layers.GRU(5)), layers.Dense(3)],
        "two lstm layers": lambda: [
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(4)),
            layers.Dense(3),
        ],
        "two gru layers": lambda: [
            layers.GRU(5, return_sequences=True),
            layers.Bidirectional(layers.GRU(4)),
            layers.Dense(3),
        ],
        "words pooled": lambda: [pooling_layer()(("mean", "max")), layers.Dense(3)],
        "lstm pooled": lambda: [
            layers.LSTM(5, return_sequences=True),
            pooling_layer()(("last", "mean")),
            layers.Dense(3),
        ],
        "two gru layers pooled": lambda: [
            layers.Bidirectional(layers.GRU(4, return_sequences=True)),
            layers.SpatialDropout1D(0.5),
            layers.Bidirectional(layers.GRU(5, return_sequences=True)),
            pooling_layer()(("last", "max", "mean"), backward=5),
            layers.Dense(3),
        ],
    }[form]()


def run(graph, ids):
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(["logits"], {"token_ids": ids})[0]


@pytest.mark.parametrize(
    "form",
    [
        "lstm",
        "gru",
        "bidirectional lstm",
        "bidirectional gru",
        "two lstm layers",
        "two gru layers",
        "words pooled",
        "lstm pooled",
        "two gru layers pooled",
    ],
)
def test_graph_answers_as_the_masked_model_whatever_the_padding(form):
    model = network(*layers_of(form))
    graph = export_recurrent(model, 0)
    expected = model(IDS, training=False).numpy()
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(run(graph, IDS), expected, atol=1e-5)
    for index, length in enumerate(LENGTHS):
        alone = run(graph, IDS[index : index + 1, :length])
        np.testing.assert_allclose(alone[0], expected[index], atol=1e-5)
    further = np.pad(IDS, ((0, 0), (0, 40)))
    np.testing.assert_allclose(run(graph, further), expected, atol=1e-5)


def test_last_state_is_what_the_layer_itself_ends_with():
    layers = load_keras().layers
    ending = network(layers.Bidirectional(layers.LSTM(5)))
    sequences = layers.Bidirectional(layers.LSTM(5, return_sequences=True))
    pooled = network(sequences, pooling_layer()(("last",), backward=5))
    pooled.set_weights(ending.get_weights())
    np.testing.assert_allclose(pooled(IDS).numpy(), ending(IDS).numpy(), atol=1e-6)


def test_graph_built_where_cudnn_is_seen_has_standard_operators_only(cudnn_seen):
    graph = export_recurrent(network(*layers_of("bidirectional lstm")), 0)
    operators = {node.op_type for node in graph.graph.node}
    assert "LSTM" in operators
    assert not operators & {"Loop", "CudnnRNNV3"}
    assert all(onnx.defs.has(operator) for operator in operators)
    run(graph, IDS)


def refused(*layers, **options):
    with pytest.raises(ExportError) as refusal:
        export_recurrent(network(*layers, **options), 0)
    assert refusal.value.check == "conversion"
    return str(refusal.value)


def test_what_cannot_be_written_is_refused_by_name():
    layers = load_keras().layers
    dense = layers.Dense(3)
    assert "GlobalMaxPooling1D" in refused(layers.GlobalMaxPooling1D(), dense)
    assert "gelu" in refused(layers.LSTM(5), layers.Dense(3, activation="gelu"))
    assert "activations" in refused(layers.LSTM(5, activation="relu"), layers.Dense(3))
    assert "reset_after" in refused(layers.GRU(5, reset_after=False), layers.Dense(3))
    assert "backwards" in refused(layers.LSTM(5, go_backwards=True), layers.Dense(3))
    assert "merge" in refused(
        layers.Bidirectional(layers.LSTM(5), merge_mode="sum"), layers.Dense(3)
    )
    words_only = pooling_layer()(("last",), backward=3)
    assert "last state" in refused(words_only, layers.Dense(3))
    assert "mask" in refused(layers.LSTM(5), layers.Dense(3), mask_zero=False)
