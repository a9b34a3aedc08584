"""Downloads a public archive: whole and verified, or not at all."""

import errno
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from contract.manifest import sha256_of
from trainer.data.download import Connection, TransferError
from trainer.data.unpack import unpack
from trainer.errors import DataError
from trainer.progress import Progress

UNPACKED_LIMIT = 1 << 30
FRUITLESS_ATTEMPTS = 5
FIRST_PAUSE = 1.0


@dataclass(frozen=True)
class Archive:
    """A zip archive and what it must be.

    Attributes:
        url: where it is.
        size: in bytes.
        sha256: in hexadecimal.
    """

    url: str
    size: int
    sha256: str


SENTIMENT140 = Archive(
    url="https://cs.stanford.edu/people/alecmgo/trainingandtestdata.zip",
    size=81_363_704,
    sha256="004a3772c8a7ff9bbfeb875880f47f0679d93fc63e5cf9cff72d54a8a6162e57",
)
"""Sentiment140 at its authors' (Go, Bhayani and Huang, 2009).

They publish no hash; this one is what Hugging Face's `datasets` and other libraries recorded for
the same address and size.
"""


def fetch_archive(
    archive: Archive,
    directory: Path,
    *,
    progress: Progress,
    pause: Callable[[float], None] = time.sleep,
) -> list[Path]:
    """Download an archive into a directory and unpack it there.

    What was downloaded before is not downloaded again: a whole archive is verified and unpacked, a
    partial one completed. Stopping at any time leaves the partial archive, for the next start, and
    no unpacked file that is not whole.

    Args:
        archive: what to fetch.
        directory: where to put it; made if missing.
        progress: reports bytes.
        pause: waits so many seconds between attempts.

    Returns:
        The unpacked files.

    Raises:
        DataError: the server does not give the archive, it is not the expected one, it cannot be
            unpacked safely, or the disk is full.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{64}", archive.sha256):
        raise DataError(f"{archive.sha256!r} is no SHA-256: give 64 hexadecimal digits")
    path = directory / (PurePosixPath(urlsplit(archive.url).path).name or "archive.zip")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not (path.is_file() and sha256_of(path) == archive.sha256.lower()):
            _need_space(directory, archive.size)
            _download(archive, path, progress, pause)
        return unpack(path, directory, limit=UNPACKED_LIMIT)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DataError(f"the disk of {directory} is full: make room and start again") from None
        raise DataError(f"cannot write to {directory}: {error.strerror or error}") from error


def _need_space(directory: Path, size: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < size:
        raise DataError(
            f"{directory} has {free:,} bytes free and the archive needs {size:,}: make room"
        )


def _download(
    archive: Archive, path: Path, progress: Progress, pause: Callable[[float], None]
) -> None:
    partial = path.with_name(path.name + ".part")
    connection = Connection(archive.url, archive.size, partial)
    resumed = connection.position > 0
    _transfer(connection, archive, progress, pause)
    actual = sha256_of(partial)
    if actual != archive.sha256.lower() and resumed:
        # The first part may be from another edition of the file: take it all anew, once.
        connection.discard()
        _transfer(connection, archive, progress, pause)
        actual = sha256_of(partial)
    if actual != archive.sha256.lower():
        connection.discard()
        raise DataError(
            f"{archive.url} has SHA-256 {actual}, not {archive.sha256}: it is not the expected "
            "archive; if you trust it, give its hash with --sha256"
        )
    partial.replace(path)
    connection.forget()


def _transfer(
    connection: Connection, archive: Archive, progress: Progress, pause: Callable[[float], None]
) -> None:
    """Download until whole, going on after each failure while attempts still bring bytes."""
    fruitless = 0
    while connection.position < archive.size:
        before = connection.position
        try:
            connection.receive(progress)
        except TransferError as error:
            fruitless = 0 if connection.position > before else fruitless + 1
            if fruitless >= FRUITLESS_ATTEMPTS:
                raise DataError(
                    f"cannot download {archive.url}: {error}; {connection.position:,} of "
                    f"{archive.size:,} bytes are kept, start again to go on"
                ) from error
            pause(FIRST_PAUSE * 2**fruitless)
