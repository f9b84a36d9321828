"""Which events does a survey listen to?"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

ABSENT = "absent"
"""What is said of a path at which metadata holds nothing; no JSON is written so."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Compare:
    """
    One comparison of a metadata value.

    Attributes:
        path: Dotted path into the metadata, ``outcome`` or ``job.duration_s``.
        operator: One of OPERATORS.
        value: What to compare with; a list for ``in``, a boolean for ``exists``, a Pattern for ``matches``.
    """

    path: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is not."""

    part: "Condition"


Condition = Compare | AllOf | AnyOf | Not


class Pattern(Protocol):
    """A compiled regular expression; whoever compiles it sees to it that it takes linear time."""

    def search(self, text: str, /) -> object | None:
        """Something true when it matches anywhere."""
        ...


@dataclass(frozen=True, slots=True)
class Within:
    """Some events, and the time in which they count."""

    events: tuple[str, ...]
    window: timedelta


@dataclass(frozen=True, slots=True)
class Trigger:
    """
    The events a survey listens to, and what must be so.

    Attributes:
        events: Names, with ``*`` for any characters within a name.
        where: What the metadata must say.
        count: It is the N-th matching event of the person within ``count_window``, this one included.
        count_window: The window of ``count``.
        after: One of these events of the person came before, within its window.
        not_followed_by: None of these events of the person occurs within its window after it; until then the
            invitation waits.
        delay: How long the invitation waits anyway; further matches meanwhile are collapsed into it.
        cancel_on: Events of the person that withdraw an invitation that waits.
    """

    events: tuple[str, ...]
    where: Condition | None = None
    count: int = 1
    count_window: timedelta = timedelta()
    after: Within | None = None
    not_followed_by: Within | None = None
    delay: timedelta = timedelta()
    cancel_on: tuple[str, ...] = ()
    _heard: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_heard", _compile(self.events))

    @property
    def waits(self) -> timedelta:
        """How long an invitation waits at most, of an event that is decided when it occurs."""
        return self.waits_after(timedelta())

    def waits_after(self, age: timedelta) -> timedelta:
        """How long an invitation waits before it goes out, of an event that occurred so long ago."""
        return max(self.delay, self.not_followed_by.window - age if self.not_followed_by else timedelta())

    @property
    def looks_back(self) -> bool:
        """Whether it counts what the person did before."""
        return self.count > 1 or self.after is not None

    @property
    def withdrawing(self) -> tuple[str, ...]:
        """The events that withdraw an invitation that waits."""
        return self.cancel_on + (self.not_followed_by.events if self.not_followed_by else ())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all events that it must be told of."""
        return self.events + self.withdrawing + (self.after.events if self.after else ())

    @property
    def looks_back_by(self) -> timedelta:
        """How long what people do must be kept for it."""
        after = self.after.window if self.after else timedelta()
        return max(self.count_window, after, self.waits)

    @property
    def remembers(self) -> bool:
        """Whether what people do must be kept for it."""
        return self.looks_back or bool(self.withdrawing)

    def is_told(self, name: str) -> bool:
        """Whether an event of this name means anything to it."""
        return any_name(self.names, name)

    def hears(self, name: str) -> bool:
        """Whether an event of this name may ask."""
        return self._heard.fullmatch(name) is not None

    def is_after(self, name: str) -> bool:
        """Whether an event of this name is what must come before."""
        return self.after is not None and any_name(self.after.events, name)

    def cancels(self, name: str) -> bool:
        """Whether an event of this name withdraws an invitation for as long as it waits."""
        return any_name(self.cancel_on, name)

    def is_missed(self, name: str) -> bool:
        """Whether an event of this name is what must stay away."""
        return self.not_followed_by is not None and any_name(self.not_followed_by.events, name)

    def withdraws(self, name: str, at: datetime, asked_at: datetime) -> bool:
        """Whether an event of this name and time withdraws what one of an earlier time asks."""
        if at < asked_at:
            return False
        is_in_time = self.not_followed_by is not None and at <= asked_at + self.not_followed_by.window
        return self.cancels(name) or (is_in_time and self.is_missed(name))


