"""How do stored surveys become what files say, all of them or none?"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from afterword.domain.errors import AfterwordError, ConflictError
from afterword.domain.survey.survey import SurveyState
from afterword.flows.manage_projects import get_project
from afterword.flows.surveys.kept_questions import find_changed_questions
from afterword.flows.surveys.policy_bounds import find_excess
from afterword.flows.surveys.policy_levels import has_right, may_exceed, needs_right, read_levels
from afterword.flows.surveys.survey_definition import SurveyFile, dump_definition, read_file, show_definition
from afterword.flows.surveys.survey_files import Written, raise_all
from afterword.flows.surveys.yaml_file import find_place
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import projects, revision, surveys, trigger_matches
from afterword.storage.engine import Connection, Database
from afterword.storage.surveys import Survey


class Change(StrEnum):
    """What applying a file did, or would do; rewritten = only comments and layout are others."""

    CREATED = "created"
    CHANGED = "changed"
    REWRITTEN = "rewritten"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Applied:
    """
    The outcome of applying one file.

    Attributes:
        version: The latest one afterwards.
        live_version: The one that is live before anything is published; None = none is.
        is_published: The latest version was, or would be, published by this.
        difference: In the manner of diff -u.
    """

    key: str
    change: Change
    version: int
    state: SurveyState
    difference: str
    live_version: int | None = None
    is_published: bool = False

    @property
    def is_something(self) -> bool:
        """Whether anything was or would be changed."""
        return self.change is not Change.UNCHANGED or self.is_published


def apply_survey(
    database: Database, clock: Clock, file: SurveyFile, *, dry_run: bool, source: str | None = None
) -> Applied:
    """
    Bring a survey to what a file says. Applying the same file again changes nothing.

    Every change makes the next version, which waits until it is published;
    all versions before it stay as they were.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The survey is closed, belongs to another project, lacks a right that it needs, or asks
            something else under a key that was published.
    """
    with database.write() as connection:
        revision.lock(connection)
        for _, error in _refusals(connection, file, None):
            raise error
        return _apply(connection, file, source, now=None if dry_run else to_datetime(clock.now_us()))


def apply_surveys(
    database: Database,
    clock: Clock,
    written: Sequence[Written],
    *,
    dry_run: bool,
    publish: bool = False,
    expected: int | None = None,
) -> list[Applied]:
    """
    Bring surveys to what files say: all of them in one transaction, or none.

    Args:
        publish: Let each one that is not live in its latest version go live.
        expected: The latest version that each survey must have, 0 for none: who has changed it since is not
            overwritten.

    Raises:
        AfterwordError: What is wrong with each file, with file, line and field.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        raise_all(
            type(error)(f"{find_place(one.text, one.name, path)}: {error}")
            for one in written
            for path, error in _refusals(connection, one.file, expected)
        )
        applied = [_apply(connection, one.file, one.text, now=None if dry_run else now) for one in written]
        if publish:
            applied = [_publish(connection, one, now=None if dry_run else now) for one in applied]
        return applied


def go_live(connection: Connection, survey: Survey, now: datetime) -> None:
    """Let the latest version of a survey go live; with another trigger it begins to count anew."""
    if survey.live_version is not None:
        live = read_file(surveys.get_definition(connection, survey.id, survey.live_version))
        latest = read_file(surveys.get_definition(connection, survey.id, survey.latest_version))
        if live.trigger != latest.trigger:
            trigger_matches.forget(connection, survey.id)
    surveys.publish(connection, survey.id, now)


def check_rights(connection: Connection, project_id: int | None, file: SurveyFile) -> None:
    """
    Check that a survey may go past what the organisation says, if it does.

    Raises:
        ConflictError: It may not.
    """
    for _, refusal in _missing_rights(connection, project_id, file):
        raise refusal


def _missing_rights(
    connection: Connection, project_id: int | None, file: SurveyFile
) -> Iterator[tuple[str, AfterwordError]]:
    """Where a survey goes past what the organisation says without a right to, and why that is refused."""
    levels = read_levels(connection, project_id)
    if needs_right(file.throttle) and not has_right(levels, file.survey):
        yield (
            "$.throttle.global_cooldown",
            ConflictError(
                f"the survey {file.survey!r} has no right to a global cooldown of its own: "
                "the organisation's policy gives it under may_override_global_cooldown"
            ),
        )
    excess = {} if may_exceed(levels, file.survey) else find_excess(file.throttle, levels.organisation)
    for field, bound in excess.items():
        yield (
            f"$.throttle.{field}",
            ConflictError(
                f"the survey {file.survey!r} would ask people more often than the organisation lets it, "
                f"which says {bound}: leave it out, or be named under may_exceed_caps in its policy"
            ),
        )


