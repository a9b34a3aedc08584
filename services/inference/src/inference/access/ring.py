"""The keys of the store in this process: found at once, never older than seconds."""

import hmac
import json
import logging
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from inference.access import repository
from inference.access.callers import Caller
from inference.access.keys import KeptKey, digest_of, parse_scopes, spoken_scopes
from inference.logging import fields
from inference.problems import ServiceError
from inference.store.errors import store_unavailable
from inference.store.store import Store

FILE = "keys.json"
REFRESH_SECONDS = 2.0
"""Time between looks at the store: a revocation takes effect within it."""

FIRST_SECONDS = 0.1
"""The same until the keys were read once."""

_log = logging.getLogger(__name__)


class KeyRing:
    """Reads the keys every few seconds, and goes on with the last ones while the store is away.

    With a folder it also survives a restart meanwhile: their digests, of which no key can be
    found, are kept in a file there.
    """

    def __init__(self, store: Store, folder: Path | None = None) -> None:
        """Nothing is read before `start`.

        Args:
            store: has the keys.
            folder: where to keep a copy; None for a store on this machine, which is always there.
        """
        self._store = store
        self._file = folder / FILE if folder else None
        self._usable: Mapping[str, KeptKey] | None = None
        self._known: Sequence[KeptKey] | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="key-ring", daemon=True)

    def start(self) -> None:
        """Read the copy, if there is one, and follow the store in the background."""
        self._take_copy()
        self._thread.start()

    def stop(self) -> None:
        """Let go of the store."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def find(self, key: str) -> KeptKey | None:
        """The key that was sent, expired or not; None if it is not known or was revoked.

        Raises:
            ServiceError: (store unavailable) no keys were read yet.
        """
        self.check()
        digest = digest_of(key)
        # A look-up may tell how much of a digest fits. That helps nobody to find a key, since
        # nobody can choose a key by its digest; the comparison tells nothing at all.
        found = (self._usable or {}).get(digest)
        return found if found and hmac.compare_digest(found.digest, digest) else None

    def check(self) -> None:
        """Check that keys were read.

        Raises:
            ServiceError: (store unavailable) not yet.
        """
        if self._usable is None:
            raise store_unavailable("the access keys were not read yet; try again shortly")

    def refresh(self) -> None:
        """Read the keys now.

        Raises:
            ServiceError: (store unavailable) the store does not answer; the last ones stay.
        """
        keys = self._store.run(repository.every_key, read_only=True)
        if keys == self._known:
            return
        if self._known is None or not keys:
            _log.log(
                logging.INFO if keys else logging.WARNING,
                "access keys are read"
                if keys
                else "there are no access keys: make one with `inference keys create`",
                extra=fields(keys=len(keys)),
            )
        self._use(keys)
        self._known = keys
        self._keep_copy(keys)

    def _use(self, keys: Sequence[KeptKey]) -> None:
        self._usable = {key.digest: key for key in keys if key.revoked_at is None}

    def _follow(self) -> None:
        while True:
            try:
                if not self._store.away:  # it would only say so again
                    self.refresh()
            except ServiceError:
                pass  # the store has said why
            except Exception:  # the thread must go on looking, whatever a driver raises
                _log.exception("the access keys cannot be read")
            if self._ending.wait(REFRESH_SECONDS if self._known is not None else FIRST_SECONDS):
                return

    def _take_copy(self) -> None:
        if self._file is None or not self._file.exists():
            return
        try:
            items = json.loads(self._file.read_text(encoding="utf-8"))
            self._use([_parse(item) for item in items])
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = type(error).__name__
            _log.warning("the copy of the access keys is not usable", extra=fields(reason=reason))

    def _keep_copy(self, keys: Sequence[KeptKey]) -> None:
        if self._file is None:
            return
        text = json.dumps([_plain(key) for key in keys], indent=1)
        try:
            _replace(self._file, text)
        except OSError as error:
            reason = error.strerror or str(error)
            _log.warning("the access keys cannot be copied", extra=fields(reason=reason))


def _plain(key: KeptKey) -> dict[str, Any]:
    moments = (key.created_at, key.expires_at, key.revoked_at)
    return {
        "name": key.name,
        "digest": key.digest,
        "scopes": spoken_scopes(key.caller.scopes),
        "requests_per_minute": key.requests_per_minute,
        "moments": [moment.isoformat() if moment else None for moment in moments],
    }


def _parse(item: Mapping[str, Any]) -> KeptKey:
    created_at, expires_at, revoked_at = (
        datetime.fromisoformat(moment) if moment else None for moment in item["moments"]
    )
    if created_at is None:
        raise ValueError("a key without the moment when it was made")
    return KeptKey(
        digest=str(item["digest"]),
        caller=Caller(str(item["name"]), parse_scopes(item["scopes"])),
        requests_per_minute=item["requests_per_minute"],
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


def _replace(path: Path, text: str) -> None:
    # mkstemp makes files of mode 0600.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
