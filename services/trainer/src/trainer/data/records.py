"""Records of delimited text that keep their line numbers and survive a broken quote."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from trainer.data.lines import Lines
from trainer.data.report import ProblemKind


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


class _Rereadable:
    """Lines of the current record, which can be given back when it turns out to be broken."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._before = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        return line

    def end_record(self) -> range:
        """Numbers of the record's lines."""
        first = self._before + 1
        self._before += len(self._record)
        self._record.clear()
        return range(first, self._before + 1)

    def give_up_first_line(self) -> int:
        """Number of the record's first line; the others will be read again."""
        self._again.extendleft(reversed(self._record[1:]))
        self._record.clear()
        self._before += 1
        return self._before


def read_records(lines: Lines, dialect: Dialect) -> Iterator[tuple[int, list[str] | ProblemKind]]:
    """Every record with the number of its first line; blank lines are passed over.

    A quote that never closes would swallow the rest of the file. It costs only its own line here:
    the lines after it are read again by themselves. The csv module's limit on the length of a
    field bounds how far such a quote reaches.

    Yields:
        The cells of a record, or why it cannot be read.
    """
    source = _Rereadable(iter(lines))
    reader = dialect.parse(source)
    undecodable = lines.undecodable
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            first = source.give_up_first_line()
            broken = first in undecodable
            yield first, ProblemKind.UNDECODABLE if broken else ProblemKind.UNREADABLE
            continue
        numbers = source.end_record()
        if undecodable and not undecodable.isdisjoint(numbers):
            yield numbers.start, ProblemKind.UNDECODABLE
        elif cells:
            yield numbers.start, cells
