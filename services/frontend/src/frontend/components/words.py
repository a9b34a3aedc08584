"""A tweet with its words coloured by what they add to a label, and the same as a list."""

from collections.abc import Sequence
from html import escape

from frontend.api.answers import Explanation, WordWeight
from frontend.components.table import markup
from frontend.i18n import Catalogue

FAINTEST = 0.1
"""Share of the strongest weight below which a word stays without colour."""


def coloured(words: Catalogue, text: str, explanation: Explanation) -> str:
    """The tweet as HTML: blue with a solid line for the label, ochre with a dotted one against it.

    Depth of colour is the weight's share of the strongest one.
    """
    strongest = _strongest(explanation.words)
    pieces, at = [], 0
    for word in explanation.words:
        pieces.append(escape(text[at : word.start]))
        inside = escape(text[word.start : word.end])
        share = abs(word.weight) / strongest
        if share < FAINTEST:
            pieces.append(inside)
        else:
            side = "for" if word.weight > 0 else "against"
            pieces.append(
                f"<mark class='{side}' style='--depth:{share:.2f}' "
                f"title='{escape(words.number(word.weight, 2, signed=True), quote=True)}'>"
                f"{inside}</mark>"
            )
        at = word.end
    pieces.append(escape(text[at:]))
    return "".join(pieces)


def legend(words: Catalogue, text: str, explanation: Explanation) -> str:
    """What the colours mean, and every weight as a list, strongest first, as HTML."""
    label = words.label(explanation.explained_label)
    sides = {side: words(f"words.{side}", label=label) for side in ("for", "against")}
    keys = " ".join(
        f"<mark class='{side}' style='--depth:0.8'>{escape(said)}</mark>"
        for side, said in sides.items()
    )
    weights = markup(
        [words(f"words.{name}") for name in ("weight", "word", "direction")],
        [
            (
                words.number(word.weight, 2, signed=True),
                text[word.start : word.end],
                sides["for" if word.weight > 0 else "against"],
            )
            for word in sorted(explanation.words, key=lambda word: -abs(word.weight))
        ],
        numbers=1,
    )
    hint = f"<p>{escape(words('words.grouped'))}</p>" if explanation.grouped else ""
    return (
        f"<p class='legend'>{keys}</p>"
        f"<details class='weights'><summary><u>{escape(words('words.list'))}</u></summary>"
        f"<p>{escape(words('words.help'))}</p>{hint}{weights}</details>"
    )


def _strongest(weights: Sequence[WordWeight]) -> float:
    return max((abs(word.weight) for word in weights), default=0.0) or 1.0
