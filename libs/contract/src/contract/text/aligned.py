"""Rewriting a text while remembering which raw characters each new character came from."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]` by `replacement`; `start < end`."""

    start: int
    end: int
    replacement: str


Rewrite = Callable[[str], Iterable[Edit]]
"""Finds the edits of one text step: in order, not overlapping."""


def substitution(pattern: re.Pattern[str], replace: Callable[[str], str]) -> Rewrite:
    """A rewrite that replaces every match of `pattern` by `replace(match)`."""

    def edits(text: str) -> Iterator[Edit]:
        for match in pattern.finditer(text):
            old = match.group()
            new = replace(old)
            if new != old:
                yield Edit(match.start(), match.end(), new)

    return edits


def rewrite_text(text: str, rewrite: Rewrite) -> str:
    """Apply one rewrite to a plain text."""
    pieces: list[str] = []
    position = 0
    for edit in rewrite(text):
        pieces += (text[position : edit.start], edit.replacement)
        position = edit.end
    if not pieces:
        return text
    pieces.append(text[position:])
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a rewritten text, and the half-open span `[start, end)` it has in the raw text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A text whose character `i` stems from the raw characters `starts[i]` to `ends[i]`."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, raw: str) -> "AlignedText":
        """The raw text itself, each character its own origin."""
        return cls(raw, tuple(range(len(raw))), tuple(range(1, len(raw) + 1)))

    def rewritten(self, rewrite: Rewrite) -> "AlignedText":
        """Apply one rewrite and carry the origins along.

        A replacement as long as what it replaces keeps its characters' origins one by one; any
        other takes the whole span.
        """
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for edit in rewrite(self.text):
            pieces += (self.text[position : edit.start], edit.replacement)
            starts += self.starts[position : edit.start]
            ends += self.ends[position : edit.start]
            if len(edit.replacement) == edit.end - edit.start:
                starts += self.starts[edit.start : edit.end]
                ends += self.ends[edit.start : edit.end]
            else:
                starts += [self.starts[edit.start]] * len(edit.replacement)
                ends += [self.ends[edit.end - 1]] * len(edit.replacement)
            position = edit.end
        if not pieces:
            return self
        pieces.append(self.text[position:])
        starts += self.starts[position:]
        ends += self.ends[position:]
        return AlignedText("".join(pieces), tuple(starts), tuple(ends))

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The raw span that `text[start:end]` came from; `start < end`."""
        return min(self.starts[start:end]), max(self.ends[start:end])

    def words(self) -> list[Word]:
        """The words between white space, with their raw spans."""
        return [
            Word(match.group(), *self.raw_span(*match.span())) for match in WORD.finditer(self.text)
        ]
