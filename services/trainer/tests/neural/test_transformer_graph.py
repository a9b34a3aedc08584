"""Encoders written with ONNX Runtime's operators: they answer as Keras does, padded or not."""

import numpy as np
import onnx
import onnxruntime
import pytest

from contract.graph import LEFT_OUT
from trainer.errors import ExportError
from trainer.export.quantisation import FORMS, quantised
from trainer.export.transformer_graph import export_transformer
from trainer.neural.backend import load_keras
from trainer.neural.encoder import pooled_states

pytestmark = pytest.mark.slow

WORDS, WIDTH = 50, 16
LENGTHS = (9, 4, 1, 7, 2)


def ids(pad_id):
    found = np.random.default_rng(0).integers(2, WORDS, (5, 9))
    for row, length in zip(found, LENGTHS, strict=True):
        row[length:] = pad_id
    return found


def backbone(kind, **changes):
    load_keras()
    import keras_hub

    form = {
        "vocabulary_size": WORDS,
        "num_layers": 3,
        "num_heads": 4,
        "hidden_dim": WIDTH,
        "intermediate_dim": 24,
        "max_sequence_length": 32,
        "dtype": "float32",
        **changes,
    }
    made = getattr(keras_hub.models, f"{kind}Backbone")(**form)
    # Keras starts biases at 0 and norms at 1, which would hide one in another's place.
    random = np.random.default_rng(1)
    made.set_weights([random.normal(0.1, 0.4, w.shape) for w in made.get_weights()])
    return made


def classifier(encoder, head, pad_id, layers):
    keras = load_keras()
    token_ids = keras.Input((None,), dtype="int64")
    value = pooled_states(encoder, token_ids, pad_id, layers=layers)
    for layer in head:
        value = layer(value)
    return keras.Model(token_ids, value)


def heads(kind):
    layers = load_keras().layers
    if kind == "fine-tuned":
        return [layers.Dropout(0.1), layers.Dense(3)]
    norm = layers.BatchNormalization(center=False, scale=False, trainable=False)
    return [norm, layers.Dense(8, activation="relu"), layers.Dropout(0.5), layers.Dense(3)]


def run(graph, token_ids):
    onnx.checker.check_model(graph)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(["logits"], {"token_ids": token_ids})[0]


@pytest.mark.parametrize(
    ("kind", "pad_id", "head", "layers"),
    [
        ("Bert", 0, "fine-tuned", 1),  # GELU by tanh, segments
        ("DistilBert", 0, "features", 3),  # exact GELU, no segments
        ("Roberta", 1, "fine-tuned", 2),  # another pad id
    ],
)
def test_the_graph_answers_as_keras_does_however_texts_are_padded(kind, pad_id, head, layers):
    encoder, top = backbone(kind), heads(head)
    model = classifier(encoder, top, pad_id, layers)
    if head == "features":
        top[0].set_weights([np.full(layers * WIDTH, 0.3), np.full(layers * WIDTH, 2.0)])
    graph = export_transformer(encoder, top, layers=layers, pad_id=pad_id)

    token_ids = ids(pad_id)
    logits = run(graph, token_ids)
    np.testing.assert_allclose(logits, model(token_ids).numpy(), atol=2e-5)
    for row, length in enumerate(LENGTHS):
        alone = run(graph, token_ids[row : row + 1, :length])
        np.testing.assert_allclose(alone[0], logits[row], atol=1e-5)


@pytest.mark.parametrize(
    ("form", "in_blocks"), list(zip(FORMS, (0, 3 + 1, 3 * 3 + 1), strict=True))
)
def test_a_layer_is_few_nodes_and_every_product_with_weights_is_quantised(
    form, in_blocks, tmp_path
):
    encoder, top = backbone("Bert", hidden_dim=64, intermediate_dim=128), heads("fine-tuned")
    classifier(encoder, top, 0, 1)
    graph = export_transformer(encoder, top, layers=1, pad_id=0)
    assert len(graph.graph.node) <= 3 * 11 + 17
    onnx.save(graph, tmp_path / "model.onnx")
    quantised(tmp_path / "model.onnx", tmp_path / "model.int8.onnx", form)
    kinds = [node.op_type for node in onnx.load(tmp_path / "model.int8.onnx").graph.node]
    assert kinds.count("QAttention") == 3
    assert kinds.count("MatMulNBits") == in_blocks
    assert kinds.count("MatMulInteger") == 3 * 3 + 1 - in_blocks  # the head's too
    assert kinds.count("MatMul") == 1  # the mean over tokens, which has no weights
    sizes = [(tmp_path / name).stat().st_size for name in ("model.onnx", "model.int8.onnx")]
    assert sizes[1] < 0.45 * sizes[0]

    token_ids = ids(0)
    np.testing.assert_allclose(
        run(onnx.load(tmp_path / "model.int8.onnx"), token_ids), run(graph, token_ids), atol=0.3
    )


def test_what_is_not_written_is_refused():
    encoder, top = backbone("Bert"), heads("fine-tuned")
    classifier(encoder, top, 0, 1)
    encoder.transformer_layers[1].normalize_first = True
    with pytest.raises(ExportError, match="normalise first"):
        export_transformer(encoder, top, layers=1, pad_id=0)
    encoder.transformer_layers[1].normalize_first = False
    encoder.transformer_layers[
        2
    ]._feedforward_intermediate_dense.activation = load_keras().activations.swish
    with pytest.raises(ExportError, match="activation silu"):
        export_transformer(encoder, top, layers=1, pad_id=0)
    with pytest.raises(ExportError, match="head with the layer LayerNormalization"):
        export_transformer(
            backbone("Bert"), [load_keras().layers.LayerNormalization()], layers=1, pad_id=0
        )


def test_quantised_layers_stay_as_they_are_written_where_they_are_served(tmp_path):
    encoder, top = backbone("Bert", hidden_dim=64, intermediate_dim=128), heads("fine-tuned")
    classifier(encoder, top, 0, 1)
    onnx.save(export_transformer(encoder, top, layers=1, pad_id=0), tmp_path / "model.onnx")
    quantised(tmp_path / "model.onnx", tmp_path / "model.int8.onnx", FORMS[0])

    def run_as(left_out):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        onnxruntime.InferenceSession(
            str(tmp_path / "model.int8.onnx"),
            options,
            ["CPUExecutionProvider"],
            disabled_optimizers=left_out,
        )
        return [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]

    assert run_as([]).count("SkipLayerNormalization") == 2 * 3  # else nothing is to be left out
    served = run_as(LEFT_OUT)
    assert (served.count("SkipLayerNormalization"), served.count("LayerNormalization")) == (0, 7)
