"""Which time zone holds for somebody of the directory?"""

from dataclasses import replace

from afterword.domain.people.time_zone import HeldZone, ZoneOrigin, choose_zone
from afterword.flows.surveys.policy_levels import read_levels
from afterword.kit.time_zones import find_zone
from afterword.storage.engine import Connection
from afterword.storage.people import Person


def zone_of(person: Person, organisation: str | None) -> HeldZone:
    """
    The zone that the person chose, else the directory's, else the team's, else the organisation's, else UTC.

    Args:
        organisation: What its policy says.
    """
    said = {
        ZoneOrigin.PERSON: person.own_timezone,
        ZoneOrigin.DIRECTORY: person.timezone,
        ZoneOrigin.TEAM: person.team_timezone,
        ZoneOrigin.ORGANISATION: organisation,
    }
    return choose_zone(said, find_zone)


def zone_unchosen(person: Person, organisation: str | None) -> HeldZone:
    """The zone that would hold for a person who had chosen none."""
    return zone_of(replace(person, own_timezone=None), organisation)


def read_zone(connection: Connection, person: Person) -> HeldZone:
    """The same as ``zone_of``, by the organisation's policy of today; one query."""
    return zone_of(person, read_levels(connection, None).timezone)
