"""A pretrained encoder as a Keras model of token ids alone."""

from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

from contract.encoding import TokenEncoder
from contract.text.pipeline import StepSpec, TextSteps
from trainer.export.transformer_graph import export_transformer
from trainer.neural.backend import load_keras, training_dtype
from trainer.neural.checkpoint import load_weights
from trainer.neural.prediction import KerasLogits
from trainer.neural.training import History
from trainer.neural.weights import Pretrained
from trainer.recipes.base import FittedModel

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
        TrainerError: a weight is missing, or the weights do not fit their `config.json`.
    """
    backbone = pretrained.architecture.build(dtype)
    load_weights(backbone, pretrained.architecture, pretrained.files)
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


def text_encoder(pretrained: Pretrained, max_length: int) -> TokenEncoder:
    """The encoder of raw tweets for these weights, of at most `max_length` ids a tweet."""
    return TokenEncoder(
        Tokenizer.from_str(pretrained.tokenizer_json),
        STEPS,
        pad_id=pretrained.pad_id,
        unknown_id=pretrained.unknown_id,
        max_length=min(max_length, pretrained.architecture.positions),
    )


def network(backbone: Any, head: Sequence[Any], pad_id: int, *, layers: int = 1) -> Any:
    """Encoder and head as one model: ids `[batch, length]` to the head's output.

    Args:
        backbone: a KerasHub encoder.
        head: Keras layers in order, whose first reads `[batch, layers x width]`; none for the
            features themselves.
        pad_id: the id after a text's end.
        layers: how many of the encoder's last layers the head reads.
    """
    keras = load_keras()
    token_ids = keras.Input((None,), dtype="int64", name="token_ids")
    value = pooled_states(backbone, token_ids, pad_id, layers=layers)
    for layer in head:
        value = layer(value)
    return keras.Model(token_ids, value)


def fitted_transformer(
    pretrained: Pretrained,
    encoder: TokenEncoder,
    backbone: Any,
    head: Sequence[Any],
    *,
    layers: int,
    parameters: dict[str, str | int | float | bool],
    history: History,
) -> FittedModel:
    """What a recipe on a pretrained encoder returns.

    The graph and its reference compute in float32, whatever training did.

    Args:
        pretrained: where it began.
        encoder: what turned tweets into ids.
        backbone: the KerasHub encoder as it is now.
        head: as for `network`.
        layers: as for `network`.
        parameters: for tracking; what is known of the weights is added.
        history: of training.
    """
    exact = pretrained.architecture.build("float32")
    exact.set_weights(backbone.get_weights())
    served = network(exact, head, encoder.pad_id, layers=layers)
    return FittedModel(
        family="transformer",
        steps=STEPS,
        encoder=encoder,
        tokenizer_json=pretrained.tokenizer_json,
        features=None,
        unknown_id=pretrained.unknown_id,
        predict_logits=KerasLogits(served, encoder),
        to_onnx=lambda: export_transformer(exact, head, layers=layers, pad_id=encoder.pad_id),
        parameters={
            **parameters,
            "weights": pretrained.name,
            "model_type": pretrained.architecture.model_type,
            "max_length": encoder.max_length,
            "training_dtype": training_dtype(),
        },
        history=history,
    )
