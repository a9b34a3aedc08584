"""Where answers go: CSV or JSON lines, to standard output or to a file that appears when whole."""

import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TextIO

from radar_client.answers import Prediction
from radar_client.command.errors import CommandError
from radar_client.command.rows import Row

OutputForm = Literal["csv", "jsonl"]
COLUMNS = (
    *("file", "line", "text", "label", "probability", "uncertain", "truncated", "id"),
    *("model", "probabilities", "error"),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one row.

    Attributes:
        row: as it was read.
        prediction: None where there is none.
        error: why not, in one line.
    """

    row: Row
    prediction: Prediction | None
    error: str | None


class Writer(Protocol):
    """Writes answers in their order."""

    def write(self, answered: Sequence[Answered]) -> None:
        """Write some, and hand them on at once."""
        ...


class CsvWriter:
    """A header, then a row for each tweet; `probabilities` is JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rows = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        self._begun = False

    def write(self, answered: Sequence[Answered]) -> None:
        """See `Writer`."""
        if not self._begun:
            self._rows.writeheader()
            self._begun = True
        for item in answered:
            members = _members(item)
            if "probabilities" in members:
                members["probabilities"] = json.dumps(members["probabilities"])
            for name in members.keys() & {"uncertain", "truncated"}:
                members[name] = str(members[name]).lower()
            self._rows.writerow(members)
        self._stream.flush()


class JsonWriter:
    """An object a line; members that do not apply are left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, answered: Sequence[Answered]) -> None:
        """See `Writer`."""
        for item in answered:
            self._stream.write(json.dumps(_members(item), ensure_ascii=False) + "\n")
        self._stream.flush()


@contextmanager
def writer(output: Path | None, form: OutputForm | None) -> Iterator[Writer]:
    """Write to a file, which is there once the block has ended well, or to standard output.

    Args:
        output: the file; None is standard output.
        form: None takes it from the file's suffix, else CSV.

    Raises:
        CommandError: the file cannot be written.
    """
    if form is None:
        jsonl = output is not None and output.suffix.lower() in (".jsonl", ".ndjson")
        form = "jsonl" if jsonl else "csv"
    try:
        # Python's own object for standard output would be flushed once more at the end, even to a
        # reader who has gone.
        opened = _text(os.dup(sys.stdout.fileno())) if output is None else _appearing(output)
        with opened as stream:
            yield _writer(stream, form)
    except BrokenPipeError:
        raise
    except OSError as error:
        place = output or "standard output"
        raise CommandError(f"{place}: cannot be written: {error.strerror or error}") from None


@contextmanager
def _appearing(path: Path) -> Iterator[TextIO]:
    if path.exists() and not path.is_file():  # a device or a named pipe cannot be replaced
        with _text(os.open(path, os.O_WRONLY)) as stream:
            yield stream
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with _text(handle) as stream:
            yield stream
            stream.flush()
            os.fsync(handle)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp's are for their owner alone
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _text(handle: int) -> TextIO:
    # Half a surrogate pair, which JSON can hold, is written as JSON's escape of it.
    return os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="")


def _writer(stream: TextIO, form: OutputForm) -> Writer:
    return JsonWriter(stream) if form == "jsonl" else CsvWriter(stream)


def _members(item: Answered) -> dict[str, Any]:
    members: dict[str, Any] = {"file": item.row.source, "line": item.row.line}
    if item.row.text is not None:
        members["text"] = item.row.text
    if item.prediction is not None:
        made = item.prediction
        members |= {
            "label": made.label,
            "probability": made.probabilities.get(made.label),
            "uncertain": made.uncertain,
            "truncated": made.truncated,
            "id": str(made.id),
            "model": f"{made.model_name}/{made.model_version}",
            "probabilities": made.probabilities,
        }
    if item.error is not None:
        members["error"] = item.error
    return members
