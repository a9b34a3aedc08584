"""How much may be computed to explain one text."""

from typing import Final

from inference.explanation.shapley import most_players
from inference.scheduling.admission import BYTES_PER_TOKEN, Work
from inference.scheduling.queue import Priority

MAX_VARIANTS: Final = 512
"""Texts with some words only: all of them up to 9 words, 26 orders of 20 words."""
MAX_IDS: Final = 32_768
"""Ids of so many texts as long as the whole one; on average they have half as many."""
MAX_CHARACTERS: Final = 1_000_000
"""Characters likewise: encoding these takes about half a second of Python, which all share."""
MIN_VARIANTS: Final = 6
"""All that three groups of words have, however long the text."""
BYTES_PER_WORD: Final = 6


def variants_for(characters: int, tokens: int) -> int:
    """How many variants of a text may be computed, by its length."""
    affordable = min(MAX_VARIANTS, MAX_IDS // max(1, tokens), MAX_CHARACTERS // max(1, characters))
    return max(MIN_VARIANTS, affordable)


def words_for(variants: int) -> int:
    """How many words get a weight of their own; of more, neighbours share one."""
    return most_players(variants)


def estimated_ids(body_bytes: int) -> int:
    """The ids that explaining the text of a body will take, as `Work.ids_of`."""
    tokens = body_bytes // BYTES_PER_TOKEN
    words = min(body_bytes // BYTES_PER_WORD, MAX_VARIANTS.bit_length())
    return min(1 << words, variants_for(body_bytes, tokens)) * tokens // 2


EXPLANATION: Final = Work(Priority.EXPLAIN, estimated_ids)
