"""Word vectors: where they come from, and how the words of tweets find theirs."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
import numpy.typing as npt

from contract.features import TWEET_WORDS

Vectors = npt.NDArray[np.float32]

CONTRACTION = re.compile(r"(?<=.)(?:n't|'s|'m|'re|'ve|'ll|'d)$")
DOUBLED = re.compile(r"(.)\1+")
PLACEHOLDERS = {"@user": "<user>", "http": "<url>"}
"""Names that GloVe's own Twitter vectors have for what the text steps mask."""


@dataclass(frozen=True)
class VectorTable:
    """Vectors by spelling.

    Attributes:
        name: where they come from, as tracking shows it.
        index: row of each word, most frequent word first.
        rows: `[words, width]`.
    """

    name: str
    index: Mapping[str, int]
    rows: Vectors

    @property
    def width(self) -> int:
        """Numbers in one vector."""
        return int(self.rows.shape[1])

    def of(self, word: str) -> Vectors | None:
        """The vector `[width]` of a tweet's word, by the first of its `spellings` that is known.

        A spelling of several words is known if all are, and has their mean.
        """
        for spelling in spellings(word):
            if all(part in self.index for part in spelling):
                found = [self.rows[self.index[part]] for part in spelling]
                return np.asarray(np.mean(found, axis=0), np.float32)
        return None

    def frequent(self, count: int) -> Iterator[str]:
        """The first words of the table that a tweet can hold, out of its first `count`."""
        return (word for word in islice(self.index, count) if TWEET_WORDS.fullmatch(word))


def spellings(word: str) -> Iterator[tuple[str, ...]]:
    """How a word of a tweet may be spelt in published vectors, best first.

    As it is; without "#" or "@"; in the two parts that treebank tokenisers make of a contraction
    ("do", "n't"); without its apostrophe; without doubled letters, which the text steps leave of
    elongated words ("soo"); the words of an emoji's name.
    """
    plain = word.replace("’", "'")
    yield (plain,)
    if plain in PLACEHOLDERS:
        yield (PLACEHOLDERS[plain],)
    if plain.startswith("emoji_"):
        yield tuple(part for part in plain.split("_")[1:] if part) or (plain,)
        return
    bare = plain.lstrip("#@")
    if not bare:
        return
    yield (bare,)
    if ending := CONTRACTION.search(bare):
        yield bare[: ending.start()], ending.group()
    yield (bare.replace("'", "") or bare,)
    if len(single := DOUBLED.sub(r"\1", bare)) > 1:
        yield (single,)


@dataclass(frozen=True)
class Vocabulary:
    """The words that a net knows, and what their embedding begins with.

    Attributes:
        words: the word at `words[i]` has the id `i + 2`.
        width: numbers in one vector.
        rows: `[2 + words, width]`, the first for padding, the second for unknown words; None where
            the net begins with its own random numbers.
        source: where the vectors come from.
        word_coverage: share of the training texts' distinct words that have a vector from there.
        token_coverage: the same of all their words, repeated ones counted as often as they stand.
    """

    words: tuple[str, ...]
    width: int
    rows: Vectors | None = None
    source: str = "learned"
    word_coverage: float = 0.0
    token_coverage: float = 0.0

    @classmethod
    def of(
        cls,
        words: tuple[str, ...],
        table: VectorTable,
        sentences: Iterable[Sequence[str]],
        seed: int,
    ) -> Self:
        """A vocabulary whose words have the vectors of a table.

        Words that are not in it, and unknown ones, begin with random numbers as spread as the
        vectors'.

        Args:
            words: most frequent first.
            table: the vectors.
            sentences: the words of each training text.
            seed: of the random numbers.
        """
        found = {
            row: vector
            for row, word in enumerate(words, start=2)
            if (vector := table.of(word)) is not None
        }
        spread = float(np.std(list(found.values()))) if found else float(np.std(table.rows))
        random = np.random.default_rng(seed)
        rows = random.normal(0.0, spread, (2 + len(words), table.width)).astype(np.float32)
        rows[0] = 0.0
        for row, vector in found.items():
            rows[row] = vector
        counts = Counter(word for sentence in sentences for word in sentence)
        covered = {words[row - 2] for row in found}
        return cls(
            words,
            table.width,
            rows,
            table.name,
            len(covered & counts.keys()) / max(1, len(counts)),
            sum(counts[word] for word in covered) / max(1, counts.total()),
        )

    def parameters(self) -> dict[str, str | int | float | bool]:
        """For tracking; coverage is left out where nothing comes from elsewhere."""
        known: dict[str, str | int | float | bool] = {
            "words": len(self.words),
            "vectors": self.source,
            "embedding": self.width,
        }
        if self.rows is not None:
            known["word_coverage"] = round(self.word_coverage, 4)
            known["token_coverage"] = round(self.token_coverage, 4)
        return known
