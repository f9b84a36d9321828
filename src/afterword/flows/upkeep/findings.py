"""What does somebody who looks after an installation have to know, and do?"""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad is it? Only FAIL means that something does not work, or that data are at risk."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one check found.

    Attributes:
        check: What was looked at, in one or two words; the same in every version.
        text: What was found. No secrets.
        advice: What to do; empty when there is nothing to do.
    """

    check: str
    level: Level
    text: str
    advice: str = ""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, text)


def warn(check: str, text: str, advice: str) -> Finding:
    """It works, and should be looked after."""
    return Finding(check, Level.WARN, text, advice)


def fail(check: str, text: str, advice: str) -> Finding:
    """It does not work, or data are at risk."""
    return Finding(check, Level.FAIL, text, advice)
