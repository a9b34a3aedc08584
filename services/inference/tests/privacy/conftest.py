"""Looking for words in everything that the service leaves behind."""

from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url


def dump(url: str) -> bytes:
    """Every row of every table of a PostgreSQL database, as text."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    found = bytearray()
    with psycopg2.connect(plain) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', Sink(found))
    connection.close()
    return bytes(found)


class Sink:
    def __init__(self, found: bytearray) -> None:
        self.write = found.extend


@pytest.fixture
def content(store_url: str, tmp_path: Path) -> Callable[[], bytes]:
    """Reads the store: every byte of SQLite's files, log included, or a dump of PostgreSQL.

    With it whatever the API keeps on its own disk, the spool for instance.
    """

    def read() -> bytes:
        files = [path for path in tmp_path.rglob("*") if path.is_file() and ".db" in path.name]
        assert files
        kept = b"".join(path.read_bytes() for path in files)
        return kept + (dump(store_url) if store_url.startswith("postgres") else b"")

    return read


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention looks all the time whether there is something to do, not every five seconds."""
    monkeypatch.setattr("inference.privacy.retention.LOOK_SECONDS", 0.1)
