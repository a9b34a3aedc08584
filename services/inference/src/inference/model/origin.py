"""Where models come from: which one a source means now, and the way to it, verified and ready."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from contract.errors import BundleError
from contract.manifest import Manifest
from inference.logging import fields
from inference.model.cache import BundleCache, Entry, Record, short_hash
from inference.model.opening import Opened, WantedPrecision, open_bundle
from inference.model.registry import Registry, Release
from inference.model.serving import ServedModel
from inference.model.source import DirectorySource, RegistrySource, Source

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Spoken:
    """How a source is to be read.

    Attributes:
        text: the source as the user wrote it.
        precision: which graph of a bundle to run.
    """

    text: str
    precision: WantedPrecision


class Origin(Protocol):
    """The models of one source, one after the other."""

    fixed: bool
    """Whether the source means the same until somebody says that it was changed."""

    def resolve(self) -> Release:
        """What the source means now.

        Raises:
            UnknownVersionError: the registry knows no such version.
            RegistryError: it does not answer.
            BundleError: the directory holds no bundle.
        """
        ...

    def load(self, release: Release) -> ServedModel:
        """Open a release.

        Raises:
            BundleError: the bundle is refused; the check says why.
            RegistryError: it cannot be fetched.
            OSError: the cache cannot be written.
        """
        ...

    def reopen(self, entry: Entry) -> ServedModel | None:
        """Open a bundle of the cache; one that no longer verifies is removed, and is None."""
        ...

    def recall(self) -> Record | None:
        """What a process before this one served."""
        ...

    def serves(self, served: ServedModel) -> None:
        """Keep in mind that a model serves.

        Raises:
            OSError: the cache cannot be written.
        """
        ...

    def held(self, served: ServedModel, held: ServedModel) -> None:
        """Keep in mind that a model serves again in place of another.

        Raises:
            OSError: the cache cannot be written.
        """
        ...

    def absent(self) -> None:
        """Keep in mind that nothing serves.

        Raises:
            OSError: the cache cannot be written.
        """
        ...


def origin_of(
    source: Source,
    spoken: Spoken,
    registry: Registry,
    cache_of: Callable[[RegistrySource], BundleCache],
) -> Origin:
    """The origin of the models that a source means."""
    if isinstance(source, DirectorySource):
        return DirectoryOrigin(source, spoken)
    return RegistryOrigin(source, spoken, registry, cache_of(source))


class DirectoryOrigin:
    """A bundle's directory. It is read where it lies, so a restart finds only what it holds."""

    fixed = True

    def __init__(self, source: DirectorySource, spoken: Spoken) -> None:
        self._path = source.path
        self._spoken = spoken

    def resolve(self) -> Release:
        """See `Origin.resolve`; the manifest's hash, which covers all else, is the identity."""
        Manifest.read(self._path)
        version = short_hash(self._path)
        return Release(version, version)

    def load(self, release: Release) -> ServedModel:
        """See `Origin.load`."""
        opened = open_bundle(self._path, self._spoken.precision)
        return _served(opened, opened.bundle.manifest.name, release, self._spoken)

    def reopen(self, entry: Entry) -> ServedModel | None:
        """Nothing: a directory is not cached."""
        return None

    def recall(self) -> Record | None:
        """Nothing, for the same reason."""
        return None

    def serves(self, served: ServedModel) -> None:
        """Do nothing, for the same reason."""

    def held(self, served: ServedModel, held: ServedModel) -> None:
        """Do nothing, for the same reason."""

    def absent(self) -> None:
        """Do nothing, for the same reason."""


class RegistryOrigin:
    """A registered model, by an alias that may move or by version; what is verified is cached."""

    def __init__(
        self, source: RegistrySource, spoken: Spoken, registry: Registry, cache: BundleCache
    ) -> None:
        self.fixed = source.alias is None
        self._source = source
        self._spoken = spoken
        self._registry = registry
        self._cache = cache

    def resolve(self) -> Release:
        """See `Origin.resolve`."""
        return self._registry.resolve(self._source)

    def load(self, release: Release) -> ServedModel:
        """See `Origin.load`."""
        entry = self._cache.find(release)
        return (self.reopen(entry) if entry else None) or self._fetch(release)

    def reopen(self, entry: Entry) -> ServedModel | None:
        """See `Origin.reopen`."""
        try:
            opened = self._open(self._cache.path(entry))
        except BundleError as error:
            _log.error(
                "the cached bundle is refused, and removed",
                extra=fields(version=entry.version, reason=str(error)),
            )
            self._cache.discard(entry)
            return None
        return self._served(opened, entry)

    def recall(self) -> Record | None:
        """See `Origin.recall`."""
        return self._cache.record()

    def serves(self, served: ServedModel) -> None:
        """See `Origin.serves`."""
        if served.entry:
            self._cache.serve(served.entry)

    def held(self, served: ServedModel, held: ServedModel) -> None:
        """See `Origin.held`."""
        if served.entry and held.entry:
            self._cache.hold(served.entry, held.entry)

    def absent(self) -> None:
        """See `Origin.absent`."""
        self._cache.forget()

    def _fetch(self, release: Release) -> ServedModel:
        with self._cache.workspace() as folder:
            path = self._registry.download(self._source.name, release.version, folder)
            opened = self._open(path)
            return self._served(opened, self._cache.keep(path, release))

    def _open(self, path: Path) -> Opened:
        return open_bundle(path, self._spoken.precision)

    def _served(self, opened: Opened, entry: Entry) -> ServedModel:
        release = Release(entry.version, entry.identity)
        return _served(opened, self._source.name, release, self._spoken, self._source.alias, entry)


def _served(
    opened: Opened,
    name: str,
    release: Release,
    spoken: Spoken,
    alias: str | None = None,
    entry: Entry | None = None,
) -> ServedModel:
    return ServedModel(
        bundle=opened.bundle,
        fallback=opened.fallback,
        name=name,
        version=release.version,
        identity=release.identity,
        alias=alias,
        source=spoken.text,
        entry=entry,
        loaded_at=datetime.now(UTC),
    )
