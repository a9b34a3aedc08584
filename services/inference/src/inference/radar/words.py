"""What of a mention is counted to say later what a surge is about, and how it is made anonymous."""

import html
import re
import unicodedata
from typing import Final

from contract.text.stop_words import STOP_WORDS
from inference.privacy.redaction import PLACEHOLDER, POSSIBLE_CODE, WORDS, redacted

MIN_LETTERS: Final = 3
MAX_LETTERS: Final = 32
MAX_WORDS: Final = 100
"""Words of one mention that are counted; a tweet has fewer."""
MIN_AUTHORS: Final = 3
"""Authors who used a word or a topic in the same hour before it is written down."""
SKETCH_BITS: Final = 62
"""Bits of a sketch of authors; they fit into a signed 64-bit column."""

WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
UNSURE: Final = re.compile(r"[@_\d]|\w\.\w|://|&#?\w+;")
"""Signs of a handle, an address, a number or a code; what has one between two spaces is left out
whole, since nobody misses a word of a surge that one tweet has in an odd form."""
CAPITALS: Final = re.compile(r"[A-Z]{6}")
"""A booking code that no word before it betrays, unless it is known for a word."""
COMMON: Final = frozenset(word for words in STOP_WORDS.values() for word in words) | frozenset(
    """just like get got can one too now via don't i'm it's can't i've you're that's about out
    would could there's but all any not how why amp rt been http https""".split()
)
"""Words that say nothing about what a surge is about, whatever they say about its sentiment."""


def words_of(text: str) -> set[str]:
    """The words of a mention, in small letters, each once.

    Without handles, addresses, anything with a digit in it, and what may be a booking code: what
    redaction takes out of a text that is kept, and more, since these stand alone and for longer.
    """
    text = redacted(_plain(text))
    text = PLACEHOLDER.sub(" ", POSSIBLE_CODE.sub(r"\g<cue>", text))
    found = set()
    for part in text.split():
        if UNSURE.search(part):
            continue
        for match in WORD.finditer(part):
            if CAPITALS.fullmatch(match[0]) and match[0] not in WORDS:
                continue
            word = match[0].lower().replace("’", "'")
            if MIN_LETTERS <= len(word) <= MAX_LETTERS and word not in COMMON:
                found.add(word)
    return set(sorted(found)[:MAX_WORDS])


def topic_of(text: str) -> str:
    """A topic as it may be counted: empty if redaction would take something out of it."""
    return text if redacted(_plain(text)) == _plain(text) else ""


def _plain(text: str) -> str:
    """A text as people see it: a handle in wide letters, or with a sign in it, is one all the same.

    Signs without a width, which Unicode calls formats, are left out.
    """
    shown = unicodedata.normalize("NFKC", html.unescape(text))
    if shown.isascii():
        return shown
    return "".join(sign for sign in shown if unicodedata.category(sign) != "Cf")


def author_bit(author: bytes) -> int:
    """The bit of an author in a sketch.

    Args:
        author: keyed hash of the pseudonym.
    """
    return 1 << (int.from_bytes(author[:8], "big") % SKETCH_BITS)


def enough_authors(sketch: int) -> bool:
    """Whether a sketch certainly holds enough authors: two may share a bit, never the other way."""
    return sketch.bit_count() >= MIN_AUTHORS
