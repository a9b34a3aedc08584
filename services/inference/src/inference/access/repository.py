"""Keys in the database."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inference.access.callers import Caller
from inference.access.keys import KeptKey, parse_scopes, spoken_scopes
from inference.store.tables import API_KEYS


class KeyRefusedError(Exception):
    """A key that cannot be made or revoked; the message says why."""


def every_key(connection: Connection) -> list[KeptKey]:
    """All keys, revoked and expired ones too, by name."""
    return [_kept(row) for row in connection.execute(select(API_KEYS).order_by(API_KEYS.c.name))]


def find_key(connection: Connection, name: str) -> KeptKey | None:
    """The key of some name, locked to the end of the transaction."""
    query = select(API_KEYS).where(API_KEYS.c.name == name).with_for_update()
    row = connection.execute(query).one_or_none()
    return _kept(row) if row else None


def add_key(connection: Connection, key: KeptKey) -> None:
    """Keep a new key.

    Raises:
        KeyRefusedError: there is, or was, another of that name: what it did stays told apart.
    """
    if find_key(connection, key.name) is not None:
        raise KeyRefusedError(f"there is, or was, a key named {key.name}: choose another name")
    connection.execute(insert(API_KEYS).values(_values(key)))


def put_key(connection: Connection, key: KeptKey) -> bool:
    """Keep a key that somebody else made, in place of the one of that name.

    Returns:
        Whether that changed the key itself, rather than nothing or what it allows.

    Raises:
        KeyRefusedError: this very key was revoked.
    """
    before = find_key(connection, key.name)
    if before is None:
        connection.execute(insert(API_KEYS).values(_values(key)))
        return True
    same = before.digest == key.digest
    if same and before.revoked_at is not None:
        raise KeyRefusedError(f"the key {key.name} was revoked: give it another value")
    if same:
        key = replace(key, created_at=before.created_at)
    connection.execute(update(API_KEYS).where(API_KEYS.c.name == key.name).values(_values(key)))
    return not same


def revoke_key(connection: Connection, name: str) -> None:
    """Refuse a key from now on.

    Raises:
        KeyRefusedError: there is none of that name, or it is revoked already.
    """
    key = find_key(connection, name)
    if key is None:
        raise KeyRefusedError(f"there is no key named {name}: see `inference keys list`")
    if key.revoked_at is not None:
        raise KeyRefusedError(f"the key {name} was revoked at {key.revoked_at:%Y-%m-%d %H:%M} UTC")
    revoked = update(API_KEYS).where(API_KEYS.c.name == name)
    connection.execute(revoked.values(revoked_at=datetime.now(UTC)))


def _values(key: KeptKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "digest": key.digest,
        "scopes": spoken_scopes(key.caller.scopes),
        "requests_per_minute": key.requests_per_minute,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def _kept(row: Row[Any]) -> KeptKey:
    return KeptKey(
        digest=row.digest,
        caller=Caller(row.name, parse_scopes(row.scopes)),
        requests_per_minute=row.requests_per_minute,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
