"""Rows of text files: JSON Lines, or records between commas, tabs or semicolons."""

import json
from collections.abc import Iterator, Sequence
from typing import IO

from inference.bulk.lines import Lines, Records
from inference.bulk.rows import ID_COLUMN, ColumnOptions, Refused, Row

DELIMITERS = (",", "\t", ";")


def json_rows(
    stream: IO[bytes], columns: ColumnOptions, address: str, beside: Sequence[str] = ()
) -> Iterator[Row | Refused]:
    """Rows of a file with a JSON object a line.

    Args:
        stream: the file from its start.
        columns: where texts and ids are.
        address: of the file.
        beside: further keys whose values are wanted.

    Raises:
        DamagedInputError: its first object has no such columns.
    """
    lines = Lines(stream, columns.encoding)
    id_key = columns.id or ID_COLUMN
    checked = False
    for number, line in enumerate(lines, start=1):
        if number in lines.unreadable:
            yield Refused(number, lines.unreadable.pop(number))
            continue
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield Refused(number, "not JSON")
            continue
        if not isinstance(row, dict):
            yield Refused(number, "not a JSON object")
            continue
        if not checked:
            columns.find(address, list(row))
            checked = True
        text, given = row.get(columns.text), row.get(id_key)
        if isinstance(text, str):
            values = {name: str(row[name]) for name in beside if row.get(name) is not None}
            yield Row(number, None if given is None else str(given), text, values)
        else:
            yield Refused(number, f"no text in {columns.text!r}")


def delimited_rows(
    stream: IO[bytes],
    head: bytes,
    columns: ColumnOptions,
    address: str,
    beside: Sequence[str] = (),
) -> Iterator[Row | Refused]:
    """Rows of a delimited file.

    Args:
        stream: the file from its start.
        head: its first bytes.
        columns: where texts and ids are.
        address: of the file.
        beside: further columns whose values are wanted.

    Raises:
        DamagedInputError: its first record has no such columns.
    """
    delimiter = _delimiter(head, columns)
    records = Records(Lines(stream, columns.encoding), delimiter=delimiter, quotes=columns.quotes)
    width, text_place, id_place = 0, 0, None
    places: dict[str, int] = {}
    for number, cells in records:
        if isinstance(cells, str):
            yield Refused(number, cells)
            continue
        if not width:
            width = len(cells)
            names = [cell.strip() for cell in cells]
            if not columns.header:
                names = [str(place) for place in range(1, width + 1)]
            text_place, id_place = columns.find(address, names)
            places = {name: names.index(name) for name in beside if name in names}
            if columns.header:
                continue
        if len(cells) == width:
            row_id = None if id_place is None else cells[id_place]
            values = {name: cells[place] for name, place in places.items()}
            yield Row(number, row_id, cells[text_place], values)
        else:
            yield Refused(number, f"{len(cells)} cells where the first record has {width}")


def _delimiter(head: bytes, columns: ColumnOptions) -> str:
    """The one that the first line has most of; with a header, one that tells the text's name."""
    line = head.split(b"\n", 1)[0].decode(columns.encoding, errors="replace")
    if columns.header:
        for delimiter in DELIMITERS:
            names = [name.strip().strip('"') for name in line.split(delimiter)]
            if columns.text in names:
                return delimiter
    return max(DELIMITERS, key=line.count)
