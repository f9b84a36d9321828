"""Which events were taken?"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from afterword.kit.clock import to_datetime
from afterword.storage.engine import read_rows
from afterword.storage.tables import event, idempotency, person, project

ROWS_READ_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One accepted event."""

    id: int
    project_id: int
    name: str
    occurred_at: datetime
    received_at: datetime
    email: str | None
    github_username: str | None
    gitlab_username: str | None
    metadata: str | None
    is_test: bool
    person_id: int | None
    person_email: str | None


# A subquery with a limit is run for each range, by the index. A plain join scans all events while the table
# is small or its statistics are old, so that each batch costs more than the one before.
_COUNTED_AT = (
    "SELECT found.project_id, found.number, found.counted_at "
    "FROM json_array_elements(%s::json) AS range, LATERAL ("
    "SELECT project_id, number, counted_at FROM event "
    "WHERE project_id = (range->>0)::bigint AND number BETWEEN (range->>1)::bigint AND (range->>2)::bigint "
    "ORDER BY number LIMIT (range->>2)::bigint - (range->>1)::bigint + 1) AS found"
)


def counted_at(
    connection: sa.Connection, ranges: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[int, int, int]]:
    """
    When were events counted, by the index that only PostgreSQL has?

    Args:
        ranges: (project id, first number, last number), both ends included.

    Returns:
        (project id, number, counted_at) by growing numbers in each project; missing ones are absent.
    """
    rows = connection.exec_driver_sql(_COUNTED_AT, (json.dumps(ranges),)).all()
    return ((row[0], row[1], row[2]) for row in rows)


def first_number_since(
    connection: sa.Connection, project_id: int, first: int, last: int, since_us: int
) -> int:
    """The first of a project's numbers that was counted after a time, by halving; last + 1 when none was."""
    low, high = first, last + 1
    while low < high:
        middle = (low + high) // 2
        counted_at = connection.execute(
            sa.select(event.c.counted_at)
            .where(event.c.project_id == project_id, event.c.number.between(middle, last))
            .order_by(event.c.number)
            .limit(1)
        ).scalar()
        if counted_at is None or counted_at > since_us:
            high = middle
        else:
            low = middle + 1
    return low


def counted_since(connection: sa.Connection, since_us: int) -> Iterator[tuple[int, int, int]]:
    """(project id, number, counted_at) of all events after a time, by growing numbers in each project."""
    first_id = _first_id_since(connection, since_us)
    wanted = f"SELECT project_id, number, counted_at FROM event WHERE id >= {first_id} ORDER BY id"  # noqa: S608
    yield from read_rows(connection, wanted, ROWS_READ_AT_ONCE)


