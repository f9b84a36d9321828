"""Has anything changed that running servers must notice?"""

from typing import NamedTuple

import sqlalchemy as sa

from afterword.storage.tables import revision


class Revision(NamedTuple):
    """
    How often things changed.

    Attributes:
        number: Grows with each change. A change is seen by whoever sees its number.
        removals: The number of the last change that took handles away: who knows less must read all anew.
    """

    number: int
    removals: int


def bump(connection: sa.Connection, *, removes: bool = False) -> int:
    """Tell all servers that projects, tokens, people or surveys changed; the number of this change."""
    number = revision.c.number + 1
    values = {"number": number, "removals": number} if removes else {"number": number}
    changed = sa.update(revision).values(values).returning(revision.c.number)
    found: int = connection.execute(changed).scalar_one()
    return found


def touch(connection: sa.Connection) -> None:
    """Write without changing anything: can the database be written?"""
    connection.execute(sa.update(revision).values(number=revision.c.number))


def lock(connection: sa.Connection) -> None:
    """Let no other transaction change projects, people or surveys until this one ends."""
    connection.execute(sa.select(revision.c.number).with_for_update())


def current(connection: sa.Connection) -> Revision:
    """The numbers as they are."""
    row = connection.execute(sa.select(revision.c.number, revision.c.removals)).one()
    return Revision(row.number, row.removals)
