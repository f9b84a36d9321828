"""How far has the worker read the events, and which changes of the directory has it followed?"""

from collections.abc import Mapping

import sqlalchemy as sa

from afterword.storage.tables import projection, unresolved

BY_ID, BY_NUMBER = "events_by_id", "events_by_number"
DIRECTORY = "directory"

Positions = dict[int, int]
"""Project → the number of the last event that was read; on SQLite 0 → the id of it."""

START: Positions = {0: 0}
"""Nothing was read yet. The row of project 0 is also the lock of all that reads names."""

_SET = sa.text(
    "INSERT INTO projection (name, project_id, position) VALUES (:name, :project_id, :position) "
    "ON CONFLICT (name, project_id) DO UPDATE SET position = excluded.position"
)
_BEGIN = sa.text(
    "INSERT INTO projection (name, project_id, position) VALUES (:name, 0, 0) "
    "ON CONFLICT (name, project_id) DO NOTHING"
)


def read_positions(connection: sa.Connection) -> Positions:
    """How far the events were read."""
    statement = sa.select(projection.c.project_id, projection.c.position)
    rows = connection.execute(statement.where(projection.c.name == _name(connection)))
    return {row[0]: row[1] for row in rows} or dict(START)


def lock(connection: sa.Connection) -> Positions:
    """
    Let no other worker read names until this transaction ends; how far the events were read.

    A database that comes from a backup of the other kind was read by another number: it begins anew.
    """
    name = _name(connection)
    if connection.execute(_BEGIN, {"name": name}).rowcount:
        connection.execute(sa.delete(projection).where(projection.c.name.in_({BY_ID, BY_NUMBER} - {name})))
        connection.execute(sa.delete(unresolved))
    held = sa.select(projection.c.position).where(projection.c.name == name, projection.c.project_id == 0)
    connection.execute(held.with_for_update())
    return read_positions(connection)


def set_positions(connection: sa.Connection, positions: Mapping[int, int]) -> None:
    """Say how far the events were read; a project that is not named stays where it is."""
    name = _name(connection)
    rows = [{"name": name, "project_id": key, "position": value} for key, value in positions.items()]
    if rows:
        connection.execute(_SET, rows)


def restart(connection: sa.Connection) -> None:
    """Let all events be read anew, and forget what was found in them."""
    lock(connection)
    connection.execute(sa.update(projection).where(projection.c.name == _name(connection)).values(position=0))
    connection.execute(sa.delete(unresolved))


def followed_revision(connection: sa.Connection) -> int:
    """The number of the last change of the directory that stored events were attributed by; -1 = none."""
    statement = sa.select(projection.c.position).where(projection.c.name == DIRECTORY)
    found = connection.execute(statement).scalar_one_or_none()
    return -1 if found is None else found


def set_followed_revision(connection: sa.Connection, number: int) -> None:
    """Say that stored events were attributed by a change of the directory."""
    connection.execute(_SET, {"name": DIRECTORY, "project_id": 0, "position": number})


def _name(connection: sa.Connection) -> str:
    return BY_NUMBER if connection.dialect.name == "postgresql" else BY_ID
