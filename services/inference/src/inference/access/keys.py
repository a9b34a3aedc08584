"""Keys: made at random, known by their digest alone."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from inference.access.callers import Caller
from inference.access.scopes import Scope
from inference.settings import is_placeholder

PREFIX = "radar_"
"""What a made key begins with, so that scanners of code and logs can find one that leaked."""

RANDOM_BYTES = 32
MIN_GIVEN_CHARACTERS = 43
"""Characters of 256 random bits in base64; a key that is brought along has at least as many."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
GIVEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What an `Authorization: Bearer` header can carry (RFC 6750, section 2.1)."""


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key as it is kept.

    Attributes:
        digest: SHA-256, in hexadecimal. A key is 256 random bits, so there is nothing that a slow
            or a keyed hash would protect from guessing.
        caller: its name and scopes.
        requests_per_minute: bound on its requests; None: unbounded.
        created_at: when it was made.
        expires_at: from when on it is refused; None: never.
        revoked_at: since when it is refused; None: it is not.
    """

    digest: str
    caller: Caller
    requests_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def name(self) -> str:
        """What logs and verdicts call it."""
        return self.caller.name or ""

    def is_expired(self, now: datetime | None = None) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= (now or datetime.now(UTC))


def make_key() -> str:
    """A new key."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def check_name(name: str) -> None:
    """Refuse a name that could not stand in a log line or beside a verdict.

    Raises:
        ValueError: it has other characters, or too many.
    """
    if not NAME.fullmatch(name):
        raise ValueError("a name has up to 64 letters, digits and . _ : -, a letter or digit first")


def check_given(key: str) -> None:
    """Refuse a key from elsewhere that is no secret.

    Raises:
        ValueError: it is too short, a placeholder, or not fit for a header.
    """
    if len(key) < MIN_GIVEN_CHARACTERS or is_placeholder(key):
        raise ValueError(
            f"must be a secret of {MIN_GIVEN_CHARACTERS} characters or more, for instance from "
            "`openssl rand -hex 32`"
        )
    if not GIVEN.fullmatch(key):
        raise ValueError("has characters that an Authorization header cannot carry")


def parse_scopes(text: str) -> frozenset[Scope]:
    """Scopes as they are kept: names with spaces between; one of a newer version is left out."""
    known = {str(scope) for scope in Scope}
    return frozenset(Scope(name) for name in text.split() if name in known)


def spoken_scopes(scopes: frozenset[Scope]) -> str:
    """Scopes as they are kept and shown."""
    return " ".join(sorted(scopes))
