"""When may a mail go out, by the clock on the person's wall?"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WORKING_DAYS = frozenset(range(5))
_MINUTE = timedelta(minutes=1)
_DAYS_AHEAD = 8
"""A window that opens on one day of the week opens within so many days."""


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
            ``now`` itself within the window; else the time at which it opens next, in UTC. Where the clock
            jumps over the opening, it opens when the jump is over; where an hour comes twice, at the first.
        """
        wall = now.astimezone(zone)
        if wall.weekday() in self.weekdays and self.opens_at <= wall.hour * 60 + wall.minute < self.closes_at:
            return now
        for ahead in range(_DAYS_AHEAD):
            day = wall.date() + timedelta(days=ahead)
            opens = _moment(day, self.opens_at, zone)
            if day.weekday() in self.weekdays and now < opens < _moment(day, self.closes_at, zone):
                return opens
        raise AssertionError("a window opens on some day of the week")


def _moment(day: date, minute: int, zone: tzinfo) -> datetime:
    """The first moment of a day at which the wall shows this minute or a later one."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # Clocks were set forward over it: the wall first shows what comes after the jump.
    moment = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += _MINUTE
    return moment


WORKING_HOURS = SendWindow()
