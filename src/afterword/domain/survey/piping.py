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

UNLINKED = "\u200c"
"""
Stands around what makes a mail client see a link: the zero width non-joiner, which nobody sees and every font
has. Should a client link the text all the same, browsers refuse the address, for no name of a host may hold
this character beside these; the word joiner and the zero width space they leave out, and open the link.

Source: RFC 5892, appendix A.1; UTS 46, section 4.1, CheckJoiners; URL Standard, domain to ASCII.
"""

_LINKING = re.compile(r"(?<!\s)[.:@\u3002\uff0e\uff61](?!\s)|(?<=[/\\])[/\\]")
"""Dots, those of other scripts that mean the same in the name of a host, too; and ``:``, ``@``, ``//``."""

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


def fill(text: str, piped: Piped, *, unlinked: bool = False) -> str:
    """
    Put what is known into a text; it stays one piece of text, whatever the values are.

    Args:
        unlinked: For mails: no client makes a link of a value, nor of one and what stands beside it.
    """
    if "{{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda found: _fill_one(found, piped, unlinked=unlinked), text)


def unlink(text: str) -> str:
    """A text that looks the same, and that no mail client makes a link of."""
    return _LINKING.sub(lambda found: UNLINKED + found[0] + UNLINKED, text)


def _fill_one(found: re.Match[str], piped: Piped, *, unlinked: bool) -> str:
    parts = _PARTS.fullmatch(found[1])
    if parts is None:
        return found[0]
    value = _show(_look_up(parts[1], parts[2], piped))
    if not value or not unlinked:
        return value or parts[3].strip()
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    starts, ends = _links_on(before, "}"), _links_on(after, "{")
    return UNLINKED * starts + unlink(value) + UNLINKED * ends


def _links_on(beside: str, brace: str) -> bool:
    """Whether what stands beside a value could make a link together with it: a dot, or another value."""
    return beside == brace or _LINKING.fullmatch(beside) is not None


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
