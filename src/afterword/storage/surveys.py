"""Which surveys are there, in which versions?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.domain.survey import SurveyState
from afterword.storage import revision
from afterword.storage.tables import project, survey, survey_version


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey's life, without what it asks."""

    id: int
    project_id: int
    project_name: str
    key: str
    state: SurveyState
    latest_version: int
    live_version: int | None
    published_at: datetime | None
    closed_at: datetime | None


def add_survey(
    connection: sa.Connection, *, project_id: int, key: str, definition: str, now: datetime
) -> int:
    """Add a draft with its first version; returns the survey's id."""
    statement = sa.insert(survey).values(
        project_id=project_id, key=key, state=SurveyState.DRAFT.value, latest_version=1, created_at=now
    )
    survey_id: int = connection.execute(statement.returning(survey.c.id)).scalar_one()
    _add_version(connection, survey_id, version=1, definition=definition, now=now)
    return survey_id


def set_latest(
    connection: sa.Connection, survey_id: int, *, version: int, definition: str, now: datetime
) -> None:
    """Make a version the latest: replaces an unpublished one of that number, or adds the next."""
    connection.execute(
        sa.delete(survey_version).where(
            survey_version.c.survey_id == survey_id, survey_version.c.version == version
        )
    )
    _add_version(connection, survey_id, version=version, definition=definition, now=now)
    connection.execute(sa.update(survey).where(survey.c.id == survey_id).values(latest_version=version))


def publish(connection: sa.Connection, survey_id: int, now: datetime) -> None:
    """Let the latest version go live."""
    revision.bump(connection)
    connection.execute(
        sa.update(survey)
        .where(survey.c.id == survey_id)
        .values(
            state=SurveyState.LIVE.value,
            live_version=survey.c.latest_version,
            published_at=sa.func.coalesce(survey.c.published_at, sa.literal(now, survey.c.created_at.type)),
        )
    )


def close(connection: sa.Connection, survey_id: int, now: datetime) -> None:
    """End a survey for good."""
    revision.bump(connection)
    connection.execute(
        sa.update(survey)
        .where(survey.c.id == survey_id)
        .values(state=SurveyState.CLOSED.value, closed_at=now)
    )


def lock_surveys(connection: sa.Connection, survey_ids: Collection[int]) -> None:
    """Let no other transaction use up what these surveys may still ask, until this one ends."""
    theirs = survey.c.id.in_(list(survey_ids))
    connection.execute(sa.select(survey.c.id).where(theirs).order_by(survey.c.id).with_for_update())


def find_survey(connection: sa.Connection, key: str) -> Survey | None:
    """Look a survey up by its key."""
    row = connection.execute(_surveys().where(survey.c.key == key)).one_or_none()
    return None if row is None else _survey(row)


def get_survey(connection: sa.Connection, survey_id: int) -> Survey:
    """One survey by its id."""
    return _survey(connection.execute(_surveys().where(survey.c.id == survey_id)).one())


def list_surveys(connection: sa.Connection, project_id: int | None = None) -> list[Survey]:
    """The surveys of one project, or of all, in the order in which they were made."""
    statement = _surveys().order_by(survey.c.id)
    if project_id is not None:
        statement = statement.where(survey.c.project_id == project_id)
    return [_survey(row) for row in connection.execute(statement)]


def list_definitions(
    connection: sa.Connection, versions: Collection[tuple[int, int]]
) -> dict[tuple[int, int], str]:
    """(survey id, version) → definition."""
    pair = sa.tuple_(survey_version.c.survey_id, survey_version.c.version)
    columns = survey_version.c.survey_id, survey_version.c.version, survey_version.c.definition
    rows = connection.execute(sa.select(*columns).where(pair.in_(list(versions))))
    return {(row[0], row[1]): row[2] for row in rows}


