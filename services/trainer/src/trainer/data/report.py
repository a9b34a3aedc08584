"""What was wrong with a data source: how many rows, and on which lines."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

LINES_SHOWN = 5


class ProblemKind(StrEnum):
    """Why a row was dropped."""

    UNDECODABLE = "bytes that are not valid text"
    UNREADABLE = "broken quotes or JSON"
    WRONG_WIDTH = "wrong number of columns"
    MISSING_LABEL = "no label"
    UNKNOWN_LABEL = "unknown label"
    EMPTY_TEXT = "empty text"
    CONTRADICTORY = "same text, different labels"
    DUPLICATE = "repeated text"


@dataclass(frozen=True)
class Problem:
    """Rows dropped for one reason.

    Attributes:
        kind: the reason.
        rows: how many.
        lines: the first of their line numbers, counted from 1, in order.
    """

    kind: ProblemKind
    rows: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning found. Every row read is either kept or counted under exactly one problem.

    Attributes:
        source: as the user gave it.
        format: how the file was read, such as `Sentiment140`.
        rows_read: rows of the file, header and blank lines apart.
        rows_kept: rows left to split.
        rows_moved: kept rows whose `split` column lost against another row of the same user: a
            user stays in one split, and test wins over validation, validation over train.
        problems: only those that occurred, in the order of `ProblemKind`.
    """

    source: str
    format: str
    rows_read: int
    rows_kept: int
    rows_moved: int
    problems: tuple[Problem, ...]

    def rows(self, kind: ProblemKind) -> int:
        """How many rows were dropped for this reason."""
        return sum(problem.rows for problem in self.problems if problem.kind is kind)

    def lines(self, kind: ProblemKind) -> tuple[int, ...]:
        """The first line numbers of this problem, none if it did not occur."""
        return next((problem.lines for problem in self.problems if problem.kind is kind), ())

    def summary(self) -> str:
        """One line for a log or an error message."""
        found = "; ".join(
            f"{problem.kind}: {problem.rows} (line {', '.join(map(str, problem.lines))})"
            for problem in self.problems
        )
        return f"{self.rows_read} rows read, {self.rows_kept} kept" + (
            f"; {found}" if found else ""
        )


@dataclass
class ProblemLog:
    """Counts problems while a source is read and cleaned."""

    _rows: dict[ProblemKind, int] = field(default_factory=dict)
    _lines: dict[ProblemKind, list[int]] = field(default_factory=dict)

    def add(self, kind: ProblemKind, lines: Iterable[int]) -> None:
        """Count rows by their line numbers."""
        numbers = sorted(lines)
        if numbers:
            self._rows[kind] = self._rows.get(kind, 0) + len(numbers)
            self._lines[kind] = sorted(self._lines.get(kind, []) + numbers[:LINES_SHOWN])[
                :LINES_SHOWN
            ]

    @property
    def total(self) -> int:
        """Rows dropped so far."""
        return sum(self._rows.values())

    def problems(self) -> tuple[Problem, ...]:
        """What was counted."""
        return tuple(
            Problem(kind, self._rows[kind], tuple(self._lines[kind]))
            for kind in ProblemKind
            if kind in self._rows
        )
