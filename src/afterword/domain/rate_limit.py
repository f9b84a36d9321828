"""May this project send another event now?"""

from dataclasses import dataclass

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
SECOND_US = 1_000_000

EVENTS_PER_MINUTE_DEFAULT = 30
EVENTS_PER_DAY_DEFAULT = 15_000


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How many events a project may send in any 60 s and in any 86,400 s."""

    per_minute: int = EVENTS_PER_MINUTE_DEFAULT
    per_day: int = EVENTS_PER_DAY_DEFAULT


def free_at(limits: RateLimits, minute_event_us: int | None, day_event_us: int | None) -> int:
    """
    Tell from when on event *n* is within both sliding windows.

    The accepted events of a project are numbered 1, 2, 3 …; event *n* is
    within a limit of *k* in a window iff event *n − k* is at least a window old.

    Args:
        limits: The project's limits.
        minute_event_us: When event *n − per_minute* was accepted; None when there is none.
        day_event_us: When event *n − per_day* was accepted; None when there is none.

    Returns:
        Microseconds of the limit clock; 0 when nothing stands in the way.
    """
    minute = 0 if minute_event_us is None else minute_event_us + MINUTE_US
    day = 0 if day_event_us is None else day_event_us + DAY_US
    return max(minute, day)


def retry_after_s(free_at_us: int, now_us: int) -> int:
    """Whole seconds until a refused request may come again, rounded up, at least 1."""
    return max(1, -(-(free_at_us - now_us) // SECOND_US))
