"""The words of a raw text, and the text without some of them."""

from collections.abc import Sequence
from itertools import pairwise

from contract.text.pipeline import StepSpec, TextSteps

Span = tuple[int, int]
"""Where something begins in the raw text and where it has ended, in code points."""

_EMOJI_APART = TextSteps([StepSpec(name="emoji")])


def word_spans(text: str) -> list[Span]:
    """The words of a text: what white space separates, and every emoji by itself.

    A text of nothing but white space is one word, since a model may read it otherwise than an
    empty one, which has none.
    """
    words = _EMOJI_APART.align(text).words()
    if not words and text:
        return [(0, len(text))]
    return [(word.start, word.end) for word in words]


def grouped(spans: Sequence[Span], most: int) -> list[Span]:
    """At most so many spans: of neighbours joined, as many words in each as can be."""
    if len(spans) <= most:
        return list(spans)
    bounds = [len(spans) * place // most for place in range(most + 1)]
    return [(spans[first][0], spans[last - 1][1]) for first, last in pairwise(bounds)]


def text_of(text: str, spans: Sequence[Span], coalition: int) -> str:
    """The text with some of its words only.

    What lies between words that were neighbours stays as it is. One space stands where words were
    taken out between two that stay, so that these do not grow into one.

    Args:
        text: the raw text.
        spans: all of its words.
        coalition: those that stay: bit `i` for the `i`-th.

    Returns:
        The raw text itself if all stay, an empty one if none does.
    """
    pieces: list[str] = []
    before: int | None = None
    for place, (start, end) in enumerate(spans):
        if not coalition >> place & 1:
            continue
        if before is None:
            gap = text[:start] if place == 0 else ""
        else:
            gap = text[spans[before][1] : start] if before == place - 1 else " "
        pieces += (gap, text[start:end])
        before = place
    if before is not None and before == len(spans) - 1:
        pieces.append(text[spans[before][1] :])
    return "".join(pieces)
