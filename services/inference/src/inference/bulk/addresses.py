"""Files by address: on this machine, or wherever fsspec or Arrow can reach."""

import io
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from fsspec.core import url_to_fs
from fsspec.implementations.arrow import ArrowFSWrapper
from fsspec.implementations.local import LocalFileSystem
from pydantic import BaseModel, ConfigDict

from inference.bulk.errors import BulkError, DamagedInputError

BY_ARROW = frozenset({"s3", "gs", "gcs", "abfs", "abfss"})
"""Object stores that Arrow reads without further packages. fsspec's own drivers for them hold the
AWS and Google libraries at versions that the project's others are not at."""
SENT_AT_ONCE = "allow_delayed_open=true"
"""Has Arrow send a file of a few megabytes to S3 in one request, where it makes three else."""
MAGIC = frozenset("*[")
"""What makes an address a pattern; a question mark begins the query of a URL."""
MARKS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "created")
"""Where file systems say that a file changed, the surest first."""
BUFFER_BYTES = 1 << 20


class InputFile(BaseModel):
    """One file to read.

    Attributes:
        address: absolute path, or address.
        size: bytes as stored.
        mark: something that changes when the content does.
    """

    model_config = ConfigDict(frozen=True)

    address: str
    size: int
    mark: str

    @property
    def name(self) -> str:
        """The last part of its address."""
        return (
            urlsplit(self.address).path.rsplit("/", 1)[-1]
            if _is_url(self.address)
            else (Path(self.address).name)
        )


def open_filesystem(address: str) -> tuple[Any, str]:
    """The file system that an address is on, and the path there.

    Raises:
        BulkError: nothing here can reach such addresses, or the address holds a secret.
    """
    parts = urlsplit(address) if _is_url(address) else None
    if parts and parts.password:
        raise BulkError(
            f"{parts.scheme}://… holds a password: give it in the environment (docs/bulk.md)"
        )
    try:
        if parts and parts.scheme in BY_ARROW:
            from pyarrow.fs import FileSystem

            if parts.scheme == "s3":
                address = f"{address}{'&' if parts.query else '?'}{SENT_AT_ONCE}"
            found, path = FileSystem.from_uri(address)
            return ArrowFSWrapper(found), path
        return cast(tuple[Any, str], url_to_fs(address))
    except (ImportError, ValueError, OSError) as error:
        raise BulkError(f"{address} cannot be reached: {_said(error)}") from error


def find_inputs(patterns: list[str]) -> list[InputFile]:
    """The files that patterns name, in the order given, those of one pattern by name, each once.

    Raises:
        BulkError: a pattern names nothing, or a folder; or its place cannot be reached.
    """
    found: dict[str, InputFile] = {}
    for pattern in patterns:
        filesystem, path = open_filesystem(pattern)
        try:
            is_pattern = MAGIC & set(path) and not filesystem.exists(path)
            matches = filesystem.glob(path) if is_pattern else [path]
            infos = [filesystem.info(match) for match in sorted(matches)]
        except FileNotFoundError:
            raise BulkError(f"there is no file {pattern}") from None
        except Exception as error:  # as in `_RemoteFile`
            raise BulkError(f"{pattern} cannot be listed: {_said(error)}") from error
        files = [info for info in infos if info["type"] != "directory"]
        if infos and not files:
            raise BulkError(f"{pattern} is a folder: give a pattern such as {pattern}/*.csv")
        if not files:
            raise BulkError(f"no file matches {pattern}")
        for info in files:
            address = _address_of(filesystem, info["name"], pattern)
            mark = next((str(info[name]) for name in MARKS if info.get(name)), "")
            found.setdefault(
                address, InputFile(address=address, size=int(info["size"] or 0), mark=mark)
            )
    return list(found.values())


def open_input(file: InputFile) -> IO[bytes]:
    """Open a file for reading, buffered and seekable where its file system can.

    Raises:
        DamagedInputError: it is gone, or cannot be opened.
    """
    try:
        filesystem, path = open_filesystem(file.address)
        if isinstance(filesystem, LocalFileSystem):
            return Path(path).open("rb", buffering=BUFFER_BYTES)
        return io.BufferedReader(_RemoteFile(filesystem.open(path, "rb")), BUFFER_BYTES)
    except FileNotFoundError:
        raise DamagedInputError(file.address, "is gone: put it back") from None
    except BulkError:
        raise
    except Exception as error:  # as in `_RemoteFile`
        raise DamagedInputError(file.address, f"cannot be opened: {_said(error)}") from error


class _RemoteFile(io.RawIOBase):
    """A file that a driver reads. Whatever the driver raises, here it is an OSError."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._file.read(len(buffer))
        except Exception as error:  # each driver has a family of its own, aiohttp's, boto's, …
            raise OSError(_said(error)) from error
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _address_of(filesystem: Any, path: str, pattern: str) -> str:
    if isinstance(filesystem, LocalFileSystem):
        return path
    if isinstance(filesystem, ArrowFSWrapper):
        parts = urlsplit(pattern)  # its path begins with the bucket or container
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.scheme}://{parts.netloc}/{path.partition('/')[2]}{query}"
    return str(filesystem.unstrip_protocol(path))


def _is_url(address: str) -> bool:
    return "://" in address


def _said(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split())[:300] or type(error).__name__
