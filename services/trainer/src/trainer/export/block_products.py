"""Products whose int8 weights, and the states they meet, have a scale for each block of a row.

ONNX Runtime's dynamic quantisation gives the states one scale for a whole batch, so one large value
coarsens all of them; after an encoder's GELU that is the rule. `MatMulNBits` scales each block of
each row by itself, which is exacter and slower.
"""

from collections.abc import Collection

import numpy as np
import onnx
from onnx import helper, numpy_helper

from trainer.export.graph_writer import MICROSOFT, Array

BLOCK = 128
"""Rows of a weight with one scale; 1.2 times as fast as 32, and nearly as exact."""
INT8_STATES = 4
"""The operator's `accuracy_level` at which states are quantised too."""
ZERO = 128
"""What stands for 0 among the operator's unsigned weights."""


def write_in_blocks(model: onnx.ModelProto, names: Collection[str]) -> None:
    """Replace some products of a graph, in place.

    Args:
        model: a graph; its products' second inputs are constants `[rows, columns]`.
        names: of the `MatMul` nodes to replace.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in [node for node in graph.node if node.name in names]:
        tensor = weights[node.input[1]]
        rows, columns = tensor.dims
        values, scales = in_blocks(numpy_helper.to_array(tensor))
        added = [
            numpy_helper.from_array(values, f"{node.name}_blocks"),
            numpy_helper.from_array(scales, f"{node.name}_scales"),
        ]
        graph.initializer.extend(added)
        graph.initializer.remove(tensor)
        node.CopyFrom(
            helper.make_node(
                "MatMulNBits",
                [node.input[0], *(one.name for one in added)],
                list(node.output),
                name=node.name,
                domain=MICROSOFT,
                K=rows,
                N=columns,
                bits=8,
                block_size=BLOCK,
                accuracy_level=INT8_STATES,
            )
        )


def in_blocks(weights: Array) -> tuple[np.ndarray, Array]:
    """Quantise weights `[rows, columns]` as `MatMulNBits` reads them.

    Returns:
        Unsigned bytes `[columns, blocks, BLOCK]`, of which `ZERO` is 0, and the scales
        `[columns * blocks]`.
    """
    rows, columns = weights.shape
    blocks = -(-rows // BLOCK)
    padded = np.zeros((blocks * BLOCK, columns), np.float32)
    padded[:rows] = weights
    parts = padded.T.reshape(columns, blocks, BLOCK)
    scales = np.abs(parts).max(axis=2) / (ZERO - 1)
    steps = np.round(parts / np.where(scales == 0, 1, scales)[:, :, None])
    return (steps + ZERO).astype(np.uint8), scales.astype(np.float32).reshape(-1)
