"""The rows of a source as they were read: one table, whatever the file's format."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from trainer.data.report import ProblemKind, ProblemLog

SPLITS = ("train", "validation", "test")
SENTIMENTS = ("negative", "neutral", "positive")

COLUMNS = ("text", "label", "user", "created_at", "airline", "language", "split")
"""What a source may say of a tweet; `text` and `label` it must."""

ROWS_PER_CHUNK = 2_000


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
        places: where in a row each of `COLUMNS` is that the source has.
    """

    places: Mapping[str, int]
    _chunks: list[pl.DataFrame] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)
    _rows: list[Sequence[str | None]] = field(default_factory=list)
    _problems: ProblemLog = field(default_factory=ProblemLog)

    def extend(self, lines: Iterable[int], rows: Iterable[Sequence[str | None]]) -> None:
        """Add rows and the number of the first line of each."""
        self._lines.extend(lines)
        self._rows.extend(rows)
        if len(self._rows) >= ROWS_PER_CHUNK:
            self._flush()

    def refuse(self, line: int, kind: ProblemKind) -> None:
        """Count a row that cannot be read."""
        self._problems.add(kind, (line,))

    def build(self, format_name: str) -> RawTable:
        """Everything added, in order."""
        self._flush()
        frame = pl.concat(self._chunks, rechunk=True)
        missing = [name for name in COLUMNS if name not in frame.columns]
        frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
        frame = frame.select("line", *COLUMNS)
        return RawTable(format_name, frame, frame.height + self._problems.total, self._problems)

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True))
        series = [pl.Series("line", self._lines, pl.UInt32)]
        series += [
            pl.Series(name, columns[place] if columns else (), pl.String)
            for name, place in self.places.items()
        ]
        self._chunks.append(pl.DataFrame(series))
        self._lines, self._rows = [], []
