"""Reading one input file, whatever its format, which its first bytes tell."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedReader
from typing import IO, cast

from inference.bulk.addresses import BUFFER_BYTES, InputFile, open_input
from inference.bulk.errors import DamagedInputError
from inference.bulk.rows import ColumnOptions, Refused, Row
from inference.bulk.text_rows import delimited_rows, json_rows

GZIP_BUFFER_BYTES = 1 << 16
"""What a damaged place in a gzipped file costs at most of the rows before it."""
GZIP_MAGIC, PARQUET_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"


class RowReader:
    """Iterates over the rows of one file."""

    def __init__(self, file: InputFile, columns: ColumnOptions, beside: Sequence[str] = ()) -> None:
        """Prepare to read; nothing is opened yet.

        Args:
            file: to read.
            columns: where texts and ids are.
            beside: names of further columns whose values rows are to have, where there are any.
        """
        self._file, self._columns, self._beside = file, columns, beside
        self._raw: IO[bytes] | None = None
        self._share: float | None = None

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it is stored, has been read."""
        if self._share is not None:
            return int(self._share * self._file.size)
        return self._raw.tell() if self._raw and not self._raw.closed else 0

    def __iter__(self) -> Iterator[Row | Refused]:
        """Every row, in order.

        Raises:
            DamagedInputError: the file cannot be read, or not to its end, or lacks a column.
        """
        address = self._file.address
        try:
            with open_input(self._file) as raw:
                self._raw = raw
                yield from self._rows(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedInputError(
                address, f"is damaged or cut short: {error}; fetch it again"
            ) from error
        except OSError as error:
            raise DamagedInputError(
                address, f"cannot be read: {error.strerror or error}"
            ) from error

    def _rows(self, raw: IO[bytes]) -> Iterator[Row | Refused]:
        address, columns = self._file.address, self._columns
        magic = cast(BufferedReader, raw).peek(4)[:4]
        if magic == PARQUET_MAGIC:
            from inference.bulk.parquet_rows import parquet_rows

            self._tell(0.0)
            return parquet_rows(raw, columns, address, self._tell, self._beside)
        if magic == ZIP_MAGIC:
            raise DamagedInputError(address, "is a zip archive: unzip it and give the file inside")
        stream = cast(BufferedReader, raw)
        if magic.startswith(GZIP_MAGIC):
            stream = BufferedReader(gzip.GzipFile(fileobj=raw), GZIP_BUFFER_BYTES)
        head = stream.peek(BUFFER_BYTES)
        if head.startswith(UTF16_MARKS):
            raise DamagedInputError(address, "is UTF-16: save it as UTF-8")
        if not head:
            raise DamagedInputError(address, "is empty: leave it out")
        head = head.removeprefix(UTF8_MARK)
        if head.lstrip().startswith(b"{"):
            return json_rows(stream, columns, address, self._beside)
        return delimited_rows(stream, head, columns, address, self._beside)

    def _tell(self, share: float) -> None:
        self._share = share
