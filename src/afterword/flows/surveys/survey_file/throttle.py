"""How is a throttle written down, of a survey, a project or the organisation?"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from afterword.domain.survey.policy import (
    Cap,
    Cooldown,
    GlobalCooldownUse,
    Pacing,
    Policy,
    Quota,
    Repeat,
    Sampling,
    SamplingUnit,
)
from afterword.domain.survey.send_window import SendWindow
from afterword.flows.surveys.survey_file.base import (
    Duration,
    FieldError,
    Key,
    Label,
    Part,
    check_duration,
    check_unique,
)
from afterword.flows.surveys.survey_file.conditions import ConditionFile, make_condition

COUNT_MAX = 1_000_000
CAPS_MAX = 10
CELLS_MAX = 200
PRIORITY_MAX = 1_000

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = r"^([01]?[0-9]|2[0-3])(:[0-5][0-9])?-(([01]?[0-9]|2[0-3])(:[0-5][0-9])?|24(:00)?)$"

Count = Annotated[int, Meta(ge=1, le=COUNT_MAX)]
Share = Annotated[float, Meta(ge=0, le=1)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
GlobalCooldown = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{1,5}[smhd]|respect|ignore)$",
        description="a duration such as 14d, or respect, or ignore",
    ),
]
Hours = Annotated[str, Meta(pattern=_HOURS, description="such as 9-17 or 08:30-16:00")]


class CooldownFile(Part):
    """Of one survey, by how the invitation before ended. A part that is left out is the level's above."""

    answered: Duration | UnsetType = UNSET
    dismissed: Duration | UnsetType = UNSET
    ignored: Duration | UnsetType = UNSET
    snoozed: Duration | UnsetType = UNSET


class SamplingFile(Part):
    """Share of the eligible who are asked. A part that is left out is the level's above."""

    rate: Annotated[float, Meta(gt=0, le=1)] | UnsetType = UNSET
    unit: Literal["person_period", "person", "event"] | UnsetType = UNSET


class QuotaFile(Part):
    """How many responses are wanted."""

    count: Count | None = None
    period: Duration | None = None
    attribute: Label | None = None
    each: Count | None = None
    cells: Annotated[dict[str, Annotated[int, Meta(ge=0, le=COUNT_MAX)]], Meta(max_length=CELLS_MAX)] = field(
        default_factory=dict
    )


class CapFile(Part):
    """So many within a time."""

    count: Annotated[int, Meta(ge=0, le=COUNT_MAX)]
    window: Duration


class SendWindowFile(Part):
    """Weekdays and hours in the person's time zone. A part that is left out is the level's above."""

    days: Annotated[list[Weekday], Meta(min_length=1, max_length=7)] | UnsetType = UNSET
    hours: Hours | UnsetType = UNSET
    defer: Duration | UnsetType = UNSET


class RemindersFile(Part):
    """One reminder to who has not answered."""

    after: Duration


class ThrottleFile(Part):
    """How rarely people are asked. What a level leaves out is what the level above it says."""

    max_event_age: Duration | UnsetType = UNSET
    audience: ConditionFile | UnsetType | None = UNSET
    min_tenure: Duration | UnsetType = UNSET
    holdout: Share | UnsetType = UNSET
    max_open: Annotated[int, Meta(ge=0, le=COUNT_MAX)] | UnsetType = UNSET
    repeat: Literal["once", "until_answered", "recurring"] | UnsetType = UNSET
    max_shows: Count | UnsetType = UNSET
    cooldown: CooldownFile | Duration | UnsetType = UNSET
    project_cooldown: Duration | UnsetType = UNSET
    group_caps: Annotated[dict[Key, CapFile | None], Meta(max_length=CAPS_MAX)] | UnsetType = UNSET
    global_cooldown: GlobalCooldown | UnsetType = UNSET
    caps: (
        Annotated[dict[Duration, Annotated[int, Meta(ge=0, le=COUNT_MAX)] | None], Meta(max_length=CAPS_MAX)]
        | UnsetType
    ) = UNSET
    backoff: bool | UnsetType = UNSET
    quota: QuotaFile | UnsetType | None = UNSET
    pacing: Literal["asap", "even"] | UnsetType = UNSET
    max_per_day: Count | UnsetType | None = UNSET
    sampling: SamplingFile | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=-PRIORITY_MAX, le=PRIORITY_MAX)] | UnsetType = UNSET
    send_window: SendWindowFile | Literal["any"] | UnsetType = UNSET
    reminders: RemindersFile | UnsetType | None = UNSET
    expires_after: Duration | UnsetType = UNSET
    channels: list[Literal["slack", "email"]] | UnsetType = UNSET
    next_channel_after: Duration | UnsetType = UNSET
    pause: bool | UnsetType = UNSET


def make_policy(files: list[tuple[str, ThrottleFile]]) -> Policy:
    """
    The throttles of the levels, the nearest one first → the policy that holds.

    Args:
        files: With the path of each, for messages.

    Raises:
        FieldError: One of them can't be.
    """
    found: dict[str, Any] = {}
    for path, file in reversed(files):
        for name, value in said_by(file).items():
            if (merge := _MERGERS.get(name)) is not None:
                found[name] = merge(found.get(name, getattr(_DEFAULT, name)), value, f"{path}.{name}")
            else:
                found |= _MAKERS.get(name, _as_it_is)(name, value, f"{path}.{name}")
    return Policy(**found)


def said_by(part: Part) -> dict[str, Any]:
    """What a part of the file says, without what it leaves out."""
    said = {name: getattr(part, name) for name in part.__struct_fields__}
    return {name: value for name, value in said.items() if value is not UNSET}


