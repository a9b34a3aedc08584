"""What a trained Keras model answers, outside training."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from contract.encoding import Encoded, Encoder, length_sorted_batches, pad
from trainer.neural.batches import EVALUATION_TOKENS
from trainer.progress import Progress
from trainer.recipes.base import Logits


def as_function(model: Any) -> Any:
    """The model as a `tf.function` of `token_ids`, int64 `[batch, length]`, free in both.

    One trace serves every shape, and is what gets exported.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec((None, None), tf.int64, name="token_ids")]

    def logits(token_ids: Any) -> dict[str, Any]:
        return {"logits": model(token_ids, training=False)}

    return tf.function(logits, input_signature=signature, autograph=False)


def outputs(
    function: Any, encoded: Sequence[Encoded], pad_id: int, progress: Progress | None = None
) -> Logits:
    """What `as_function` gives for every text `[texts, columns]`, in length-sorted batches."""
    rows: list[Any] = [None] * len(encoded)
    for indices in length_sorted_batches([item.ids.size for item in encoded], EVALUATION_TOKENS):
        batch = pad([encoded[index] for index in indices], pad_id)["token_ids"]
        for index, row in zip(indices, function(batch)["logits"].numpy(), strict=True):
            rows[index] = row
        if progress is not None:
            progress.advance(len(indices))
    return np.asarray(rows, np.float32)


class KerasLogits:
    """The trained model as `FittedModel.predict_logits`: logits `[texts, labels]` of raw texts.

    Attributes:
        model: the Keras model itself, of token ids.
    """

    def __init__(self, model: Any, encoder: Encoder) -> None:
        self.model = model
        self._function = as_function(model)
        self._encoder = encoder

    def __call__(self, texts: Sequence[str]) -> Logits:
        """See `trainer.recipes.base.PredictLogits`."""
        return outputs(self._function, self._encoder.encode(texts), self._encoder.pad_id)
