"""KerasHub encoders as ONNX: one node where a converter writes a dozen.

tf2onnx writes layer normalisation, attention and GELU as many small nodes, and products in a form
that the quantiser passes over. With one operator for each of them a layer is eleven nodes, and its
int8 form takes much less time than that of the converted graph (see `docs/results.md`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from trainer.errors import ExportError
from trainer.export.graph_writer import MICROSOFT, Array, GraphWriter, float32

GELU = {"gelu_approximate": "FastGelu", "gelu": "BiasGelu"}
"""The operator for each of the two GELUs: by tanh as in KerasHub's BERT, and exact."""
IGNORED = {"InputLayer", "Dropout"}


def export_transformer(
    backbone: Any, head: Sequence[Any], *, layers: int, pad_id: int
) -> onnx.ModelProto:
    """The graph of an encoder, the mean of its states over the real tokens, and a head.

    Args:
        backbone: a KerasHub encoder such as BERT, DistilBERT or RoBERTa, computing in float32.
        head: `Dense`, `BatchNormalization` and `Dropout` layers, in order; the last gives logits.
        layers: how many of the last layers' means the head reads, side by side, first to last.
        pad_id: the id after a text's end, which is hidden from attention and mean.

    Raises:
        ExportError: (`conversion`) a layer, or an option of one, that this does not write.
    """
    graph = GraphWriter()
    real = graph.add("Not", [graph.add("Equal", ["token_ids", graph.constant(np.int64(pad_id))])])
    mask = graph.add("Cast", [real], to=TensorProto.INT32)
    value = _embeddings(graph, backbone)
    states = [value := _layer(graph, value, mask, layer) for layer in backbone.transformer_layers]
    pooled = _means(graph, mask, states[-layers:])
    for layer in head:
        pooled = _head_layer(graph, pooled, layer)
    return graph.finished(pooled, int(head[-1].units))


def _embeddings(graph: GraphWriter, backbone: Any) -> str:
    """Words, positions and the first segment, normalised: `[batch, length, width]`."""
    parts = getattr(backbone, "embeddings", backbone)
    positions = float32(parts.position_embedding.position_embeddings)
    if hasattr(backbone, "segment_embedding"):
        positions = positions + float32(backbone.segment_embedding.embeddings)[0]
    words = graph.add(
        "Gather", [graph.constant(float32(backbone.token_embedding.embeddings)), "token_ids"]
    )
    length = graph.add("Shape", ["token_ids"], start=1, end=2)
    first, axis = graph.constant(np.array([0])), graph.constant(np.array([0]))
    places = graph.add("Slice", [graph.constant(positions), first, length, axis])
    return _normalised(graph, graph.add("Add", [words, places]), backbone.embeddings_layer_norm)


def _layer(graph: GraphWriter, value: str, mask: str, layer: Any) -> str:
    """One encoder layer, normalised after each of its halves."""
    if layer.normalize_first:
        raise ExportError("conversion", "encoders that normalise first are not written")
    attention = layer._self_attention_layer  # KerasHub has no public name for a layer's parts
    width = _width(attention)
    parts = (attention._query_dense, attention._key_dense, attention._value_dense)
    kernel = np.hstack([float32(part.kernel).reshape(width, width) for part in parts])
    bias = np.hstack([float32(part.bias).reshape(width) for part in parts])
    attended = graph.add(
        "Attention",
        [value, graph.constant(kernel), graph.constant(bias), mask],
        domain=MICROSOFT,
        num_heads=attention.num_heads,
    )
    output = attention._output_dense
    kernel, bias = float32(output.kernel).reshape(width, width), float32(output.bias).reshape(width)
    attended = graph.add("MatMul", [attended, graph.constant(kernel)])
    attended = graph.add("Add", [attended, graph.constant(bias)])
    value = _added(graph, attended, value, layer._self_attention_layer_norm)
    inner, outer = layer._feedforward_intermediate_dense, layer._feedforward_output_dense
    activation = inner.activation.__name__
    if activation not in GELU:
        raise ExportError(
            "conversion", f"encoders with the activation {activation} are not written"
        )
    hidden = graph.add("MatMul", [value, graph.constant(float32(inner.kernel))])
    hidden = graph.add(
        GELU[activation], [hidden, graph.constant(float32(inner.bias))], domain=MICROSOFT
    )
    return _added(graph, graph.dense(hidden, outer), value, layer._feedforward_layer_norm)


def _width(attention: Any) -> int:
    """Width of the states that an attention layer reads and gives."""
    return int(attention.num_heads * attention.key_dim)


def _added(graph: GraphWriter, value: str, residual: str, norm: Any) -> str:
    """The layer norm of the sum of what a half of a layer gives and what went around it.

    ONNX Runtime has one operator for both, `SkipLayerNormalization`, which takes five times as long
    as they do (see `contract.graph.LEFT_OUT`).
    """
    return _normalised(graph, graph.add("Add", [value, residual]), norm)


def _normalised(graph: GraphWriter, value: str, norm: Any) -> str:
    gamma, beta = graph.constant(float32(norm.gamma)), graph.constant(float32(norm.beta))
    return graph.add("LayerNormalization", [value, gamma, beta], epsilon=norm.epsilon)


def _means(graph: GraphWriter, mask: str, states: Sequence[str]) -> str:
    """Means over the real tokens, side by side: `[batch, states x width]`."""
    axis = graph.constant(np.array([1]))
    real = graph.add("Cast", [mask], to=TensorProto.FLOAT)
    counts = graph.add("ReduceSum", [real, axis], keepdims=1)
    shares = graph.add("Unsqueeze", [graph.add("Div", [real, counts]), axis])  # [batch, 1, length]
    means = [graph.add("Squeeze", [graph.add("MatMul", [shares, s]), axis]) for s in states]
    return means[0] if len(means) == 1 else graph.add("Concat", means, axis=-1)


def _head_layer(graph: GraphWriter, value: str, layer: Any) -> str:
    kind = type(layer).__name__
    if kind == "Dense":
        return graph.dense(value, layer)
    if kind == "BatchNormalization":
        factor, offset = _affine(layer)
        scaled = graph.add("Mul", [value, graph.constant(factor)])
        return graph.add("Add", [scaled, graph.constant(offset)])
    if kind not in IGNORED:
        raise ExportError("conversion", f"no graph is written for a head with the layer {kind}")
    return value


def _affine(norm: Any) -> tuple[Array, Array]:
    """Factor and offset `[width]` of a batch normalisation that no longer learns."""
    factor = 1 / np.sqrt(float32(norm.moving_variance) + norm.epsilon)
    if norm.scale:
        factor = factor * float32(norm.gamma)
    offset = -float32(norm.moving_mean) * factor
    if norm.center:
        offset = offset + float32(norm.beta)
    return factor.astype(np.float32), offset.astype(np.float32)
