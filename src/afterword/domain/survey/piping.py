"""
How does a text name what somebody did?

``{{event.metadata.service|your service}}``: what to look up, and what to say when it is not there. That is
all: no expressions, and what is looked up is data, never read as a placeholder again. Pages escape it as they
escape every value.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

VALUE_CHARS_MAX = 100
"""A longer value would bury the question; it is cut with “…”."""

PERSON_FIELDS = ("name", "team")

_CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of Unicode that are no character to be read."""

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_PARTS = re.compile(r"\s*([a-z]+)\.([^|]+?)\s*\|(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piped:
    """
    What texts may name.

    Attributes:
        event_name: Of the event that was asked about; empty for none.
        metadata: Of that event.
        person: Field of PERSON_FIELDS → value.
    """

    event_name: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    person: Mapping[str, str] = field(default_factory=dict)


NOTHING = Piped()
"""Of nobody in particular: every placeholder says what it says without a value."""


def check_placeholders(text: str) -> None:
    """
    Check that every placeholder of a text can be filled in, and says what to say when there is nothing.

    Raises:
        ValueError: Naming the placeholder.
    """
    left = next((one for one in ("{{", "}}") if one in _PLACEHOLDER.sub("", text)), None)
    if left is not None:
        raise ValueError(f"{left} belongs to no placeholder, such as {{{{person.name|there}}}}")
    for whole, inside in _placeholders(text):
        parts = _PARTS.fullmatch(inside)
        if parts is None:
            raise ValueError(f"{whole} needs a name and a fallback, such as {{{{person.name|there}}}}")
        if not parts[3].strip():
            raise ValueError(f"{whole} has an empty fallback: say what stands there without a value")
        if "|" in parts[3]:
            raise ValueError(f"{whole} has two bars: after the first one stands what is said without a value")
        if not _is_known(parts[1], parts[2]):
            known = ", ".join(f"person.{name}" for name in PERSON_FIELDS)
            raise ValueError(f"{whole} is not known: one of event.metadata.…, event.name, {known}")


def fill(text: str, piped: Piped) -> str:
    """Put what is known into a text; it stays one piece of text, whatever the values are."""
    if "{{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda found: _fill_one(found, piped), text)


def _fill_one(found: re.Match[str], piped: Piped) -> str:
    parts = _PARTS.fullmatch(found[1])
    if parts is None:
        return found[0]
    return _show(_look_up(parts[1], parts[2], piped)) or parts[3].strip()


def _placeholders(text: str) -> Iterator[tuple[str, str]]:
    for found in _PLACEHOLDER.finditer(text):
        yield found[0], found[1]


def _is_known(root: str, path: str) -> bool:
    if root == "person":
        return path in PERSON_FIELDS
    return root == "event" and (path == "name" or re.fullmatch(r"metadata(\.[^.]+)+", path) is not None)


def _look_up(root: str, path: str, piped: Piped) -> Any:
    if root == "person":
        return piped.person.get(path)
    if path == "name":
        return piped.event_name
    value: Any = piped.metadata
    for key in path.split(".")[1:]:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _show(value: Any) -> str:
    """A value in one line of printable characters; empty for what is no plain value."""
    if isinstance(value, bool | int | float):
        value = json.dumps(value)
    if not isinstance(value, str):
        return ""
    # Controls, also those that turn the direction of what follows, would change texts that are not theirs.
    kept = "".join(" " if unicodedata.category(one) in _CONTROLS else one for one in value)
    line = " ".join(kept.split())
    return line if len(line) <= VALUE_CHARS_MAX else line[: VALUE_CHARS_MAX - 1].rstrip() + "…"
