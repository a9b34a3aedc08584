"""Keras models as ONNX through tf2onnx; for recurrent ones see `recurrent_graph`."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from trainer.errors import ExportError
from trainer.neural.backend import load_keras

OPSET = 17
TOKEN_IDS, LOGITS = "token_ids", "logits"


def export_keras(model: Any) -> onnx.ModelProto:
    """The graph of a Keras model: `token_ids` int64 `[batch, length]` to `logits`.

    Weights are converted as inputs and only then put into the graph: tf2onnx copies all that a
    graph holds many times over, which takes a minute where the weights are 90 MB.

    Args:
        model: a built float32 Keras model of one input of ids.

    Raises:
        ExportError: (`conversion`) tf2onnx fails, or leaves an operator that ONNX does not have;
            (`load`) ONNX Runtime does not load the graph.
    """
    load_keras()
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    for layer in model._flatten_layers():
        # Where a GPU is seen, "auto" traces a cuDNN operator, which ONNX does not have.
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    weights = {f"weight_{index}": weight for index, weight in enumerate(model.weights)}
    function = _function_of_weights(model, weights)
    try:
        converted, _ = tf2onnx.convert.from_function(
            function,
            input_signature=function.input_signature,
            opset=OPSET,
            custom_op_handlers={"Erfc": (_convert_erfc, [])},
        )
    except Exception as error:  # tf2onnx raises whatever its steps do
        raise ExportError("conversion", f"tf2onnx fails: {error}") from error
    _refuse_foreign(converted.graph)
    _embed(converted.graph, {name: weight.numpy() for name, weight in weights.items()})
    _name_axes(converted.graph)
    return _constants_folded(converted)


def _function_of_weights(model: Any, weights: dict[str, Any]) -> Any:
    keras = load_keras()
    import tensorflow as tf

    def logits(token_ids: Any, *values: Any) -> dict[str, Any]:
        state = list(zip(weights.values(), values, strict=True))
        with keras.StatelessScope(state_mapping=state):
            return {LOGITS: model(token_ids, training=False)}

    signature = [tf.TensorSpec((None, None), tf.int64, name=TOKEN_IDS)]
    for name, weight in weights.items():
        signature.append(tf.TensorSpec(weight.shape, weight.dtype, name=name))
    return tf.function(logits, input_signature=signature, autograph=False)


def _convert_erfc(context: Any, node: Any, name: str, _: Any) -> None:
    # Exact GELU uses the complementary error function, which tf2onnx lacks: erfc(x) = 1 - erf(x).
    form = {"shapes": node.output_shapes, "dtypes": node.output_dtypes}
    one = context.make_const(f"{name}/one", np.float32(1))
    erf = context.make_node("Erf", [node.input[0]], **form)
    outputs = node.output
    context.remove_node(name)
    context.make_node("Sub", [one.output[0], erf.output[0]], outputs=outputs, name=name, **form)


def _refuse_foreign(graph: onnx.GraphProto) -> None:
    foreign = {
        node.op_type for node in graph.node if not onnx.defs.has(node.op_type, domain=node.domain)
    }
    if foreign:
        raise ExportError(
            "conversion", f"ONNX has no operator {', '.join(sorted(foreign))}: add a handler"
        )


def _embed(graph: onnx.GraphProto, weights: dict[str, Any]) -> None:
    """Turn the inputs of those names into initializers, or drop them where nothing reads them."""
    read = {name for node in graph.node for name in node.input}
    for value in list(graph.input):
        if value.name in weights:
            graph.input.remove(value)
            if value.name in read:
                array = np.asarray(weights[value.name])
                graph.initializer.append(numpy_helper.from_array(array, value.name))


def _constants_folded(model: onnx.ModelProto) -> onnx.ModelProto:
    # tf2onnx saw inputs where there are constants now: what it does to weights alone is done here
    # once, so that matrices stay matrices which a quantiser recognises.
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own family of bare exceptions
            raise ExportError("load", f"the converted graph does not load: {error}") from error
        folded = onnx.load(path)
    for opset in [opset for opset in folded.opset_import if opset.domain]:
        folded.opset_import.remove(opset)  # ONNX Runtime lists all it knows, used or not
    return folded


def _name_axes(graph: onnx.GraphProto) -> None:
    for value, axes in ((graph.input[0], ("batch", "length")), (graph.output[0], ("batch",))):
        for size, axis in zip(value.type.tensor_type.shape.dim, axes, strict=False):
            size.dim_param = axis
