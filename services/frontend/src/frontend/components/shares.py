"""Labels with their shares, as bars that are also text."""

from collections.abc import Mapping
from html import escape

from frontend.i18n import Catalogue

TONES = {"negative", "neutral", "positive"}


def tone(label: str) -> str:
    """The style class of a label; labels that are not of a sentiment share one."""
    return label if label in TONES else "other"


def bars(words: Catalogue, shares: Mapping[str, float], *, best: str, name: str) -> str:
    """A bar for each label as HTML.

    Args:
        words: the visitor's language.
        shares: from 0 to 1.
        best: the label to stand out.
        name: what the list is, for screen readers.
    """
    rows = {label: words.percent(share) for label, share in shares.items()}
    return _list(words, shares, rows, best=best, name=name)


def counted(words: Catalogue, counts: Mapping[str, int]) -> str:
    """A bar for each label, with the count behind it, as HTML."""
    total = sum(counts.values()) or 1
    shares = {label: count / total for label, count in counts.items()}
    rows = {
        label: f"{words.number(counts[label])} · {words.percent(share)}"
        for label, share in shares.items()
    }
    best = max(shares, key=lambda label: shares[label])
    return _list(words, shares, rows, best=best, name=words("batch.shares"))


def _list(
    words: Catalogue,
    shares: Mapping[str, float],
    said: Mapping[str, str],
    *,
    best: str,
    name: str,
) -> str:
    rows = "".join(
        f"<li class='{tone(label)}{' best' if label == best else ''}'>"
        f"<span class='name'>{escape(words.label(label))}</span>"
        f"<span class='track' aria-hidden='true'><span style='width:{share:.2%}'></span></span>"
        f"<span class='share'>{escape(said[label])}</span></li>"
        for label, share in shares.items()
    )
    return f"<ul class='bars' aria-label='{escape(name, quote=True)}'>{rows}</ul>"
