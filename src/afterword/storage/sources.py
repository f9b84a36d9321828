"""Where are people loaded from, whom do a source's own ids mean, and how did it go?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from afterword.storage.tables import directory_source, person, source_member


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """
    How loading from a source went.

    Attributes:
        summary: What the last load that went through did, as text.
        error: Why the last load failed; None when it did not.
        pending: What waits for a confirmation, as JSON; None when nothing does.
    """

    name: str
    started_at: datetime | None
    finished_at: datetime | None
    next_at: datetime | None
    summary: str | None
    error: str | None
    pending: str | None


def find_status(connection: sa.Connection, name: str) -> SourceStatus | None:
    """How loading from a source went; None when it was never tried."""
    row = connection.execute(sa.select(directory_source).where(directory_source.c.name == name)).one_or_none()
    return None if row is None else SourceStatus(**row._mapping)


def list_statuses(connection: sa.Connection) -> list[SourceStatus]:
    """All sources that were ever tried, by name."""
    rows = connection.execute(sa.select(directory_source).order_by(directory_source.c.name))
    return [SourceStatus(**row._mapping) for row in rows]


def set_status(connection: sa.Connection, name: str, **values: Any) -> None:
    """Change some of what is known about a source; makes it when it is new."""
    _upsert(connection, directory_source, [{"name": name, **values}], ["name"])


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


def list_unseen(connection: sa.Connection, source: str, since: datetime) -> list[int]:
    """Active people whom a source named once, and no more since a time."""
    statement = (
        sa.select(source_member.c.person_id)
        .join(person, person.c.id == source_member.c.person_id)
        .where(source_member.c.source == source, person.c.is_active)
        .group_by(source_member.c.person_id)
        .having(sa.func.max(source_member.c.seen_at) < since)
        .order_by(source_member.c.person_id)
    )
    return list(connection.execute(statement).scalars())


def count_active(connection: sa.Connection, source: str) -> int:
    """Active people whom a source named once."""
    statement = (
        sa.select(sa.func.count(sa.distinct(source_member.c.person_id)))
        .join(person, person.c.id == source_member.c.person_id)
        .where(source_member.c.source == source, person.c.is_active)
    )
    return connection.execute(statement).scalar_one()


def list_external_ids(connection: sa.Connection, source: str, person_ids: Collection[int]) -> dict[int, str]:
    """Person id → a source's own id."""
    rows = connection.execute(
        sa.select(source_member.c.person_id, source_member.c.external_id).where(
            source_member.c.source == source, source_member.c.person_id.in_(list(person_ids))
        )
    )
    return {row[0]: row[1] for row in rows}


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
