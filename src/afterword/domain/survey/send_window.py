"""When may a mail go out, by the clock on the person's wall?"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

DAYS_REMEMBERED = 1_000
"""Days, each in one time zone, of which is not found anew when they begin."""

WORKING_DAYS = frozenset(range(5))
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_DAYS_AHEAD = 15
"""One day of the week comes within 8 days; set forward, the clock may jump over all of its window once."""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """
    Weekdays and hours in which mails go out; outside they wait, but not for long.

    Attributes:
        weekdays: Monday is 0.
        opens_at: Minute of the day at which it opens.
        closes_at: Minute of the day at which it closes, above ``opens_at``, up to 1,440.
        defer_max: Whoever would wait longer than this is not asked.
    """

    weekdays: frozenset[int] = WORKING_DAYS
    opens_at: int = 9 * 60
    closes_at: int = 17 * 60
    defer_max: timedelta = timedelta(hours=4)

    def next_open(self, now: datetime, zone: tzinfo) -> datetime:
        """
        Find the first moment, from now on, within the window.

        Args:
            now: Aware UTC time.
            zone: Where the person is.

        Returns:
            ``now`` itself within the window; else the first whole minute at which the wall clock is in it, in
            UTC. Where the clock jumps over the opening, it opens when the jump is over; where an hour comes
            twice, both times.
        """
        wall = now.astimezone(zone)
        if self._holds(wall):
            return now
        days = (wall.date() + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
        openings = (self._opening_on(day, now, zone) for day in days if day.weekday() in self.weekdays)
        return next(opens for opens in openings if opens is not None)

    def _holds(self, wall: datetime) -> bool:
        minute = wall.hour * 60 + wall.minute
        return self.opens_at <= minute < self.closes_at and wall.weekday() in self.weekdays

    def _opening_on(self, day: date, now: datetime, zone: tzinfo) -> datetime | None:
        """The first moment of a day, after now, that is in the window; None when there is none."""
        begins, ends = _midnight(day, zone), _midnight(day + _DAY, zone)
        if ends - begins == _DAY:
            opens = begins + self.opens_at * _MINUTE
            return opens if opens > now else None
        # Clocks are set on this day: what the wall shows is only known minute by minute.
        minute = max(begins, now.replace(second=0, microsecond=0))
        while minute < ends and not self._holds(minute.astimezone(zone)):
            minute += _MINUTE
        return minute if minute < ends else None


@lru_cache(maxsize=DAYS_REMEMBERED)
def _midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day; of one that the clock jumps over, that of the next."""
    wall = datetime.combine(day, time())
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    moment = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += _MINUTE
    return moment


WORKING_HOURS = SendWindow()
