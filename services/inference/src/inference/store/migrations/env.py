"""Alembic's entry point; the caller brings the connection and the transaction."""

from alembic import context

from inference.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
