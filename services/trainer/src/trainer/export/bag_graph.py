"""The ONNX graph of a linear model on TF-IDF weighted bags of terms."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from contract.features import PAD_ID

Floats = npt.NDArray[np.floating[Any]]

# Older than what onnx writes by default, so that any ONNX Runtime the contract allows reads it.
OPSET = 18
IR_VERSION = 10

SMALLEST_NORM = 1e-12  # a text without known terms has norm 0 and gets the bias alone


def bag_graph(
    idf: Floats,
    weights: Floats,
    bias: Floats,
    groups: npt.NDArray[np.int64] | None = None,
) -> onnx.ModelProto:
    """A graph from term ids and counts to `logits = bias + x W`, with x the L2-normed TF-IDF.

    For a term of count c, `x = (1 + ln c) idf` before the norm (sublinear term frequency: Manning,
    Raghavan and Schütze, 2008, "Introduction to Information Retrieval", section 6.4.1). This is
    what scikit-learn's `TfidfTransformer(sublinear_tf=True, norm="l2")` computes. Where terms come
    in groups, such as words and characters, each group has a norm of its own: else the twenty
    n-grams of characters that go with a word would drown it.

    Args:
        idf: inverse document frequency of each id, `[ids]`.
        weights: `[ids, labels]`. The padding's idf and weights are taken as zero.
        bias: `[labels]`.
        groups: number of the group of each id, from 0, `[ids]`; all are one where left out.

    Returns:
        Inputs `token_ids` int64 and `token_weights` float32 (counts, 0 where padded), both
        `[batch, length]`; output `logits` float32 `[batch, labels]`.
    """
    constants = {
        "idf": _without_padding(idf),
        "weights": _without_padding(weights),
        "bias": np.asarray(bias, np.float32),
        "one": np.float32(1),
        "smallest_norm": np.float32(SMALLEST_NORM),
        "length_axis": np.array([1], np.int64),
        "last_axis": np.array([2], np.int64),
    }
    groups = np.zeros(len(idf), np.int64) if groups is None else groups
    constants["membership"] = _without_padding(np.eye(groups.max() + 1)[groups])
    nodes = [
        # 1 + ln c for a count, 0 for padding: min(c, 1) + ln max(c, 1)
        helper.make_node("Max", ["token_weights", "one"], ["at_least_one"]),
        helper.make_node("Log", ["at_least_one"], ["log_count"]),
        helper.make_node("Min", ["token_weights", "one"], ["present"]),
        helper.make_node("Add", ["present", "log_count"], ["tf"]),
        helper.make_node("Gather", ["idf", "token_ids"], ["term_idf"]),
        helper.make_node("Mul", ["tf", "term_idf"], ["tf_idf"]),
        # The norm of each text's groups [batch, 1, groups], then that of each term's own group.
        helper.make_node("Gather", ["membership", "token_ids"], ["member"]),
        helper.make_node("Mul", ["tf_idf", "tf_idf"], ["square"]),
        helper.make_node("Unsqueeze", ["square", "length_axis"], ["square_row"]),
        helper.make_node("MatMul", ["square_row", "member"], ["group_square"]),
        helper.make_node("Sqrt", ["group_square"], ["group_norm"]),
        helper.make_node("Mul", ["member", "group_norm"], ["member_norm"]),
        helper.make_node("ReduceSum", ["member_norm", "last_axis"], ["norm"], keepdims=0),
        helper.make_node("Max", ["norm", "smallest_norm"], ["safe_norm"]),
        helper.make_node("Div", ["tf_idf", "safe_norm"], ["x"]),
        # The sum over terms, as one [1, length] by [length, labels] product per text.
        helper.make_node("Unsqueeze", ["x", "length_axis"], ["x_row"]),
        helper.make_node("Gather", ["weights", "token_ids"], ["term_weights"]),
        helper.make_node("MatMul", ["x_row", "term_weights"], ["sum_row"]),
        helper.make_node("Squeeze", ["sum_row", "length_axis"], ["sum"]),
        helper.make_node("Add", ["sum", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "bag_of_terms",
        inputs=[
            helper.make_tensor_value_info("token_ids", TensorProto.INT64, ["batch", "length"]),
            helper.make_tensor_value_info("token_weights", TensorProto.FLOAT, ["batch", "length"]),
        ],
        outputs=[
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(bias)]),
        ],
        initializer=[
            numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
        ],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


def _without_padding(rows: Floats) -> npt.NDArray[np.float32]:
    """The rows as float32, the padding's set to zero so that it can never count."""
    copied = np.array(rows, np.float32)
    copied[PAD_ID] = 0
    return copied
