"""Which time zones are there, and which one does a name mean?"""

import difflib
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

ZONES_REMEMBERED = 1_000
"""More than there are: none is read from the disk twice."""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """All IANA names that this machine knows, old ones too."""
    return frozenset(available_timezones())


@lru_cache(maxsize=ZONES_REMEMBERED)
def find_zone(name: str) -> tzinfo | None:
    """The time zone of a name; None when this machine has none of it, or no longer."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def explain_unknown(name: str) -> str | None:
    """What is wrong with a name that somebody wrote, and what was meant; None when there is such a zone."""
    if name in zone_names():
        return None
    close = difflib.get_close_matches(name, zone_names(), n=1)
    hint = f"did you mean {close[0]}?" if close else "a name such as Europe/Berlin"
    return f"there is no time zone {name!r}: {hint}"
