"""The registry of text steps.

A step is known by name *and* version: change what a step does and it gets a new version, so that a
bundle trained with the old one is refused rather than silently served with the new one.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from threading import Lock

import emoji

from contract.text.aligned import Edit, Rewrite, substitution
from contract.text.stop_words import STOP_WORDS, is_negation

Parameters = Mapping[str, str]
StepFactory = Callable[[Parameters], Rewrite]

SNOWBALL = {"en": "english", "fr": "french"}
"""The stemmer of each language that has one here."""
LEMMA_LANGUAGES = frozenset({"en", "fr"})

# An ASCII character never combines with one before it, so NFKC of such a run alone equals that
# part of NFKC of the whole text.
NON_ASCII_RUN = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# The sign comes first in the pattern, which finds it faster than what must not stand before it.
MENTION = re.compile(r"@(?<![\w@].)\w{1,50}", re.DOTALL)
# Letters and marks only: "1000" is another number than "100".
ELONGATION = re.compile(r"([^\W\d])\1{2,}|([!?.])\2{2,}")
THRICE = re.compile(r"(.)\1\1", re.DOTALL)
VARIATION_SELECTOR = "\ufe0f"
CASED_RUN = re.compile(r"\S+")
LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# All white space but a single space, which stays.
SPACES = re.compile(r"[^\S ]\s*| \s+")


def _language(parameters: Parameters, known: Iterable[str]) -> str:
    language = parameters.get("language", "en")
    if language not in known:
        raise ValueError(f"language {language!r} is not one of {', '.join(sorted(known))}")
    return language


def _nfkc(_: Parameters) -> Rewrite:
    def edits(text: str) -> Iterator[Edit]:
        if unicodedata.is_normalized("NFKC", text):
            return
        for match in NON_ASCII_RUN.finditer(text):
            run = match.group()
            plain = unicodedata.normalize("NFKC", run)
            if plain != run:
                # A space that stays in front is no origin of what changes after it.
                same = 1 if plain.startswith(run[0]) else 0
                yield Edit(match.start() + same, match.end(), plain[same:])

    return edits


def _html_entities(_: Parameters) -> Rewrite:
    def unescape(entity: str) -> str:
        plain = html.unescape(entity)
        # "&nbsp;" is a space, and "&#8206;" or the like should not hide inside a word.
        return plain if plain.isprintable() else " "

    return substitution(ENTITY, unescape)


def _urls(_: Parameters) -> Rewrite:
    return substitution(URL, lambda _: "http")


def _mentions(_: Parameters) -> Rewrite:
    return substitution(MENTION, lambda _: "@user")


def _elongations(_: Parameters) -> Rewrite:
    shortened = substitution(ELONGATION, lambda run: run[0] * 2)

    def edits(text: str) -> Iterable[Edit]:
        return shortened(text) if THRICE.search(text) else ()  # a tenth of the time, mostly enough

    return edits


@lru_cache(maxsize=1)
def _emoji_lengths() -> Mapping[str, Sequence[int]]:
    """By the first character of an emoji: how long those are that begin so, longest first."""
    lengths: dict[str, set[int]] = {}
    for sequence in emoji.EMOJI_DATA:
        lengths.setdefault(sequence[0], set()).add(len(sequence))
    return {first: sorted(found, reverse=True) for first, found in lengths.items()}


def _emoji(_: Parameters) -> Rewrite:
    """Names every emoji, longest sequence first, with a variation selector it does not need.

    `emoji.emoji_list` finds the same, but takes seconds for a few thousand joined emoji; and a
    pattern of all sequences tries thousands of them for each.
    """
    lengths = _emoji_lengths()
    # A class of all first characters would be searched one by one for each character of a text.
    plain = "".join(filter(str.isascii, lengths))
    candidate = re.compile(f"[{re.escape(plain)}\x80-\U0010ffff]")

    def edits(text: str) -> Iterator[Edit]:
        if text.isascii():
            return
        done = 0
        for match in candidate.finditer(text):
            start = match.start()
            if start < done:
                continue
            for length in lengths.get(match.group(), ()):
                sequence = text[start : start + length]
                if data := emoji.EMOJI_DATA.get(sequence):
                    done = start + len(sequence)
                    done += text.startswith(VARIATION_SELECTOR, done)
                    yield Edit(start, done, f" emoji_{data['en'].strip(':')} ")
                    break

    return edits


def _lowercase(_: Parameters) -> Rewrite:
    return substitution(CASED_RUN, str.lower)


def _stop_words(parameters: Parameters) -> Rewrite:
    words = STOP_WORDS[_language(parameters, STOP_WORDS)]
    return substitution(LETTERS, lambda word: " " if word.lower() in words else word)


def _stems(parameters: Parameters) -> Rewrite:
    return _normalised(_stemmer(parameters))


def _lemmas(parameters: Parameters) -> Rewrite:
    return _normalised(_lemmatiser(parameters))


def _stems_that_negate(parameters: Parameters) -> Rewrite:
    return _normalised(_keeping_negations(_stemmer(parameters)))


def _lemmas_that_negate(parameters: Parameters) -> Rewrite:
    return _normalised(_keeping_negations(_lemmatiser(parameters)))


def _normalised(normalise: Callable[[str], str]) -> Rewrite:
    return substitution(LETTERS, lru_cache(maxsize=65_536)(normalise))


def _keeping_negations(normalise: Callable[[str], str]) -> Callable[[str], str]:
    """Version 1 made "do" of "don't" and "être" of "n'est", and so lost what was denied."""

    def apply(word: str) -> str:
        small = word.lower()
        return small if is_negation(small) else normalise(small)

    return apply


def _stemmer(parameters: Parameters) -> Callable[[str], str]:
    import snowballstemmer  # a fifth of a second that most bundles can start without

    stemmer = snowballstemmer.stemmer(SNOWBALL[_language(parameters, SNOWBALL)])
    lock = Lock()

    def stem(word: str) -> str:
        with lock:  # a stemmer keeps the word it works on in itself
            return str(stemmer.stemWord(word.lower()))

    return stem


def _lemmatiser(parameters: Parameters) -> Callable[[str], str]:
    import simplemma  # as above

    language = _language(parameters, LEMMA_LANGUAGES)
    return lambda word: str(simplemma.lemmatize(word, lang=language))


def _spaces(_: Parameters) -> Rewrite:
    return substitution(SPACES, lambda _: " ")


STEPS: dict[tuple[str, int], StepFactory] = {
    ("nfkc", 1): _nfkc,
    ("html-entities", 1): _html_entities,
    ("urls", 1): _urls,
    ("mentions", 1): _mentions,
    ("elongations", 1): _elongations,
    ("emoji", 1): _emoji,
    ("lowercase", 1): _lowercase,
    ("stop-words", 1): _stop_words,
    ("stems", 1): _stems,
    ("stems", 2): _stems_that_negate,
    ("lemmas", 1): _lemmas,
    ("lemmas", 2): _lemmas_that_negate,
    ("spaces", 1): _spaces,
}
"""Every step this reader knows, by name and version."""
