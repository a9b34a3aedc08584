"""Records of delimited text that keep their line numbers and survive a broken quote."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from trainer.data.lines import Lines
from trainer.data.report import ProblemKind

LINES_PER_BLOCK = 2_000


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart.

    Attributes:
        delimiter: the character between cells.
        quoted: whether double quotes around a cell protect delimiters and line ends in it (RFC
            4180). If not, every line is a record; a cell within quotes still loses them, and a
            quote by itself is text.
    """

    delimiter: str
    quoted: bool = True

    def parse(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Cells of each record.

        Raises:
            csv.Error: a quote is out of place; the next record can still be asked for.
        """
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        plain = csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)
        # Unlike a generator, map goes on after an error.
        return map(_unquoted, plain)


def _unquoted(cells: list[str]) -> list[str]:
    return [_without_quotes(cell) if cell.startswith('"') else cell for cell in cells]


def _without_quotes(cell: str) -> str:
    inner = cell[1:-1]
    if len(cell) < 2 or cell[-1] != '"' or '"' in inner.replace('""', ""):
        return cell
    return inner.replace('""', '"')


@dataclass(frozen=True)
class Block:
    """Records that follow each other.

    Attributes:
        lines: number of the first line of each record, from 1.
        rows: cells of each record.
        broken: line number of each record that cannot be read, and why.
    """

    lines: Sequence[int]
    rows: list[list[str]]
    broken: Sequence[tuple[int, ProblemKind]] = ()


def read_blocks(lines: Lines, dialect: Dialect) -> Iterator[Block]:
    """Every record, a block of lines at a time; blank lines are passed over.

    A quote that never closes would swallow the rest of the file. It costs only its own line here:
    the lines after it are read again by themselves. The csv module's limit on the length of a
    field bounds how far such a quote reaches.
    """
    source = _Rereadable(iter(lines))
    while block := source.take(LINES_PER_BLOCK):
        numbers = source.end_record()
        rows = _one_a_line(block, dialect)
        if rows is not None and lines.undecodable.isdisjoint(numbers):
            yield Block(numbers, rows)
        else:
            source.give_back(block)
            yield _read_carefully(source, dialect, lines.undecodable, numbers.stop)


def _one_a_line(block: list[str], dialect: Dialect) -> list[list[str]] | None:
    """The records of a block where each line is one, which is fast; None where not."""
    try:
        rows = list(dialect.parse(iter(block)))
    except csv.Error:
        return None
    return rows if len(rows) == len(block) and all(rows) else None


def _read_carefully(
    source: "_Rereadable", dialect: Dialect, undecodable: Set[int], until: int
) -> Block:
    """Records one by one, up to the first that begins at line `until` or later."""
    reader = dialect.parse(source)
    starts: list[int] = []
    rows: list[list[str]] = []
    broken: list[tuple[int, ProblemKind]] = []
    while source.next_number < until:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            first = source.give_up_first_line()
            bad = first in undecodable
            broken.append((first, ProblemKind.UNDECODABLE if bad else ProblemKind.UNREADABLE))
            continue
        numbers = source.end_record()
        if not undecodable.isdisjoint(numbers):
            broken.append((numbers.start, ProblemKind.UNDECODABLE))
        elif cells:
            starts.append(numbers.start)
            rows.append(cells)
    return Block(starts, rows, broken)


class _Rereadable:
    """Lines that can be given back when a record turns out to be broken.

    Attributes:
        next_number: number of the first line that no ended record has taken.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.next_number = 1
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        return line

    def take(self, count: int) -> list[str]:
        """The next lines, fewer at the end."""
        again = [self._again.popleft() for _ in range(min(count, len(self._again)))]
        block = again + list(islice(self._lines, count - len(again)))
        self._taken.extend(block)
        return block

    def end_record(self) -> range:
        """Numbers of the lines taken since the last record ended."""
        first = self.next_number
        self.next_number += len(self._taken)
        self._taken.clear()
        return range(first, self.next_number)

    def give_back(self, lines: Sequence[str]) -> None:
        """Return lines of the record that ended last."""
        self._again.extendleft(reversed(lines))
        self.next_number -= len(lines)

    def give_up_first_line(self) -> int:
        """End the record at its first line, whose number this is; return the others."""
        others = self._taken[1:]
        first = self.end_record().start
        self.give_back(others)
        return first
