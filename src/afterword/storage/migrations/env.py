"""Alembic's entry: runs the steps on the connection that storage/schema.py hands over."""

from alembic import context

from afterword.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # SQLite's DDL is transactional, whatever Alembic assumes: all steps happen, or none.
    transactional_ddl=True,
)
context.run_migrations()
