"""One vector per text from the states of its words."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from trainer.neural.backend import load_keras

Kind = Literal["last", "max", "mean"]

LOWEST = -1e9
"""Below every state: what `max` sees of padding, here and in the exported graph."""


@cache
def pooling_layer() -> type[Any]:
    """The Keras layer `SequencePooling`; made when first asked for, since Keras takes seconds.

    It reads `[batch, length, features]` with a mask, and gives each of its `kinds` in turn, side by
    side: `max` and `mean` over the words of the text, and `last`, which is what a recurrent layer
    ends with: of its forward half the state after the last word, of its backward half the one after
    the first.

    Its arguments: `kinds`; `backward`, how many of the features, the last of them, are of a
    backward layer.
    """
    keras = load_keras()
    ops = keras.ops

    class SequencePooling(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, kinds: tuple[Kind, ...], backward: int = 0, **options: Any) -> None:
            super().__init__(**options)
            self.kinds = tuple(kinds)
            self.backward = backward
            self.supports_masking = True

        def call(self, states: Any, mask: Any = None) -> Any:
            real = ops.expand_dims(mask, -1)
            pooled: dict[Kind, Callable[[], Any]] = {
                "last": lambda: self._last(states, mask),
                "max": lambda: ops.max(ops.where(real, states, LOWEST), axis=1),
                "mean": lambda: _mean(states, ops.cast(real, states.dtype)),
            }
            parts = [pooled[kind]() for kind in self.kinds]
            return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

        def _last(self, states: Any, mask: Any) -> Any:
            ends = ops.logical_and(mask, ops.logical_not(ops.pad(mask[:, 1:], ((0, 0), (0, 1)))))
            forward = states.shape[-1] - self.backward
            last = ops.sum(
                states[:, :, :forward] * ops.expand_dims(ops.cast(ends, states.dtype), -1), axis=1
            )
            return ops.concatenate([last, states[:, 0, forward:]], axis=-1)

        def compute_mask(self, inputs: Any, mask: Any = None) -> None:
            return None

        def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
            return (shape[0], len(self.kinds) * (shape[-1] or 0))

    def _mean(states: Any, real: Any) -> Any:
        return ops.sum(states * real, axis=1) / ops.sum(real, axis=1)

    return SequencePooling
