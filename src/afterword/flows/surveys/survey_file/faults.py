"""What is said when a field holds something of another kind?"""

import json
import re
from collections.abc import Mapping
from typing import Any

EXAMPLES: dict[str, Any] = {
    "survey": "build-cli",
    "project": "Build CLI",
    "title": "How was your build?",
    "tags": ["quarterly"],
    "starts_at": "2027-03-01",
    "ends_at": "2027-04-01T00:00+02:00",
    "timezone": "Europe/Berlin",
    "where": {"path": "outcome", "eq": "failed"},
    "events": ["build.finished"],
    "matches": "^release/",
    "hours": "9-17",
    "days": ["mon", "tue"],
    "cooldown": {"answered": "90d", "dismissed": "60d", "ignored": "30d", "snoozed": "7d"},
    "caps": {"1d": 1, "7d": 1, "30d": 2, "90d": 4},
    "group_caps": {"quarterly": {"count": 1, "window": "90d"}},
    "quota": {"count": 200, "period": "30d"},
    "sampling": {"rate": 0.25},
    "send_window": {"days": ["mon", "tue", "wed", "thu", "fri"], "hours": "9-17", "defer": "4h"},
    "reminders": {"after": "24h"},
    "answered": "90d",
    "cancel_on": ["build.repaired"],
    "channels": ["email"],
    "defer": "4h",
    "delay": "10m",
    "dismissed": "60d",
    "expires_after": "72h",
    "global_cooldown": "14d",
    "holdout": 0.05,
    "ignored": "30d",
    "max_event_age": "30m",
    "min_tenure": "7d",
    "not_followed_by": {"events": ["build.repaired"], "within": "10m"},
    "period": "30d",
    "project_cooldown": "30d",
    "rate": 0.25,
    "snoozed": "7d",
    "window": "90d",
    "within": "1d",
}
"""Field → what may stand there."""

_OF_SOME: dict[str, Any] = {
    "after": {"events": ["build.started"], "within": "1h"},
    "count": {"at_least": 3, "within": "1d"},
    "labels": ["Bad", "Fair", "Good"],
    "options": ["Slow", "Unclear"],
    "rows": {"speed": "Speed", "docs": "Documentation"},
}
"""Of fields that are something else in other parts of a file."""

DURATION = "a duration is a number and a unit, such as 30m, 72h or 90d"

_KINDS = {
    "array": "a list",
    "object": "an object",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
_LIMITS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_UNITS = {"array": ("entry", "entries"), "object": ("field", "fields"), "str": ("character", "characters")}


def explain_kind(what: str, field: str) -> str | None:
    """
    Say what the parser says of a wrong value, in the words of the documentation and with an example.

    Args:
        what: The parser's sentence, such as ``Expected `array`, got `str```.
        field: The field's name.

    Returns:
        None when it is about something else.
    """
    if found := re.fullmatch(r"Expected `([^`]+)`, got `(\w+)`", what):
        return _of_kind(found[1].split(" | "), found[2], field)
    if found := re.fullmatch(r"Expected `(\w+)` of length (>=|<=) (\d+)", what):
        one, many = _UNITS[found[1]]
        count = int(found[3])
        example = _such_as(field, found[1]) if found[2] == ">=" else ""
        return f"this must have {_LIMITS[found[2]]} {count} {one if count == 1 else many}{example}"
    if found := re.fullmatch(r"Expected `(?:int|float)` (>=|<=|>|<) (\S+)", what):
        return f"this must be {_LIMITS[found[1]]} {float(found[2]):g}"
    return None


def show_example(value: Any) -> str:
    """A value as it stands in a file, in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {show_example(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show_example, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _of_kind(wanted: list[str], got: str, field: str) -> str:
    if "str" in wanted and got in ("int", "float") and _is_duration(field):
        return DURATION
    if "str" in wanted and got in ("bool", "int", "float", "date"):
        return "this must be text: put it into quotes, for YAML reads it as something else"
    kinds = [_KINDS.get(kind, kind) for kind in wanted if kind != "null"]
    is_found = "and is empty" if got == "null" else f"and is {_KINDS.get(got, got)}"
    return f"this must be {' or '.join(kinds)}{_such_as(field, *wanted)}, {is_found}"


def _such_as(field: str, *wanted: str) -> str:
    example = EXAMPLES.get(field, _OF_SOME.get(field))
    kind = {dict: "object", list: "array", str: "str", float: "float"}.get(type(example))
    return f", such as {show_example(example)}" if kind in wanted else ""


def _is_duration(field: str) -> bool:
    return field in ("cooldown", "after") or re.fullmatch(r"\d+[smhd]", str(EXAMPLES.get(field))) is not None
