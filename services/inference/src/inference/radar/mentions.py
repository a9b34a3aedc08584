"""A mention, what makes it itself, and what a model said of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from inference.radar.words import author_bit
from inference.texts import Fingerprints

IDENTITY_BYTES: Final = 16
"""Bytes of a keyed hash that are kept; two of a billion mentions share them once in 10^20 times."""
NEGATIVE: Final = "negative"
"""The label that the radar counts."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Something that was said of an airline.

    Attributes:
        text: the tweet.
        created_at: when it was written, in UTC.
        airline: whom it is about; empty where nobody says.
        topic: what it is about, if whoever sends it knows.
        author: pseudonym of its author.
        reach: how many people it may have reached, such as followers or retweets.
        id: the source's own identifier.
    """

    text: str
    created_at: datetime
    airline: str = ""
    topic: str = ""
    author: str = ""
    reach: int = 0
    id: str = ""

    @property
    def minute(self) -> int:
        """The minute that it was written in, numbered from the beginning of 1970."""
        return int(self.created_at.timestamp() // 60)


@dataclass(frozen=True, slots=True)
class ScoredMention:
    """A mention with its identity and what the model says of it.

    Attributes:
        mention: what was said.
        identity: see `identity_of`.
        label: the model's.
        negative: calibrated probability of `negative`.
    """

    mention: Mention
    identity: bytes
    label: str
    negative: float


def identity_of(mention: Mention, fingerprints: Fingerprints) -> bytes:
    """What makes a mention the same when it comes again: its id, else its text, time and author.

    A keyed hash, so that it names neither the tweet nor its author to whoever reads the store.
    """
    if mention.id:
        return identity_of_id(mention.id, fingerprints)
    moment = mention.created_at.isoformat()
    return _hash(fingerprints, "radar mention", moment, mention.author, mention.text)


def identity_of_id(id: str, fingerprints: Fingerprints) -> bytes:
    """The identity of a mention that came with an id of its source."""
    return _hash(fingerprints, "radar id", id)


def token_of(kind: str, name: str, fingerprints: Fingerprints) -> bytes:
    """What a word or a topic is counted under before it may be written down."""
    return _hash(fingerprints, "radar", kind, name)


def author_bit_of(mention: ScoredMention, fingerprints: Fingerprints) -> int:
    """The author's bit; a mention without one counts as an author of its own."""
    author = mention.mention.author
    return author_bit(_hash(fingerprints, "radar author", author) if author else mention.identity)


def _hash(fingerprints: Fingerprints, *parts: str) -> bytes:
    # Lengths first: no two lists of parts make the same text.
    sizes = " ".join(str(len(part)) for part in parts)
    return bytes.fromhex(fingerprints.of(f"{sizes} {' '.join(parts)}"))[:IDENTITY_BYTES]
