"""Has anything changed that running servers must notice?"""

import sqlalchemy as sa

from afterword.storage.tables import revision


def bump(connection: sa.Connection) -> None:
    """Tell all servers that projects, tokens, people or surveys changed."""
    connection.execute(sa.update(revision).values(number=revision.c.number + 1))


def touch(connection: sa.Connection) -> None:
    """Write without changing anything: can the database be written?"""
    connection.execute(sa.update(revision).values(number=revision.c.number))


def lock(connection: sa.Connection) -> None:
    """Let no other transaction change projects, people or surveys until this one ends."""
    connection.execute(sa.select(revision.c.number).with_for_update())


def current(connection: sa.Connection) -> int:
    """The number that grows with each change."""
    number: int = connection.execute(sa.select(revision.c.number)).scalar_one()
    return number
