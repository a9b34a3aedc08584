"""Batches of texts of like length, so that little work goes into padding."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from contract.encoding import Encoded, Encoder, length_sorted_batches, pad
from trainer.data.dataset import Labels, Split

POOL_BATCHES = 32
"""Batches sorted by length together: more saves padding, fewer mixes the texts better."""

EVALUATION_TOKENS = 4_096
"""Ids in one padded batch where nothing is learned."""

Weights = npt.NDArray[np.float32]
Indices = Sequence[int]


@dataclass(frozen=True)
class Examples:
    """Texts encoded once, before training.

    Attributes:
        encoded: ids of each text.
        labels: label index of each text `[rows]`.
        weights: weight of each text in the loss `[rows]`.
        pad_id: what fills the shorter texts of a batch.
    """

    encoded: Sequence[Encoded]
    labels: Labels
    weights: Weights
    pad_id: int

    @classmethod
    def of(cls, split: Split, encoder: Encoder, label_weights: Weights) -> "Examples":
        """Encode a split; `label_weights` `[labels]` says how much a text of each label counts."""
        encoded = encoder.encode(split.texts)
        return cls(encoded, split.labels, label_weights[split.labels], encoder.pad_id)

    @property
    def lengths(self) -> list[int]:
        """Number of ids of each text."""
        return [item.ids.size for item in self.encoded]

    def __len__(self) -> int:
        return len(self.encoded)


def balanced_weights(labels: Labels, label_count: int) -> Weights:
    """Weight per label `[labels]` that lets every label count alike: n / (labels x count).

    The heuristic of King and Zeng (2001, "Logistic Regression in Rare Events Data"), as in
    scikit-learn's `class_weight="balanced"`; every weight is 1 where the labels are balanced.
    """
    counts = np.bincount(labels, minlength=label_count)
    return np.asarray(len(labels) / (label_count * np.maximum(counts, 1)), np.float32)


def label_weights(kind: Literal["none", "balanced"], labels: Labels, label_count: int) -> Weights:
    """Weight per label `[labels]`: all one, or `balanced_weights`."""
    if kind == "balanced":
        return balanced_weights(labels, label_count)
    return np.ones(label_count, np.float32)


def shuffled_batches(
    lengths: Sequence[int], batch_size: int, random: np.random.Generator
) -> list[Indices]:
    """One epoch's batches of text indices: random, yet each of texts of like length.

    Shuffled texts are sorted by length in pools of `POOL_BATCHES` batches and cut; then the
    batches are shuffled, so that length follows no pattern.
    """
    order = random.permutation(len(lengths))
    sizes = np.asarray(lengths)
    batches: list[Indices] = []
    for start in range(0, len(order), batch_size * POOL_BATCHES):
        pool = order[start : start + batch_size * POOL_BATCHES]
        pool = pool[np.argsort(sizes[pool], kind="stable")]
        batches += [
            pool[first : first + batch_size].tolist() for first in range(0, len(pool), batch_size)
        ]
    return [batches[index] for index in random.permutation(len(batches))]


def training_batches(examples: Examples, batch_size: int, seed: int) -> Any:
    """A `tf.data.Dataset` that gives other batches each time it is gone through.

    Its elements are ids `[batch, length]`, label indices `[batch]` and weights `[batch]`.
    """
    random = np.random.default_rng(seed)
    lengths = examples.lengths
    count = -(-len(examples) // batch_size)
    return _dataset(examples, lambda: shuffled_batches(lengths, batch_size, random), count)


def evaluation_batches(examples: Examples) -> Any:
    """A `tf.data.Dataset` as `training_batches`, in fixed batches sorted by length."""
    batches = list(length_sorted_batches(examples.lengths, EVALUATION_TOKENS))
    return _dataset(examples, lambda: batches, len(batches))


def vector_batches(
    vectors: npt.NDArray[np.floating[Any]],
    labels: Labels,
    weights: Weights,
    batch_size: int,
    seed: int | None = None,
) -> Any:
    """A `tf.data.Dataset` of vectors `[batch, width]`, label indices and weights `[batch]`.

    Shuffled anew each time it is gone through where there is a seed, else in order.
    """
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((vectors, labels, weights))
    if seed is not None:
        dataset = dataset.shuffle(len(vectors), seed=seed)
    return dataset.batch(batch_size).prefetch(2)


def _dataset(examples: Examples, batches: Callable[[], Iterable[Indices]], count: int) -> Any:
    import tensorflow as tf

    def elements() -> Iterator[tuple[Any, Any, Any]]:
        for indices in batches():
            padded = pad([examples.encoded[index] for index in indices], examples.pad_id)
            yield padded["token_ids"], examples.labels[indices], examples.weights[indices]

    # Free in batch and length, so that Keras compiles its step once for all of them. (A
    # `keras.utils.PyDataset` would fix a length which its first two batches happen to share.)
    signature = (
        tf.TensorSpec((None, None), tf.int64),
        tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((None,), tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(elements, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)
