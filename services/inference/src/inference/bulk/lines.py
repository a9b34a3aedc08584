"""Lines and delimited records of a stream, with their numbers, however broken some of them are."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import IO

LINE_BYTES = 1 << 20
"""A longer line is no tweet, and a file without line ends would fill the memory."""
UTF8_MARK = b"\xef\xbb\xbf"


class Lines:
    """Decoded lines, line ends included. Only a line feed ends a line.

    Attributes:
        unreadable: why each line that cannot be read cannot, by its number from 1. Such a line
            still comes, with the bytes that are no characters as lone surrogates.
    """

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self.unreadable: dict[int, str] = {}
        self._stream = stream
        self._encoding = encoding

    def __iter__(self) -> Iterator[str]:
        number = 0
        while line := self._stream.readline(LINE_BYTES):
            number += 1
            if number == 1:
                line = line.removeprefix(UTF8_MARK)
            if len(line) == LINE_BYTES and not line.endswith(b"\n"):
                self._pass_over_rest()
                self.unreadable[number] = f"the line has more than {LINE_BYTES} bytes"
                line = line[:80] + b"\n"
            try:
                yield line.decode(self._encoding)
            except UnicodeDecodeError as error:
                self.unreadable.setdefault(
                    number, f"byte {error.start + 1} of the line is not {self._encoding}"
                )
                yield line.decode("ascii", errors="surrogateescape")

    def _pass_over_rest(self) -> None:
        while (rest := self._stream.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
            pass


class Records:
    """Delimited records, each with the number of its first line.

    A quote that never closes would swallow the rest of the file. It costs only its own line here:
    those after it are read again by themselves. The csv module's bound on a field says how far
    such a quote can reach.
    """

    def __init__(self, lines: Lines, *, delimiter: str, quotes: bool) -> None:
        self._unreadable = lines.unreadable
        self._lines = iter(lines)
        self._delimiter, self._quotes = delimiter, quotes
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._number = 1

    def __iter__(self) -> Iterator[tuple[int, list[str] | str]]:
        """Every record as its cells, or as the reason why it has none; blank lines are left out."""
        reader = csv.reader(
            _Taking(self),
            delimiter=self._delimiter,
            quoting=csv.QUOTE_MINIMAL if self._quotes else csv.QUOTE_NONE,
            strict=True,
        )
        while True:
            first = self._number
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                others = self._taken[1:]
                self._end_record(1)
                self._again.extendleft(reversed(others))
                yield first, self._unreadable.pop(first, f"a quote is out of place: {error}")
                continue
            length = len(self._taken)
            self._end_record(length)
            if self._unreadable:
                reasons = [self._unreadable.pop(first + place, "") for place in range(length)]
                if reason := next(filter(None, reasons), ""):
                    yield first, reason
                    continue
            if cells:
                yield first, cells

    def take_line(self) -> str:
        """The next line for the record that is being read."""
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        return line

    def _end_record(self, lines: int) -> None:
        self._number += lines
        self._taken.clear()


class _Taking:
    """The lines of some records as the csv module asks for them."""

    def __init__(self, records: Records) -> None:
        self._take = records.take_line

    def __iter__(self) -> "_Taking":
        return self

    def __next__(self) -> str:
        return self._take()
