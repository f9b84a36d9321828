"""Which events were taken?"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from afterword.storage.tables import event, idempotency, person


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


_COLUMNS = ", ".join(NewEvent._fields)
_PICKED = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(NewEvent._fields)))
_APPEND_SQLITE = sa.text(
    f"INSERT INTO event ({_COLUMNS}) SELECT {_PICKED} FROM json_each(:rows) "  # noqa: S608 - constants
    "RETURNING id, project_id, number"
)
_TYPES = ("bigint",) * 5 + ("text",) * 5 + ("boolean", "bigint")
_CAST = ", ".join(f"(row->>{index})::{kind}" for index, kind in enumerate(_TYPES))
_APPEND_POSTGRES = sa.text(
    f"INSERT INTO event ({_COLUMNS}) SELECT {_CAST} "  # noqa: S608 - constants
    "FROM json_array_elements(CAST(:rows AS json)) AS row RETURNING id, project_id, number"
)

_COUNTED_AT = sa.text(
    "SELECT event.project_id, event.number, event.counted_at "
    "FROM json_array_elements(CAST(:ranges AS json)) AS range JOIN event "
    "ON event.project_id = (range->>0)::bigint "
    "AND event.number BETWEEN (range->>1)::bigint AND (range->>2)::bigint"
)


def append(connection: sa.Connection, rows: Sequence[NewEvent]) -> dict[tuple[int, int], int]:
    """
    Add a batch in one statement.

    Returns:
        (project id, number) → the event's id.
    """
    postgres = connection.dialect.name == "postgresql"
    statement = _APPEND_POSTGRES if postgres else _APPEND_SQLITE
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return {(row[1], row[2]): row[0] for row in connection.execute(statement, {"rows": text})}


def counted_at(
    connection: sa.Connection, ranges: Sequence[tuple[int, int, int]]
) -> dict[tuple[int, int], int]:
    """
    When were events counted, by the index that only PostgreSQL has?

    Args:
        ranges: (project id, first number, last number), both ends included.

    Returns:
        (project id, number) → counted_at; numbers that do not exist are absent.
    """
    rows = connection.execute(_COUNTED_AT, {"ranges": json.dumps(ranges)})
    return {(row[0], row[1]): row[2] for row in rows}


def counted_since(connection: sa.Connection, since_us: int) -> Iterator[tuple[int, int, int]]:
    """(project id, number, counted_at) of all events counted after a time, newest first."""
    statement = sa.select(event.c.project_id, event.c.number, event.c.counted_at).order_by(event.c.id.desc())
    with connection.execution_options(yield_per=10_000).execute(statement) as rows:
        for row in rows:
            # counted_at never decreases along the key, so the rest is older still.
            if row[2] <= since_us:
                return
            yield row[0], row[1], row[2]


def last_counted_at(connection: sa.Connection) -> int:
    """The limit clock's time of the newest event, microseconds; 0 without events."""
    statement = sa.select(event.c.counted_at).order_by(event.c.id.desc()).limit(1)
    return connection.execute(statement).scalar() or 0


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
