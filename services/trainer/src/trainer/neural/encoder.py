"""A pretrained encoder as a Keras model of token ids alone."""

from typing import Any

from tokenizers import Tokenizer

from contract.encoding import TokenEncoder
from contract.text.pipeline import StepSpec, TextSteps
from trainer.errors import TrainerError
from trainer.neural.backend import load_keras
from trainer.neural.weights import Pretrained

MAX_LENGTH = 128

STEPS = TextSteps(
    [
        StepSpec(name=name)
        for name in ("nfkc", "html-entities", "urls", "mentions", "elongations", "emoji", "spaces")
    ]
)
"""What prepares tweets for a pretrained vocabulary, which knows few emoji and no addresses."""


def load_backbone(pretrained: Pretrained, dtype: str) -> Any:
    """The KerasHub backbone with its pretrained weights.

    Args:
        pretrained: its files.
        dtype: a Keras dtype policy, such as `float32` or `mixed_bfloat16`.

    Raises:
        TrainerError: KerasHub does not know this kind of model, or the weights do not fit it, or it
            is no encoder of separate layers.
    """
    load_keras()
    import keras_hub

    try:
        backbone = keras_hub.models.Backbone.from_preset(str(pretrained.directory), dtype=dtype)
    except Exception as error:  # converters raise what their libraries do
        reason = str(error).strip().partition("\n")[0]
        raise TrainerError(
            f"KerasHub cannot load the weights {pretrained.name}: {reason}"
        ) from error
    if not (hasattr(backbone, "transformer_layers") and hasattr(backbone, "max_sequence_length")):
        raise TrainerError(
            f"{pretrained.name} is a {type(backbone).__name__}: give BERT, DistilBERT or RoBERTa"
        )
    return backbone


def pooled_states(backbone: Any, token_ids: Any, pad_id: int, *, layers: int = 1) -> Any:
    """Mean over the real tokens of the last layers' states, side by side.

    The mask and the segment ids, which the backbone reads too, are derived from the ids.

    Args:
        backbone: a KerasHub encoder.
        token_ids: a symbolic Keras tensor `[batch, length]`.
        pad_id: the id that the mask hides.
        layers: how many of the last layers.

    Returns:
        A symbolic tensor, float32 `[batch, layers x width]`.
    """
    keras = load_keras()
    ops = keras.ops
    mask = ops.cast(ops.not_equal(token_ids, pad_id), "int32")
    inputs = {"token_ids": token_ids, "padding_mask": mask}
    if "segment_ids" in {tensor.name for tensor in backbone.inputs}:
        inputs["segment_ids"] = ops.zeros_like(mask)
    kept = backbone.transformer_layers[-layers:]
    states = keras.Model(backbone.input, [layer.output for layer in kept])(inputs)
    real = ops.expand_dims(ops.cast(mask, "float32"), -1)
    count = ops.maximum(ops.sum(real, axis=1), 1.0)
    means = [ops.sum(ops.cast(state, "float32") * real, axis=1) / count for state in states]
    return ops.concatenate(means, axis=-1)


def text_encoder(pretrained: Pretrained, backbone: Any) -> TokenEncoder:
    """The encoder of raw tweets for this backbone."""
    return TokenEncoder(
        Tokenizer.from_str(pretrained.tokenizer_json),
        STEPS,
        pad_id=pretrained.pad_id,
        unknown_id=pretrained.unknown_id,
        max_length=min(MAX_LENGTH, backbone.max_sequence_length),
    )


def copied(backbone: Any, dtype: str) -> Any:
    """The same backbone with the same weights, computing in another format."""
    copy = type(backbone).from_config({**backbone.get_config(), "dtype": dtype})
    copy.set_weights(backbone.get_weights())
    return copy
