"""The roles that the migration job makes, on a real server and as an administrator like Azure's."""

import subprocess
import sys
import uuid

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy.engine import make_url

pytestmark = pytest.mark.postgres


def _connect(url, **changes):
    url = url.set(**changes)
    return psycopg2.connect(
        host=url.host or url.query.get("host"),
        port=url.port,
        user=url.username,
        password=url.password,
        dbname=url.database,
    )


@pytest.fixture
def server(postgres_server, postgres_url):
    """An administrator without superuser rights, in the group that owns the two databases."""
    unique = uuid.uuid4().hex[:8]
    names = {"group": f"group_{unique}", "admin": f"admin_{unique}"}
    databases = ("feedback", "mlflow")
    root = _connect(make_url(postgres_url))
    root.autocommit = True
    cursor = root.cursor()

    def execute(statement, **values):
        cursor.execute(
            sql.SQL(statement).format(
                **{name: sql.Identifier(value) for name, value in (names | values).items()}
            )
        )

    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname = ANY(%(names)s)"
        " UNION SELECT rolname FROM pg_roles WHERE rolname = ANY(%(names)s)",
        {"names": list(databases)},
    )
    if cursor.fetchall():
        pytest.skip("this server has a database or role called feedback or mlflow already")
    execute("CREATE ROLE {group}")
    execute("CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD 'admin' IN ROLE {group}")
    for database in databases:
        execute("CREATE DATABASE {database} OWNER {group}", database=database)
    yield postgres_server, names["admin"]
    for database in databases:
        execute("DROP DATABASE {database} WITH (FORCE)", database=database)
        execute("DROP ROLE IF EXISTS {database}", database=database)
    execute("DROP ROLE {admin}")
    execute("DROP ROLE {group}")
    root.close()


@pytest.fixture
def make_roles(server, repository):
    url, admin = server

    def run(feedback, mlflow):
        return subprocess.run(
            [sys.executable, "-c", (repository / "infra" / "database_roles.py").read_text()],
            env={
                "PGHOST": url.host or url.query["host"],
                "PGPORT": str(url.port or 5432),
                "PGUSER": admin,
                "PGPASSWORD": "admin",
                "FEEDBACK_PASSWORD": feedback,
                "MLFLOW_PASSWORD": mlflow,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


# One test, not several: the names are fixed, and workers may share a server.
def test_each_role_has_its_own_database_only_and_passwords_rotate(server, make_roles):
    url, _ = server
    assert make_roles("it's", "second").stderr == ""
    with _connect(url, username="feedback", password="it's", database="feedback") as mine:
        mine.cursor().execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        _connect(url, username="mlflow", password="second", database="feedback")

    assert make_roles("rotated", "second").returncode == 0  # a second time changes nothing else
    with _connect(url, username="feedback", password="rotated", database="feedback") as mine:
        cursor = mine.cursor()
        cursor.execute("SELECT id FROM kept")
        assert cursor.fetchall() == [(1,)]

    with _connect(url) as root:
        root.autocommit = True
        root.cursor().execute("ALTER DATABASE mlflow RENAME TO mlflow_elsewhere")
    try:
        done = make_roles("first", "second")
        assert (done.returncode, "mlflow" in done.stderr) == (1, True)
    finally:
        with _connect(url) as root:
            root.autocommit = True
            root.cursor().execute("ALTER DATABASE mlflow_elsewhere RENAME TO mlflow")
