"""Where are people loaded from, whom do a source's own ids mean, and how did it go?"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from afterword.storage.tables import directory_source, person, source_member

ROWS_AT_ONCE = 1_000
"""Ids in one statement."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """
    How loading from a source went.

    Attributes:
        summary: What the last load that went through did, as text.
        error: Why the last load failed; None when it did not.
        pending: What waits for a confirmation, as JSON; None when nothing does.
        started_at: When the last load began; while one runs, no other one has the same.
        finished_at: When the last load that went through ended.
        leased_until: Until when a load is nobody else's; None when none runs.
    """

    name: str
    started_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None
    summary: str | None
    error: str | None
    pending: str | None
    leased_until: datetime | None


def find_status(connection: sa.Connection, name: str, *, lock: bool = False) -> SourceStatus | None:
    """How loading from a source went; None when it was never tried."""
    statement = sa.select(directory_source).where(directory_source.c.name == name)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else SourceStatus(**row._mapping)


def list_statuses(connection: sa.Connection) -> list[SourceStatus]:
    """All sources that were ever tried, by name."""
    rows = connection.execute(sa.select(directory_source).order_by(directory_source.c.name))
    return [SourceStatus(**row._mapping) for row in rows]


def set_status(connection: sa.Connection, name: str, **values: Any) -> None:
    """Change some of what is known about a source; makes it when it is new."""
    _upsert(connection, directory_source, [{"name": name, **values}], ["name"])


def claim(
    connection: sa.Connection, name: str, *, now: datetime, leased_until: datetime, when_due: bool
) -> bool:
    """
    Begin a load, unless another one runs.

    Args:
        when_due: Only when its time has come.
    """
    _upsert(connection, directory_source, [{"name": name}], ["name"])
    free = sa.or_(directory_source.c.leased_until.is_(None), directory_source.c.leased_until <= now)
    due = sa.or_(directory_source.c.next_at.is_(None), directory_source.c.next_at <= now)
    statement = sa.update(directory_source).where(directory_source.c.name == name, free)
    statement = statement.where(due) if when_due else statement
    return connection.execute(statement.values(started_at=now, leased_until=leased_until)).rowcount == 1


def settle(connection: sa.Connection, name: str, started_at: datetime, **values: Any) -> bool:
    """
    Change what is known about a source while its load runs; False when the lease was lost.

    Args:
        started_at: When this load began.
    """
    is_ours = directory_source.c.started_at == started_at, directory_source.c.leased_until.is_not(None)
    statement = sa.update(directory_source).where(directory_source.c.name == name, *is_ours)
    return connection.execute(statement.values(**values)).rowcount == 1


class Member(NamedTuple):
    """Whom a source's own id means, and the normalised name that its account had."""

    person_id: int
    handle: str | None


def find_members(connection: sa.Connection, source: str, external_ids: Collection[str]) -> dict[str, Member]:
    """A source's own id → whom it means; unknown ones are absent."""
    columns = source_member.c.external_id, source_member.c.person_id, source_member.c.handle
    rows = connection.execute(
        sa.select(*columns).where(
            source_member.c.source == source, source_member.c.external_id.in_(list(external_ids))
        )
    )
    return {row[0]: Member(row[1], row[2]) for row in rows}


def note_members(
    connection: sa.Connection, source: str, members: Mapping[str, Member], seen_at: datetime
) -> None:
    """A source named these: its own id → whom it means."""
    rows = [
        {"source": source, "external_id": external_id, "seen_at": seen_at, **member._asdict()}
        for external_id, member in members.items()
    ]
    if rows:
        _upsert(connection, source_member, rows, ["source", "external_id"])


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where an account of a source and its person stand.

    Attributes:
        left_at: When its person became inactive because the source named it no more.
        is_elsewhere: Whether another source names the person, too.
    """

    external_id: str
    person_id: int
    left_at: datetime | None
    is_active: bool
    is_protected: bool
    is_elsewhere: bool


def list_standings(connection: sa.Connection, source: str) -> list[Standing]:
    """All accounts that a source ever named and that are still kept."""
    other = source_member.alias()
    elsewhere = sa.exists().where(
        other.c.person_id == source_member.c.person_id,
        other.c.source != source_member.c.source,
        other.c.left_at.is_(None),
    )
    statement = (
        sa.select(
            source_member.c.external_id,
            source_member.c.person_id,
            source_member.c.left_at,
            person.c.is_active,
            person.c.is_protected,
            elsewhere.label("is_elsewhere"),
        )
        .join(person, person.c.id == source_member.c.person_id)
        .where(source_member.c.source == source)
        .order_by(source_member.c.external_id)
    )
    return [Standing(**row._mapping) for row in connection.execute(statement)]


def set_left(
    connection: sa.Connection, source: str, external_ids: Sequence[str], at: datetime | None
) -> None:
    """Record that these are named no more and that their people became inactive; None takes it back."""
    for is_it in _portions(source, external_ids):
        connection.execute(sa.update(source_member).where(is_it).values(left_at=at))


def forget_members(connection: sa.Connection, source: str, external_ids: Sequence[str]) -> None:
    """The source names these no more, and nothing follows from it."""
    for is_it in _portions(source, external_ids):
        connection.execute(sa.delete(source_member).where(is_it))


def _portions(source: str, external_ids: Sequence[str]) -> Iterator[sa.ColumnElement[bool]]:
    for start in range(0, len(external_ids), ROWS_AT_ONCE):
        some = external_ids[start : start + ROWS_AT_ONCE]
        yield sa.and_(source_member.c.source == source, source_member.c.external_id.in_(some))


class Listed(NamedTuple):
    """
    A source that names a person: its own id for them, and when it last did.

    Attributes:
        client_id, details: What an identity provider said by SCIM; the details as JSON.
    """

    source: str
    external_id: str
    handle: str | None
    seen_at: datetime
    client_id: str | None
    details: str | None


def list_sources_of(connection: sa.Connection, person_ids: Collection[int]) -> list[Listed]:
    """The sources that name these people."""
    columns = (source_member.c[name] for name in Listed._fields)
    statement = sa.select(*columns).where(source_member.c.person_id.in_(list(person_ids)))
    rows = connection.execute(statement.order_by(source_member.c.source, source_member.c.external_id))
    return [Listed(*row) for row in rows]


def _upsert(
    connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]], key: Collection[str]
) -> None:
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    else:
        statement = statement.on_conflict_do_nothing()
    connection.execute(statement, rows)
