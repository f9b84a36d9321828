"""Which events does a survey listen to?"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Compare:
    """
    One comparison of a metadata value.

    Attributes:
        path: Dotted path into the metadata, ``outcome`` or ``job.duration_s``.
        operator: One of OPERATORS.
        value: What to compare with; a list for ``in``, a boolean for ``exists``.
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


@dataclass(frozen=True, slots=True)
class Trigger:
    """The events a survey listens to, and what their metadata must say."""

    events: tuple[str, ...]
    where: Condition | None = None


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
    """What metadata holds at a path, as JSON; ``absent`` for nothing."""
    found = _look_up(path, metadata)
    return "absent" if found is _ABSENT else json.dumps(found, ensure_ascii=False)


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
}
"""Name of the operator in a survey file → (value found, value wanted) → bool."""
