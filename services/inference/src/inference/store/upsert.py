"""Inserting a row unless it is there, on both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row, unless one of the table's constraints has it taken already.

    It waits for another transaction that inserts the same, and spoils its own on neither database.

    Args:
        connection: to the database, in a transaction.
        table: where to.
        values: the row.

    Returns:
        Whether it was inserted.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(dict(values)).on_conflict_do_nothing()
    return connection.execute(statement).rowcount == 1
