"""How is it written down when a survey starts and ends?"""

from datetime import UTC, date, datetime, time, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from afterword.flows.surveys.survey_file.base import FieldError
from afterword.kit.time_zones import explain_unknown

Moment = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?$",
        description="a date such as 2027-03-01, or a time with its zone such as 2027-03-01T09:00+01:00",
    ),
]
TimeZone = Annotated[str, Meta(min_length=1, description="an IANA name such as Europe/Berlin")]


def make_zone(name: str | None, path: str) -> tzinfo:
    """
    The time zone that a field names; UTC when it names none.

    Raises:
        FieldError: There is none of this name.
    """
    if name is None:
        return UTC
    if problem := explain_unknown(name):
        raise FieldError(path, problem)
    return ZoneInfo(name)


def make_moment(text: str | None, zone: tzinfo, path: str) -> datetime | None:
    """
    The moment that a field gives, in UTC; a date is its midnight in the zone.

    Raises:
        FieldError: There is no such date or time, or it has no zone.
    """
    if text is None:
        return None
    try:
        if len(text) == len("2027-03-01"):
            return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            raise FieldError(
                path, "a time needs its zone, such as 2027-03-01T09:00+01:00 or 2027-03-01T08:00Z"
            )
        return moment.astimezone(UTC)
    except FieldError:
        raise
    except (ValueError, OverflowError):
        raise FieldError(path, "there is no such date or time") from None
