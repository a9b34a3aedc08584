"""Unpacks a zip archive that nobody here has vouched for."""

import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from trainer.errors import DataError

MOST_FILES = 1_000
PIECE = 1 << 20


def unpack(archive: Path, directory: Path, *, limit: int) -> list[Path]:
    """Unpack every file of an archive into a directory.

    The files are written to a temporary directory, whose place in the same file system lets them
    be moved into place whole.

    Args:
        archive: a zip file.
        directory: where its files go; same names are replaced.
        limit: the most bytes all files may have together, whatever the archive says of them.

    Raises:
        DataError: the archive is damaged, or holds a path outside the directory, a link, an
            encrypted file, or more bytes or files than it may; nothing is left behind.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
            if len(members) > MOST_FILES:
                raise DataError(f"{archive} holds {len(members)} files, more than {MOST_FILES}")
            for info in members:
                _check(archive, info)
            if len({info.filename for info in members}) < len(members):
                raise DataError(f"{archive} holds two files of the same name")
            with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=directory) as temporary:
                left = limit
                for info in members:
                    left -= _extract(opened, info, Path(temporary), left, archive)
                return [
                    _move(Path(temporary, info.filename), Path(directory, info.filename))
                    for info in members
                ]
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise DataError(f"{archive} is not a usable zip archive: {error}") from error


def _check(archive: Path, info: zipfile.ZipInfo) -> None:
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
        raise DataError(f"{archive} holds the unsafe path {info.filename!r}")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise DataError(f"{archive} holds {info.filename!r}, which is not a plain file")
    if info.flag_bits & 1:
        raise DataError(f"{archive} holds {info.filename!r}, which is encrypted")


def _extract(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, directory: Path, left: int, archive: Path
) -> int:
    """Write one file and return its size; reading it also checks its CRC."""
    path = directory / info.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(info) as source, path.open("xb") as target:
        while piece := source.read(PIECE):
            written += len(piece)
            if written > left:
                raise DataError(f"{archive} unpacks to more bytes than it may")
            target.write(piece)
    return written


def _move(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return source.replace(target)
