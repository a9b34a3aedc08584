"""From texts to the numbers a graph reads: the part of prediction before the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from contract.text.pipeline import TextSteps

Ids = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]
Feeds = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text as ids `[length]`, with weights `[length]` for bag-of-features models."""

    ids: Ids
    weights: Weights | None
    truncated: bool


class Encoder(Protocol):
    """Turns raw texts into ids; one implementation per kind of tokenizer."""

    pad_id: int
    max_length: int

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Encode raw texts, each cut to `max_length` ids and never empty.

        Raises:
            TextRefusedError: a text is not valid Unicode.
        """
        ...

    def unknown_share(self, text: str) -> float | None:
        """Share of a text's terms that the model does not know; None if it tells none apart.

        Raises:
            TextRefusedError: the text is not valid Unicode.
        """
        ...


class TokenEncoder:
    """Encodes with a Hugging Face `tokenizers` file, for recurrent, dense and BERT models."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        steps: TextSteps,
        *,
        pad_id: int,
        unknown_id: int,
        max_length: int,
    ) -> None:
        self.pad_id = pad_id
        self.max_length = max_length
        self._unknown_id = unknown_id
        self._steps = steps
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length)
        # Else a tweet that says "[PAD]" or "[SEP]" would forge special ids.
        tokenizer.encode_special_tokens = True
        self._empty = self._unknown_alone()

    @classmethod
    def from_file(
        cls, path: Path, steps: TextSteps, *, pad_id: int, unknown_id: int, max_length: int
    ) -> "TokenEncoder":
        """Read a `tokenizer.json`."""
        tokenizer = Tokenizer.from_file(str(path))
        return cls(tokenizer, steps, pad_id=pad_id, unknown_id=unknown_id, max_length=max_length)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """See `Encoder.encode`."""
        prepared = [self._steps.apply(text) for text in texts]
        if len(prepared) == 1:  # the way to other threads, and letting them in, takes longer
            return [self._encoded(self._tokenizer.encode(prepared[0]))]
        return [self._encoded(item) for item in self._tokenizer.encode_batch_fast(prepared)]

    def unknown_share(self, text: str) -> float | None:
        """See `Encoder.unknown_share`; a subword vocabulary knows nearly everything in pieces."""
        encoding = self._tokenizer.encode(self._steps.apply(text))
        ids = [
            token_id
            for token_id, special in zip(encoding.ids, encoding.special_tokens_mask, strict=True)
            if not special
        ]
        return ids.count(self._unknown_id) / len(ids) if ids else 0.0

    def _encoded(self, encoding: Encoding) -> Encoded:
        if all(encoding.special_tokens_mask):
            return self._empty
        ids = np.asarray(encoding.ids, np.int64)
        # A word-level vocabulary still knows the word "[PAD]"; no text may name the padding.
        ids[ids == self.pad_id] = self._unknown_id
        return Encoded(ids, None, bool(encoding.overflowing))

    def _unknown_alone(self) -> Encoded:
        """What an empty text becomes: the special tokens around one unknown token."""
        pattern = self._tokenizer.encode("a")
        ids: list[int] = []
        seen = False
        for token_id, special in zip(pattern.ids, pattern.special_tokens_mask, strict=True):
            if special:
                ids.append(token_id)
            elif not seen:
                ids.append(self._unknown_id)
                seen = True
        if not seen:
            ids.append(self._unknown_id)
        return Encoded(np.asarray(ids, np.int64), None, truncated=False)


def pad(batch: Sequence[Encoded], pad_id: int) -> Feeds:
    """Pad a batch on the right to its longest text.

    Returns:
        `token_ids` int64 `[batch, length]`, and `token_weights` float32 `[batch, length]` (0 where
        padded) when the texts carry weights.
    """
    length = max(item.ids.size for item in batch)
    ids = np.full((len(batch), length), pad_id, np.int64)
    for row, item in enumerate(batch):
        ids[row, : item.ids.size] = item.ids
    if batch[0].weights is None:
        return {"token_ids": ids}
    weights = np.zeros((len(batch), length), np.float32)
    for row, item in enumerate(batch):
        if item.weights is not None:
            weights[row, : item.weights.size] = item.weights
    return {"token_ids": ids, "token_weights": weights}


def length_sorted_batches(lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    """Indices of texts grouped by length, each group within a budget of padded ids.

    Padding a batch to its longest text wastes work on the short ones, so texts of like length go
    together: longest first, to meet the largest memory need at once.

    Args:
        lengths: number of ids of each text.
        token_budget: the most ids, padding included, in one group; a single longer text is a
            group of its own.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    group: list[int] = []
    for index in order.tolist():
        if group and (len(group) + 1) * lengths[group[0]] > token_budget:
            yield group
            group = []
        group.append(index)
    if group:
        yield group
