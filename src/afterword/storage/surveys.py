"""Which surveys are there, in which versions?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.domain.survey.survey import SurveyState
from afterword.storage import revision
from afterword.storage.tables import anonymous_response, invitation, project, survey, survey_version


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


@dataclass(frozen=True, slots=True)
class Version:
    """
    One version of a survey.

    Attributes:
        definition: As JSON text.
        source: The file's text; None = it was made by something else than a file, or before they were kept.
    """

    version: int
    definition: str
    source: str | None
    created_at: datetime


def add_survey(
    connection: sa.Connection,
    *,
    project_id: int,
    key: str,
    definition: str,
    now: datetime,
    source: str | None = None,
) -> int:
    """Add a draft with its first version; returns the survey's id."""
    statement = sa.insert(survey).values(
        project_id=project_id, key=key, state=SurveyState.DRAFT.value, latest_version=1, created_at=now
    )
    survey_id: int = connection.execute(statement.returning(survey.c.id)).scalar_one()
    _add_version(connection, survey_id, Version(1, definition, source, now))
    return survey_id


def add_version(
    connection: sa.Connection, survey_id: int, definition: str, *, source: str | None, now: datetime
) -> int:
    """Add the next version, which becomes the latest; returns its number. All before it stay as they were."""
    raised = (
        sa.update(survey).where(survey.c.id == survey_id).values(latest_version=survey.c.latest_version + 1)
    )
    version: int = connection.execute(raised.returning(survey.c.latest_version)).scalar_one()
    _add_version(connection, survey_id, Version(version, definition, source, now))
    return version


def set_source(connection: sa.Connection, survey_id: int, version: int, source: str) -> None:
    """Keep another text of a file that says the same."""
    is_it = survey_version.c.survey_id == survey_id, survey_version.c.version == version
    connection.execute(sa.update(survey_version).where(*is_it).values(source=source))


def publish(connection: sa.Connection, survey_id: int, now: datetime) -> None:
    """Let the latest version go live; a survey that is paused stays so."""
    is_paused = survey.c.state == SurveyState.PAUSED.value
    revision.bump(connection)
    connection.execute(
        sa.update(survey)
        .where(survey.c.id == survey_id)
        .values(
            state=sa.case((is_paused, survey.c.state), else_=SurveyState.LIVE.value),
            live_version=survey.c.latest_version,
            published_at=sa.func.coalesce(survey.c.published_at, sa.literal(now, survey.c.created_at.type)),
        )
    )


def set_state(connection: sa.Connection, survey_id: int, state: SurveyState) -> None:
    """Pause a survey, or let it ask again."""
    revision.bump(connection)
    connection.execute(sa.update(survey).where(survey.c.id == survey_id).values(state=state.value))


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
    # Rows that refer to a survey may still be written: only who uses up its limits has to wait.
    held = sa.select(survey.c.id).where(theirs).order_by(survey.c.id)
    connection.execute(held.with_for_update(key_share=True))


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


def list_bare(
    connection: sa.Connection, versions: Collection[tuple[int, int]]
) -> dict[tuple[int, int], Version]:
    """(survey id, version) → the version, without the text of its file."""
    its = survey_version.c
    pair = sa.tuple_(its.survey_id, its.version)
    columns = its.survey_id, its.version, its.definition, its.created_at
    rows = connection.execute(sa.select(*columns).where(pair.in_(list(versions))))
    return {(row[0], row[1]): Version(row[1], row[2], None, row[3]) for row in rows}


def list_current_definitions(connection: sa.Connection) -> dict[int, str]:
    """Survey id → the definition that is live, or the latest one of a draft."""
    is_current = survey_version.c.version == sa.func.coalesce(survey.c.live_version, survey.c.latest_version)
    statement = sa.select(survey.c.id, survey_version.c.definition).join(
        survey_version, sa.and_(survey_version.c.survey_id == survey.c.id, is_current)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def list_keys(connection: sa.Connection, survey_ids: Collection[int]) -> dict[int, str]:
    """Survey id → its key."""
    statement = sa.select(survey.c.id, survey.c.key).where(survey.c.id.in_(list(survey_ids)))
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


def get_version(connection: sa.Connection, survey_id: int, version: int) -> Version:
    """One version that is there, with the text of its file."""
    statement = _versions(survey_id).where(survey_version.c.version == version)
    return Version(**connection.execute(statement).one()._mapping)


def find_version(connection: sa.Connection, survey_id: int, version: int) -> Version | None:
    """One version, with the text of its file."""
    statement = _versions(survey_id).where(survey_version.c.version == version)
    row = connection.execute(statement).one_or_none()
    return None if row is None else Version(**row._mapping)


def list_versions(connection: sa.Connection, survey_id: int) -> list[Version]:
    """All versions of a survey, the first one first."""
    rows = connection.execute(_versions(survey_id).order_by(survey_version.c.version))
    return [Version(**row._mapping) for row in rows]


def list_asked_versions(connection: sa.Connection, survey_id: int) -> set[int]:
    """The versions that anybody was asked, tests left out, as far as it is kept."""
    of_invitations = sa.select(invitation.c.survey_version).where(
        invitation.c.survey_id == survey_id, sa.not_(invitation.c.is_test)
    )
    of_answers = sa.select(anonymous_response.c.survey_version).where(
        anonymous_response.c.survey_id == survey_id
    )
    return set(connection.execute(of_invitations.union(of_answers)).scalars())


def _add_version(connection: sa.Connection, survey_id: int, added: Version) -> None:
    revision.bump(connection)
    connection.execute(
        sa.insert(survey_version).values(
            survey_id=survey_id,
            version=added.version,
            definition=added.definition,
            source=added.source,
            created_at=added.created_at,
        )
    )


def _versions(survey_id: int) -> sa.Select[Any]:
    return sa.select(
        survey_version.c.version,
        survey_version.c.definition,
        survey_version.c.source,
        survey_version.c.created_at,
    ).where(survey_version.c.survey_id == survey_id)


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
