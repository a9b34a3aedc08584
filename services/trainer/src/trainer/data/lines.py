"""Lines of a text file, plain or gzipped, with what cannot be decoded marked."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from trainer.errors import DataError
from trainer.progress import NoProgress, Progress

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
HEAD_BYTES = 256 * 1024
LINES_PER_REPORT = 20_000

Content = BufferedReader | gzip.GzipFile


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BufferedReader, Content]]:
    """The file itself and its content; failures of either become one-line errors."""
    try:
        with path.open("rb") as file:
            magic = file.peek(4)[:4]
            if magic.startswith(ZIP_MAGIC):
                raise DataError(f"{path} is a zip archive: unzip it and give the file inside")
            if not magic.startswith(GZIP_MAGIC):
                yield file, file
            else:
                with gzip.open(file) as content:
                    yield file, content
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged or cut short: {error}; fetch it again") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def read_head(path: Path) -> list[str]:
    """The first lines of a file, for finding out its format; a line cut off is left out.

    Raises:
        DataError: the file cannot be read, is empty, or is not a text file.
    """
    with _opened(path) as (_, content):
        head = content.read(HEAD_BYTES)
    if not head.strip():
        raise DataError(f"{path} is empty")
    if head.startswith(UTF16_MARKS):
        raise DataError(f"{path} is UTF-16: save it as UTF-8")
    lines = head.removeprefix(UTF8_MARK).decode("utf-8", errors="replace").split("\n")
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return [line + "\n" for line in lines if line.strip()]


class Lines:
    """Iterates over decoded lines, line ends included.

    Only a line feed ends a line: tweets hold the other characters that Unicode calls line ends.

    Attributes:
        undecodable: numbers, from 1, of the lines that hold bytes which are not UTF-8; there they
            stand as lone surrogates.
    """

    def __init__(
        self, file: BufferedReader, content: Content, *, latin1: bool, progress: Progress
    ) -> None:
        self.undecodable: set[int] = set()
        self._file, self._content = file, content
        self._latin1, self._progress = latin1, progress

    def __iter__(self) -> Iterator[str]:
        reported = 0
        for number, raw in enumerate(self._content, start=1):
            try:
                yield (raw.removeprefix(UTF8_MARK) if number == 1 else raw).decode()
            except UnicodeDecodeError:
                if self._latin1:
                    yield raw.decode("latin-1")
                else:
                    self.undecodable.add(number)
                    yield raw.decode(errors="surrogateescape")
            if number % LINES_PER_REPORT == 0:
                position = self._file.tell()
                self._progress.advance(position - reported)
                reported = position
        self._progress.advance(self._file.tell() - reported)


@contextmanager
def open_lines(
    path: Path, *, latin1: bool = False, progress: Progress | None = None
) -> Iterator[Lines]:
    """Open a file for reading line by line; progress counts its bytes on disk.

    Args:
        path: a UTF-8 file, gzipped or not, which its content tells.
        latin1: decode lines that are not UTF-8 as latin-1. Sentiment140 is called latin-1, but its
            lines are mostly UTF-8; those that are not were mangled before it was published.
        progress: where to report.

    Raises:
        DataError: the file cannot be read, at its opening or later.
    """
    progress = progress or NoProgress()
    with _opened(path) as (file, content):
        progress.start(f"reading {path.name}", path.stat().st_size)
        yield Lines(file, content, latin1=latin1, progress=progress)
