"""Is the zone of who is nearest to the person the one that holds?"""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import pytest

from afterword.domain.people.time_zone import HeldZone, ZoneOrigin, choose_zone

KNOWN = {name: ZoneInfo(name) for name in ("Asia/Tokyo", "Europe/Oslo", "Europe/Berlin", "Africa/Lagos")}
ALL = {
    ZoneOrigin.ORGANISATION: "Africa/Lagos",
    ZoneOrigin.TEAM: "Europe/Berlin",
    ZoneOrigin.DIRECTORY: "Europe/Oslo",
    ZoneOrigin.PERSON: "Asia/Tokyo",
}


def find(name: str) -> tzinfo | None:
    return KNOWN.get(name)


def test_the_nearest_one_that_says_a_zone_is_heard() -> None:
    said: dict[ZoneOrigin, str | None] = dict(ALL)
    for origin in ZoneOrigin:
        expected = ALL.get(origin, "UTC")
        held = choose_zone(said, find)
        assert (held.name, held.origin) == (expected, origin)
        said[origin] = None


@pytest.mark.parametrize("name", [None, "", "Mars/Base"])
def test_what_is_no_zone_is_passed_over(name: str | None) -> None:
    assert choose_zone({**ALL, ZoneOrigin.PERSON: name}, find).origin is ZoneOrigin.DIRECTORY
    assert choose_zone(dict.fromkeys(ZoneOrigin, name), find) == HeldZone(UTC, ZoneOrigin.DEFAULT)
