"""What is counted of a text so that drift shows, and how little of the text that is."""

import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inference.privacy.redaction import PLACEHOLDER, redacted

GROUP_TEXTS: Final = 20
"""Texts whose counts are added up before anything is written: no row is of one person, and the
rows of a window can be dealt out anew to see what chance alone would do."""

CONFIDENCE_BOUNDS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LENGTH_BOUNDS: Final = (4, 8, 12, 16, 20, 24, 32, 48, 64)
PIECES_BOUNDS: Final = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0)
UNKNOWN_BOUNDS: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75)
"""Upper ends of all bins but the last, themselves included."""

WORD_BUCKETS: Final = 64
"""Buckets that words are counted in by a hash. Each stands for thousands of words, and a row for
some 200 words of 20 texts, so none can be read back."""
MOST_WORDS: Final = 100
"""Words of one text that are counted; a tweet has fewer."""

LABEL, CONFIDENCE, LENGTH, PIECES, UNKNOWN, LANGUAGE, WORDS = FEATURES = (
    "label",
    "confidence",
    "length",
    "pieces",
    "unknown",
    "language",
    "words",
)

BOUNDS: Final[Mapping[str, Sequence[float]]] = {
    CONFIDENCE: CONFIDENCE_BOUNDS,
    LENGTH: LENGTH_BOUNDS,
    PIECES: PIECES_BOUNDS,
    UNKNOWN: UNKNOWN_BOUNDS,
}

Counts = dict[str, dict[str, int]]
"""For each feature, how often each of its values or bins occurred."""

_SIGNS: Final = ".,!?:;\"'()[]«»…*-"


@dataclass(frozen=True, slots=True)
class Observation:
    """One text as it is counted.

    Attributes:
        label: what was predicted.
        confidence: the probability of that.
        length: ids that the model read.
        words: words that whitespace cuts the text into.
        unknown: share of its terms that the model does not know; None if it knows any.
        language: code of its language, empty where it is not known.
        buckets: of its words, each once.
    """

    label: str
    confidence: float
    length: int
    words: int
    unknown: float | None
    language: str
    buckets: frozenset[int]


def word_buckets(text: str) -> tuple[int, frozenset[int]]:
    """How many words a text has, and the buckets of the first `MOST_WORDS`.

    All handles are one word, and so are all links, and all that has a digit or is taken out before
    a text is kept: who was meant, or which flight, is not what drifts.
    """
    words = PLACEHOLDER.sub("0", redacted(text)).lower().split()
    return len(text.split()), frozenset(
        zlib.crc32(_general(word).encode("utf-8", "replace")) % WORD_BUCKETS
        for word in words[:MOST_WORDS]
    )


def counts_of(observations: Iterable[Observation]) -> Counts:
    """The observations, added up."""
    found: dict[str, Counter[str]] = {feature: Counter() for feature in FEATURES}
    for item in observations:
        found[LABEL][item.label] += 1
        found[LANGUAGE][item.language] += 1
        found[CONFIDENCE][_bin(item.confidence, CONFIDENCE)] += 1
        found[LENGTH][_bin(item.length, LENGTH)] += 1
        found[PIECES][_bin(item.length / max(item.words, 1), PIECES)] += 1
        if item.unknown is not None:
            found[UNKNOWN][_bin(item.unknown, UNKNOWN)] += 1
        found[WORDS].update(map(str, item.buckets))
    return {feature: dict(counts) for feature, counts in found.items() if counts}


def bin_name(feature: str, place: str) -> str:
    """What a value or a bin of a feature is called for people.

    Args:
        feature: one of `FEATURES`.
        place: as in `Counts`.
    """
    if feature == WORDS:
        return f"bucket {place}"
    if feature not in BOUNDS:
        return place or "not known"
    bounds, number = BOUNDS[feature], int(place)
    if number == len(bounds):
        return f"above {bounds[-1]:g}"
    low = f"above {bounds[number - 1]:g} " if number else ""
    return f"{low}up to {bounds[number]:g}"


def places_of(feature: str, found: Iterable[str]) -> list[str]:
    """All values or bins of a feature that have to be told apart, in their order.

    Args:
        feature: one of `FEATURES`.
        found: those that occurred.
    """
    if feature == WORDS:
        return [str(number) for number in range(WORD_BUCKETS)]
    if feature in BOUNDS:
        return [str(number) for number in range(len(BOUNDS[feature]) + 1)]
    return sorted(set(found))


def _bin(value: float, feature: str) -> str:
    return str(bisect_left(BOUNDS[feature], value))


def _general(word: str) -> str:
    if "@" in word:
        return "@"
    if word.lstrip(_SIGNS).startswith("http"):
        return "http"
    if any(sign.isdigit() for sign in word):
        return "0"
    return word.strip(_SIGNS) or word
