"""The bag-of-features encoder of the linear models, shared by training and serving.

Scikit-learn's vectorisers are not used anywhere: their fitted state is a pickle, and a second
implementation of the same tokenisation would drift.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.encoding import Encoded
from contract.errors import BundleError
from contract.text.pipeline import TextSteps

PAD_ID = 0
WORDS_REMEMBERED = 16_384

# Emoticons such as ":-(" and ":D", then words with inner apostrophes or a leading # or @,
# then any other sign by itself.
TWEET_WORDS = re.compile(r"[:;=8][-'^o]?[)(\]\[dDpP/\\|*3]|<3|[#@]?\w+(?:['’]\w+)*|[^\w\s]")


class Analyser(BaseModel):
    """Cuts a text into terms: n-grams of tweet words, or of characters within word bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Literal["words", "characters"]
    orders: tuple[int, int] = Field(description="shortest and longest n-gram")

    def terms(self, text: str) -> Iterator[str]:
        """Every term of the text, in order of place for each order; terms of two units differ."""
        low, high = self.orders
        if self.unit == "words":
            words = TWEET_WORDS.findall(text)
            for order in range(low, high + 1):
                for start in range(len(words) - order + 1):
                    yield " ".join(words[start : start + order])
        else:
            for word in text.split():
                padded = f" {word} "
                for order in range(low, high + 1):
                    for start in range(len(padded) - order + 1):
                        yield "\t" + padded[start : start + order]


class FeatureSpec(BaseModel):
    """What `features.json` holds: analysers, and either a vocabulary or a hash size and seed.

    The term at `vocabulary[i]` has the id `i + 1`; hashed terms have ids 1 to `hash_size`
    (CRC-32 with `hash_seed`), or with `hash_apart` those of each further analyser as many ids
    higher. Id 0 is padding.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    analysers: tuple[Analyser, ...] = Field(min_length=1)
    vocabulary: tuple[str, ...] | None = None
    hash_size: int | None = Field(default=None, gt=0)
    hash_seed: int = 0
    hash_apart: bool = False

    @property
    def size(self) -> int:
        """Number of ids, padding included: the rows a weight matrix needs."""
        ranges = len(self.analysers) if self.hash_apart else 1
        return 1 + (ranges * self.hash_size if self.hash_size else len(self.vocabulary or ()))

    def groups(self) -> npt.NDArray[np.int64]:
        """The place of the analyser that each id belongs to `[ids]`; padding belongs to the first.

        Analysers of one unit, which may share terms, are one group, and so are all where hashing
        does not keep them apart: the place is then that of the first.
        """
        if self.vocabulary is None:
            ids = np.arange(self.size) - 1
            return np.maximum(ids // (self.hash_size or 1), 0) if self.hash_apart else 0 * ids
        units = [analyser.unit for analyser in self.analysers]
        place: dict[str, int] = {unit: units.index(unit) for unit in units}
        unit_of = ("characters" if term.startswith("\t") else "words" for term in self.vocabulary)
        return np.array([0, *(place[unit] for unit in unit_of)], np.int64)

    def terms(self, text: str) -> Iterator[str]:
        """Every term of a prepared text, by every analyser."""
        for analyser in self.analysers:
            yield from analyser.terms(text)

    @classmethod
    def from_file(cls, path: Path) -> "FeatureSpec":
        """Read a `features.json`.

        Raises:
            BundleError: (`features`) the file is not of this form.
        """
        try:
            spec = cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except (ValidationError, ValueError) as error:
            raise BundleError("features", f"{path.name} cannot be read: {error}") from error
        if (spec.vocabulary is None) == (spec.hash_size is None):
            raise BundleError(
                "features", f"{path.name} must have either a vocabulary or a hash size"
            )
        return spec


class FeatureEncoder:
    """Encodes a text as each known term's id, once, with its count in the text as weight."""

    pad_id = PAD_ID

    def __init__(self, spec: FeatureSpec, steps: TextSteps, *, max_length: int) -> None:
        self.spec = spec
        self.max_length = max_length
        self._steps = steps
        self._ids = {term: index for index, term in enumerate(spec.vocabulary or (), start=1)}
        # Nine words in ten of a tweet are among the ones seen most.
        self._ids_within = lru_cache(maxsize=WORDS_REMEMBERED)(self._ids_of)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """See `Encoder.encode`; a text without known terms becomes one pad id of weight 0."""
        return [self._encode_one(self._steps.apply(text)) for text in texts]

    def unknown_share(self, text: str) -> float | None:
        """See `Encoder.unknown_share`; of the first analyser's shortest terms, unless hashed."""
        if self.spec.vocabulary is None:
            return None
        analyser = self.spec.analysers[0]
        single = Analyser(unit=analyser.unit, orders=(analyser.orders[0],) * 2)
        terms = list(single.terms(self._steps.apply(text)))
        return sum(term not in self._ids for term in terms) / len(terms) if terms else 0.0

    def _encode_one(self, text: str) -> Encoded:
        counts = self._counts(text)
        if not counts:
            return Encoded(np.zeros(1, np.int64), np.zeros(1, np.float32), truncated=False)
        ids = np.fromiter(islice(counts, self.max_length), np.int64)
        weights = np.fromiter(islice(counts.values(), self.max_length), np.float32)
        order = ids.argsort()
        return Encoded(ids[order], weights[order], truncated=len(counts) > self.max_length)

    def _counts(self, text: str) -> Counter[int]:
        """How often each known id occurs, in order of first occurrence."""
        counts: Counter[int] = Counter()
        for place, analyser in enumerate(self.spec.analysers):
            if analyser.unit == "characters":  # the terms of a text are those of its words
                counts.update(
                    chain.from_iterable(self._ids_within(place, word) for word in text.split())
                )
            else:
                counts.update(self._ids_of(place, text))
        return counts

    def _ids_of(self, place: int, text: str) -> tuple[int, ...]:
        """The ids of all known terms that one analyser finds, each as often as it occurs."""
        terms = self.spec.analysers[place].terms(text)
        if self.spec.hash_size is None:
            found = map(self._ids.get, terms)
            return tuple(term_id for term_id in found if term_id is not None)
        size, seed = self.spec.hash_size, self.spec.hash_seed
        first = 1 + (place * size if self.spec.hash_apart else 0)
        return tuple(first + zlib.crc32(term.encode(), seed) % size for term in terms)


def build_vocabulary(
    prepared: Iterable[str], analysers: Sequence[Analyser], *, min_count: int, max_size: int
) -> tuple[str, ...]:
    """The terms found in at least `min_count` texts, most frequent first, ties by spelling.

    Args:
        prepared: texts after their text steps; training texts only.
        analysers: what cuts them into terms.
        min_count: documents a term must occur in.
        max_size: the most terms kept.
    """
    documents: Counter[str] = Counter()
    for text in prepared:
        documents.update({term for analyser in analysers for term in analyser.terms(text)})
    frequent = ((count, term) for term, count in documents.items() if count >= min_count)
    return tuple(term for _, term in sorted(frequent, key=lambda item: (-item[0], item[1])))[
        :max_size
    ]
