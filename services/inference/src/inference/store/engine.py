"""Engines for the two databases, set up so that what is answered is kept."""

from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

READ_ONLY = "read_only"
BUSY_SECONDS = 5
POOL_SIZE = 10

Synchronous = Literal["FULL", "NORMAL"]


def make_engine(url: URL, *, synchronous: Synchronous = "FULL") -> Engine:
    """An engine that connects only when first used.

    Args:
        url: SQLite or PostgreSQL, with its driver.
        synchronous: when SQLite waits for the disk; PostgreSQL always does. With NORMAL a commit
            survives the death of the process, and with FULL the loss of power too. A FULL commit
            also makes every NORMAL one before it safe, as they share one write-ahead log.
    """
    if url.get_backend_name() == "sqlite":
        # The pool is for threads; SQLite itself lets one of them write at a time.
        engine = create_engine(
            url, hide_parameters=True, pool_size=POOL_SIZE, connect_args={"timeout": BUSY_SECONDS}
        )
        _tune_sqlite(engine, synchronous)
        return engine
    return create_engine(
        url,
        hide_parameters=True,  # error messages would hold texts
        pool_size=POOL_SIZE,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        # A store that is gone must be noticed in seconds, not in the kernel's quarter of an hour.
        connect_args={
            "connect_timeout": 3,
            "tcp_user_timeout": 5_000,
            "keepalives_idle": 10,
            "options": "-c statement_timeout=10000 -c lock_timeout=5000",
            "application_name": "inference",
        },
    )


def _tune_sqlite(engine: Engine, synchronous: Synchronous) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        # Transactions are begun below: the driver would begin them late, and upgrading a read to
        # a write fails at once when another process wrote in between.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # overwrites what is deleted
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
