"""How do all rows get from one database into another of the same schema?"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from afterword.kit.progress import OnProgress
from afterword.storage.schema import SCHEMA_TABLE

ROWS_AT_ONCE = 5_000
"""Rows in memory, at most a few MB of them."""


def list_tables(connection: sa.Connection, ignored: Sequence[str] = ()) -> list[sa.Table]:
    """The tables that are there, those first that others refer to."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in (SCHEMA_TABLE, *ignored)]


def count_rows(connection: sa.Connection, tables: Sequence[sa.Table]) -> dict[str, int]:
    """Table → rows."""
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in tables
    }


def copy_rows(
    source: sa.Connection, target: sa.Connection, rows: Mapping[str, int], on_progress: OnProgress
) -> None:
    """
    Copy all tables of the target's schema, in portions.

    Args:
        source: Sees one state for as long as it takes.
        target: Has the same schema, and no rows.
        rows: Table → rows of the source, for the progress.
    """
    for table in list_tables(target):
        target.execute(sa.delete(table))  # what the migrations themselves put in
        done = 0
        with _all_rows(source, table) as found:
            for portion in found.partitions():
                _add(target, table, portion)
                done += len(portion)
                on_progress(f"copying {table.name}", done, rows[table.name])


def set_sequences(connection: sa.Connection) -> None:
    """Let PostgreSQL give out the ids that come after those that are there."""
    for table in list_tables(connection):
        for column in table.primary_key:
            name = connection.execute(
                sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
            ).scalar()
            if name is not None:
                highest = connection.execute(sa.select(sa.func.max(column))).scalar()
                connection.execute(sa.select(sa.func.setval(name, highest or 1, highest is not None)))


def analyze(connection: sa.Connection) -> None:
    """Let PostgreSQL look at tables that were just filled, so that it does not plan for empty ones."""
    quote = connection.dialect.identifier_preparer.quote
    for table in list_tables(connection):
        connection.exec_driver_sql(f"ANALYZE {quote(table.name)}")


def _all_rows(source: sa.Connection, table: sa.Table) -> sa.CursorResult[Any]:
    # Without types: what one database gives is what the other takes.
    columns: list[sa.ColumnClause[Any]] = [sa.column(column.name) for column in table.c]
    order: list[sa.ColumnClause[Any]] = [sa.column(column.name) for column in table.primary_key]
    statement = sa.select(*columns).select_from(sa.table(table.name)).order_by(*order)
    return source.execution_options(yield_per=ROWS_AT_ONCE).execute(statement)


def _add(target: sa.Connection, table: sa.Table, portion: Sequence[Any]) -> None:
    quote = target.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.c)
    if target.dialect.name == "postgresql":
        raw: Any = target.connection
        with raw.cursor() as cursor, cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
            for row in portion:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(table.c))
        target.exec_driver_sql(
            f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})",  # noqa: S608 - our own
            [tuple(row) for row in portion],
        )
