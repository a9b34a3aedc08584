"""Which format a file has, told from its first lines."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from trainer.data.lines import read_head
from trainer.data.records import Dialect
from trainer.data.table import COLUMNS, SENTIMENTS
from trainer.errors import DataError

PROBED_ROWS = 20
DELIMITERS = ("\t", ",", ";")

SAME = {name: name for name in SENTIMENTS}
SENTIMENT140_LABELS = {"0": "negative", "2": "neutral", "4": "positive"}
UMSAB_LABELS = {"0": "negative", "1": "neutral", "2": "positive"}

COLUMN_NAMES = {name: name for name in COLUMNS}
SENTIMENT140_COLUMNS = {"label": 0, "created_at": 2, "user": 4, "text": 5}
AIRLINE_COLUMNS = {
    "label": "airline_sentiment",
    "text": "text",
    "user": "name",
    "created_at": "tweet_created",
    "airline": "airline",
}
SEMEVAL_HEADER = ["split", "id", "label", "text"]
UMSAB_TEXTS, UMSAB_LABEL_FILE = "_text.txt", "_labels.txt"


@dataclass(frozen=True)
class Delimited:
    r"""A file of records with a fixed number of cells.

    Attributes:
        name: of the format, for people.
        dialect: how cells are told apart.
        width: cells of a record.
        has_header: whether the first record names the columns.
        columns: place of each of `COLUMNS` that the file has.
        labels: the label each spelling stands for; None if any label will do.
        latin1: whether lines that are not UTF-8 are latin-1.
        escapes: whether texts hold `\u2019` for ’ and `\"` for ".
    """

    name: str
    dialect: Dialect
    width: int
    has_header: bool
    columns: Mapping[str, int]
    labels: Mapping[str, str] | None = None
    latin1: bool = False
    escapes: bool = False


@dataclass(frozen=True)
class JsonLines:
    """A JSON object a line.

    Attributes:
        keys: the key of each of `COLUMNS`.
    """

    keys: Mapping[str, str]
    name: str = "JSONL"
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class PairedFiles:
    """A text a line, and its label on the same line of another file, as UMSAB has them."""

    label_path: Path
    name: str = "texts and labels in two files"
    labels: Mapping[str, str] | None = None


Format = Delimited | JsonLines | PairedFiles


def detect_format(
    path: Path, *, text_column: str | None = None, label_column: str | None = None
) -> Format:
    """Tell the format of a file from its first lines.

    Args:
        path: the file.
        text_column: name of the column of texts, if not `text`.
        label_column: name of the column of labels, if not `label`.

    Raises:
        DataError: the file cannot be read, or has no such columns; the message lists those it has.
    """
    named = text_column is not None or label_column is not None
    wanted = {"text": text_column or "text", "label": label_column or "label"}
    label_path = path.with_name(path.name.removesuffix(UMSAB_TEXTS) + UMSAB_LABEL_FILE)
    if path.name.endswith(UMSAB_TEXTS) and label_path.exists() and not named:
        return PairedFiles(label_path, labels=UMSAB_LABELS)
    head = read_head(path)
    if head[0].lstrip().startswith("{"):
        return _json_lines(path, head, wanted)
    if head[0].lstrip().startswith("["):
        raise DataError(f"{path} is a JSON array: write one object a line instead (JSONL)")
    found = _with_header(head, wanted, named=named)
    if found is None and not named:
        found = _sentiment140(head) or _two_columns(head)
    if found is None:
        raise DataError(_no_columns(path, wanted, _first_row(head, _likeliest_delimiter(head[0]))))
    return found


def _rows(head: Sequence[str], dialect: Dialect, limit: int = PROBED_ROWS) -> list[list[str]]:
    """The first readable records."""
    return list(islice((row for row in _records(head, dialect) if row is not None), limit))


def _records(head: Sequence[str], dialect: Dialect) -> Iterator[list[str] | None]:
    """Every record, None for one with a broken quote."""
    records = dialect.parse(iter(head))
    while True:
        try:
            yield next(records)
        except csv.Error:
            yield None
        except StopIteration:
            return


def _first_row(head: Sequence[str], delimiter: str) -> list[str]:
    rows = _rows(head, Dialect(delimiter), 1)
    return [cell.strip() for cell in rows[0]] if rows else []


def _likeliest_delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _no_columns(path: Path, wanted: Mapping[str, str], present: Sequence[str]) -> str:
    missing = " and ".join(repr(name) for name in wanted.values() if name not in present)
    shown = ", ".join(repr(name[:30]) for name in present[:20])
    return (
        f"{path} has no column {missing} (its first row holds {shown}): "
        "name the columns with --text-column and --label-column"
    )


def _with_header(
    head: Sequence[str], wanted: Mapping[str, str], *, named: bool
) -> Delimited | None:
    for delimiter in DELIMITERS:
        header = _first_row(head, delimiter)
        dialect, width = _dialect(head, delimiter), len(header)
        if not named and header == SEMEVAL_HEADER and delimiter == "\t":
            dialect = Dialect(delimiter, quoted=False)
            places = _places(COLUMN_NAMES, header)
            return Delimited("SemEval", dialect, width, True, places, SAME, escapes=True)
        if not named and {AIRLINE_COLUMNS["label"], AIRLINE_COLUMNS["text"]} <= set(header):
            places = _places(AIRLINE_COLUMNS, header)
            return Delimited("airline tweets", dialect, width, True, places, SAME)
        if set(wanted.values()) <= set(header):
            name = "TSV" if delimiter == "\t" else "CSV"
            places = _places({**COLUMN_NAMES, **wanted}, header)
            return Delimited(name, dialect, width, True, places)
    return None


def _places(columns: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    return {name: header.index(column) for name, column in columns.items() if column in header}


def _dialect(head: Sequence[str], delimiter: str) -> Dialect:
    """Whether quotes protect line ends: always with commas, where it helps with tabs.

    Tab-separated files often hold stray quotes, of which two would swallow the lines between.
    """
    quoted, plain = Dialect(delimiter), Dialect(delimiter, quoted=False)
    if delimiter != "\t":
        return quoted
    widths = {line.count(delimiter) for line in head}
    return quoted if len(widths) > 1 and _has_one_width(head, quoted) else plain


def _has_one_width(head: Sequence[str], dialect: Dialect) -> bool:
    rows = list(_records(head, dialect))
    if rows[-1] is None:  # a cell that goes on beyond the head
        rows.pop()
    return None not in rows and len({len(row) for row in rows if row}) == 1


def _sentiment140(head: Sequence[str]) -> Delimited | None:
    dialect = Dialect(",")
    rows = _rows(head, dialect)
    alike = [
        row
        for row in rows
        if len(row) == 6 and row[0] in SENTIMENT140_LABELS and row[1].strip().isdecimal()
    ]
    if 2 * len(alike) <= len(rows):
        return None
    return Delimited(
        "Sentiment140",
        dialect,
        6,
        False,
        SENTIMENT140_COLUMNS,
        SENTIMENT140_LABELS,
        latin1=True,
    )


def _two_columns(head: Sequence[str]) -> Delimited | None:
    for delimiter in DELIMITERS:
        dialect = _dialect(head, delimiter)
        rows = _rows(head, dialect)
        header = {cell.strip().lower() for cell in rows[0]} if rows else set()
        if header & {"text", "label"}:  # a header that lacks the other column
            continue
        if 2 * sum(len(row) == 2 for row in rows) > len(rows):
            return Delimited("label,text", dialect, 2, False, {"label": 0, "text": 1})
    return None


def _json_lines(path: Path, head: Sequence[str], wanted: Mapping[str, str]) -> JsonLines:
    present: dict[str, None] = {}
    for line in head[:PROBED_ROWS]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            present |= dict.fromkeys(row)
    if not set(wanted.values()) <= set(present):
        raise DataError(_no_columns(path, wanted, list(present)))
    return JsonLines({**COLUMN_NAMES, **wanted})
