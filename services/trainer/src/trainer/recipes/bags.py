"""Texts as bags of terms, for the linear recipes: settings, counts, and their TF-IDF vectors."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from pydantic import Field

from contract.encoding import Encoded
from contract.features import Analyser, FeatureEncoder, FeatureSpec
from contract.text.pipeline import TextSteps
from trainer.errors import DataError
from trainer.progress import NoProgress, Progress
from trainer.recipes.words import WordSettings

Floats = npt.NDArray[np.floating[Any]]
Groups = npt.NDArray[np.int64]

WORDS = Analyser(unit="words", orders=(1, 2))
CHARACTERS = Analyser(unit="characters", orders=(2, 5))
MAX_VOCABULARY = 200_000
MAX_TERMS = {"words": 512, "words+characters": 4_096}
"""Distinct terms of one text: those of the longest tweet measured, eight times over."""
ROWS_AT_ONCE = 1_000


class BagSettings(WordSettings):
    """What a user may set for any recipe that reads bags of terms."""

    features: Literal["words", "words+characters"] = Field(
        default="words+characters",
        description="words and pairs of words; also the 2 to 5 characters in a row within words",
    )
    min_count: int = Field(default=2, ge=1, description="training texts a term must occur in")
    hash_size: int | None = Field(
        default=None,
        ge=2,
        le=2**24,
        description="hash words into so many ids, characters into as many; empty: a vocabulary",
    )


def inverse_document_frequency(counts: sp.csr_matrix) -> Floats:
    """`1 + ln((1 + texts) / (1 + texts with the term))` of each id: scikit-learn's smoothed idf."""
    with_term = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(1 + np.log((1 + counts.shape[0]) / (1 + with_term)))


def tf_idf(counts: sp.csr_matrix, idf: Floats, groups: Groups) -> sp.csr_matrix:
    """Vectors `[texts, ids]`, float32, exactly as `trainer.export.bag_graph` computes them.

    Args:
        counts: how often each id occurs `[texts, ids]`.
        idf: inverse document frequencies `[ids]`.
        groups: the group of each id `[ids]`; each text's terms of a group get unit length.
    """
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    shape, indices, starts = counts.shape, counts.indices, counts.indptr
    squares = sp.csr_matrix((values**2, indices, starts), shape=shape)
    norms = np.sqrt(squares @ np.eye(groups.max() + 1)[groups])
    text_of = np.repeat(np.arange(shape[0]), np.diff(starts))
    values /= norms[text_of, groups[indices]]
    return sp.csr_matrix((values.astype(np.float32), indices, starts), shape=shape)


@dataclass(frozen=True)
class Bags:
    """How texts become counts of terms.

    Attributes:
        steps: applied before terms are counted.
        encoder: what counts them, here and in serving.
        groups: which terms share a norm `[ids]`.
    """

    steps: TextSteps
    encoder: FeatureEncoder
    groups: Groups

    @classmethod
    def learn(
        cls, texts: Sequence[str], steps: TextSteps, settings: BagSettings, progress: Progress
    ) -> tuple[Self, sp.csr_matrix]:
        """Learn the vocabulary, if there shall be one; also returns the counts of `texts`.

        Raises:
            DataError: no term occurs in as many texts as it must.
        """
        analysers = (WORDS,) if settings.features == "words" else (WORDS, CHARACTERS)
        max_terms = MAX_TERMS[settings.features]
        progress.start("read words", len(texts))
        if settings.hash_size is not None:
            spec = FeatureSpec(
                analysers=analysers, hash_size=settings.hash_size, hash_apart=len(analysers) > 1
            )
            bags = cls(steps, FeatureEncoder(spec, steps, max_length=max_terms), spec.groups())
            return bags, bags.counts(texts, progress)
        spec, counts = _learn_vocabulary(texts, steps, analysers, settings.min_count, progress)
        return cls(steps, FeatureEncoder(spec, steps, max_length=max_terms), spec.groups()), counts

    def counts(self, texts: Sequence[str], progress: Progress | None = None) -> sp.csr_matrix:
        """Counts `[texts, ids]`; a text without known terms is all zeros."""
        parts = _chunks(texts, progress or NoProgress())
        size = self.encoder.spec.size
        return sp.vstack([_sparse(self.encoder.encode(rows), size) for rows in parts], format="csr")


def _learn_vocabulary(
    texts: Sequence[str],
    steps: TextSteps,
    analysers: tuple[Analyser, ...],
    min_count: int,
    progress: Progress,
) -> tuple[FeatureSpec, sp.csr_matrix]:
    """What `contract.features.build_vocabulary` finds, and the counts, in one pass."""
    places: defaultdict[str, int] = defaultdict(count().__next__)

    def places_of(analyser: int, text: str) -> tuple[int, ...]:
        return tuple(map(places.__getitem__, analysers[analyser].terms(text)))

    places_within = lru_cache(maxsize=65_536)(places_of)

    def counter(prepared: str) -> Counter[int]:
        found: Counter[int] = Counter()
        for index, analyser in enumerate(analysers):
            if analyser.unit == "characters":  # the terms of a text are those of its words
                parts = (places_within(index, word) for word in prepared.split())
                found.update(chain.from_iterable(parts))
            else:
                found.update(places_of(index, prepared))
        return found

    parts = [
        _from_counters([counter(steps.apply(text)) for text in rows])
        for rows in _chunks(texts, progress)
    ]
    seen = max(1, len(places))
    counts = sp.vstack(
        [sp.csr_matrix((p.data, p.indices, p.indptr), shape=(p.shape[0], seen)) for p in parts],
        format="csr",
    )
    with_term = np.bincount(counts.indices, minlength=seen)
    frequent = [(-int(with_term[place]), term) for term, place in places.items()]
    kept = sorted(item for item in frequent if -item[0] >= min_count)[:MAX_VOCABULARY]
    if not kept:
        raise DataError(
            f"no word occurs in {min_count} training texts: there is nothing to learn from"
        )
    vocabulary = tuple(term for _, term in kept)
    columns = counts[:, [places[term] for term in vocabulary]]
    columns.sort_indices()
    shape = (columns.shape[0], columns.shape[1] + 1)  # one more in front, for padding
    shifted = sp.csr_matrix((columns.data, columns.indices + 1, columns.indptr), shape=shape)
    return FeatureSpec(analysers=analysers, vocabulary=vocabulary), shifted


def _chunks(texts: Sequence[str], progress: Progress) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), ROWS_AT_ONCE):
        rows = texts[start : start + ROWS_AT_ONCE]
        yield rows
        progress.advance(len(rows))


def _from_counters(bags: Sequence[Counter[int]]) -> sp.csr_matrix:
    ids = np.fromiter(chain.from_iterable(bags), np.int64)
    values = np.fromiter(chain.from_iterable(bag.values() for bag in bags), np.float32)
    starts = np.cumsum([0, *map(len, bags)])
    return sp.csr_matrix((values, ids, starts), shape=(len(bags), ids.max(initial=0) + 1))


def _sparse(encoded: Sequence[Encoded], size: int) -> sp.csr_matrix:
    lengths = [item.ids.size for item in encoded]
    counts = np.concatenate([item.weights for item in encoded])
    ids = np.concatenate([item.ids for item in encoded])
    matrix = sp.csr_matrix((counts, ids, np.cumsum([0, *lengths])), shape=(len(encoded), size))
    matrix.eliminate_zeros()  # the pad id that stands for a text without known terms
    return matrix
