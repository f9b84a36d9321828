"""What may a person wish about when, and about what, they are asked?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

SNOOZE_DAYS_MAX = 366
"""A longer pause is an opt-out, which is told as one and has no end that somebody could forget."""

MINUTES_PER_DAY = 24 * 60
_MINUTE = timedelta(minutes=1)


class OptOutScope(StrEnum):
    """How much somebody wants no surveys of."""

    ALL = "all"
    PROJECT = "project"
    CHANNEL = "channel"


class ChannelKind(StrEnum):
    """
    The ways to reach people that somebody may say no to, the nearest one first.

    Slack is nearer than mail: people have it open while they work. A server's mailbox stands in for mail.
    """

    SLACK = "slack"
    EMAIL = "email"


MAIL_ONLY = (ChannelKind.EMAIL,)
"""Mail is always there; all others are where the operator set them up."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """
    One wish to be left alone.

    Attributes:
        value: The id of the project or the name of the channel; "" for all.
    """

    scope: OptOutScope
    value: str
    created_at: datetime


def find_opt_out(
    opted_out_at: datetime | None,
    opt_outs: Iterable[OptOut],
    project_id: int,
    channels: Collection[ChannelKind] = MAIL_ONLY,
) -> OptOut | None:
    """
    What keeps a person from being asked about a project; None when nothing does.

    Args:
        channels: Those by which the survey may ask. An opt-out of one counts when no other one is left.
    """
    if opted_out_at is not None:
        return OptOut(OptOutScope.ALL, "", opted_out_at)
    kept = list(opt_outs)
    for one in kept:
        if one.scope is OptOutScope.PROJECT and one.value == str(project_id):
            return one
    unwanted = {one.value: one for one in kept if one.scope is OptOutScope.CHANNEL}
    if channels and all(kind.value in unwanted for kind in channels):
        return max((unwanted[kind.value] for kind in channels), key=lambda one: one.created_at)
    return None


def unwanted_channels(opt_outs: Iterable[OptOut]) -> frozenset[str]:
    """The names of the channels by which a person wants no surveys."""
    return frozenset(one.value for one in opt_outs if one.scope is OptOutScope.CHANNEL)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """
    When nothing may be sent, by the clock on the person's wall.

    Attributes:
        start: Minutes after midnight, included.
        end: Minutes after midnight, not included; before ``start`` it lies on the next day.
    """

    start: int
    end: int

    def hold(self, wall: datetime) -> bool:
        """Whether it is quiet at a time of the person's wall clock."""
        minute = wall.hour * 60 + wall.minute
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def end_of_quiet(hours: QuietHours, zone: tzinfo, now: datetime) -> datetime | None:
    """
    When it stops being quiet; None when it is not.

    Args:
        zone: The person's.
        now: Aware UTC time.

    Returns:
        The first whole minute at which the wall clock shows no quiet time. Looked for minute by minute where
        clocks are set: the minutes after midnight that ``end`` counts may be skipped there, or come twice.
    """
    wall = now.astimezone(zone)
    if not hours.hold(wall):
        return None
    minute = now.replace(second=0, microsecond=0)
    end = minute + (hours.end - wall.hour * 60 - wall.minute) % MINUTES_PER_DAY * _MINUTE
    if end.astimezone(zone).utcoffset() == wall.utcoffset():
        return end
    while hours.hold(minute.astimezone(zone)):
        minute += _MINUTE
    return minute
