"""Bringing a database's schema up to date, safely from several processes at once."""

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    inspect,
    select,
    text,
)

LOCK_ID = 2_718_281_828
"""PostgreSQL advisory lock under which migrations run; any fixed number of our own."""

HEAD = "0010"
"""The newest revision in the migrations folder."""

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The schema is not the one that this version needs; the message says what to do."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to a revision, in one transaction.

    Whoever comes second waits for the lock and then finds nothing to do: an advisory lock on
    PostgreSQL, and on SQLite the write lock that every transaction here begins with.

    A schema that a later version made is left as it is: migrations only add.

    Raises:
        SQLAlchemyError: the database does not answer, or a migration failed and was undone.
    """
    if not _is_later(current_revision(engine)):
        _run(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to a revision; `base` removes everything.

    Raises:
        SQLAlchemyError: as `upgrade`.
    """
    _run(engine, "downgrade", revision)


def current_revision(engine: Engine) -> str | None:
    """The revision that a database is at; None before the first migration.

    Asked without alembic, whose import takes most of a second: a start finds the schema up to date
    nearly always.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    versions = Table("alembic_version", MetaData(), Column("version_num", String))
    with engine.connect() as connection:
        if not inspect(connection).has_table(versions.name):
            return None
        return connection.execute(select(versions.c.version_num)).scalar_one_or_none()


def require_head(engine: Engine) -> None:
    """Check that the schema has all that this version needs.

    One that a later version made has: migrations only add, so that while a release goes on, or
    after it was taken back, processes of the version before can start.

    Raises:
        SchemaError: it is older, unknown, or missing.
        SQLAlchemyError: the database does not answer.
    """
    current = current_revision(engine)
    if current != HEAD and not _is_later(current):
        raise SchemaError(
            f"the database has schema {current or 'none'}, this version needs {HEAD}: "
            "run `inference migrate` of the newest version"
        )


def _is_later(revision: str | None) -> bool:
    """Whether a later version's migration made a schema; revisions are numbers of one length."""
    return bool(revision and revision.isdecimal() and len(revision) == len(HEAD)) and (
        str(revision) > HEAD
    )


def _run(engine: Engine, command: str, revision: str) -> None:
    # Imported here: see `current_revision`.
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
