"""Writing ONNX graphs node by node, where a converter's result would be slow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from trainer.errors import ExportError

OPSET = 17
IR_VERSION = 8
MICROSOFT = "com.microsoft"
"""Operators of ONNX Runtime itself, in every build of it."""
ACTIVATIONS = {"linear": None, "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}

Array = npt.NDArray[np.float32]


class GraphWriter:
    """A graph from `token_ids` int64 `[batch, length]` to `logits` `[batch, labels]`, so far."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        *,
        output: int = 0,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node.

        Args:
            kind: its operator.
            inputs: names of what it reads; empty where an optional one is left out.
            output: which of its outputs is used; only that one gets a name.
            domain: of the operator.
            **attributes: of the node.

        Returns:
            The name of that output.
        """
        name = f"{kind.lower()}_{len(self._nodes)}"
        outputs = [""] * output + [name]
        self._nodes.append(
            helper.make_node(kind, list(inputs), outputs, name=name, domain=domain, **attributes)
        )
        return name

    def add_all(
        self, kind: str, inputs: Sequence[str], outputs: int, **attributes: Any
    ) -> tuple[str, ...]:
        """Add a node of standard ONNX of which several outputs are used.

        Args:
            kind: its operator.
            inputs: names of what it reads.
            outputs: how many of its outputs, from the first on, get a name.
            **attributes: of the node.

        Returns:
            The names of those outputs.
        """
        name = f"{kind.lower()}_{len(self._nodes)}"
        names = tuple(f"{name}_{index}" for index in range(outputs))
        self._nodes.append(helper.make_node(kind, list(inputs), names, name=name, **attributes))
        return names

    def constant(self, array: npt.ArrayLike) -> str:
        """Keep an array in the graph; returns its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def dense(self, value: str, layer: Any) -> str:
        """Add a Keras `Dense` layer; returns the name of its result.

        Raises:
            ExportError: (`conversion`) it has an activation that is not written.
        """
        activation = layer.activation.__name__
        if activation not in ACTIVATIONS:
            raise ExportError("conversion", f"no graph is written for the activation {activation}")
        value = self.add("MatMul", [value, self.constant(float32(layer.kernel))])
        if layer.use_bias:
            value = self.add("Add", [value, self.constant(float32(layer.bias))])
        kind = ACTIVATIONS[activation]
        return self.add(kind, [value]) if kind else value

    def finished(self, logits: str, label_count: int) -> onnx.ModelProto:
        """The whole graph, whose result is called `logits`."""
        self._nodes.append(helper.make_node("Identity", [logits], ["logits"], name="logits"))
        graph = helper.make_graph(
            self._nodes,
            "classifier",
            [helper.make_tensor_value_info("token_ids", TensorProto.INT64, ["batch", "length"])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", label_count])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == MICROSOFT for node in self._nodes):
            opsets.append(helper.make_opsetid(MICROSOFT, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def float32(variable: Any) -> Array:
    """The value of a Keras variable."""
    return np.asarray(variable.numpy(), np.float32)
