"""The rows of a source as they were read: one table, whatever the file's format."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from trainer.data.report import ProblemKind, ProblemLog

Split3 = tuple[str, str, str]
SPLITS: Split3 = ("train", "validation", "test")
SENTIMENTS = ("negative", "neutral", "positive")

COLUMNS = ("text", "label", "user", "created_at", "airline", "language", "split")
"""What a source may say of a tweet; `text` and `label` it must."""

ROWS_PER_CHUNK = 50_000


@dataclass(frozen=True)
class RawTable:
    """Rows that could be read.

    Attributes:
        format: name of the format they were read as.
        frame: `line` (number of the row's first line, from 1) and `COLUMNS` as strings, null where
            the source does not say.
        rows_read: readable or not.
        problems: the rows that could not be read.
    """

    format: str
    frame: pl.DataFrame
    rows_read: int
    problems: ProblemLog


@dataclass
class TableBuilder:
    """Collects rows in compact chunks: a Python string each would triple the memory.

    Attributes:
        columns: which of `COLUMNS` each value of a row is, in order.
    """

    columns: Sequence[str]
    _chunks: list[pl.DataFrame] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)
    _rows: list[Sequence[str | None]] = field(default_factory=list)
    _problems: ProblemLog = field(default_factory=ProblemLog)

    def add(self, line: int, values: Sequence[str | None]) -> None:
        """Add a row that starts on a line."""
        self._lines.append(line)
        self._rows.append(values)
        if len(self._rows) >= ROWS_PER_CHUNK:
            self._flush()

    def refuse(self, line: int, kind: ProblemKind) -> None:
        """Count a row that cannot be read."""
        self._problems.add(kind, (line,))

    def build(self, format_name: str) -> RawTable:
        """Everything added, in order."""
        self._flush()
        frame = pl.concat(self._chunks, rechunk=True)
        return RawTable(format_name, frame, frame.height + self._problems.total, self._problems)

    def _flush(self) -> None:
        values = list(zip(*self._rows, strict=True)) or [()] * len(self.columns)
        given = dict(zip(self.columns, values, strict=True))
        empty = [None] * len(self._rows)
        series = [pl.Series("line", self._lines, pl.UInt32)]
        series += [pl.Series(name, given.get(name, empty), pl.String) for name in COLUMNS]
        self._chunks.append(pl.DataFrame(series))
        self._lines, self._rows = [], []
