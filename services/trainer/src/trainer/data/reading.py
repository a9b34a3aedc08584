"""Reads a file of any known format into one table, counting what cannot be read."""

import gc
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trainer.data.formats import Delimited, Format, JsonLines, PairedFiles
from trainer.data.lines import Lines, open_lines
from trainer.data.records import read_blocks
from trainer.data.report import ProblemKind
from trainer.data.table import RawTable, TableBuilder
from trainer.errors import DataError
from trainer.progress import Progress

UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def read_table(path: Path, found: Format, progress: Progress) -> RawTable:
    """Read every row of a file.

    Args:
        path: the file.
        found: its format, as `detect_format` tells it.
        progress: reports bytes read.

    Raises:
        DataError: the file cannot be read to its end, or two paired files differ in length.
    """
    match found:
        case Delimited():
            return _read_delimited(path, found, progress)
        case JsonLines():
            return _read_json_lines(path, found, progress)
        case PairedFiles():
            return _read_paired(path, found, progress)


def _read_delimited(path: Path, found: Delimited, progress: Progress) -> RawTable:
    table = TableBuilder(found.columns)
    skip_header = found.has_header
    with (
        _cycles_left_alone(),
        open_lines(path, latin1=found.latin1, progress=progress) as lines,
    ):
        for block in read_blocks(lines, found.dialect):
            numbers, rows = block.lines, block.rows
            for line, kind in block.broken:
                table.refuse(line, kind)
            if skip_header and rows:
                numbers, rows, skip_header = numbers[1:], rows[1:], False
            if set(map(len, rows)) != {found.width}:
                numbers, rows = _of_width(found.width, numbers, rows, table)
            if found.escapes:
                _unescape(rows, found.columns["text"])
            table.extend(numbers, rows)
    return table.build(found.name)


@contextmanager
def _cycles_left_alone() -> Iterator[None]:
    """Pause Python's search for reference cycles, which every few hundred rows would start anew.

    Rows are in no cycle and are freed all the same. It took 30 % of the time of reading.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _of_width(
    width: int, numbers: Sequence[int], rows: list[list[str]], table: TableBuilder
) -> tuple[list[int], list[list[str]]]:
    """The rows of the right width; the others are counted."""
    right = []
    for number, row in zip(numbers, rows, strict=True):
        if len(row) == width:
            right.append((number, row))
        else:
            table.refuse(number, ProblemKind.WRONG_WIDTH)
    return [number for number, _ in right], [row for _, row in right]


def _unescape(rows: list[list[str]], place: int) -> None:
    for row in rows:
        row[place] = _unescaped(row[place])


def _unescaped(text: str) -> str:
    """Undo SemEval's escapes of quotes and of characters; surrogate pairs become one."""
    if "\\" not in text:
        return text
    plain = UNICODE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text.replace('\\"', '"'))
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_json_lines(path: Path, found: JsonLines, progress: Progress) -> RawTable:
    table = TableBuilder({name: place for place, name in enumerate(found.keys)})
    with open_lines(path, progress=progress) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            values = (
                ProblemKind.UNDECODABLE if number in lines.undecodable else _json_row(line, found)
            )
            if isinstance(values, ProblemKind):
                table.refuse(number, values)
            else:
                table.extend([number], [values])
    return table.build(found.name)


def _json_row(line: str, found: JsonLines) -> list[str | None] | ProblemKind:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return ProblemKind.UNREADABLE
    if not isinstance(row, dict):
        return ProblemKind.UNREADABLE
    if found.keys["text"] not in row or found.keys["label"] not in row:
        return ProblemKind.WRONG_WIDTH
    if not isinstance(row[found.keys["text"]], str | None):
        return ProblemKind.UNREADABLE
    values: list[str | None] = []
    for key in found.keys.values():
        value = row.get(key)
        if isinstance(value, dict | list | bool):
            return ProblemKind.UNREADABLE
        values.append(None if value is None else str(value))
    try:
        "".join(value or "" for value in values).encode()
    except UnicodeEncodeError:  # half an emoji, escaped
        return ProblemKind.UNDECODABLE
    return values


def _read_paired(path: Path, found: PairedFiles, progress: Progress) -> RawTable:
    with open_lines(found.label_path) as label_lines:
        labels = _stripped(label_lines)
    table = TableBuilder({"text": 0, "label": 1})
    with open_lines(path, progress=progress) as lines:
        texts = _stripped(lines)
        if len(texts) != len(labels):
            raise DataError(
                f"{path} has {len(texts)} lines and {found.label_path.name} {len(labels)}: "
                "the two must have a line for each other's"
            )
        for number, values in enumerate(zip(texts, labels, strict=True), start=1):
            if number in lines.undecodable or number in label_lines.undecodable:
                table.refuse(number, ProblemKind.UNDECODABLE)
            else:
                table.extend([number], [values])
    return table.build(found.name)


def _stripped(lines: Lines) -> list[str]:
    return [line.rstrip("\r\n") for line in lines]