def _first_id_since(connection: sa.Connection, since_us: int) -> int:
    """Find the first event counted after a time by halving: counted_at hardly decreases along the key."""
    low, high = 0, (connection.scalar(sa.select(sa.func.max(event.c.id))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        next_one = sa.select(event.c.counted_at).where(event.c.id >= middle).order_by(event.c.id).limit(1)
        counted_at = connection.scalar(next_one)
        if counted_at is None or counted_at > since_us:
            high = middle
        else:
            low = middle + 1
    return low


def find_first_id_received(connection: sa.Connection, since: datetime) -> int:
    """Find the first event received from a time on, by halving; the id behind the newest when none was."""
    low, high = 1, find_newest_id(connection) + 1
    while low < high:
        middle = (low + high) // 2
        received_at = find_received_at(connection, middle)
        if received_at is None or received_at >= since:
            high = middle
        else:
            low = middle + 1
    return low


def read_events(
    connection: sa.Connection, first_id: int, last_id: int, project_ids: Collection[int]
) -> Iterator[StoredEvent]:
    """Events of some projects whose ids lie in a range, both ends included, oldest first; no person_email."""
    wanted = (
        "SELECT id, project_id, name, occurred_at, received_at, email, github_username, gitlab_username, "  # noqa: S608 - numbers
        f"metadata, is_test, person_id FROM event WHERE id BETWEEN {first_id:d} AND {last_id:d} "
        f"AND project_id IN ({', '.join(str(int(one)) for one in project_ids) or 'NULL'}) ORDER BY id"
    )
    for row in read_rows(connection, wanted, ROWS_READ_AT_ONCE):
        (
            event_id,
            project_id,
            name,
            occurred_us,
            received_us,
            email,
            github,
            gitlab,
            metadata,
            is_test,
            who,
        ) = row
        occurred_at, received_at = to_datetime(occurred_us), to_datetime(received_us)
        handles = email, github, gitlab
        yield StoredEvent(
            event_id, project_id, name, occurred_at, received_at, *handles, metadata, bool(is_test), who, None
        )


def get_event(connection: sa.Connection, event_id: int) -> StoredEvent | None:
    """One event by its id."""
    row = connection.execute(_stored().where(event.c.id == event_id)).one_or_none()
    return None if row is None else StoredEvent(**row._mapping)


def list_events(connection: sa.Connection, project_id: int | None, *, limit: int) -> list[StoredEvent]:
    """The newest events, newest first, of one project or of all."""
    statement = _stored().order_by(event.c.id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(event.c.project_id == project_id)
    return [StoredEvent(**row._mapping) for row in connection.execute(statement)]


def get_events(connection: sa.Connection, event_ids: Collection[int]) -> dict[int, StoredEvent]:
    """Id → event; unknown ones are absent."""
    rows = connection.execute(_stored().where(event.c.id.in_(list(event_ids))))
    return {row.id: StoredEvent(**row._mapping) for row in rows}


def find_newest_id(connection: sa.Connection) -> int:
    """The id of the newest event; 0 without any."""
    return connection.scalar(sa.select(sa.func.max(event.c.id))) or 0


def find_received_at(connection: sa.Connection, from_id: int) -> datetime | None:
    """When the first event from an id on was received."""
    statement = sa.select(event.c.received_at).where(event.c.id >= from_id).order_by(event.c.id).limit(1)
    return connection.execute(statement).scalar()


def count_of_people(
    connection: sa.Connection, person_ids: Collection[int], *, from_id: int
) -> dict[str, tuple[int, datetime]]:
    """Project → how many events of these people from an event's id on, and when the latest was received."""
    statement = (
        sa.select(project.c.name, sa.func.count(), sa.func.max(event.c.received_at))
        .select_from(event.join(project, project.c.id == event.c.project_id))
        .where(event.c.id >= from_id, event.c.person_id.in_(list(person_ids)))
        .group_by(project.c.name)
        .order_by(project.c.name)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}


def list_of_people(
    connection: sa.Connection, person_ids: Collection[int], *, from_id: int, to_id: int
) -> list[StoredEvent]:
    """The events of these people whose ids lie in a range, both ends included, oldest first."""
    in_range = event.c.id.between(from_id, to_id)
    statement = _stored().where(in_range, event.c.person_id.in_(list(person_ids))).order_by(event.c.id)
    return [StoredEvent(**row._mapping) for row in connection.execute(statement)]


def list_by_ids(connection: sa.Connection, event_ids: Collection[int]) -> list[StoredEvent]:
    """Events, oldest first; unknown ids are left out."""
    ids = sorted(event_ids)
    found: list[StoredEvent] = []
    for first in range(0, len(ids), ROWS_READ_AT_ONCE):
        some = event.c.id.in_(ids[first : first + ROWS_READ_AT_ONCE])
        rows = connection.execute(_stored().where(some).order_by(event.c.id))
        found += [StoredEvent(**row._mapping) for row in rows]
    return found


def find_idempotent(
    connection: sa.Connection, keys: Iterable[tuple[int, str]], since_us: int
) -> dict[tuple[int, str], bytes]:
    """(project id, key) → hash of the arguments it was used with since a time."""
    pair = sa.tuple_(idempotency.c.project_id, idempotency.c.key)
    statement = sa.select(idempotency.c.project_id, idempotency.c.key, idempotency.c.arguments_hash)
    statement = statement.where(pair.in_(list(keys)), idempotency.c.created_at > since_us)
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}


def add_idempotent(connection: sa.Connection, used: Iterable[tuple[int, str, bytes]], now_us: int) -> None:
    """Remember (project id, key, hash of the arguments); an outlived row of the same key is replaced."""
    rows = [
        {"project_id": project_id, "key": key, "arguments_hash": digest, "created_at": now_us}
        for project_id, key, digest in used
    ]
    pair = sa.tuple_(idempotency.c.project_id, idempotency.c.key)
    connection.execute(
        sa.delete(idempotency).where(pair.in_([(row["project_id"], row["key"]) for row in rows]))
    )
    connection.execute(sa.insert(idempotency), rows)


def delete_idempotent(connection: sa.Connection, before_us: int) -> int:
    """Forget keys that are too old to be replayed; returns how many."""
    return connection.execute(sa.delete(idempotency).where(idempotency.c.created_at <= before_us)).rowcount


def _stored() -> sa.Select[tuple[object, ...]]:
    return sa.select(
        event.c.id,
        event.c.project_id,
        event.c.name,
        event.c.occurred_at,
        event.c.received_at,
        event.c.email,
        event.c.github_username,
        event.c.gitlab_username,
        event.c.metadata,
        event.c.is_test,
        event.c.person_id,
        person.c.email.label("person_email"),
    ).select_from(event.outerjoin(person, person.c.id == event.c.person_id))
