"""Which throttle do the organisation and each project set? Rows are only added, and the last one holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.storage import revision
from afterword.storage.tables import policy, project


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """
    What one level said from a moment on, until it said something else.

    Attributes:
        project_id: None = it is the organisation's.
        definition: The policy file as JSON text.
    """

    id: int
    project_id: int | None
    project_name: str | None
    definition: str
    created_at: datetime


def add_policy(connection: sa.Connection, *, project_id: int | None, definition: str, now: datetime) -> int:
    """Let a level say something else from now on; returns the row's id."""
    revision.bump(connection)
    added = sa.insert(policy).values(project_id=project_id, definition=definition, created_at=now)
    policy_id: int = connection.execute(added.returning(policy.c.id)).scalar_one()
    return policy_id


def read_in_force(connection: sa.Connection, project_id: int | None) -> tuple[int, dict[int | None, str]]:
    """
    What holds for a project, in one query.

    Returns:
        The id of the last row of all levels, 0 = there is none; and the definition of the project and of
        None, the organisation, without those that never said anything.
    """
    newest = sa.select(sa.func.max(policy.c.id))
    ids = [newest.where(policy.c.project_id.is_(None)), newest]
    if project_id is not None:
        ids.append(newest.where(policy.c.project_id == project_id))
    wanted = sa.or_(*(policy.c.id == one.scalar_subquery() for one in ids))
    rows = connection.execute(
        sa.select(policy.c.id, policy.c.project_id, policy.c.definition).where(wanted)
    ).all()
    levels = {row.project_id: row.definition for row in rows if row.project_id in (None, project_id)}
    return max((row.id for row in rows), default=0), levels


def list_policies(connection: sa.Connection) -> list[StoredPolicy]:
    """All rows of all levels, the oldest first."""
    rows = connection.execute(_policies().order_by(policy.c.id))
    return [StoredPolicy(**row._mapping) for row in rows]


def _policies() -> sa.Select[Any]:
    return sa.select(
        policy.c.id,
        policy.c.project_id,
        project.c.name.label("project_name"),
        policy.c.definition,
        policy.c.created_at,
    ).outerjoin(project, project.c.id == policy.c.project_id)
