"""Is this an event, and what does it say?"""

import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NAME_CHARS_MAX = 255
IDENTITY_CHARS_MAX = 254
METADATA_BYTES_DEFAULT = 1_024
JSON_DEPTH_MAX = 64
FUTURE_S_MAX = 86_400
SECOND_US = 1_000_000
IDEMPOTENCY_US = 24 * 3_600 * SECOND_US
"""How long an Idempotency-Key is remembered."""

ERASED_NAME = "(erased)"
"""The name of an event of a person who was erased."""

USUAL_TIMESTAMP_CHARS = 10
"""Of nearly all timestamps, from 2001 to 2286: they need no regular expression."""

_TIMESTAMP = re.compile(r"([1-9][0-9]{0,10})(?:\.([0-9]{1,9}))?")
_MILLISECONDS = re.compile(r"[1-9][0-9]{12}(?:\.[0-9]*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ASCII_BLANKS = " \t\n\r\v\f"
_PIECES = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""Strings and brackets. A string without an end goes to the end: each quote in it would start a new scan."""

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_TEST_DATA = {"true": True, "false": False, "1": True, "0": False}


class EventErrorCode(StrEnum):
    """The error codes of events.track that a request's own content can cause. Never renamed."""

    INVALID_ARGUMENTS = "invalid_arguments"
    INVALID_FORM_DATA = "invalid_form_data"
    METADATA_TOO_LARGE = "metadata_too_large"


class EventError(Exception):
    """
    An event that can't be taken.

    Attributes:
        code: For programs.
        message: For people; names the argument and what to do, never the value.
    """

    def __init__(self, code: EventErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class MissingArgumentError(EventError):
    """A required argument is absent; forms and JSON have different codes for that."""

    def __init__(self, message: str) -> None:
        super().__init__(EventErrorCode.INVALID_ARGUMENTS, message)


class TooDeepError(ValueError):
    """JSON that nests deeper than JSON_DEPTH_MAX."""


class NumberText(float):
    """A JSON number that remembers how it was written: ``1e9`` is no timestamp, ``1.5`` is."""

    text: str

    def __new__(cls, text: str) -> "NumberText":
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass(slots=True)
class Event:
    """
    One event as a project's tool sent it.

    Attributes:
        name: 1–255 characters, trimmed.
        occurred_at_us: The sender's time, microseconds since 1970 UTC.
        email, github_username, gitlab_username: Handles as sent, trimmed; at least one is there.
        metadata: The compact JSON text that is stored; None when there is none.
        is_test: Sent with test_data.
    """

    name: str
    occurred_at_us: int
    email: str | None
    github_username: str | None
    gitlab_username: str | None
    metadata: str | None
    is_test: bool

    def digest(self) -> bytes:
        """The SHA-256 of all arguments, by which a key that is used again is told from a retry."""
        return hashlib.sha256(repr(self).encode()).digest()

    def without_person(self) -> "Event":
        """What may be kept of an event of a person who was erased: that there was one."""
        return Event(ERASED_NAME, self.occurred_at_us, None, None, None, None, self.is_test)


def parse_event(
    *,
    name: Any,
    timestamp: Any,
    email: Any = None,
    github_username: Any = None,
    gitlab_username: Any = None,
    metadata: Any = None,
    test_data: Any = None,
    now_us: int,
    metadata_bytes_max: int = METADATA_BYTES_DEFAULT,
) -> Event:
    """
    Check the arguments of one call, in the order of the contract.

    Args:
        name … test_data: The arguments as JSON values; None is absent. A number that was
            written with a fraction or an exponent comes as NumberText (or float).
        now_us: Wall time, microseconds since 1970 UTC.
        metadata_bytes_max: The project's limit for the compact metadata.

    Raises:
        EventError: Naming the first argument that does not fit.

    Source: docs/reference/events-track.md.
    """
    checked_name = _parse_name(name)
    occurred_at_us = _parse_timestamp(timestamp, now_us)
    who = (
        _parse_identity("email", email),
        _parse_identity("github_username", github_username),
        _parse_identity("gitlab_username", gitlab_username),
    )
    if who == (None, None, None):
        raise MissingArgumentError(
            "Say who did it: one of email, github_username and gitlab_username is required."
        )
    is_test = parse_test_data(test_data) or False
    text = _parse_metadata(metadata, metadata_bytes_max)
    return Event(checked_name, occurred_at_us, *who, text, is_test)


def parse_test_data(value: Any) -> bool | None:
    """Read the test_data switch; None when absent."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        if not value.strip():
            return None
        if value in _TEST_DATA:
            return _TEST_DATA[value]
    raise _invalid('test_data must be true or false (also "true", "false", 1 or 0).')


def json_depth_exceeds(text: bytes, depth_max: int = JSON_DEPTH_MAX) -> bool:
    """Tell whether arrays and objects nest deeper than depth_max, without parsing."""
    if text.count(b"[") + text.count(b"{") <= depth_max:
        return False
    depth = 0
    for piece in _PIECES.finditer(text):
        first = piece.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > depth_max:
                return True
        elif first in b"]}":
            depth -= 1
    return False


def load_json(text: str | bytes) -> Any:
    """
    Parse JSON strictly, but as liberally as the contract asks.

    Duplicate keys: the last wins. Lone surrogates are let through (they are
    replaced where text is stored). Numbers with a fraction or an exponent
    become NumberText.

    Raises:
        ValueError: Not JSON, NaN, Infinity, a number out of range, or nested too deeply.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if json_depth_exceeds(raw):
        raise TooDeepError(f"JSON nests deeper than {JSON_DEPTH_MAX} levels")
    return _decode(raw.decode("utf-8", "surrogatepass" if isinstance(text, str) else "strict"))


def _parse_float(text: str) -> NumberText:
    number = NumberText(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return number


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


_decode = json.JSONDecoder(parse_float=_parse_float, parse_constant=_refuse_constant).decode


def _invalid(message: str) -> EventError:
    return EventError(EventErrorCode.INVALID_ARGUMENTS, message)


def _parse_name(value: Any) -> str:
    if value is None:
        raise MissingArgumentError("name is required: the name of the event, such as build.finished.")
    if not isinstance(value, str):
        raise _invalid("name must be a string.")
    name = value.strip()
    if not name:
        raise MissingArgumentError("name is blank: give the name of the event, such as build.finished.")
    if len(name) > NAME_CHARS_MAX:
        raise _invalid(f"name is too long: at most {NAME_CHARS_MAX} characters.")
    if name.isprintable():
        return name
    if _CONTROL.search(name):
        raise _invalid("name contains control characters: leave them out.")
    return _storable(name)


def _parse_timestamp(value: Any, now_us: int) -> int:
    if value is None:
        raise MissingArgumentError("timestamp is required: Unix time in seconds, as a string.")
    if isinstance(value, NumberText):
        text = value.text
    elif isinstance(value, str):
        text = value.strip(_ASCII_BLANKS)
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, float):
        text = repr(value)
    else:
        raise _invalid("timestamp must be Unix time in seconds, as a string or a number.")
    if not text:
        raise MissingArgumentError("timestamp is blank: give Unix time in seconds, as a string.")
    if len(text) == USUAL_TIMESTAMP_CHARS and text.isascii() and text.isdecimal() and text[0] != "0":
        occurred_at_us = int(text) * SECOND_US
    else:
        occurred_at_us = _parse_unusual_timestamp(text)
    if occurred_at_us > now_us + FUTURE_S_MAX * SECOND_US:
        raise _invalid("timestamp is more than 24 hours in the future: check the sender's clock.")
    return occurred_at_us


def _parse_unusual_timestamp(text: str) -> int:
    digits = _TIMESTAMP.fullmatch(text)
    if digits is None:
        if _MILLISECONDS.fullmatch(text):
            raise _invalid("timestamp is in milliseconds: divide it by 1000, it must be in seconds.")
        raise _invalid("timestamp must be Unix time in seconds: digits, with at most 9 decimals.")
    seconds, fraction = digits.groups(default="")
    return int(seconds) * SECOND_US + int(fraction[:6].ljust(6, "0"))


def _parse_identity(argument: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _invalid(f"{argument} must be a string.")
    handle = value.strip()
    if len(handle) > IDENTITY_CHARS_MAX:
        raise _invalid(f"{argument} is too long: at most {IDENTITY_CHARS_MAX} characters.")
    if handle.isprintable():
        return handle or None
    if _CONTROL.search(handle):
        raise _invalid(f"{argument} contains control characters: leave them out.")
    return _storable(handle) or None


def _parse_metadata(value: Any, bytes_max: int) -> str | None:
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = load_json(value)
        except (ValueError, RecursionError):
            raise _invalid("metadata is a string that does not hold a JSON object.") from None
        if value is None:
            return None
    elif value is None:
        return None
    if not isinstance(value, dict):
        raise _invalid("metadata must be a JSON object.")
    text = compact_json(value)
    if len(text) > bytes_max or len(text.encode()) > bytes_max:
        raise EventError(
            EventErrorCode.METADATA_TOO_LARGE,
            f"metadata is too large: at most {bytes_max} bytes as compact JSON.",
        )
    return text


def compact_json(value: Any) -> str:
    """
    Write JSON in its smallest usual form, as it is stored and measured.

    NUL and lone surrogates, which no database keeps, become U+FFFD.
    """
    text = _compact(value)
    if "\\u0000" in text or not (text.isprintable() or _UNSTORABLE.search(text) is None):
        text = _compact(_replace_unstorable(value))
    return text


def _replace_unstorable(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, dict):
        return {_storable(key): _replace_unstorable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_unstorable(item) for item in value]
    return value


def _storable(text: str) -> str:
    return _UNSTORABLE.sub(_REPLACEMENT, text)
