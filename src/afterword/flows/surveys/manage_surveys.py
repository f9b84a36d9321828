"""How does a survey come to life, change and end?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.survey.survey import Definition, SurveyState
from afterword.domain.survey.survey_state import Phase, state_at
from afterword.flows.surveys.apply_surveys import (
    Applied,
    Change,
    apply_survey,
    apply_surveys,
    check_rights,
    go_live,
)
from afterword.flows.surveys.kept_questions import find_changed_questions
from afterword.flows.surveys.policy_levels import Level, Levels, find_pauses, read_levels
from afterword.flows.surveys.survey_definition import read_definition, read_file, show_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import exposures, revision, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.surveys import Survey, Version

__all__ = ["Applied", "Change", "apply_survey", "apply_surveys"]


@dataclass(frozen=True, slots=True)
class ListedSurvey:
    """
    A survey, where it is in its life now, and what its live version says, else its latest.

    Attributes:
        made_at: When that version was made.
        paused_by: The levels at which a policy pauses it, whatever its own state is; the nearest one first.
    """

    survey: Survey
    phase: Phase
    definition: Definition
    made_at: datetime
    paused_by: tuple[Level, ...] = ()

    @property
    def pausing(self) -> str:
        """Who pauses a survey that would ask otherwise: ``its file and the organisation``; empty = nobody."""
        return show_pausing(self.phase, self.paused_by)


def show_pausing(phase: Phase, paused_by: Iterable[str]) -> str:
    """Who pauses a survey that would ask otherwise, by the levels at which a policy does; empty = nobody."""
    if phase not in (Phase.LIVE, Phase.SCHEDULED):
        return ""
    return " and ".join(_PAUSING[Level(level)] for level in paused_by)


_PAUSING = {
    Level.SURVEY: "its file",
    Level.PROJECT: "its project",
    Level.ORGANISATION: "the organisation",
}


def publish_survey(database: Database, clock: Clock, key: str) -> Survey:
    """
    Let the latest version of a survey go live. Publishing it again changes nothing.

    With another trigger it begins to count anew: what the one before counted is something else.

    Raises:
        NotFoundError: There is no such survey.
        ConflictError: It is closed, lacks a right that it needs, or asks something else under a key that was
            published.
    """
    with database.write() as connection:
        revision.lock(connection)
        survey = get_survey(connection, key)
        if survey.state is SurveyState.CLOSED:
            raise ConflictError(f"the survey {key!r} is closed for good: apply it under another key")
        file = read_file(surveys.get_definition(connection, survey.id, survey.latest_version))
        check_rights(connection, survey.project_id, file)
        for _, error in find_changed_questions(connection, survey, file):
            raise error
        go_live(connection, survey, to_datetime(clock.now_us()))
        return surveys.get_survey(connection, survey.id)


def pause_survey(database: Database, key: str) -> Survey:
    """
    Let a survey ask nobody until it is resumed; links that are out can still be answered.

    Raises:
        NotFoundError: There is no such survey.
        ConflictError: It is not live.
    """
    return _set_state(database, key, SurveyState.PAUSED, done_from=SurveyState.LIVE)


def resume_survey(database: Database, key: str) -> Survey:
    """
    Let a survey that is paused ask again.

    Raises:
        NotFoundError: There is no such survey.
        ConflictError: It is neither paused nor live.
    """
    return _set_state(database, key, SurveyState.LIVE, done_from=SurveyState.PAUSED)


def _set_state(database: Database, key: str, state: SurveyState, *, done_from: SurveyState) -> Survey:
    with database.write() as connection:
        revision.lock(connection)
        survey = get_survey(connection, key)
        if survey.state not in (state, done_from):
            found = "a draft" if survey.state is SurveyState.DRAFT else survey.state
            raise ConflictError(f"the survey {key!r} is {found}: only a live one can be paused and resumed")
        if survey.state is not state:
            surveys.set_state(connection, survey.id, state)
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


def list_phases(database: Database, clock: Clock) -> list[ListedSurvey]:
    """All surveys, with where each is in its life now."""
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        found = surveys.list_surveys(connection)
        wanted = [(survey.id, survey.live_version or survey.latest_version) for survey in found]
        versions = surveys.list_bare(connection, wanted)
        levels = {one: read_levels(connection, one) for one in {survey.project_id for survey in found}}
    return [
        _listed(survey, versions[version], levels[survey.project_id], now)
        for survey, version in zip(found, wanted, strict=True)
    ]


def show_survey(database: Database, clock: Clock, key: str) -> tuple[ListedSurvey, list[Version]]:
    """
    One survey with all its versions.

    Raises:
        NotFoundError: There is no such survey.
    """
    with database.read() as connection:
        survey = get_survey(connection, key)
        versions = surveys.list_versions(connection, survey.id)
        levels = read_levels(connection, survey.project_id)
    shown = versions[(survey.live_version or survey.latest_version) - 1]
    return _listed(survey, shown, levels, to_datetime(clock.now_us())), versions


def count_open_invitations(database: Database, clock: Clock, key: str) -> int:
    """
    How many people may still answer for the first time.

    Raises:
        NotFoundError: There is no such survey.
    """
    with database.read() as connection:
        survey = get_survey(connection, key)
        return exposures.count_open(connection, survey.id, to_datetime(clock.now_us()))


def export_survey(database: Database, key: str, version: int | None = None) -> tuple[int, str]:
    """
    The file of a version, byte for byte as it was applied.

    Args:
        version: None = the latest.

    Returns:
        The version's number and its text; of a version that came from no file, its definition as YAML.

    Raises:
        NotFoundError: There is no such survey or version.
    """
    with database.read() as connection:
        survey = get_survey(connection, key)
        number = survey.latest_version if version is None else version
        found = surveys.find_version(connection, survey.id, number)
    if found is None:
        raise NotFoundError(
            f"the survey {key!r} has no version {number}: it has 1 to {survey.latest_version}"
        )
    return number, found.source if found.source is not None else show_definition(found.definition)


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


def _listed(survey: Survey, shown: Version, levels: Levels, now: datetime) -> ListedSurvey:
    definition = read_definition(shown.definition)
    phase = state_at(survey.state, definition.starts_at, definition.ends_at, now)
    return ListedSurvey(survey, phase, definition, shown.created_at, find_pauses(levels, shown.definition))
