"""Word-level Keras models as ONNX, recurrent layers as `LSTM` and `GRU` nodes.

Written node by node rather than through tf2onnx, which turns a masked layer into a `Loop` that is
several times slower. Lengths come from the ids, so that padding cannot matter.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from trainer.errors import ExportError
from trainer.export.graph_writer import Array, GraphWriter, float32
from trainer.neural.pooling import LOWEST

# Keras stores gates side by side in its own order; ONNX in another (see the operators' texts).
GATES = {
    "LSTM": (0, 3, 1, 2),  # Keras i, f, c, o -> ONNX i, o, f, c
    "GRU": (0, 1, 2),  # z, r, h in both
}
IGNORED = {"InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise"}


def export_recurrent(model: Any, pad_id: int) -> onnx.ModelProto:
    """The graph of a Keras model: `token_ids` int64 `[batch, length]` to `logits`.

    Args:
        model: its layers in line: one `Embedding` that masks `pad_id`; recurrent layers (`LSTM` or
            `GRU`, alone or `Bidirectional`), if any; what makes one vector of a text: the last of
            these by giving its final state, or `SequencePooling`; then `Dense` ones. Dropout is
            left out.
        pad_id: the id after a text's end.

    Raises:
        ExportError: (`conversion`) a layer, or an option of one, that this does not write.
    """
    net = _Net()
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "Embedding":
            net.embedding(layer, pad_id)
        elif kind in ("Bidirectional", *GATES):
            net.recurrent(layer)
        elif kind == "SequencePooling":
            net.pooling(layer)
        elif kind == "Dense":
            net.value = net.dense(net.value, layer)
        elif kind not in IGNORED:
            raise ExportError("conversion", f"recurrent graphs have no layer {kind}")
    return net.finished(net.value, model.output_shape[-1])


class _Net(GraphWriter):
    """A graph so far; `value` names what the next layer reads."""

    def __init__(self) -> None:
        super().__init__()
        self.value = "token_ids"
        self.state = ""  # [directions, batch, units] that the last recurrent layer ends with
        self.width = self.backward = 0  # its features, and how many are of a backward half

    def embedding(self, layer: Any, pad_id: int) -> None:
        if not layer.mask_zero or pad_id != 0:
            raise ExportError("conversion", "the embedding must mask the pad id, which must be 0")
        self.real = self.add("Greater", ["token_ids", self.constant(np.int64(pad_id))])
        counted = self.add("Cast", [self.real], to=TensorProto.INT32)
        self.lengths = self.add("ReduceSum", [counted, self.constant(np.array([1]))], keepdims=0)
        table = self.constant(float32(layer.embeddings))
        vectors = self.add("Gather", [table, "token_ids"])
        self.value = self.add("Transpose", [vectors], perm=[1, 0, 2])  # time first

    def recurrent(self, layer: Any) -> None:
        """Add one layer; it reads `[length, batch, features]`."""
        both = type(layer).__name__ == "Bidirectional"
        directions = [layer.forward_layer, layer.backward_layer] if both else [layer]
        first = directions[0]
        _check_recurrent(layer, both, directions)
        kind = type(first).__name__
        kernels, recurrences, biases = zip(
            *(_cell_weights(kind, direction.cell) for direction in directions), strict=True
        )
        inputs = [
            self.value,
            *(self.constant(np.stack(w)) for w in (kernels, recurrences, biases)),
        ]
        attributes: dict[str, Any] = {
            "hidden_size": first.units,
            "direction": "bidirectional" if both else "forward",
        }
        if kind == "GRU":
            attributes["linear_before_reset"] = 1  # Keras calls it reset_after
        inputs.append(self.lengths)
        steps, self.state = self.add_all(kind, inputs, 2, **attributes)
        self.width = first.units * len(directions)
        self.backward = first.units if both else 0
        if layer.return_sequences:
            # [length, directions, batch, units] -> [length, batch, directions x units]
            swapped = self.add("Transpose", [steps], perm=[0, 2, 1, 3])
            self.value = self.add("Reshape", [swapped, self.constant(np.array([0, 0, self.width]))])
        else:
            self.value = self.last()

    def last(self) -> str:
        """Add what the last recurrent layer ends with, `[batch, directions x units]`."""
        swapped = self.add("Transpose", [self.state], perm=[1, 0, 2])
        return self.add("Reshape", [swapped, self.constant(np.array([0, self.width]))])

    def pooling(self, layer: Any) -> None:
        """Add what makes one vector of `[length, batch, features]`."""
        if "last" in layer.kinds and (not self.state or layer.backward != self.backward):
            raise ExportError("conversion", "the last state is not the one of the layer before")
        time_first = self.add("Transpose", [self.real], perm=[1, 0])
        real = self.add("Unsqueeze", [time_first, self.constant(np.array([2]))])
        write: dict[str, Callable[[], str]] = {
            "last": self.last,
            "max": lambda: self.highest(real),
            "mean": lambda: self.mean(real),
        }
        pooled = [write[kind]() for kind in layer.kinds]
        self.value = self.add("Concat", pooled, axis=1) if len(pooled) > 1 else pooled[0]

    def highest(self, real: str) -> str:
        words = self.add("Where", [real, self.value, self.constant(np.float32(LOWEST))])
        return self.add("ReduceMax", [words], axes=[0], keepdims=0)

    def mean(self, real: str) -> str:
        words = self.add("Where", [real, self.value, self.constant(np.float32(0))])
        total = self.add("ReduceSum", [words, self.constant(np.array([0]))], keepdims=0)
        count = self.add("Cast", [self.lengths], to=TensorProto.FLOAT)
        column = self.add("Unsqueeze", [count, self.constant(np.array([1]))])
        return self.add("Div", [total, column])


def _check_recurrent(layer: Any, both: bool, directions: Sequence[Any]) -> None:
    kinds = {type(direction).__name__ for direction in directions}
    if len(kinds) != 1 or not kinds <= set(GATES):
        raise ExportError("conversion", f"recurrent graphs have no layer {', '.join(kinds)}")
    if both and layer.merge_mode != "concat":
        raise ExportError("conversion", f"merge mode {layer.merge_mode} is not 'concat'")
    if not both and layer.go_backwards:
        raise ExportError("conversion", "a layer that only goes backwards is not written")
    for direction in directions:
        functions = (direction.activation.__name__, direction.recurrent_activation.__name__)
        if functions != ("tanh", "sigmoid") or not direction.use_bias:
            raise ExportError(
                "conversion", "only Keras's own activations, with biases, are written"
            )
        if kinds == {"GRU"} and not direction.reset_after:
            raise ExportError("conversion", "a GRU must have reset_after")


def _cell_weights(kind: str, cell: Any) -> tuple[Array, Array, Array]:
    """`W` `[gates x units, features]`, `R` `[gates x units, units]`, `B` `[2 x gates x units]`."""
    order = GATES[kind]

    def reordered(weights: Array) -> Array:
        """Gates `[..., gates x units]` in ONNX's order."""
        gates = np.split(weights, len(order), axis=-1)
        return np.concatenate([gates[index] for index in order], axis=-1)

    kernel, recurrence = (reordered(float32(w)).T for w in (cell.kernel, cell.recurrent_kernel))
    bias = reordered(float32(cell.bias))
    # A GRU has a bias for each of its two products; an LSTM has one, which ONNX adds to another.
    both = bias.reshape(-1) if kind == "GRU" else np.concatenate([bias, np.zeros_like(bias)])
    return kernel, recurrence, both
