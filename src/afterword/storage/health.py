"""What does the database itself say about how it is?"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from afterword.kit.clock import SECOND_US
from afterword.kit.progress import OnProgress
from afterword.storage.postgres import REQUIRED
from afterword.storage.sqlite import PRAGMAS, WAL_RESET_BUG_FIXED_IN, driver


@dataclass(frozen=True, slots=True)
class Engine:
    """
    Which database program runs.

    Attributes:
        has_wal_reset_bug: An SQLite that can corrupt a database in WAL mode.
    """

    name: str
    version: str
    has_wal_reset_bug: bool


def find_engine(connection: sa.Connection) -> Engine:
    """Which database program, in which version?"""
    if connection.dialect.name == "postgresql":
        version = connection.exec_driver_sql("SHOW server_version").scalar_one()
        return Engine("PostgreSQL", str(version), has_wal_reset_bug=False)
    module = driver()
    has_bug = module.sqlite_version_info < WAL_RESET_BUG_FIXED_IN
    return Engine("SQLite", module.sqlite_version, has_wal_reset_bug=has_bug)


def list_durability(connection: sa.Connection) -> list[tuple[str, str]]:
    """(setting, value) of what decides whether a committed event survives a power cut."""
    if connection.dialect.name == "postgresql":
        return [(name, str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())) for name in REQUIRED]
    names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
    return [
        (name, str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()))
        for name in names
        if name in PRAGMAS
    ]


def list_damage(connection: sa.Connection, on_progress: OnProgress) -> Iterator[str]:
    """What SQLite finds wrong with its tables, or PostgreSQL knows to be wrong with its indices."""
    if connection.dialect.name == "postgresql":
        statement = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
        yield from (
            f"the index {name} is not valid" for name in connection.exec_driver_sql(statement).scalars()
        )
        return
    tables = sa.inspect(connection).get_table_names()
    for number, table in enumerate(tables, 1):
        found = connection.exec_driver_sql(f'PRAGMA quick_check("{table}")').scalars().all()
        yield from (f"{table}: {text}" for text in found if text != "ok")
        on_progress("checking tables", number, len(tables))


def find_server_clock_us(connection: sa.Connection) -> int | None:
    """What time a PostgreSQL server believes it is, microseconds; SQLite has no clock of its own."""
    if connection.dialect.name != "postgresql":
        return None
    seconds = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
    return int(seconds * SECOND_US)
