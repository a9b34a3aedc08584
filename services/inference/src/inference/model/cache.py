"""Verified bundles on disk, so that a restart needs no registry.

Layout, for each registered name: a folder `VERSION-HASH` per bundle, where HASH is the start of
the manifest's SHA-256, and a small file per alias that says which folder served last and before,
and which one was rolled back from.
Several processes may share it: a bundle is completed aside and renamed into place, and the small
files are replaced whole.
"""

import errno
import logging
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from contract.manifest import MANIFEST, sha256_of
from inference.logging import fields
from inference.model.registry import Release
from inference.model.source import RegistrySource

HASH_CHARACTERS = 12
SETTLED_SECONDS = 3_600
"""Younger folders are not pruned: another process may have just made or chosen them."""

_log = logging.getLogger(__name__)


class Entry(BaseModel):
    """One cached bundle and the release it is of."""

    version: str
    identity: str
    folder: str


class Record(BaseModel):
    """What is kept of a source.

    Attributes:
        current: the bundle that served last.
        previous: the one before it, which a rollback returns to.
        held: the one that was rolled back from and must not come back by itself.
    """

    current: Entry
    previous: Entry | None = None
    held: Entry | None = None

    def entries(self) -> list[Entry]:
        """The bundles that are named here."""
        return [entry for entry in (self.current, self.previous, self.held) if entry]


def short_hash(bundle: Path) -> str:
    """The start of the SHA-256 of a bundle's manifest, which holds the hash of all else."""
    return sha256_of(bundle / MANIFEST)[:HASH_CHARACTERS]


class BundleCache:
    """The cached bundles of one source."""

    def __init__(self, directory: Path, source: RegistrySource) -> None:
        self._home = directory / quote(source.name, safe="")
        wanted = f"alias-{source.alias}" if source.alias else f"version-{source.version}"
        self._record = self._home / f"{quote(wanted, safe='')}.json"

    def record(self) -> Record | None:
        """What served last, if that is recorded."""
        return _read(self._record)

    def find(self, release: Release) -> Entry | None:
        """The recorded bundle of a release."""
        record = self.record()
        entries = record.entries() if record else []
        return next((item for item in entries if item.identity == release.identity), None)

    def path(self, entry: Entry) -> Path:
        """The directory of a recorded bundle; it may be gone."""
        return self._home / entry.folder

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """An empty folder to download into, removed afterwards.

        Raises:
            OSError: the cache directory cannot be written.
        """
        folder = self._temporary()
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, bundle: Path, release: Release) -> Entry:
        """Move a verified bundle into the cache.

        Raises:
            OSError: the cache directory cannot be written.
        """
        entry = Entry(
            version=release.version,
            identity=release.identity,
            folder=f"{release.version}-{short_hash(bundle)}",
        )
        target = self.path(entry)
        if not _moved(bundle, target):
            # Another process was first, or an older copy went bad: what was just verified wins.
            aside = self._temporary()
            with suppress(FileNotFoundError):
                target.rename(aside)
            _moved(bundle, target)
            shutil.rmtree(aside, ignore_errors=True)
        return entry

    def serve(self, entry: Entry) -> None:
        """Record that a bundle serves now, and prune what neither serves nor served before it.

        Raises:
            OSError: the cache directory cannot be written.
        """
        last = self.record()
        if last and last.current.folder == entry.folder:
            previous = last.previous
        else:
            previous = last.current if last else None
        self._write(Record(current=entry, previous=previous))
        self._prune()

    def hold(self, entry: Entry, held: Entry) -> None:
        """Record that a bundle serves again, in place of one that must not come back by itself.

        Raises:
            OSError: the cache directory cannot be written.
        """
        self._write(Record(current=entry, held=held))

    def forget(self) -> None:
        """Record that nothing serves, since the alias is gone.

        Raises:
            OSError: the cache directory cannot be written.
        """
        self._record.unlink(missing_ok=True)

    def discard(self, entry: Entry) -> None:
        """Remove a bundle that no longer verifies."""
        shutil.rmtree(self.path(entry), ignore_errors=True)

    def _write(self, record: Record) -> None:
        temporary = self._temporary()
        temporary.write_text(record.model_dump_json(), encoding="utf-8")
        temporary.replace(self._record)

    def _temporary(self) -> Path:
        return self._home / f".tmp-{uuid.uuid4().hex}"

    def _prune(self) -> None:
        named: set[str] = set()
        for path in self._home.glob("*.json"):
            record = _read(path)
            if record is None:
                return  # better too much on disk than a bundle too few
            named |= {entry.folder for entry in record.entries()}
        settled = time.time() - SETTLED_SECONDS
        for path in self._home.iterdir():
            with suppress(FileNotFoundError):  # another process prunes too
                if path.is_dir() and path.name not in named and path.stat().st_mtime < settled:
                    shutil.rmtree(path, ignore_errors=True)


def _read(path: Path) -> Record | None:
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning(
            "a record of the bundle cache is unusable",
            extra=fields(path=str(path), reason=type(error).__name__),
        )
        return None


def _moved(bundle: Path, target: Path) -> bool:
    try:
        bundle.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True
