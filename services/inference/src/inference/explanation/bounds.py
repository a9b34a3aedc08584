"""How much may be computed to explain one text."""

import math
from typing import Final

from inference.explanation.shapley import ENOUGH, MIN_PAIRS, most_players
from inference.scheduling.admission import BYTES_PER_TOKEN, Work
from inference.scheduling.queue import Priority

MAX_VARIANTS: Final = 512
"""Texts with some words only, at most; `shapley.ENOUGH` of them for most tweets."""
MAX_IDS: Final = 16_384
"""Ids that variants have together: on average they have half as many words as the text, hence half
as many ids, unless the text has more than the model reads."""
MAX_CHARACTERS: Final = 500_000
"""Characters that they have together: encoding these takes about half a second of Python, which all
requests share."""
MIN_VARIANTS: Final = 6
"""All that three groups of words have, however long the text."""
BYTES_PER_WORD: Final = 6


def variants_for(characters: int, tokens: int, *, truncated: bool) -> int:
    """How many variants of a text may be computed.

    Args:
        characters: length of the text.
        tokens: ids that the model reads of it.
        truncated: whether it has more.
    """
    ids = tokens if truncated else math.ceil(tokens / 2)
    affordable = min(MAX_VARIANTS, MAX_IDS // max(1, ids), 2 * MAX_CHARACTERS // max(1, characters))
    return max(MIN_VARIANTS, affordable)


def words_for(variants: int) -> int:
    """How many words get a weight of their own; of more, neighbours share one."""
    return most_players(variants)


def estimated_ids(body_bytes: int) -> int:
    """The ids that explaining the text of a body will take, as `Work.ids_of`."""
    tokens = body_bytes // BYTES_PER_TOKEN
    words = body_bytes // BYTES_PER_WORD
    most = variants_for(body_bytes, tokens, truncated=False)
    orders = min(most, max(ENOUGH, 2 * MIN_PAIRS * words))
    variants = min(1 << min(words, MAX_VARIANTS.bit_length()), orders)
    return min(MAX_IDS, variants * tokens // 2)


EXPLANATION: Final = Work(Priority.EXPLAIN, estimated_ids)
