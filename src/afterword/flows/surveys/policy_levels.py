"""Which throttle do the levels above a survey set, and where does each value that holds come from?"""

from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import yaml
from msgspec import UNSET

from afterword.domain.survey.policy import GlobalCooldownUse, Policy
from afterword.domain.survey.trigger import EventNames
from afterword.flows.surveys.policy_bounds import keep_within
from afterword.flows.surveys.policy_file import PolicyFile, read_policy
from afterword.flows.surveys.survey_definition import read_file
from afterword.flows.surveys.survey_file.base import parse_duration
from afterword.flows.surveys.survey_file.throttle import (
    CooldownFile,
    SamplingFile,
    SendWindowFile,
    ThrottleFile,
    make_policy,
    said_by,
)
from afterword.storage import policies
from afterword.storage.engine import Connection


class Level(StrEnum):
    """Who says a value; the nearest one is first."""

    SURVEY = "survey"
    PROJECT = "project"
    ORGANISATION = "organisation"
    DEFAULT = "default"


class Levels(NamedTuple):
    """
    What the levels above a survey say.

    Attributes:
        policy_id: The last row of the table policy, of whichever level; 0 = there is none.
        project: What the project says; None = nothing.
        organisation: What the organisation says; None = nothing.
        overriding: Keys of the surveys that may set or ignore the global cooldown; ``*`` is any characters.
        paused: The levels that are paused.
        timezone: The IANA name by which people live of whom nobody else says one; None = UTC.
        exceeding: Keys of the surveys that may ask people more often than the organisation's caps.
    """

    policy_id: int
    project: ThrottleFile | None
    organisation: ThrottleFile | None
    overriding: frozenset[str]
    paused: tuple[Level, ...]
    timezone: str | None = None
    exceeding: frozenset[str] = frozenset()


def read_levels(connection: Connection, project_id: int | None) -> Levels:
    """What holds for a project now, or for the organisation alone; one query."""
    policy_id, stored = policies.read_in_force(connection, project_id)
    files = {found_id: read_policy(text) for found_id, text in stored.items()}
    organisation, project = files.get(None), files.get(project_id) if project_id is not None else None
    levels = {Level.PROJECT: project, Level.ORGANISATION: organisation}
    return Levels(
        policy_id,
        _throttle(project),
        _throttle(organisation),
        frozenset(organisation.may_override_global_cooldown if organisation else ()),
        tuple(level for level, file in levels.items() if file is not None and file.throttle.pause is True),
        (organisation.timezone or None) if organisation else None,
        frozenset(organisation.may_exceed_caps if organisation else ()),
    )


def find_policy(levels: Levels, key: str, definition: str) -> Policy:
    """
    The policy that holds for a stored version of a survey.

    Args:
        key: The survey's.
        definition: The version's JSON text.
    """
    return merge_levels(levels, key, read_file(definition).throttle)


def find_pauses(levels: Levels, definition: str) -> tuple[Level, ...]:
    """The levels at which a policy pauses a stored version of a survey, the nearest one first."""
    own = (Level.SURVEY,) if read_file(definition).throttle.pause is True else ()
    return (*own, *levels.paused)


def merge_levels(levels: Levels, key: str, throttle: ThrottleFile) -> Policy:
    """
    The policy that holds for a survey.

    Args:
        key: The survey's.
        throttle: What the survey itself says.
    """
    said = _said(levels, key, throttle)
    policy = make_policy([("$.throttle", file) for _, file in said])
    is_own = said[0][1].global_cooldown is not UNSET
    return policy if is_own else replace(policy, global_cooldown_use=GlobalCooldownUse.RESPECT)


@dataclass(frozen=True, slots=True)
class Effective:
    """
    A field of the throttle or a part of one, and who says it.

    Attributes:
        value: As it would stand in a file.
        plain: The same as numbers, texts, lists and so on; None = none.
    """

    field: str
    value: str
    level: Level
    plain: Any = dataclass_field(default=None, compare=False)


def effective(levels: Levels, key: str = "", throttle: ThrottleFile | None = None) -> list[Effective]:
    """
    Every field of the throttle with the value that holds; part by part where levels may say parts of it.

    Args:
        key: Of the survey that it is about; empty = of all that say nothing themselves.
        throttle: What that survey says.
    """
    said = [*_said(levels, key, throttle or ThrottleFile()), (Level.DEFAULT, DEFAULTS)]
    return [row for name in ThrottleFile.__struct_fields__ for row in _effective(name, said)]


def show_value(value: Any) -> str:
    """A value as it would stand in a file."""
    plain = msgspec.to_builtins(value)
    if plain is None or isinstance(plain, bool | int | float | str):
        return msgspec.json.encode(plain).decode().strip('"') if plain is not None else "none"
    shown: str = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10**9)
    return shown.strip()


