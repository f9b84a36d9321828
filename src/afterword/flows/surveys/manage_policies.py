"""How does the organisation, or a project, say how rarely people are asked?"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import yaml

from afterword.domain.errors import AfterwordError, ConflictError, NotFoundError
from afterword.flows.manage_projects import get_project
from afterword.flows.surveys.manage_surveys import get_survey
from afterword.flows.surveys.policy_bounds import find_excess
from afterword.flows.surveys.policy_file import PolicyFile, dump_policy, read_policy
from afterword.flows.surveys.policy_files import ORGANISATION, WrittenPolicy
from afterword.flows.surveys.policy_levels import (
    Effective,
    Levels,
    effective,
    effective_timezone,
    read_levels,
)
from afterword.flows.surveys.survey_definition import read_file
from afterword.flows.surveys.survey_file.throttle import ThrottleFile
from afterword.flows.surveys.survey_files import raise_all
from afterword.flows.surveys.yaml_file import find_place
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import policies, revision, surveys
from afterword.storage.engine import Connection, Database


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    """
    The outcome of applying a policy file.

    Attributes:
        level: ``organisation``, or the name of the project.
        policy_id: The row that holds now; 0 = there is none.
        difference: In the manner of diff -u; empty = it says what held already.
    """

    level: str
    policy_id: int
    difference: str


@dataclass(frozen=True, slots=True)
class PastPolicy:
    """What a level said from a moment on, and in what it differs from what it said before."""

    policy_id: int
    level: str
    created_at: datetime
    difference: str


def apply_policies(
    database: Database, clock: Clock, written: Sequence[WrittenPolicy], *, dry_run: bool
) -> list[AppliedPolicy]:
    """
    Let levels say what files say, all or none; servers follow within 2 s. What they said before is kept.

    Raises:
        AfterwordError: With file, line and field; of a project's policy also, that it would ask people
            more often than the organisation lets it, by what it says from now on.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        organisation = read_levels(connection, None).organisation
        for one in written:
            if one.file.project is None:
                organisation = one.file.throttle
        problems: list[AfterwordError] = []
        applied: list[AppliedPolicy] = []
        for one in written:
            try:
                project_id = _check(connection, one, organisation)
            except AfterwordError as error:
                problems.append(error)
            else:
                applied.append(_apply(connection, one.file, project_id, None if dry_run else now))
        raise_all(problems)
        return applied


def _check(connection: Connection, one: WrittenPolicy, organisation: ThrottleFile | None) -> int | None:
    """The project's id; None = it is the organisation's."""
    if one.file.project is None:
        return None
    try:
        project_id = get_project(connection, one.file.project).id
    except AfterwordError as error:
        raise type(error)(f"{find_place(one.text, one.name, '$.policy.project')}: {error}") from None
    _check_excess(one.file, organisation, one.text, one.name)
    return project_id


def _apply(
    connection: Connection, file: PolicyFile, project_id: int | None, now: datetime | None
) -> AppliedPolicy:
    """Store a policy when it says something else; None = change nothing."""
    policy_id, stored = policies.read_in_force(connection, project_id)
    old = read_policy(stored[project_id]) if project_id in stored else None
    if old == file:
        return AppliedPolicy(_level(file), policy_id, "")
    if now is not None:
        definition = dump_policy(file)
        policy_id = policies.add_policy(connection, project_id=project_id, definition=definition, now=now)
    return AppliedPolicy(_level(file), policy_id, _difference(old, file))


def export_policy(database: Database, *, project: str | None = None) -> str:
    """
    What a level says now, as a file that can be applied.

    Args:
        project: None = the organisation.

    Raises:
        NotFoundError: There is no such project, or the level has said nothing yet.
    """
    with database.read() as connection:
        project_id = None if project is None else get_project(connection, project).id
        _, stored = policies.read_in_force(connection, project_id)
    if project_id not in stored:
        whose = "the organisation" if project is None else f"the project {project!r}"
        raise NotFoundError(f"{whose} has said nothing yet: what holds is in `afterword policy show`")
    return _show(read_policy(stored[project_id]))


def show_policy(
    database: Database, *, project: str | None = None, survey: str | None = None
) -> list[Effective]:
    """
    Every field of the throttle, and the time zone, with the value that holds and which level says it.

    Args:
        project: For a survey of this project that says nothing itself.
        survey: For the live version of this survey, else the latest; neither = for the organisation.

    Raises:
        NotFoundError: There is no such project or survey.
    """
    with database.read() as connection:
        if survey is None:
            project_id = None if project is None else get_project(connection, project).id
            return _effective(read_levels(connection, project_id))
        found = get_survey(connection, survey)
        version = found.live_version or found.latest_version
        file = read_file(surveys.get_definition(connection, found.id, version))
        return _effective(read_levels(connection, found.project_id), found.key, file.throttle)


def _check_excess(file: PolicyFile, organisation: ThrottleFile | None, text: str, name: str) -> None:
    """Refuse a project's policy that would ask people more often than the organisation lets it."""
    for field, bound in find_excess(file.throttle, organisation).items():
        place = find_place(text, name, f"$.throttle.{field}")
        raise ConflictError(
            f"{place}: the organisation says {bound}, and a project may only ask less often: leave it out"
        )


def _effective(levels: Levels, key: str = "", throttle: ThrottleFile | None = None) -> list[Effective]:
    return [*effective(levels, key, throttle), effective_timezone(levels)]


def list_history(database: Database) -> list[PastPolicy]:
    """What each level ever said, the oldest first."""
    with database.read() as connection:
        stored = policies.list_policies(connection)
    return list(_history(stored))


def _history(stored: list[policies.StoredPolicy]) -> Iterator[PastPolicy]:
    before: dict[int | None, PolicyFile] = {}
    for row in stored:
        file = read_policy(row.definition)
        difference = _difference(before.get(row.project_id), file)
        yield PastPolicy(row.id, row.project_name or ORGANISATION, row.created_at, difference)
        before[row.project_id] = file


def _level(file: PolicyFile) -> str:
    return file.project or ORGANISATION


def _difference(old: PolicyFile | None, new: PolicyFile) -> str:
    before = [] if old is None else _show(old).splitlines()
    return "\n".join(difflib.unified_diff(before, _show(new).splitlines(), "stored", "file", lineterm=""))


def _show(file: PolicyFile) -> str:
    """As a file, without what it says nothing of: a project can't say some of it at all."""
    said = {field: value for field, value in msgspec.to_builtins(file).items() if value}
    shown: str = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
    return shown
