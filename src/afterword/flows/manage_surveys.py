"""How does a survey come to life, change and end?"""

import difflib
from dataclasses import dataclass
from enum import StrEnum

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.survey import SurveyState
from afterword.flows.manage_projects import get_project
from afterword.flows.survey_definition import SurveyFile, dump_definition, show_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import revision, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.surveys import Survey


class Change(StrEnum):
    """What applying a file did, or would do."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome of applying one file; ``difference`` in the manner of diff -u."""

    key: str
    change: Change
    version: int
    state: SurveyState
    difference: str


def apply_survey(database: Database, clock: Clock, file: SurveyFile, *, dry_run: bool) -> Applied:
    """
    Bring a survey to what a file says. Applying the same file again changes nothing.

    A draft changes in place. A live survey gets a next version, which waits
    until it is published; what was published stays as it was.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The survey is closed, or belongs to another project.
    """
    new = dump_definition(file)
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        project = get_project(connection, file.project)
        survey = surveys.find_survey(connection, file.survey)
        if survey is None:
            if not dry_run:
                surveys.add_survey(
                    connection, project_id=project.id, key=file.survey, definition=new, now=now
                )
            difference = _difference("", new)
            return Applied(file.survey, Change.CREATED, 1, SurveyState.DRAFT, difference)
        _check_changeable(survey, project.id)
        old = surveys.get_definition(connection, survey.id, survey.latest_version)
        if old == new:
            return Applied(survey.key, Change.UNCHANGED, survey.latest_version, survey.state, "")
        is_published = survey.latest_version == survey.live_version
        version = survey.latest_version + int(is_published)
        if not dry_run:
            surveys.set_latest(connection, survey.id, version=version, definition=new, now=now)
        return Applied(survey.key, Change.CHANGED, version, survey.state, _difference(old, new))


def publish_survey(database: Database, clock: Clock, key: str) -> Survey:
    """
    Let the latest version of a survey go live. Publishing it again changes nothing.

    Raises:
        NotFoundError: There is no such survey.
        ConflictError: It is closed.
    """
    with database.write() as connection:
        revision.lock(connection)
        survey = get_survey(connection, key)
        if survey.state is SurveyState.CLOSED:
            raise ConflictError(f"the survey {key!r} is closed for good: apply it under another key")
        surveys.publish(connection, survey.id, to_datetime(clock.now_us()))
        return surveys.get_survey(connection, survey.id)


def close_survey(database: Database, clock: Clock, key: str) -> Survey:
    """
    End a survey for good: nobody is asked and nobody can answer any more.

    Raises:
        NotFoundError: There is no such survey.
    """
    with database.write() as connection:
        revision.lock(connection)
        survey = get_survey(connection, key)
        if survey.state is not SurveyState.CLOSED:
            surveys.close(connection, survey.id, to_datetime(clock.now_us()))
        return surveys.get_survey(connection, survey.id)


def list_surveys(database: Database) -> list[Survey]:
    """All surveys."""
    with database.read() as connection:
        return surveys.list_surveys(connection)


def get_survey(connection: Connection, key: str) -> Survey:
    """
    Look a survey up by its key.

    Raises:
        NotFoundError: Naming what there is.
    """
    survey = surveys.find_survey(connection, key) if key.isprintable() else None
    if survey is None:
        known = ", ".join(item.key for item in surveys.list_surveys(connection)[:10])
        raise NotFoundError(f"there is no survey {key!r}; there is {known or 'none yet'}")
    return survey


def _check_changeable(survey: Survey, project_id: int) -> None:
    if survey.project_id != project_id:
        raise ConflictError(
            f"the survey {survey.key!r} belongs to the project {survey.project_name!r}: use another key"
        )
    if survey.state is SurveyState.CLOSED:
        raise ConflictError(f"the survey {survey.key!r} is closed for good: use another key")


def _difference(old: str, new: str) -> str:
    before = show_definition(old).splitlines() if old else []
    after = show_definition(new).splitlines()
    return "\n".join(difflib.unified_diff(before, after, "stored", "file", lineterm=""))
