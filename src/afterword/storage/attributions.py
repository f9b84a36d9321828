"""Which earlier events are being attributed anew, and how far is that?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from afterword.storage.tables import attribution


class Stretch(NamedTuple):
    """
    Events that name a normalised handle, in any of its readings; or with no handle all of them.

    With a handle and a person it is taken back: these events were never theirs by this name.
    """

    kind: str | None
    value: str | None
    first_event_id: int
    last_event_id: int
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """
    Earlier events that are being attributed anew.

    Attributes:
        kind, value: Those that name this handle.
        person_id: Those of this person; with neither, all; with both, this person never had the handle.
        next_event_id, last_event_id: What is left, both ends included.
        looked_at: Events so far.
        changed: Those of them that are somebody else's now.
    """

    id: int
    kind: str | None
    value: str | None
    person_id: int | None
    next_event_id: int
    last_event_id: int
    looked_at: int
    changed: int
    created_at: datetime
    finished_at: datetime | None


def add(connection: sa.Connection, stretches: Iterable[Stretch], now: datetime) -> None:
    """Let events be attributed anew."""
    rows = [
        {
            "kind": one.kind,
            "value": one.value,
            "person_id": one.person_id,
            "next_event_id": one.first_event_id,
            "last_event_id": one.last_event_id,
            "created_at": now,
        }
        for one in stretches
        if one.first_event_id <= one.last_event_id
    ]
    if rows:
        connection.execute(sa.insert(attribution), rows)


def list_unfinished(connection: sa.Connection, limit: int) -> list[Attribution]:
    """What is left to do, the oldest first."""
    statement = sa.select(attribution).where(attribution.c.finished_at.is_(None))
    rows = connection.execute(statement.order_by(attribution.c.id).limit(limit))
    return [Attribution(**row._mapping) for row in rows]


def note_progress(connection: sa.Connection, changed: Sequence[Attribution]) -> None:
    """Write down how far some of them are."""
    progress = ("next_event_id", "looked_at", "changed", "finished_at")
    statement = sa.update(attribution).where(attribution.c.id == sa.bindparam("of_id"))
    statement = statement.values({name: sa.bindparam(f"new_{name}") for name in progress})
    rows = [{"of_id": one.id, **{f"new_{name}": getattr(one, name) for name in progress}} for one in changed]
    if rows:
        connection.execute(statement, rows)


def find_remaining(connection: sa.Connection) -> tuple[int, int]:
    """How many are not finished, and about how many events are left for them."""
    is_left = attribution.c.finished_at.is_(None)
    first, last = sa.func.min(attribution.c.next_event_id), sa.func.max(attribution.c.last_event_id)
    row = connection.execute(sa.select(sa.func.count(), first, last).where(is_left)).one()
    return row[0], row[2] - row[1] + 1 if row[0] else 0


def delete_finished(connection: sa.Connection, before: datetime) -> int:
    """Forget those that were finished before a time; returns how many."""
    return connection.execute(sa.delete(attribution).where(attribution.c.finished_at < before)).rowcount
