"""How do the bytes of erased rows get out of the database's files?"""

import time
from typing import Any

import sqlalchemy as sa

from afterword.kit.progress import OnProgress, untold
from afterword.storage.engine import Database
from afterword.storage.erasure import TOUCHED

LOG_EMPTIED_TRIES = 50
LOG_EMPTIED_PAUSE_S = 0.1
"""SQLite's log can be emptied while nobody reads: pages read for milliseconds, reports for seconds."""

STATISTICS = "pg_statistic"
"""Where PostgreSQL's planner keeps samples of what is in the tables: addresses and names, too."""

_WHAT = "rewriting tables"


def rewrite_tables(database: Database, on_progress: OnProgress = untold) -> bool:
    """
    Write the tables that hold something of people anew, so that their files hold nothing of what was
    deleted; others wait meanwhile.

    SQLite overwrites what it deletes, but keeps copies of rows in what is free of pages that were
    split; PostgreSQL keeps the rows themselves.

    Returns:
        False when SQLite's log could not be emptied after it: somebody reads all the time.
    """
    if not database.is_postgres:
        on_progress(_WHAT, 0, 1)
        with database.maintain() as cursor:
            cursor.execute("VACUUM")
        on_progress(_WHAT, 1, 1)
        return _empty_log(database)
    with database.maintain() as cursor:
        _rewrite_postgres(cursor, on_progress)
    return True


def _rewrite_postgres(cursor: Any, on_progress: OnProgress) -> None:
    for number, table in enumerate(TOUCHED, 1):
        cursor.execute(f"VACUUM (FULL, ANALYZE) {table.name}")
        _forget_samples(cursor, table)
        on_progress(_WHAT, number, len(TOUCHED) + 1)
    # After the new samples were taken, so that those of before are gone.
    cursor.execute(f"VACUUM FULL {STATISTICS}")
    on_progress(_WHAT, len(TOUCHED) + 1, len(TOUCHED) + 1)


def _forget_samples(cursor: Any, table: sa.Table) -> None:
    """ANALYZE keeps the samples of a table that became empty; giving a column its own type drops them."""
    cursor.execute(f"SELECT EXISTS (SELECT FROM {table.name})")  # noqa: S608 - our own
    texts = [column.name for column in table.c if isinstance(column.type, sa.Text)]
    if texts and not cursor.fetchone()[0]:
        cursor.execute(f"ALTER TABLE {table.name} " + ", ".join(f"ALTER {name} TYPE text" for name in texts))


def _empty_log(database: Database) -> bool:
    for _ in range(LOG_EMPTIED_TRIES):
        with database.maintain() as cursor:
            is_busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not is_busy:
            return True
        time.sleep(LOG_EMPTIED_PAUSE_S)
    return False
