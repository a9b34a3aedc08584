"""What of a mention is counted to say later what a surge is about, and how it is made anonymous."""

import html
import re
from typing import Final

from contract.text.steps import URL
from contract.text.stop_words import STOP_WORDS
from inference.privacy.redaction import EMAIL, HANDLE

MIN_LETTERS: Final = 3
MAX_LETTERS: Final = 32
MAX_WORDS: Final = 100
"""Words of one mention that are counted; a tweet has fewer."""
MIN_AUTHORS: Final = 3
"""Authors who used a word in the same hour before it is written down."""
SKETCH_BITS: Final = 62
"""Bits of a sketch of authors; they fit into a signed 64-bit column."""

WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
COMMON: Final = frozenset(word for words in STOP_WORDS.values() for word in words) | frozenset(
    """just like get got can one too now via don't i'm it's can't i've you're that's about out
    would could there's but all any not how why amp rt been""".split()
)
"""Words that say nothing about what a surge is about, whatever they say about its sentiment."""


def words_of(text: str) -> set[str]:
    """The words of a mention, in small letters, each once.

    Without handles, addresses, and anything with a digit in it, such as booking codes and phone
    numbers.
    """
    text = html.unescape(text)
    for pattern in (URL, EMAIL, HANDLE):
        text = pattern.sub(" ", text)
    found = set()
    for part in text.split():
        if any(character.isdigit() for character in part):
            continue
        for match in WORD.finditer(part):
            word = match[0].lower().replace("’", "'")
            if MIN_LETTERS <= len(word) <= MAX_LETTERS and word not in COMMON:
                found.add(word)
    return set(sorted(found)[:MAX_WORDS])


def author_bit(author: bytes) -> int:
    """The bit of an author in a sketch.

    Args:
        author: keyed hash of the pseudonym.
    """
    return 1 << (int.from_bytes(author[:8], "big") % SKETCH_BITS)


def enough_authors(sketch: int) -> bool:
    """Whether a sketch certainly holds enough authors: two may share a bit, never the other way."""
    return sketch.bit_count() >= MIN_AUTHORS
