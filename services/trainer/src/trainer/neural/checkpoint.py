"""Pretrained weights out of safetensors files into a KerasHub backbone, by the names of both."""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from trainer.errors import TrainerError
from trainer.neural.architecture import Architecture

Array = npt.NDArray[np.float32]

ANCHOR = "embeddings.word_embeddings.weight"
"""The weight that every family has under this name; what stands before it stands before all."""

POSITIONS = "embeddings.position_embeddings.weight"
SEGMENTS = "embeddings.token_type_embeddings.weight"

EMBEDDINGS = {
    "token_embedding/embeddings": ANCHOR,
    "position_embedding/embeddings": POSITIONS,
    "segment_embedding/embeddings": SEGMENTS,
    "embeddings_layer_norm": "embeddings.LayerNorm",
}
BERT_LAYER = "encoder.layer."
BERT_PARTS = {
    "self_attention_layer/query": "attention.self.query",
    "self_attention_layer/key": "attention.self.key",
    "self_attention_layer/value": "attention.self.value",
    "self_attention_layer/attention_output": "attention.output.dense",
    "self_attention_layer_norm": "attention.output.LayerNorm",
    "feedforward_intermediate_dense": "intermediate.dense",
    "feedforward_output_dense": "output.dense",
    "feedforward_layer_norm": "output.LayerNorm",
}
DISTILBERT_LAYER = "transformer.layer."
DISTILBERT_PARTS = {
    "self_attention_layer/query": "attention.q_lin",
    "self_attention_layer/key": "attention.k_lin",
    "self_attention_layer/value": "attention.v_lin",
    "self_attention_layer/attention_output": "attention.out_lin",
    "self_attention_layer_norm": "sa_layer_norm",
    "feedforward_intermediate_dense": "ffn.lin1",
    "feedforward_output_dense": "ffn.lin2",
    "feedforward_layer_norm": "output_layer_norm",
}
KINDS = {
    "kernel": ("weight",),
    "bias": ("bias",),
    "gamma": ("weight", "gamma"),
    "beta": ("bias", "beta"),
}
"""The names of a weight's last part; TensorFlow's for norms live on in old BERT files."""

IN_LAYER = re.compile(r"transformer_layer_(\d+)/(.+)/(\w+)")
UNUSED = re.compile(r"pooled_dense/|seed_generator")
"""BERT's pooler is not asked for anything here, and files of language models lack it."""


class Tensors:
    """The weights of one directory by name, whether in one file or in shards.

    Raises:
        TrainerError: the files hold no encoder.
    """

    def __init__(self, files: Mapping[str, Any], source: str) -> None:
        self._files, self._source = files, source
        found = [name for name in files if name.endswith(ANCHOR)]
        if len(found) != 1:
            raise TrainerError(f"{source} holds {len(found)} tensors {ANCHOR}: one is needed")
        self._prefix = found[0].removesuffix(ANCHOR)

    def get(self, *names: str) -> Array:
        """The tensor of the first of these names that there is.

        Raises:
            TrainerError: there is none.
        """
        for name in names:
            if (file := self._files.get(self._prefix + name)) is not None:
                return np.asarray(file.get_tensor(self._prefix + name), np.float32)
        raise TrainerError(f"{self._source} has no tensor {self._prefix}{names[0]}")


def load_weights(backbone: Any, architecture: Architecture, paths: Sequence[Path]) -> None:
    """Give a backbone its pretrained weights.

    Args:
        backbone: as `Architecture.build` made it.
        architecture: what it was built from.
        paths: the safetensors files, whose names may have any prefix or none.

    Raises:
        TrainerError: a file is damaged, or a tensor is missing or of another shape.
    """
    source = str(paths[0].parent)
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        try:
            for path in paths:
                file = stack.enter_context(safe_open(path, framework="np"))
                files |= dict.fromkeys(file.keys(), file)
        except (OSError, SafetensorError) as error:
            raise TrainerError(f"{path} cannot be read: {error}") from error
        tensors = Tensors(files, source)
        for variable in backbone.variables:
            if UNUSED.search(variable.path):
                continue
            value = _value(variable.path, tensors, architecture)
            if value.size != np.prod(variable.shape):
                raise TrainerError(
                    f"{source}: the tensor for {variable.path} is of shape {value.shape}, where "
                    f"its config.json asks for {tuple(variable.shape)}"
                )
            variable.assign(value.reshape(variable.shape))


def _value(path: str, tensors: Tensors, architecture: Architecture) -> Array:
    """What belongs into the variable of that path, apart from how its axes are split."""
    distil = architecture.model_type == "distilbert"
    if match := IN_LAYER.fullmatch(path):
        index, part, kind = match.groups()
        layer, parts = (DISTILBERT_LAYER, DISTILBERT_PARTS) if distil else (BERT_LAYER, BERT_PARTS)
        value = tensors.get(*(f"{layer}{index}.{parts[part]}.{name}" for name in KINDS[kind]))
        # PyTorch keeps matrices as [outputs, inputs], Keras as [inputs, outputs].
        return np.transpose(value) if kind == "kernel" else value
    end, kind = path.rsplit("/", 2)[-2:]
    if end == "embeddings_layer_norm":
        return tensors.get(*(f"{EMBEDDINGS[end]}.{name}" for name in KINDS[kind]))
    value = tensors.get(EMBEDDINGS[f"{end}/{kind}"])
    if end == "position_embedding" and architecture.first_position:
        # Keras has no segments here: every tweet is of the first, so that its vector can be added.
        value = value[architecture.first_position :] + tensors.get(SEGMENTS)[0]
    return value
