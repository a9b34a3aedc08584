"""Gives each service a role of its own in its own database; safe to run again, as after a rotation.

Runs in the migration job with the standard `PG*` variables of the administrator, and the new roles'
passwords in `FEEDBACK_PASSWORD` and `MLFLOW_PASSWORD`. It stands alone: the template hands its text
to the container.
"""

import os

import psycopg2  # type: ignore[import-untyped]
from psycopg2 import sql

DATABASES = ("feedback", "mlflow")


def grant(database: str, password: str) -> None:
    """Make the role `database` able to use the database of that name, and no other role.

    Args:
        database: Name of the database and of its role.
        password: The role's password from now on.

    Raises:
        psycopg2.Error: the server refused, for instance because the database does not exist.
    """
    connection = psycopg2.connect(dbname=database)
    try:
        with connection, connection.cursor() as cursor:
            role = sql.Identifier(database)
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (database,))
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            for statement in (
                f"{verb} ROLE {{role}} LOGIN PASSWORD {{password}}",
                "REVOKE ALL ON DATABASE {role} FROM PUBLIC",
                "GRANT CONNECT, TEMPORARY ON DATABASE {role} TO {role}",
                "GRANT USAGE, CREATE ON SCHEMA public TO {role}",
            ):
                cursor.execute(sql.SQL(statement).format(role=role, password=sql.Literal(password)))
    finally:
        connection.close()


def main() -> None:
    """Do both databases."""
    for database in DATABASES:
        grant(database, os.environ[f"{database.upper()}_PASSWORD"])


if __name__ == "__main__":
    main()
