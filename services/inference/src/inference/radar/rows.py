"""Mentions in files: CSV, TSV or JSON lines, gzip too, with the columns of their sources."""

import codecs
import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from contract.errors import TextRefusedError
from contract.text.pipeline import refuse_lone_surrogates
from inference.radar.mentions import Mention
from inference.radar.schemas import MAX_ID, MAX_NAME, MAX_REACH
from inference.radar.times import parse_past_time, parse_time
from inference.texts import storable

GZIP_MAGIC: Final = b"\x1f\x8b"
MAX_TEXT: Final = 100_000
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text",),
    "created_at": ("created_at", "tweet_created", "date"),
    "airline": ("airline",),
    "topic": ("topic", "negativereason"),
    "author": ("author", "name", "user"),
    "reach": ("reach", "retweet_count"),
    "id": ("id", "tweet_id", "ids"),
}
"""The names that a column may have, those of the airline file and of Sentiment140 included."""
SENTIMENT140: Final = ("target", "ids", "date", "flag", "user", "text")
"""The columns of a file without a header."""


class FileError(Exception):
    """A file that cannot be read; one line says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no mention.

    Attributes:
        line: its number, from 1.
        reason: names the column; never quotes what stands there.
    """

    line: int
    reason: str


def read_mentions(path: Path, *, airline: str = "") -> Iterator[Mention | BadRow]:
    """The mentions of a file, in its order.

    Args:
        path: CSV, TSV or JSON lines, as their first line tells; with gzip or without.
        airline: whom those are about that do not say it.

    Raises:
        FileError: it cannot be read, or has no column of texts or times.
    """
    try:
        with _text_of(path) as stream:
            for line, row in _rows(path, stream):
                if isinstance(row, str):
                    yield BadRow(line, row)
                else:
                    yield mention_of(line, row, airline=airline)
    except (OSError, EOFError, UnicodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError(f"{path}: cannot be read: {reason}") from None


@contextmanager
def _text_of(path: Path) -> Iterator[IO[str]]:
    """The text of a file: UTF-8 where its beginning is, else latin-1, as Sentiment140 is."""
    with path.open("rb") as file:
        opener = gzip.open if file.read(2) == GZIP_MAGIC else open
    with opener(path, "rb") as stream:
        encoding = "utf-8-sig" if _is_utf8(cast(IO[bytes], stream)) else "latin-1"
    with opener(path, "rt", encoding=encoding, errors="replace", newline="") as text:
        yield text


def _is_utf8(stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := stream.read(1 << 20):
            decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _rows(path: Path, stream: IO[str]) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    """Rows by column, or why a row has none, each with its line."""
    first = stream.readline()
    if not first.strip():
        raise FileError(f"{path}: is empty, or begins with an empty line")
    stream.seek(0)
    if first.lstrip("\ufeff").lstrip().startswith("{"):
        yield from _json_rows(stream)
        return
    delimiter = max(",\t;", key=first.count)
    records = csv.reader(stream, delimiter=delimiter)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
    if _is_moment(names):
        names = list(SENTIMENT140)
    else:
        next(records)
    for column in ("text", "created_at"):
        if not any(name in names for name in COLUMNS[column]):
            raise FileError(
                f"{path}: has no column {' or '.join(COLUMNS[column])}; name one so in its header"
            )
    for record in records:
        if len(record) == len(names):
            yield records.line_num, dict(zip(names, record, strict=True))
        elif record:
            yield records.line_num, f"has {len(record)} columns, not {len(names)}"


def _is_moment(names: list[str]) -> bool:
    """Whether a first record is no header but Sentiment140's."""
    if len(names) != len(SENTIMENT140):
        return False
    try:
        parse_time(names[SENTIMENT140.index("date")])
    except ValueError:
        return False
    return True


def _json_rows(stream: IO[str]) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    for line, content in enumerate(stream, start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            yield line, "is no JSON"
        else:
            yield line, row if isinstance(row, dict) else "is no JSON object"


def mention_of(
    line: int,
    row: Mapping[str, object],
    *,
    airline: str = "",
    columns: Mapping[str, tuple[str, ...]] = COLUMNS,
) -> Mention | BadRow:
    """The mention that a row of a file is, or why it is none.

    Args:
        line: its number, from 1.
        row: values by the names that the file gives them.
        airline: whom it is about if it does not say it.
        columns: which of these names may mean what, the first that has a value.
    """
    values = {column: _value(row, names) for column, names in columns.items()}
    text = values["text"]
    if not text or len(text) > MAX_TEXT:
        return BadRow(line, f"text: has none, or more than {MAX_TEXT} characters")
    for column, longest in (("airline", MAX_NAME), ("topic", MAX_NAME), ("author", MAX_ID),
                            ("id", MAX_ID)):  # fmt: skip
        if len(values[column]) > longest:
            return BadRow(line, f"{column}: has more than {longest} characters")
    try:
        refuse_lone_surrogates("".join(values.values()))
        created_at = parse_past_time(values["created_at"])
    except TextRefusedError:
        return BadRow(line, "is not valid Unicode")
    except ValueError as error:
        return BadRow(line, f"created_at: {error}")
    reach = _reach(values["reach"])
    if reach is None:
        return BadRow(line, "reach: is no number of people")
    return Mention(
        text=text,
        created_at=created_at,
        airline=storable(values["airline"] or airline),
        topic=storable(values["topic"]),
        author=values["author"],
        reach=reach,
        id=values["id"],
    )


def _reach(text: str) -> int | None:
    """A number of people; None where it is none."""
    try:
        people = int(float(text or 0))
    except (ValueError, OverflowError):
        return None
    return people if 0 <= people <= MAX_REACH else None


def _value(row: Mapping[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            text = str(value)
            return text if name == "text" else text.strip()
    return ""