def effective_timezone(levels: Levels) -> Effective:
    """The time zone of people of whom nobody else says one."""
    if levels.timezone is None:
        return _row("timezone", "UTC", Level.DEFAULT)
    return _row("timezone", levels.timezone, Level.ORGANISATION)


def needs_right(throttle: ThrottleFile) -> bool:
    """Whether a survey sets or ignores the global cooldown, which only the organisation lets it do."""
    return throttle.global_cooldown not in (UNSET, "respect")


def has_right(levels: Levels, key: str) -> bool:
    """Whether a survey may set or ignore the global cooldown."""
    return key in EventNames(levels.overriding)


def may_exceed(levels: Levels, key: str) -> bool:
    """Whether a survey may ask people more often than the organisation's caps."""
    return key in EventNames(levels.exceeding)


def _throttle(file: PolicyFile | None) -> ThrottleFile | None:
    return None if file is None else file.throttle


def _said(levels: Levels, key: str, throttle: ThrottleFile) -> list[tuple[Level, ThrottleFile]]:
    """What each level says, the nearest one first; without what a survey has no right to."""
    if not has_right(levels, key) or not needs_right(throttle):
        throttle = msgspec.structs.replace(throttle, global_cooldown=UNSET)
    if not may_exceed(levels, key):
        throttle = keep_within(throttle, levels.organisation)
    project = None if levels.project is None else keep_within(levels.project, levels.organisation)
    above = [(Level.PROJECT, project), (Level.ORGANISATION, levels.organisation)]
    return [(Level.SURVEY, throttle), *((level, file) for level, file in above if file is not None)]


def _effective(name: str, said: list[tuple[Level, ThrottleFile]]) -> list[Effective]:
    values = [(level, value) for level, file in said if (value := getattr(file, name)) is not UNSET]
    if name in PARTED:
        return _effective_parts(name, values)
    if name in STRICTEST:
        # Of levels that say the same the nearest one is named.
        level, value = max(values, key=lambda one: one[1])
    else:
        level, value = values[0]
    return [_row(name, value, level)]


def _row(name: str, value: Any, level: Level) -> Effective:
    return Effective(name, show_value(value), level, msgspec.to_builtins(value))


def _effective_parts(name: str, values: list[tuple[Level, Any]]) -> list[Effective]:
    """Each part of a field, from what holds where no level says anything to what the nearest one says."""
    found: dict[Any, Effective] = {}
    for level, value in reversed(values):
        if value in ("any", {}):
            found = {None: _row(name, value, level)}
            continue
        if found.pop(None, None) is not None and name == "send_window":
            found |= _parts(name, DEFAULTS.send_window, Level.DEFAULT)
        found |= _parts(name, value, level)
    return [found[part] for part in (sorted(found) if name == "caps" else found)]


def _parts(name: str, value: Any, level: Level) -> dict[Any, Effective]:
    """The parts of a field that one level says; caps by their window, for it can be written in two ways."""
    if isinstance(value, str):
        said = dict.fromkeys(CooldownFile.__struct_fields__, value)
    else:
        said = value if isinstance(value, dict) else said_by(value)
    return {
        parse_duration(part) if name == "caps" else part: _row(f"{name}.{part}", one, level)
        for part, one in said.items()
    }


PARTED = frozenset({"cooldown", "caps", "group_caps", "sampling", "send_window"})
"""Fields of which a level may say some parts, and leaves the others to the levels above."""

STRICTEST = frozenset({"holdout", "pause"})
"""Fields of which a level can't take back what a level above it says: the largest holds."""

DEFAULTS = ThrottleFile(
    max_event_age="30m",
    audience=None,
    min_tenure="0s",
    holdout=0.0,
    max_open=1,
    repeat="recurring",
    max_shows=3,
    cooldown=CooldownFile(answered="90d", dismissed="60d", ignored="30d", snoozed="7d"),
    project_cooldown="30d",
    group_caps={},
    global_cooldown="14d",
    caps={"1d": 1, "7d": 1, "30d": 2, "90d": 4},
    backoff=True,
    quota=None,
    pacing="even",
    max_per_day=None,
    sampling=SamplingFile(rate=1.0, unit="person_period"),
    priority=0,
    send_window=SendWindowFile(days=["mon", "tue", "wed", "thu", "fri"], hours="9-17", defer="4h"),
    reminders=None,
    expires_after="72h",
    channels=[],
    next_channel_after="1h",
    pause=False,
)
"""What holds where no level says anything, as a file would say it."""
