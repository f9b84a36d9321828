"""Which projects are there, and which tokens speak for them?"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.domain.rate_limit import RateLimits
from afterword.storage import revision
from afterword.storage.engine import Database, first_rows
from afterword.storage.tables import project, project_token


@dataclass(frozen=True, slots=True)
class ProjectDetails:
    """
    What the Web API keeps with a project, and nothing else looks at.

    Attributes:
        creator_id: The person who made it.
        webhook_url: Where a program wants to hear of completed surveys.
    """

    creator_id: int | None = None
    is_hidden: bool = False
    webhook_url: str | None = None


NO_DETAILS = ProjectDetails()


@dataclass(frozen=True, slots=True)
class Project:
    """A tool whose events are taken."""

    id: int
    name: str
    created_at: datetime
    limits: RateLimits
    metadata_bytes: int
    events_accepted: int
    details: ProjectDetails = NO_DETAILS


@dataclass(frozen=True, slots=True)
class Token:
    """A project token as far as it is kept: its hash and the end that its owner recognises."""

    id: int
    project_id: int
    hash: bytes
    hint: str
    created_at: datetime
    expires_at: datetime | None


def add_project(
    connection: sa.Connection,
    name: str,
    *,
    limits: RateLimits,
    metadata_bytes: int,
    now: datetime,
    details: ProjectDetails = NO_DETAILS,
) -> int:
    """Add a project; returns its id."""
    statement = sa.insert(project).values(
        name=name,
        created_at=now,
        events_per_minute=limits.per_minute,
        events_per_day=limits.per_day,
        metadata_bytes=metadata_bytes,
        creator_id=details.creator_id,
        is_hidden=details.is_hidden,
        webhook_url=details.webhook_url,
    )
    revision.bump(connection)
    project_id: int = connection.execute(statement.returning(project.c.id)).scalar_one()
    return project_id


def find_project(connection: sa.Connection, name: str) -> Project | None:
    """Look a project up by its exact name."""
    row = connection.execute(sa.select(project).where(project.c.name == name)).one_or_none()
    return None if row is None else _project(row)


def list_projects(connection: sa.Connection) -> list[Project]:
    """All projects in the order in which they were made."""
    return [_project(row) for row in connection.execute(sa.select(project).order_by(project.c.id))]


def page_projects(connection: sa.Connection, *, offset: int, limit: int) -> list[Project]:
    """Some projects in the order in which they were made, without the first ones."""
    statement = sa.select(project).order_by(project.c.id).offset(offset).limit(limit)
    return [_project(row) for row in connection.execute(statement)]


def list_hints(connection: sa.Connection, project_ids: Collection[int], now: datetime) -> dict[int, str]:
    """Project id → the end of its newest token that is valid; projects without one are absent."""
    is_valid = sa.or_(project_token.c.expires_at.is_(None), project_token.c.expires_at > now)
    statement = sa.select(project_token.c.project_id, project_token.c.hint).order_by(project_token.c.id)
    rows = connection.execute(statement.where(project_token.c.project_id.in_(list(project_ids)), is_valid))
    return {row.project_id: row.hint for row in rows}


def set_limits(
    connection: sa.Connection, project_id: int, *, limits: RateLimits, metadata_bytes: int
) -> None:
    """Change what a project may send."""
    revision.bump(connection)
    connection.execute(
        sa.update(project)
        .where(project.c.id == project_id)
        .values(
            events_per_minute=limits.per_minute,
            events_per_day=limits.per_day,
            metadata_bytes=metadata_bytes,
        )
    )


def add_token(
    connection: sa.Connection, project_id: int, *, token_hash: bytes, hint: str, now: datetime
) -> int:
    """Let one more token speak for a project; returns the token's id."""
    revision.bump(connection)
    statement = sa.insert(project_token).values(
        project_id=project_id, hash=token_hash, hint=hint, created_at=now
    )
    token_id: int = connection.execute(statement.returning(project_token.c.id)).scalar_one()
    return token_id


def list_tokens(connection: sa.Connection, project_id: int | None = None) -> list[Token]:
    """The tokens of one project, or of all; expired ones too."""
    statement = sa.select(project_token).order_by(project_token.c.id)
    if project_id is not None:
        statement = statement.where(project_token.c.project_id == project_id)
    return [Token(**row._mapping) for row in connection.execute(statement)]


def expire_token(connection: sa.Connection, token_id: int, at: datetime) -> None:
    """Let a token end at a time, unless it ends earlier anyway."""
    revision.bump(connection)
    still_later = sa.or_(project_token.c.expires_at.is_(None), project_token.c.expires_at > at)
    connection.execute(
        sa.update(project_token).where(project_token.c.id == token_id, still_later).values(expires_at=at)
    )


def lock_accepted(connection: sa.Connection, project_ids: Collection[int]) -> dict[int, int]:
    """
    Read how many events each project had accepted, and keep other processes from accepting more
    until this transaction ends.
    """
    rows = connection.exec_driver_sql(_accepted(project_ids, connection.dialect.name == "postgresql")).all()
    return {row[0]: row[1] for row in rows}


@contextmanager
def write_locked(
    database: Database, project_ids: Collection[int]
) -> Iterator[tuple[sa.Connection, dict[int, int]]]:
    """As ``Database.write`` and ``lock_accepted``, for PostgreSQL only: there both are one message."""
    with database.write(_accepted(project_ids, is_locked=True)) as connection:
        yield connection, {row[0]: row[1] for row in first_rows(connection)}


def _accepted(project_ids: Collection[int], is_locked: bool) -> str:
    wanted = ", ".join(f"{project_id:d}" for project_id in project_ids)
    found = f"SELECT id, events_accepted FROM project WHERE id IN ({wanted})"  # noqa: S608 - numbers
    # In one order for all, so that nobody waits for somebody who waits for them.
    return f"{found} ORDER BY id FOR UPDATE" if is_locked else found


def _project(row: Any) -> Project:
    return Project(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        limits=RateLimits(row.events_per_minute, row.events_per_day),
        metadata_bytes=row.metadata_bytes,
        events_accepted=row.events_accepted,
        details=ProjectDetails(row.creator_id, row.is_hidden, row.webhook_url),
    )
