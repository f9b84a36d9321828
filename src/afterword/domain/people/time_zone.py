"""By which time zone does a person live, and who says so?"""

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import NamedTuple


class ZoneOrigin(StrEnum):
    """Who can say it, the one who goes before all others first."""

    PERSON = "person"
    DIRECTORY = "directory"
    TEAM = "team"
    ORGANISATION = "organisation"
    DEFAULT = "default"


class HeldZone(NamedTuple):
    """A time zone that holds for a person, and who says so."""

    zone: tzinfo = UTC
    origin: ZoneOrigin = ZoneOrigin.DEFAULT

    @property
    def name(self) -> str:
        """Its IANA name."""
        return str(self.zone)


def choose_zone(said: Mapping[ZoneOrigin, str | None], find: Callable[[str], tzinfo | None]) -> HeldZone:
    """
    The first zone that somebody says, and that there is; else UTC.

    Args:
        said: IANA names; None and absent = says nothing.
        find: A name → its zone; None = there is none of this name, or no longer.
    """
    for origin in ZoneOrigin:
        name = said.get(origin)
        if name and (zone := find(name)) is not None:
            return HeldZone(zone, origin)
    return HeldZone()
