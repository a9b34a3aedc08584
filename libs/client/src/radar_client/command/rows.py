"""Tweets from CSV, JSON lines or plain lines, one after the other, however many there are."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, TextIO

from radar_client.command.errors import CommandError

Form = Literal["csv", "jsonl", "lines"]

STDIN = "-"
LONGEST_LINE = 1_000_000
"""Characters; a longer line is read over, since it could be as long as memory."""
DELIMITERS = ",;\t"
SUFFIXES: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "lines",
}
NOT_UTF8 = "is not UTF-8: save the file as UTF-8"
TOO_LONG = f"is longer than {LONGEST_LINE} characters: split it"


@dataclass(frozen=True, slots=True)
class Row:
    """A place in the input, and the tweet that stands there.

    Attributes:
        source: file name, or `-`.
        line: where the row begins, from 1.
        text: the tweet; None where it cannot be read.
        problem: why not, and how to mend it.
    """

    source: str
    line: int
    text: str | None
    problem: str | None = None


def rows_of(source: str, form: Form | None, column: str) -> Iterator[Row]:
    """The rows of one input, read as they are asked for.

    Args:
        source: path of a file, or `-` for standard input.
        form: None takes it from the file's suffix, else from its first line.
        column: of CSV and of JSON objects, the one with the tweets.

    Raises:
        CommandError: the file cannot be read, or a CSV file does not have the column.
    """
    try:
        with _open(source) as binary:
            # Bytes that are not UTF-8 become halves of surrogate pairs, so that a row can say so.
            stream = io.TextIOWrapper(binary, "utf-8-sig", "surrogateescape", newline="")
            yield from _rows(source, stream, form, column)
    except OSError as error:
        raise CommandError(f"{source}: cannot be read: {error.strerror or error}") from None


def _open(source: str) -> BinaryIO:
    if source != STDIN:
        return Path(source).open("rb")
    # Not Python's own object for it: a thread that waits for input would hold that one's lock, and
    # the interpreter could not end.
    return os.fdopen(sys.stdin.fileno(), "rb", closefd=False)


def _rows(source: str, stream: TextIO, form: Form | None, column: str) -> Iterator[Row]:
    first = stream.readline(LONGEST_LINE)
    form = form or SUFFIXES.get(Path(source).suffix.lower()) or _guessed(first, column)
    pieces = chain([first] if first else [], iter(lambda: stream.readline(LONGEST_LINE), ""))
    match form:
        case "csv":
            return _csv_rows(source, pieces, column)
        case "jsonl":
            return _json_rows(source, pieces, column)
        case "lines":
            return _line_rows(source, pieces)


def _guessed(first: str, column: str) -> Form:
    if first.lstrip().startswith("{"):
        return "jsonl"
    return "csv" if _delimiter(first, column) else "lines"


def _delimiter(header: str, column: str) -> str | None:
    """The character that makes a header have the column."""
    for delimiter in DELIMITERS:
        with suppress(csv.Error, StopIteration):
            if column in next(csv.reader([header], delimiter=delimiter)):
                return delimiter
    return None


def _csv_rows(source: str, pieces: Iterator[str], column: str) -> Iterator[Row]:
    header = next(pieces, "")
    delimiter = _delimiter(header, column)
    if delimiter is None:
        raise CommandError(
            f"{source}: the first line names no column {column!r}: name another with --column, or "
            "say what it is with --from"
        )
    names = next(csv.reader([header], delimiter=delimiter))
    place = names.index(column)
    reader = csv.reader(pieces, delimiter=delimiter)
    line = 2
    while True:
        problem = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"cannot be read ({error}): is a quote closed that is opened here?"
        else:
            if fields and len(fields) != len(names):
                problem = (
                    f"has {len(fields)} fields where the first line has {len(names)}: quote texts "
                    "that hold delimiters or quotes"
                )
        if problem:
            yield Row(source, line, None, problem)
        elif fields:
            yield _row(source, line, fields[place])
        line = reader.line_num + 2  # the reader has not seen the first line


def _json_rows(source: str, pieces: Iterator[str], column: str) -> Iterator[Row]:
    for line, text in _numbered(pieces):
        if text is None:
            yield Row(source, line, None, TOO_LONG)
        elif text.strip():
            yield _json_row(source, line, text, column)


def _json_row(source: str, line: int, text: str, column: str) -> Row:
    if _undecodable(text):
        return Row(source, line, None, NOT_UTF8)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Row(source, line, None, "is not JSON: write one object a line")
    found = value.get(column) if isinstance(value, dict) else None
    if not isinstance(found, str):
        return Row(
            source,
            line,
            None,
            f"is no object with a text under {column!r}: name another member with --column",
        )
    return Row(source, line, found)


def _line_rows(source: str, pieces: Iterator[str]) -> Iterator[Row]:
    for line, text in _numbered(pieces):
        if text is None:
            yield Row(source, line, None, TOO_LONG)
        elif text.strip():
            yield _row(source, line, text)


def _numbered(pieces: Iterator[str]) -> Iterator[tuple[int, str | None]]:
    """Whole lines with their numbers; None for one that is too long."""
    number, inside = 0, False
    for piece in pieces:
        ends = piece[-1] in "\r\n" or len(piece) < LONGEST_LINE
        if not inside:
            number += 1
            yield number, piece.rstrip("\r\n") if ends else None
        inside = not ends


def _row(source: str, line: int, text: str) -> Row:
    return Row(source, line, None, NOT_UTF8) if _undecodable(text) else Row(source, line, text)


def _undecodable(text: str) -> bool:
    # What the decoder's "surrogateescape" makes of bytes that it cannot decode.
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)
