"""The thread that finds the model, verifies it, serves it, and follows its alias from then on."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contract.errors import BundleError
from inference.logging import fields
from inference.model.cache import BundleCache, Entry, short_hash
from inference.model.opening import Opened, WantedPrecision, open_bundle
from inference.model.registry import Registry, RegistryError, Release
from inference.model.serving import Following, ServedModel, ServingModel
from inference.model.source import DirectorySource, RegistrySource, Source

FIRST_LOOK_SECONDS = 2.0
"""Pause before the registry's client is imported, when a cached bundle serves: that import takes
seconds of processor time, and the process should be ready first."""
NO_MODEL_SECONDS = 5.0
"""Longest wait between two looks while there is nothing to serve."""
LONGEST_SECONDS = 600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FollowerOptions:
    """How a source is followed.

    Attributes:
        source: `MODEL_SOURCE`, parsed.
        spoken: the same as the user wrote it.
        precision: which graph of a bundle to run.
        poll_seconds: time between looks at the alias.
    """

    source: Source
    spoken: str
    precision: WantedPrecision
    poll_seconds: float


class Follower:
    """Keeps the serving model at what its source says. Failing, it leaves what serves alone."""

    def __init__(
        self,
        serving: ServingModel,
        options: FollowerOptions,
        registry: Registry,
        cache_of: Callable[[RegistrySource], BundleCache],
    ) -> None:
        self._serving = serving
        self._options = options
        self._registry = registry
        self._cache_of = cache_of
        self._identity: str | None = None
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-follower", daemon=True)

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end.

        A download that it is in the middle of is not waited for: it leaves a temporary folder at
        most.
        """
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        source = self._options.source
        if isinstance(source, RegistrySource) and self._serve_cached(source):
            self._stopping.wait(min(FIRST_LOOK_SECONDS, self._options.poll_seconds))
        while not self._stopping.is_set():
            settled = self._attempt(source)
            if settled:
                return
            self._stopping.wait(self._delay())

    def _attempt(self, source: Source) -> bool:
        """One look at the source; returns whether it can never change again."""
        try:
            if isinstance(source, DirectorySource):
                self._load_directory(source)
            else:
                self._load_release(source)
        except Exception as error:  # whatever it was, the thread must go on looking
            self._failures += 1
            expected = isinstance(error, BundleError | RegistryError | OSError)
            reason = str(error) if expected else f"{type(error).__name__}: {error}"
            self._serving.following = Following("failing", reason)
            _log.error(
                "the model cannot be brought up to date",
                extra=fields(source=self._options.spoken, reason=reason, failures=self._failures),
                exc_info=not expected,
            )
            return False
        self._failures = 0
        fixed = isinstance(source, DirectorySource) or source.alias is None
        self._serving.following = Following("loaded" if fixed else "up-to-date")
        return fixed

    def _load_directory(self, source: DirectorySource) -> None:
        opened = self._open(source.path)
        version = short_hash(source.path)
        self._serve(opened, opened.bundle.manifest.name, version, alias=None)

    def _serve_cached(self, source: RegistrySource) -> bool:
        cache = self._cache_of(source)
        entry = cache.last()
        opened = self._open_cached(cache, entry) if entry else None
        if entry is None or opened is None:
            return False
        self._identity = entry.identity
        self._serve(opened, source.name, entry.version, source.alias)
        return True

    def _load_release(self, source: RegistrySource) -> None:
        release = self._registry.resolve(source)
        if release.identity == self._identity:
            return
        cache = self._cache_of(source)
        entry = cache.find(release)
        opened = self._open_cached(cache, entry) if entry else None
        if entry is None or opened is None:
            opened, entry = self._fetch(source, release, cache)
        cache.serve(entry)
        self._identity = release.identity
        self._serve(opened, source.name, release.version, source.alias)

    def _fetch(
        self, source: RegistrySource, release: Release, cache: BundleCache
    ) -> tuple[Opened, Entry]:
        with cache.workspace() as folder:
            path = self._registry.download(source.name, release.version, folder)
            opened = self._open(path)
            return opened, cache.keep(path, release)

    def _open_cached(self, cache: BundleCache, entry: Entry) -> Opened | None:
        try:
            return self._open(cache.path(entry))
        except BundleError as error:
            _log.error(
                "the cached bundle is refused, and removed",
                extra=fields(version=entry.version, reason=str(error)),
            )
            cache.discard(entry)
            return None

    def _open(self, path: Path) -> Opened:
        return open_bundle(path, self._options.precision)

    def _serve(self, opened: Opened, name: str, version: str, alias: str | None) -> None:
        served = ServedModel(
            bundle=opened.bundle,
            fallback=opened.fallback,
            name=name,
            version=version,
            alias=alias,
            source=self._options.spoken,
            loaded_at=datetime.now(UTC),
        )
        self._serving.swap(served)
        _log.info(
            "a model serves",
            extra=fields(
                name=name, version=version, alias=alias, precision=opened.bundle.precision
            ),
        )

    def _delay(self) -> float:
        """Seconds to the next look: doubled with each failure, and spread over replicas."""
        if self._serving.current:
            longest = max(LONGEST_SECONDS, self._options.poll_seconds)
        else:
            longest = NO_MODEL_SECONDS
        doubled = self._options.poll_seconds * 2.0 ** min(max(self._failures - 1, 0), 10)
        return min(doubled, longest) * random.uniform(0.8, 1.2)
