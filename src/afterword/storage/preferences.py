"""What does a person want no surveys of?"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from afterword.domain.people.preference import OptOut, OptOutScope
from afterword.domain.survey.survey import SurveyState
from afterword.storage.tables import opt_out, person_merge, project, survey

MERGES_FOLLOWED_MAX = 10
"""Merges after one another that an old link is followed through; it also ends a circle."""


def list_opt_outs(connection: sa.Connection, person_id: int) -> list[OptOut]:
    """The projects and channels of which a person wants no surveys."""
    rows = connection.execute(
        sa.select(opt_out.c.scope, opt_out.c.value, opt_out.c.created_at)
        .where(opt_out.c.person_id == person_id)
        .order_by(opt_out.c.scope, opt_out.c.value)
    )
    return [OptOut(OptOutScope(row.scope), row.value, row.created_at) for row in rows]


def list_opt_outs_of(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, list[OptOut]]:
    """Person id → the projects and channels of which each wants no surveys; who has no wish is absent."""
    found: dict[int, list[OptOut]] = {}
    for row in connection.execute(sa.select(opt_out).where(opt_out.c.person_id.in_(list(person_ids)))):
        wish = OptOut(OptOutScope(row.scope), row.value, row.created_at)
        found.setdefault(row.person_id, []).append(wish)
    return found


def add_opt_out(connection: sa.Connection, person_id: int, wish: OptOut) -> None:
    """Remember that a person wants no surveys of a project or by a channel; once is enough."""
    if wish.value in {one.value for one in list_opt_outs(connection, person_id) if one.scope is wish.scope}:
        return
    connection.execute(
        sa.insert(opt_out).values(
            person_id=person_id, scope=wish.scope.value, value=wish.value, created_at=wish.created_at
        )
    )


def remove_opt_out(connection: sa.Connection, person_id: int, scope: OptOutScope, value: str) -> None:
    """Take such a wish back."""
    connection.execute(
        sa.delete(opt_out).where(
            opt_out.c.person_id == person_id, opt_out.c.scope == scope.value, opt_out.c.value == value
        )
    )


def list_asking_projects(connection: sa.Connection) -> dict[int, str]:
    """Id → name of the projects that ask today, or when a pause is over, by name."""
    states = (SurveyState.LIVE.value, SurveyState.PAUSED.value)
    asking = sa.select(survey.c.project_id).where(survey.c.state.in_(states))
    rows = connection.execute(
        sa.select(project.c.id, project.c.name).where(project.c.id.in_(asking)).order_by(project.c.name)
    )
    return {row.id: row.name for row in rows}


def list_project_names(connection: sa.Connection, project_ids: Collection[int]) -> dict[int, str]:
    """Id → name of these projects, by name."""
    statement = sa.select(project.c.id, project.c.name).where(project.c.id.in_(list(project_ids)))
    return {row.id: row.name for row in connection.execute(statement.order_by(project.c.name))}


def find_kept_id(connection: sa.Connection, person_id: int) -> int:
    """Who a person is today: the one they were merged into, or themselves."""
    for _ in range(MERGES_FOLLOWED_MAX):
        merged = sa.select(person_merge.c.kept_id).where(
            person_merge.c.merged_id == person_id, person_merge.c.undone_at.is_(None)
        )
        kept_id = connection.execute(merged.order_by(person_merge.c.id.desc()).limit(1)).scalar()
        if kept_id is None:
            break
        person_id = kept_id
    return person_id


def list_merged_ids(connection: sa.Connection, person_id: int) -> list[int]:
    """A person's id, and those of the people who were merged into them."""
    found = [person_id]
    for _ in range(MERGES_FOLLOWED_MAX):
        merged = sa.select(person_merge.c.merged_id).where(
            person_merge.c.kept_id.in_(found), person_merge.c.undone_at.is_(None)
        )
        new = set(connection.execute(merged).scalars()) - set(found)
        if not new:
            break
        found += sorted(new)
    return found


@dataclass(frozen=True, slots=True)
class Merge:
    """Two people who were found to be one; ``moved`` is JSON, as storage/merges.py keeps it."""

    kept_id: int
    merged_id: int
    moved: str
    merged_at: datetime
    undone_at: datetime | None


def list_merges(connection: sa.Connection, person_ids: Collection[int]) -> list[Merge]:
    """The merges of people, undone ones too, the oldest first."""
    ids = list(person_ids)
    of_them = sa.or_(person_merge.c.kept_id.in_(ids), person_merge.c.merged_id.in_(ids))
    columns = (person_merge.c[item.name] for item in fields(Merge))
    rows = connection.execute(sa.select(*columns).where(of_them).order_by(person_merge.c.id))
    return [Merge(**row._mapping) for row in rows]
