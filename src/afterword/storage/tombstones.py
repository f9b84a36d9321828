"""Which handles belonged to people who were erased? Only keyed hashes of them are kept."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from afterword.storage.tables import tombstone

HASHES_AT_ONCE = 10_000
"""Hashes in one statement; both databases take more than three times as many."""


def is_any(connection: sa.Connection) -> bool:
    """Whether anybody was erased: else no hash needs to be made."""
    return connection.execute(sa.select(tombstone.c.hash).limit(1)).first() is not None


def find_tombstones(connection: sa.Connection, hashes: Collection[bytes]) -> set[bytes]:
    """Those of these hashes that are kept."""
    wanted, found = list(hashes), set[bytes]()
    for first in range(0, len(wanted), HASHES_AT_ONCE):
        some = tombstone.c.hash.in_(wanted[first : first + HASHES_AT_ONCE])
        found |= set(connection.execute(sa.select(tombstone.c.hash).where(some)).scalars())
    return found


def list_tombstones(connection: sa.Connection) -> frozenset[bytes]:
    """All of them."""
    return frozenset(connection.execute(sa.select(tombstone.c.hash)).scalars())


def add_tombstones(connection: sa.Connection, hashes: Collection[bytes], at: datetime) -> None:
    """Keep hashes; those that are kept already stay as they are."""
    new = set(hashes) - find_tombstones(connection, hashes)
    if new:
        connection.execute(sa.insert(tombstone), [{"hash": one, "erased_at": at} for one in sorted(new)])


def remove_tombstones(connection: sa.Connection, hashes: Collection[bytes]) -> int:
    """Forget hashes, so that their handles may be used again; returns how many there were."""
    return connection.execute(sa.delete(tombstone).where(tombstone.c.hash.in_(list(hashes)))).rowcount


def find_newest(connection: sa.Connection) -> datetime | None:
    """When was the last one added?"""
    return connection.execute(sa.select(sa.func.max(tombstone.c.erased_at))).scalar()
