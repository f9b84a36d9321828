"""Is the database's schema the one that this program knows?"""

from enum import Enum
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from afterword.storage.engine import Database

SCHEMA_TABLE = "alembic_version"
"""Alembic's own table: the revision of the schema."""

HEAD = "head"
_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaState(Enum):
    """How a database's schema compares with this program's."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


def check_schema(database: Database) -> SchemaState:
    """Compare, and change nothing."""
    with database.read() as connection:
        return compare_revision(find_revision(connection))


def migrate(database: Database) -> None:
    """Bring the schema up to date: all steps in one transaction, or none."""
    with database.engine_for_migrations().begin() as connection:
        if database.is_postgres:
            # A step over millions of rows may take as long as it takes.
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            # Two servers that start at once take turns; any constant number will do.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(4660001)"))
        upgrade(connection)


def upgrade(connection: sa.Connection, revision: str = HEAD) -> None:
    """Bring the schema to a revision, inside a transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def find_revision(connection: sa.Connection) -> str | None:
    """The revision of the schema; None without one."""
    return MigrationContext.configure(connection).get_current_revision()


def compare_revision(found: str | None) -> SchemaState:
    """How a revision compares with this program's."""
    scripts = ScriptDirectory.from_config(_config())
    if found is None:
        return SchemaState.EMPTY
    if found == scripts.get_current_head():
        return SchemaState.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaState.OLDER if found in known else SchemaState.NEWER


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
