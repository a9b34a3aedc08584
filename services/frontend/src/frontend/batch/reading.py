"""Reading a delimited file of tweets as people have it: any common delimiter, UTF-8 or Windows."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from frontend.batch.encoding import decode
from frontend.batch.refusal import FileRefusedError

MAX_ROWS = 20_000
LONGEST_TEXT = 10_000
"""Characters, as many as the API takes where its settings are as they come."""

TEXT_NAMES = ("text", "tweet", "texte", "message", "content", "contenu", "body")
DELIMITERS = (",", ";", "\t", "|")
NEVER = "\x1f"
"""The unit separator, which no text has: the delimiter of a file with one column."""
LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file.

    Attributes:
        line: where it begins, counted from 1 as editors do.
        cells: as many as there are columns.
    """

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that has no answer.

    Attributes:
        line: where it begins.
        reason: key of the message for people, under `batch.bad` in the catalogues.
        detail: what the service said, in English; empty where the file itself is why.
    """

    line: int
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """A file that was read.

    Attributes:
        name: the file's.
        encoding: what it was read as.
        delimiter: what stands between its cells.
        columns: names in its first row.
        rows: records whose cells fit the columns.
        bad: the others.
    """

    name: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def text_column(self) -> int | None:
        """The column that by its name holds the tweets; None if none does."""
        names = [name.strip().lower() for name in self.columns]
        return next((names.index(name) for name in TEXT_NAMES if name in names), None)


def read(name: str, content: bytes) -> Table:
    """Read a file whose first row names its columns.

    Raises:
        FileRefusedError: it cannot be read as a whole; says at which line and how to mend it.
    """
    text, encoding = decode(content)
    delimiter = _delimiter(text)
    records = _records(text, delimiter)
    first = next(records, None)
    if first is None:
        raise FileRefusedError("empty")
    table = Table(name, encoding, delimiter, tuple(cell.strip() for cell in first.cells))
    width = len(table.columns)
    for record in records:
        if len(table.rows) + len(table.bad) == MAX_ROWS:
            raise FileRefusedError("too_many_rows", line=record.line, limit=MAX_ROWS)
        if len(record.cells) == width:
            table.rows.append(record)
        else:
            few = len(record.cells) < width
            table.bad.append(BadRow(record.line, "too_few_cells" if few else "too_many_cells"))
    if not table.rows and not table.bad:
        raise FileRefusedError("only_names")
    return table


def texts(table: Table, column: int) -> tuple[list[tuple[Row, str]], list[BadRow]]:
    """The tweets of a table, and the records that have none that can be read."""
    good, bad = [], []
    for row in table.rows:
        text = row.cells[column]
        if not text.strip():
            bad.append(BadRow(row.line, "no_text"))
        elif len(text) > LONGEST_TEXT:
            bad.append(BadRow(row.line, "too_long"))
        else:
            good.append((row, text))
    return good, bad


def _delimiter(text: str) -> str:
    """The delimiter that gives the first records most columns; `NEVER` if none gives two."""
    head = "\n".join(text.splitlines()[:LOOKED_AT])

    def columns(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(cells) for cells in csv.reader(io.StringIO(head), delimiter=delimiter)]
        except csv.Error:  # a quotation mark that is never closed, which `_records` will tell
            return 0, 0
        first = widths[0] if widths else 0
        return (widths.count(first) if first > 1 else 0), first

    best = max(DELIMITERS, key=columns)
    return best if columns(best)[1] > 1 else NEVER


def _records(text: str, delimiter: str) -> Iterator[Row]:
    """The records that are not blank.

    Raises:
        FileRefusedError: a quotation mark makes no sense; says where its record begins.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # All that is left of a file after a quotation mark that is never closed is one cell.
            open_ended = "unexpected end" in str(error) or "field limit" in str(error)
            reason = "open_quote" if open_ended else "stray_quote"
            raise FileRefusedError(reason, line=line) from error
        if any(cell.strip() for cell in cells):
            yield Row(line, tuple(cells))
        line = reader.line_num + 1
