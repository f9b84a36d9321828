"""How does a batch of events get into the tables, with what is counted and what is to be done for them?"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import sqlalchemy as sa

from afterword.kit.clock import to_datetime
from afterword.storage.engine import at_commit, raw_cursor
from afterword.storage.jobs import add_jobs

ROWS_AT_ONCE_MAX = 64
"""Rows of one INSERT on SQLite: more gain nothing, and each number of rows is a statement of its own."""


class NewEvent(NamedTuple):
    """
    One row of a batch, in the order of the columns.

    ``counted_at`` is of the limit clock, the other two are wall time; all in microseconds.
    """

    project_id: int
    number: int
    counted_at: int
    received_at: int
    occurred_at: int
    name: str
    email: str | None
    github_username: str | None
    gitlab_username: str | None
    metadata: str | None
    is_test: bool
    person_id: int | None


_COLUMNS = ", ".join(NewEvent._fields)
_ROW = f"({', '.join('?' * len(NewEvent._fields))})"
_APPEND_SQLITE = [
    f"INSERT INTO event ({_COLUMNS}) VALUES {', '.join([_ROW] * rows)}"  # noqa: S608 - constants
    for rows in range(ROWS_AT_ONCE_MAX + 1)
]
_COUNT_SQLITE = (
    "UPDATE project SET events_accepted = events_accepted + json_extract(counted.value, '$[1]') "
    "FROM json_each(?) AS counted WHERE project.id = json_extract(counted.value, '$[0]')"
)

_APPEND_POSTGRES = f"COPY event ({_COLUMNS}) FROM STDIN"
_COUNT_POSTGRES = (
    "UPDATE project SET events_accepted = events_accepted + counted.events "
    "FROM (VALUES %s) AS counted (project_id, events) WHERE project.id = counted.project_id"
)
# As a subquery for each event it goes by the index; a join may scan all events while the table is small or
# its statistics are old, so that each batch costs more than the one before.
_ADD_JOBS_POSTGRES = (
    "INSERT INTO job (kind, subject_id, run_at, created_at) SELECT '%s', "
    "(SELECT id FROM event WHERE project_id = wanted.project_id AND number = wanted.number), %d, %d "
    "FROM (VALUES %s) AS wanted (project_id, number)"
)


def write(
    connection: sa.Connection, rows: Sequence[NewEvent], jobs: Sequence[int] = (), kind: str = ""
) -> None:
    """
    Add a batch; ids grow in the order of the rows. The counts and jobs are there after the commit.

    Args:
        rows: At least one.
        jobs: For which rows a job is due at once, by their places.
        kind: Of these jobs, a word.

    Raises:
        ValueError: The kind is no word.
    """
    if jobs and not kind.isidentifier():
        raise ValueError(f"not a kind of job: {kind!r}")
    counts = Counter(row.project_id for row in rows)
    if connection.dialect.name == "postgresql":
        _write_postgres(connection, rows, counts, jobs, kind)
    else:
        _write_sqlite(connection, rows, counts, jobs, kind)


def _write_sqlite(
    connection: sa.Connection,
    rows: Sequence[NewEvent],
    counts: Counter[int],
    jobs: Sequence[int],
    kind: str,
) -> None:
    last_id = 0
    for first in range(0, len(rows), ROWS_AT_ONCE_MAX):
        part = rows[first : first + ROWS_AT_ONCE_MAX]
        done = connection.exec_driver_sql(_APPEND_SQLITE[len(part)], tuple(chain.from_iterable(part)))
        last_id = done.lastrowid
    connection.exec_driver_sql(_COUNT_SQLITE, (json.dumps(list(counts.items())),))
    if jobs:
        # SQLite gives a new row the greatest id and one; nobody else writes meanwhile.
        ids = [last_id - len(rows) + 1 + place for place in jobs]
        add_jobs(connection, kind, ids, run_at=to_datetime(rows[-1].received_at))


def _write_postgres(
    connection: sa.Connection,
    rows: Sequence[NewEvent],
    counts: Counter[int],
    jobs: Sequence[int],
    kind: str,
) -> None:
    """Two messages: the rows, and then all that is left together with the COMMIT, nothing but numbers."""
    with raw_cursor(connection) as cursor, cursor.copy(_APPEND_POSTGRES) as copy:
        for row in rows:
            copy.write_row(row)
    at_commit(connection, _COUNT_POSTGRES % _values(counts.items()))
    if jobs:
        wanted = _values((rows[place].project_id, rows[place].number) for place in jobs)
        now_us = rows[-1].received_at
        at_commit(connection, _ADD_JOBS_POSTGRES % (kind, now_us, now_us, wanted))


def _values(pairs: Iterable[tuple[int, int]]) -> str:
    return ", ".join(f"({first:d}, {second:d})" for first, second in pairs)
