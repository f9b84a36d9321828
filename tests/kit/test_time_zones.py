"""Is a zone found by its name, and is it told what was meant?"""

from zoneinfo import ZoneInfo

import pytest

from afterword.kit.time_zones import explain_unknown, find_zone, zone_names


def test_a_name_is_a_zone_or_none() -> None:
    assert find_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert {"UTC", "Europe/Berlin"} <= zone_names()


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "/etc/passwd", "", "Europe", "a\0b"])
def test_what_is_no_name_is_none(name: str) -> None:
    assert find_zone(name) is None


def test_what_was_meant_is_told() -> None:
    assert explain_unknown("Europe/Berlin") is None
    assert explain_unknown("Europe/Berln") == (
        "there is no time zone 'Europe/Berln': did you mean Europe/Berlin?"
    )
    assert explain_unknown("Mars") == "there is no time zone 'Mars': a name such as Europe/Berlin"
