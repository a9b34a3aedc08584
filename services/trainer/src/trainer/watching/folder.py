"""What lies in a watched folder; every step of a file is one rename, so a kill loses nothing.

```
DIR/                dropped files, while they settle
DIR/working/        the one that is being worked on; after a kill it is taken up again
DIR/promoted/       trained on from now on, named NUMBER-NAME after the version
DIR/refused/        sound, but the gate refused what was trained with it
DIR/rejected/       cannot be trained on
```

Each of the last three holds NAME.report.txt beside NAME.
"""

import gzip
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.manifest import sha256_of
from trainer.data.lines import GZIP_MAGIC
from trainer.errors import TrainerError
from trainer.locking import locked

Outcome = Literal["promoted", "refused", "rejected"]
WORKING = "working"
OUTCOMES: tuple[Outcome, ...] = ("promoted", "refused", "rejected")
REPORT = ".report.txt"
STATE = ".watch"
"""Where the lock lies."""
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".swp", "~")
"""How programs name what they are still writing; they rename it when done."""
PATIENCE = 6
"""Times the settling time that a file may look cut short before it is judged as it is."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class _Seen:
    """A dropped file as it was at a moment, and since when it has been so."""

    size: int
    changed_ns: int
    since: float


class Folder:
    """The folder's files and their states."""

    def __init__(self, path: Path, settle_seconds: float) -> None:
        """Make what is missing of it.

        Raises:
            TrainerError: it is no folder, or may not be written to.
        """
        self.path = path
        self._settle = settle_seconds
        self._seen: dict[str, _Seen] = {}
        if not path.is_dir():
            raise TrainerError(f"{path} is no folder: make it first")
        try:
            for name in (WORKING, *OUTCOMES):
                (path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise TrainerError(f"{path} cannot be written to: {error.strerror}") from error

    def locked(self) -> AbstractContextManager[None]:
        """Keep every other watcher away; the system lets go of the lock if this one is killed.

        Raises:
            TrainerError: another one watches it.
        """
        return locked(self.path / STATE, f"{self.path} is watched")

    def working(self) -> list[Path]:
        """Files that were taken and not finished: a watcher was stopped in the middle."""
        return sorted(_files(self.path / WORKING))

    def settled(self) -> list[Path]:
        """Dropped files that are whole, as far as one can tell; the oldest first.

        A file is left alone until its size and time have stayed the same for the settling time. One
        whose last line has no end, or whose gzip stream has none, is given `PATIENCE` times that.
        """
        now, seen = time.monotonic(), {}
        whole: list[tuple[int, Path]] = []
        for path in _files(self.path):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found = _Seen(status.st_size, status.st_mtime_ns, now)
            before = self._seen.get(path.name)
            if before and (before.size, before.changed_ns) == (found.size, found.changed_ns):
                found = before
            seen[path.name] = found
            quiet = now - found.since
            if quiet >= self._settle and (quiet >= PATIENCE * self._settle or is_whole(path)):
                whole.append((status.st_mtime_ns, path))
        self._seen = seen
        return [path for _, path in sorted(whole)]

    @property
    def waiting(self) -> bool:
        """Whether files are there that have not settled yet, at the last look."""
        return bool(self._seen)

    def take(self, path: Path) -> Path:
        """Begin to work on a dropped file."""
        self._seen.pop(path.name, None)
        return _renamed(path, self.path / WORKING / path.name)

    def put_back(self, path: Path) -> None:
        """Let a file that was taken settle again: it has changed meanwhile."""
        _renamed(path, self.path / path.name)

    def finish(self, path: Path, outcome: Outcome, report: str, *, name: str | None = None) -> Path:
        """End the work on a file, with a report beside it; the report is there first."""
        target = _free(self.path / outcome / (name or path.name))
        draft = self.path / WORKING / f".{target.name}{REPORT}"
        draft.write_text(report, encoding="utf-8")
        draft.replace(target.with_name(target.name + REPORT))
        return _renamed(path, target)

    def promoted(self) -> list[Path]:
        """The files that train, oldest version first."""
        return sorted(_files(self.path / "promoted"))

    def same_content(self, path: Path, sha256: str) -> Path | None:
        """A file that was worked on before and has this content."""
        size = path.stat().st_size
        for outcome in ("promoted", "refused"):
            for other in _files(self.path / outcome):
                if other.stat().st_size == size and sha256_of(other) == sha256:
                    return other
        return None


def is_whole(path: Path) -> bool:
    """Whether a file ends as a finished one does: with a line end, or the end of a gzip stream."""
    try:
        with path.open("rb") as file:
            if file.read(len(GZIP_MAGIC)) == GZIP_MAGIC:
                with gzip.open(path) as content:
                    while content.read(CHUNK):
                        pass
                return True
            if file.seek(0, os.SEEK_END) == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except (EOFError, OSError, zlib.error):
        return False


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        name = path.name
        if name.startswith(".") or name.endswith((*UNFINISHED, REPORT)):
            continue
        if path.is_file() and not path.is_symlink():
            yield path


def _free(path: Path) -> Path:
    """The path, or where that is taken one with a number before its suffix."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _renamed(path: Path, target: Path) -> Path:
    return path.rename(_free(target))
