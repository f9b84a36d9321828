"""Is this a rule by which the names of events can be read?"""

import re
import unicodedata

from afterword.domain.errors import InvalidInputError
from afterword.domain.people.identity import PATTERN_STARS_MAX
from afterword.domain.people.person import TEXT_CHARS_MAX

DOMAIN_CHARS_MAX = 253
"""Of a whole domain; one label of it has at most 63."""

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def parse_domain(text: str) -> str:
    """
    Bring the domain of addresses into the form by which it is compared.

    Raises:
        InvalidInputError: It is none.
    """
    domain = _fold(text).removeprefix("@")
    if len(domain) > DOMAIN_CHARS_MAX or not _DOMAIN.fullmatch(domain):
        raise InvalidInputError(f"{text[:TEXT_CHARS_MAX]!r} is not a domain such as example.com")
    return domain


def parse_junk(text: str) -> str:
    """
    Bring a value that names nobody into the form by which it is compared.

    Raises:
        InvalidInputError: It is empty, too long, or holds control characters.
    """
    value = _fold(text)
    if value.startswith("@"):
        value = value[1:]
    _check_text(value, "a junk value")
    return value


def parse_bot_pattern(text: str) -> str:
    """
    Bring a pattern of bots' names into the form by which it is compared.

    Raises:
        InvalidInputError: It would match too much, has too many stars, or is too long.
    """
    pattern = _fold(text).removeprefix("@")
    _check_text(pattern, "a pattern")
    if pattern.count("*") > PATTERN_STARS_MAX:
        raise InvalidInputError(f"a pattern has at most {PATTERN_STARS_MAX} stars")
    if not any(letter.isalnum() for letter in pattern):
        raise InvalidInputError(
            f"the pattern {pattern!r} would match too much: give some letters of the name"
        )
    return pattern


def exact_pattern(name: str) -> str:
    """The pattern of one normalised name; a star or question mark in it becomes any one letter."""
    return name.replace("*", "?")


def _check_text(text: str, what: str) -> None:
    if not text or len(text) > TEXT_CHARS_MAX or not text.isprintable():
        raise InvalidInputError(f"{what} has 1 to {TEXT_CHARS_MAX} printable characters")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).lower())
