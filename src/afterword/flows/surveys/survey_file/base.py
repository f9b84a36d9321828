"""What all parts of a survey file share."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from afterword.domain.event import NAME_CHARS_MAX
from afterword.domain.survey.question import LABEL_CHARS_MAX, QUESTION_TEXT_CHARS_MAX
from afterword.domain.survey.survey import TITLE_CHARS_MAX

DURATION_MAX = timedelta(days=3_650)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="a-z, 0-9, - and _")]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=QUESTION_TEXT_CHARS_MAX)]
Help = Annotated[str, Meta(max_length=QUESTION_TEXT_CHARS_MAX)]
Label = Annotated[str, Meta(min_length=1, max_length=LABEL_CHARS_MAX)]
EventName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Duration = Annotated[str, Meta(pattern=r"^[0-9]{1,5}[smhd]$", description="such as 30m, 72h or 90d")]


class Part(Struct, forbid_unknown_fields=True):
    """An object of the file."""


class FieldError(ValueError):
    """What a field says can't be; ``path`` is where, as ``$.trigger.events[0]``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def parse_duration(text: str) -> timedelta:
    """``90d`` → 90 days; units are s, m, h and d."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def check_duration(text: str, path: str, *, is_positive: bool = False) -> timedelta:
    """
    Read a duration that a field gives.

    Raises:
        FieldError: It is longer than DURATION_MAX, or nothing where it must be something.
    """
    duration = parse_duration(text)
    if duration > DURATION_MAX:
        raise FieldError(path, f"at most {DURATION_MAX.days}d")
    if is_positive and not duration:
        raise FieldError(path, "must be more than 0")
    return duration


def check_unique(path: str, what: str, values: list[str]) -> None:
    """
    Check that no value of a list is there twice.

    Raises:
        FieldError: At the second one.
    """
    for index, value in enumerate(values):
        if value in values[:index]:
            raise FieldError(f"{path}[{index}]", f"the {what} {value!r} is there twice")