class EventNames:
    """Names and globs, asked for one name after the other."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        given = frozenset(names)
        self._globs = tuple(sorted(name for name in given if "*" in name))
        self._names = given.difference(self._globs)

    def __contains__(self, name: str) -> bool:
        """Whether one of them is this name, or stands for it."""
        return name in self._names or (bool(self._globs) and any_name(self._globs, name))


def any_name(names: tuple[str, ...], name: str) -> bool:
    """Whether one of some names is this one; ``*`` stands for any characters, and nothing else does."""
    return _compile(names).fullmatch(name) is not None


@lru_cache(maxsize=1_000)
def _compile(names: tuple[str, ...]) -> re.Pattern[str]:
    # Atomic, so that many stars don't multiply: each takes the least before what follows it, for good.
    return re.compile("|".join(map(_glob, names)) if names else "(?!)", re.DOTALL)


def _glob(name: str) -> str:
    first, *rest = map(re.escape, re.split(r"\*+", name))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}"


def matches(condition: Condition | None, metadata: Mapping[str, Any]) -> bool:
    """
    Tell whether metadata satisfies a condition.

    An absent path satisfies only ``exists: false`` and ``ne``. Values of
    different types are never equal and never ordered: ``"3"`` is not ``3``,
    and ``true`` is not ``1``.
    """
    match condition:
        case None:
            return True
        case AllOf(parts):
            return all(matches(part, metadata) for part in parts)
        case AnyOf(parts):
            return any(matches(part, metadata) for part in parts)
        case Not(part):
            return not matches(part, metadata)
        case Compare(path, operator, value):
            return OPERATORS[operator](_look_up(path, metadata), value)


def find_mismatch(condition: Condition | None, metadata: Mapping[str, Any]) -> Compare | None:
    """Find the first comparison that keeps metadata from matching; None when none does, or a ``not``."""
    match condition:
        case AllOf(parts) | AnyOf(parts) if not matches(condition, metadata):
            found = (find_mismatch(part, metadata) for part in parts)
            return next((compare for compare in found if compare is not None), None)
        case Compare() if not matches(condition, metadata):
            return condition
    return None


def show_found(path: str, metadata: Mapping[str, Any]) -> str:
    """What metadata holds at a path, as JSON; ABSENT for nothing."""
    found = _look_up(path, metadata)
    return ABSENT if found is _ABSENT else json.dumps(found, ensure_ascii=False)


def _look_up(path: str, metadata: Mapping[str, Any]) -> Any:
    value: Any = metadata
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _kind(value: Any) -> type:
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float):
        return float
    return type(value)


def _equal(found: Any, wanted: Any) -> bool:
    if _kind(found) is not _kind(wanted):
        return False
    if isinstance(found, list):
        return len(found) == len(wanted) and all(map(_equal, found, wanted))
    if isinstance(found, Mapping):
        return found.keys() == wanted.keys() and all(_equal(found[key], wanted[key]) for key in found)
    return bool(found == wanted)


def _contains(found: Any, wanted: Any) -> bool:
    if isinstance(found, str):
        return isinstance(wanted, str) and wanted in found
    return isinstance(found, list) and any(_equal(item, wanted) for item in found)


def _ordered(found: Any, wanted: Any) -> bool:
    return _kind(found) is _kind(wanted) and _kind(found) in (float, str)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda found, wanted: not _equal(found, wanted),
    "in": lambda found, wanted: any(_equal(found, item) for item in wanted),
    "contains": _contains,
    "gt": lambda found, wanted: _ordered(found, wanted) and found > wanted,
    "gte": lambda found, wanted: _ordered(found, wanted) and found >= wanted,
    "lt": lambda found, wanted: _ordered(found, wanted) and found < wanted,
    "lte": lambda found, wanted: _ordered(found, wanted) and found <= wanted,
    "exists": lambda found, wanted: (found is not _ABSENT) is wanted,
    "matches": lambda found, wanted: isinstance(found, str) and bool(wanted.search(found)),
}
"""Name of the operator in a survey file → (value found, value wanted) → bool."""