def _refusals(
    connection: Connection, file: SurveyFile, expected: int | None
) -> Iterator[tuple[str, AfterwordError]]:
    """Why a file can't be applied, with the field that it is about."""
    survey = surveys.find_survey(connection, file.survey)
    try:
        project = get_project(connection, file.project)
    except AfterwordError as error:
        yield "$.project", error
        return
    if survey is not None and survey.project_id != project.id:
        yield (
            "$.survey",
            ConflictError(
                f"the survey {survey.key!r} belongs to the project {survey.project_name!r}: use another key"
            ),
        )
    if survey is not None and survey.state is SurveyState.CLOSED:
        yield "$.survey", ConflictError(f"the survey {survey.key!r} is closed for good: use another key")
    yield from _missing_rights(connection, project.id, file)
    conflict = None if expected is None else _find_conflict(connection, file.survey, survey, expected)
    if conflict is not None:
        yield "$.survey", conflict
    if survey is not None and survey.state is not SurveyState.CLOSED:
        yield from find_changed_questions(connection, survey, file)


def _find_conflict(
    connection: Connection, key: str, survey: Survey | None, expected: int
) -> ConflictError | None:
    """Has somebody else changed it since?"""
    latest = 0 if survey is None else survey.latest_version
    if latest == expected:
        return None
    if survey is None:
        return ConflictError(f"there is no survey {key!r} yet, and you expect version {expected}")
    if latest < expected:
        return ConflictError(
            f"the survey {key!r} never had a version {expected}: it is at version {latest}. "
            f"`afterword survey export {key}` shows that; --expect-version {latest} replaces it"
        )
    made_at = surveys.get_version(connection, survey.id, latest).created_at
    return ConflictError(
        f"somebody else changed the survey {key!r}: it is at version {latest}, "
        f"made {made_at:%Y-%m-%d %H:%M:%S} UTC, and you expect {expected}. "
        f"`afterword survey export {key}` shows theirs: take it over, "
        f"then apply with --expect-version {latest}"
    )


def _apply(connection: Connection, file: SurveyFile, source: str | None, *, now: datetime | None) -> Applied:
    """Bring one survey to what its file says; without a time only say what would be done."""
    new = dump_definition(file)
    survey = surveys.find_survey(connection, file.survey)
    if survey is None:
        project = projects.find_project(connection, file.project)
        if now is not None and project is not None:
            surveys.add_survey(
                connection, project_id=project.id, key=file.survey, definition=new, source=source, now=now
            )
        difference = _difference("", show_definition(new) if source is None else source)
        return Applied(file.survey, Change.CREATED, 1, SurveyState.DRAFT, difference)
    latest, live = survey.latest_version, survey.live_version
    stored = surveys.get_version(connection, survey.id, latest)
    # In today's words, so that fields which did not exist yet are no difference.
    old = dump_definition(read_file(stored.definition))
    if old != new:
        if now is not None:
            surveys.add_version(connection, survey.id, new, source=source, now=now)
        # As people wrote it, when that is known of both.
        texts = (show_definition(old), show_definition(new))
        if source is not None and stored.source is not None:
            texts = (stored.source, source)
        difference = _difference(*texts)
        return Applied(survey.key, Change.CHANGED, latest + 1, survey.state, difference, live)
    if source is None or source == stored.source:
        return Applied(survey.key, Change.UNCHANGED, latest, survey.state, "", live)
    if now is not None:
        surveys.set_source(connection, survey.id, latest, source)
    difference = _difference(show_definition(old) if stored.source is None else stored.source, source)
    return Applied(survey.key, Change.REWRITTEN, latest, survey.state, difference, live)


def _publish(connection: Connection, applied: Applied, *, now: datetime | None) -> Applied:
    survey = surveys.find_survey(connection, applied.key)
    if survey is not None and survey.live_version == applied.version:
        return applied
    state = SurveyState.PAUSED if applied.state is SurveyState.PAUSED else SurveyState.LIVE
    if now is not None and survey is not None:
        go_live(connection, survey, now)
    return replace(applied, state=state, is_published=True)


def _difference(old: str, new: str) -> str:
    return "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "stored", "file", lineterm=""))
