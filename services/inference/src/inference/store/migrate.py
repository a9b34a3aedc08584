"""Bringing a database's schema up to date, safely from several processes at once."""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

LOCK_ID = 2_718_281_828
"""PostgreSQL advisory lock under which migrations run; any fixed number of our own."""

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The schema is not the one that this version needs; the message says what to do."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision, in one transaction.

    Whoever comes second waits for the lock and then finds nothing to do: an advisory lock on
    PostgreSQL, and on SQLite the write lock that every transaction here begins with.

    Raises:
        SQLAlchemyError: the database does not answer, or a migration failed and was undone.
    """
    _run(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to a revision; `base` removes everything.

    Raises:
        SQLAlchemyError: as `upgrade`.
    """
    _run(engine, "downgrade", revision)


def require_head(engine: Engine) -> None:
    """Check that the schema is the newest that this version knows.

    Raises:
        SchemaError: it is older, newer, or missing.
        SQLAlchemyError: the database does not answer.
    """
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != head:
        raise SchemaError(
            f"the database has schema {current or 'none'}, this version needs {head}: "
            "run `inference migrate`"
        )


def _run(engine: Engine, command: str, revision: str) -> None:
    # Imported here: alembic takes a while, and a start on PostgreSQL does not need its commands.
    from alembic import command as commands
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        _lock(connection)
        config.attributes["connection"] = connection
        getattr(commands, command)(config, revision)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # The wait for another migration, and a migration itself, may take long.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK_ID})