def _as_it_is(name: str, value: Any, path: str) -> dict[str, Any]:
    return {name: value}


def _duration(name: str, value: str, path: str) -> dict[str, Any]:
    return {name: check_duration(value, path)}


def _positive(name: str, value: str, path: str) -> dict[str, Any]:
    return {name: check_duration(value, path, is_positive=True)}


def _audience(name: str, value: ConditionFile | None, path: str) -> dict[str, Any]:
    return {name: None if value is None else make_condition(value, path)}


def _holdout(before: float, value: float, path: str) -> float:
    """Who is never invited at one level is not invited by a level below it."""
    return max(before, value)


def _cooldown(before: Cooldown, value: CooldownFile | str, path: str) -> Cooldown:
    if isinstance(value, str):
        every = check_duration(value, path)
        return Cooldown(every, every, every, every)
    parts = {part: check_duration(text, f"{path}.{part}") for part, text in said_by(value).items()}
    return replace(before, **parts)


def _global_cooldown(name: str, value: str, path: str) -> dict[str, Any]:
    if value in ("respect", "ignore"):
        return {"global_cooldown_use": GlobalCooldownUse(value)}
    return {"global_cooldown_use": GlobalCooldownUse.CUSTOM, name: check_duration(value, path)}


def _caps(before: tuple[Cap, ...], value: dict[str, int | None], path: str) -> tuple[Cap, ...]:
    """Window by window; one without a number is none, and a map without windows takes all away."""
    counts: dict[timedelta, int | None] = {}
    for text, count in value.items():
        window = check_duration(text, f"{path}.{text}", is_positive=True)
        if window in counts:
            raise FieldError(f"{path}.{text}", "this window is there twice, in other words")
        counts[window] = count
    merged = ({cap.window: cap.count for cap in before} if value else {}) | counts
    return tuple(Cap(count, window) for window, count in sorted(merged.items()) if count is not None)


def _group_caps(before: Mapping[str, Cap], value: dict[str, CapFile | None], path: str) -> dict[str, Cap]:
    """Tag by tag, as the caps."""
    merged = dict(before) if value else {}
    for tag, cap in value.items():
        merged.pop(tag, None)
        if cap is not None:
            window = check_duration(cap.window, f"{path}.{tag}.window", is_positive=True)
            merged[tag] = Cap(cap.count, window)
    return merged


def _quota(name: str, value: QuotaFile | None, path: str) -> dict[str, Any]:
    if value is None:
        return {name: None}
    if value.count is None and value.attribute is None:
        raise FieldError(path, "a quota has a count, or an attribute with each or cells, or both")
    if (value.each is not None or bool(value.cells)) != (value.attribute is not None):
        raise FieldError(
            path, "attribute names what the cells are of: it needs each or cells, and they need it"
        )
    period = (
        None if value.period is None else check_duration(value.period, f"{path}.period", is_positive=True)
    )
    return {name: Quota(value.count, period, value.attribute, value.each, value.cells)}


def _pacing(name: str, value: str, path: str) -> dict[str, Any]:
    return {name: Pacing(value)}


def _sampling(before: Sampling, value: SamplingFile, path: str) -> Sampling:
    parts = said_by(value)
    if "unit" in parts:
        parts["unit"] = SamplingUnit(parts["unit"])
    return replace(before, **parts)


def _send_window(before: SendWindow | None, value: SendWindowFile | str, path: str) -> SendWindow | None:
    """Part by part; after a level that lets mails go out at any time, the other parts are the defaults."""
    if isinstance(value, str):
        return None
    parts: dict[str, Any] = {}
    if value.days is not UNSET:
        parts["weekdays"] = frozenset(map(WEEKDAYS.index, value.days))
    if value.hours is not UNSET:
        opens_at, closes_at = map(_minute, value.hours.split("-"))
        if opens_at >= closes_at:
            raise FieldError(f"{path}.hours", "a window closes after it opens, on the same day")
        parts |= {"opens_at": opens_at, "closes_at": closes_at}
    if value.defer is not UNSET:
        parts["defer_max"] = check_duration(value.defer, f"{path}.defer")
    return replace(before or SendWindow(), **parts)


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)


def _channels(name: str, value: list[str], path: str) -> dict[str, Any]:
    check_unique(path, "channel", value)
    return {name: tuple(value)}


_MAKERS: dict[str, Callable[[str, Any, str], dict[str, Any]]] = {
    "max_event_age": _positive,
    "audience": _audience,
    "min_tenure": _duration,
    "repeat": lambda name, value, path: {name: Repeat(value)},
    "max_shows": lambda name, value, path: {"shows_max": value},
    "project_cooldown": _duration,
    "global_cooldown": _global_cooldown,
    "quota": _quota,
    "pacing": _pacing,
    "max_per_day": lambda name, value, path: {"daily_max": value},
    "reminders": lambda name, value, path: {
        "reminder_after": None
        if value is None
        else check_duration(value.after, f"{path}.after", is_positive=True)
    },
    "expires_after": _positive,
    "channels": _channels,
    "next_channel_after": _duration,
    # Kept by level: a survey can't switch a pause of its project off.
    "pause": lambda name, value, path: {},
}

_MERGERS: dict[str, Callable[[Any, Any, str], Any]] = {
    "holdout": _holdout,
    "cooldown": _cooldown,
    "caps": _caps,
    "group_caps": _group_caps,
    "sampling": _sampling,
    "send_window": _send_window,
}
"""Fields of which a level need not say all: what the levels above say, what this one says → what holds."""

_DEFAULT = Policy()
