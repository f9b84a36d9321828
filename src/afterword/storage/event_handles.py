"""Whom do stored events name, and whom are they attributed to?"""

import json
from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from afterword.storage.engine import raw_cursor
from afterword.storage.projection import BY_NUMBER, Positions
from afterword.storage.tables import event


class EventHandles(NamedTuple):
    """What an event says of who did it; ``received_at`` in microseconds."""

    id: int
    project_id: int
    received_at: int
    email: str | None
    github_username: str | None
    gitlab_username: str | None
    person_id: int | None
    is_test: bool


_COLUMNS = ", ".join(EventHandles._fields)
_NEW_PROJECTS = (
    "SELECT project.id, COALESCE(position, 0), events_accepted FROM project "
    "LEFT JOIN projection ON projection.project_id = project.id AND projection.name = '%s' "
    "WHERE events_accepted > COALESCE(position, 0) ORDER BY project.id LIMIT %d"
)
# A subquery with a limit is run for each range, by the index; see events.counted_at.
_NUMBERED = (
    f"SELECT found.* FROM json_array_elements(%s::json) AS range, LATERAL ("  # noqa: S608 - constants
    f"SELECT {_COLUMNS} FROM event "
    "WHERE project_id = (range->>0)::bigint AND number BETWEEN (range->>1)::bigint AND (range->>2)::bigint "
    "ORDER BY number LIMIT (range->>2)::bigint - (range->>1)::bigint + 1) AS found"
)
_ATTRIBUTE_SQLITE = (
    "UPDATE event SET person_id = json_extract(wanted.value, '$[1]') FROM json_each(?) AS wanted "
    "WHERE event.id = json_extract(wanted.value, '$[0]')"
)
# As a subquery for each event it goes by the key, whatever PostgreSQL believes of the table's size.
_ATTRIBUTE_POSTGRES = (
    "UPDATE event SET person_id = wanted.person_id FROM (SELECT (pair->>0)::bigint AS id, "
    "(pair->>1)::bigint AS person_id FROM json_array_elements(%s::json) AS pair) AS wanted "
    "WHERE event.id = wanted.id AND event.id BETWEEN %s AND %s"
)


def list_new(
    connection: sa.Connection, positions: Positions, limit: int
) -> tuple[list[EventHandles], Positions]:
    """
    The next events that were not read yet, and how far they were read with these.

    By id on SQLite, where one transaction after the other commits. On PostgreSQL a greater id may commit
    first, but the numbers of a project have no gaps once they are there.
    """
    if connection.dialect.name != "postgresql":
        found = list_from(connection, positions[0] + 1, None, limit)
        return found, {0: found[-1].id} if found else {}
    ranges = []
    for project_id, position, accepted in connection.exec_driver_sql(
        _NEW_PROJECTS % (BY_NUMBER, limit)
    ).all():
        last = min(accepted, position + limit)
        ranges.append((project_id, position + 1, last))
        limit -= last - position
        if not limit:
            break
    if not ranges:
        return [], {}
    rows = connection.exec_driver_sql(_NUMBERED, (json.dumps(ranges),)).all()
    return [EventHandles(*row) for row in rows], {project_id: last for project_id, _, last in ranges}


def list_from(
    connection: sa.Connection, first_id: int, last_id: int | None, limit: int
) -> list[EventHandles]:
    """Up to so many events along their ids, both ends included."""
    end = "" if last_id is None else f"AND id <= {last_id:d} "
    statement = f"SELECT {_COLUMNS} FROM event WHERE id >= {first_id:d} {end}ORDER BY id LIMIT {limit:d}"  # noqa: S608 - numbers
    with raw_cursor(connection) as cursor:
        cursor.execute(statement)
        return [EventHandles(*row) for row in cursor.fetchall()]


def last_id(connection: sa.Connection) -> int:
    """The greatest id of an event; 0 when there is none."""
    return connection.execute(sa.select(sa.func.max(event.c.id))).scalar_one() or 0


def attribute(connection: sa.Connection, people: Mapping[int, int | None]) -> None:
    """Say who did some events: event id → person id, or None for nobody who is known."""
    if not people:
        return
    wanted = json.dumps(list(people.items()))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ATTRIBUTE_POSTGRES, (wanted, min(people), max(people)))
    else:
        connection.exec_driver_sql(_ATTRIBUTE_SQLITE, (wanted,))