def list_current_definitions(connection: sa.Connection) -> dict[int, str]:
    """Survey id → the definition that is live, or the latest one of a draft."""
    is_current = survey_version.c.version == sa.func.coalesce(survey.c.live_version, survey.c.latest_version)
    statement = sa.select(survey.c.id, survey_version.c.definition).join(
        survey_version, sa.and_(survey_version.c.survey_id == survey.c.id, is_current)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def list_project_names(connection: sa.Connection, survey_ids: Collection[int]) -> dict[int, str]:
    """Survey id → the name of its project."""
    statement = sa.select(survey.c.id, project.c.name).join(project, project.c.id == survey.c.project_id)
    rows = connection.execute(statement.where(survey.c.id.in_(list(survey_ids))))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Listening:
    """One version that events can reach: the live one, the latest one, or both in one."""

    survey_id: int
    project_id: int
    key: str
    state: SurveyState
    version: int
    is_live: bool
    is_latest: bool
    definition: str
    closed_at: datetime | None = None
    published_at: datetime | None = None


def list_listening(
    connection: sa.Connection, project_id: int | None = None, *, at: datetime | None = None
) -> list[Listening]:
    """
    The live and the latest versions of all surveys that are not closed.

    Args:
        project_id: Of this project only.
        at: Also those that were closed after this time.
    """
    is_open = survey.c.state != SurveyState.CLOSED.value
    if at is not None:
        is_open = sa.or_(is_open, survey.c.closed_at > at)
    is_live = survey_version.c.version == survey.c.live_version
    is_latest = survey_version.c.version == survey.c.latest_version
    statement = (
        sa.select(
            survey.c.id,
            survey.c.project_id,
            survey.c.key,
            survey.c.state,
            survey_version.c.version,
            sa.func.coalesce(is_live, sa.false()).label("is_live"),
            is_latest.label("is_latest"),
            survey_version.c.definition,
            survey.c.closed_at,
            survey.c.published_at,
        )
        .join(survey_version, survey_version.c.survey_id == survey.c.id)
        .where(is_open, sa.or_(is_live, is_latest))
        .order_by(survey.c.id, survey_version.c.version)
    )
    if project_id is not None:
        statement = statement.where(survey.c.project_id == project_id)
    return [
        Listening(row[0], row[1], row[2], SurveyState(row[3]), row[4], bool(row[5]), bool(row[6]), *row[7:])
        for row in connection.execute(statement)
    ]


@dataclass(frozen=True, slots=True)
class Published:
    """One version that is or was live."""

    survey_id: int
    project_id: int
    key: str
    state: SurveyState
    definition: str


def list_published(connection: sa.Connection) -> list[Published]:
    """The versions of all surveys that are or were live."""
    statement = (
        sa.select(survey.c.id, survey.c.project_id, survey.c.key, survey.c.state, survey_version.c.definition)
        .join(survey_version, survey_version.c.survey_id == survey.c.id)
        .where(survey_version.c.version <= survey.c.live_version)
        .order_by(survey.c.id, survey_version.c.version)
    )
    rows = connection.execute(statement)
    return [Published(row[0], row[1], row[2], SurveyState(row[3]), row[4]) for row in rows]


def get_definition(connection: sa.Connection, survey_id: int, version: int) -> str:
    """The JSON text of one version."""
    statement = sa.select(survey_version.c.definition).where(
        survey_version.c.survey_id == survey_id, survey_version.c.version == version
    )
    definition: str = connection.execute(statement).scalar_one()
    return definition


def _add_version(
    connection: sa.Connection, survey_id: int, *, version: int, definition: str, now: datetime
) -> None:
    revision.bump(connection)
    connection.execute(
        sa.insert(survey_version).values(
            survey_id=survey_id, version=version, definition=definition, created_at=now
        )
    )


def _surveys() -> sa.Select[Any]:
    return sa.select(
        survey.c.id,
        survey.c.project_id,
        project.c.name.label("project_name"),
        survey.c.key,
        survey.c.state,
        survey.c.latest_version,
        survey.c.live_version,
        survey.c.published_at,
        survey.c.closed_at,
    ).join(project, project.c.id == survey.c.project_id)


def _survey(row: Any) -> Survey:
    return Survey(**(dict(row._mapping) | {"state": SurveyState(row.state)}))
