"""What has a survey used of its limits, moment by moment?"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from afterword.domain.survey.policy import CATCH_UP, RESPONSE_RATE_WINDOW, expect_response_rate
from afterword.domain.throttle.facts import Outcome, Spent, SurveyCounts

_DAY = timedelta(days=1)
_Counted = tuple[int, ...]
"""Answered and open ones of the quota, and of the slot; of a burst; of a day; lately ended; answered."""

_NOTHING: _Counted = (0,) * 8


@dataclass(slots=True, eq=False)
class Use:
    """
    One invitation of a survey.

    Attributes:
        outcome: How it ends, which shows from ``outcome_at`` on.
        gone_at: From then on it counts for nothing, for it could not be delivered; None = it could.
        counted: What it counts for at the moment.
    """

    at: datetime
    expires_at: datetime
    cell: str | None = None
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    gone_at: datetime | None = None
    counted: _Counted = _NOTHING

    def has_ended_by(self, now: datetime) -> bool:
        """Whether how it ends shows already."""
        return self.outcome is not None and (self.outcome_at is None or self.outcome_at <= now)


class UsedOverTime:
    """
    The counts of one survey, kept up while time goes on: none costs more for there being many invitations.

    Args:
        period: The quota's; None = the survey's life.
        slot: How long even pacing lets one response take; None = no pacing.
    """

    def __init__(self, period: timedelta | None, slot: timedelta | None) -> None:
        self._period = period
        self._slot = slot
        self._numbers = count()
        self._changes: list[tuple[datetime, int, Use]] = []
        self._all = list(_NOTHING)
        self._cells: dict[str | None, list[int]] = {}

    def add(self, use: Use, now: datetime) -> None:
        """Count an invitation from now on."""
        for moment in self._moments(use):
            if moment > now:
                heapq.heappush(self._changes, (moment, next(self._numbers), use))
        self._count(use, self._counted(use, now))

    def remove(self, use: Use) -> None:
        """Count an invitation no more, as if it had not been."""
        self._count(use, _NOTHING)
        self._changes = [change for change in self._changes if change[2] is not use]
        heapq.heapify(self._changes)

    def advance(self, now: datetime) -> None:
        """Let time pass up to a moment."""
        while self._changes and self._changes[0][0] <= now:
            use = heapq.heappop(self._changes)[2]
            self._count(use, self._counted(use, now))

    def counts(self, cell: str | None) -> SurveyCounts:
        """What is used at the moment, in all and of a cell."""
        responses, still_open, slot_responses, slot_open, burst, day, ended, answered = self._all
        its = self._cells.get(cell, _NOTHING)
        return SurveyCounts(
            quota=Spent(responses, still_open),
            cell=Spent(its[0], its[1]),
            slot=Spent(slot_responses, slot_open),
            burst=burst,
            day=day,
            response_rate=expect_response_rate(ended, answered),
        )

    def _moments(self, use: Use) -> Iterator[datetime]:
        """When it may begin or cease to count for something."""
        yield from (use.at + _DAY, use.at + RESPONSE_RATE_WINDOW, use.expires_at)
        if self._period is not None:
            yield use.at + self._period
        if self._slot is not None:
            yield from (use.at + self._slot, use.at + self._slot / CATCH_UP)
        if use.outcome_at is not None:
            yield use.outcome_at
        if use.gone_at is not None:
            yield use.gone_at

    def _counted(self, use: Use, now: datetime) -> _Counted:
        if use.gone_at is not None and use.gone_at <= now:
            return _NOTHING
        has_ended = use.has_ended_by(now)
        is_answered = has_ended and use.outcome is Outcome.ANSWERED
        is_open = not has_ended and now < use.expires_at
        in_period = self._period is None or now < use.at + self._period
        in_slot = self._slot is not None and now < use.at + self._slot
        is_recent = now < use.at + RESPONSE_RATE_WINDOW
        return (
            is_answered and in_period,
            is_open and in_period,
            is_answered and in_slot,
            is_open and in_slot,
            self._slot is not None and now < use.at + self._slot / CATCH_UP,
            now < use.at + _DAY,
            is_recent and not is_open,
            is_recent and is_answered,
        )

    def _count(self, use: Use, counted: _Counted) -> None:
        cell = self._cells.setdefault(use.cell, list(_NOTHING))
        for index, (new, old) in enumerate(zip(counted, use.counted, strict=True)):
            if new != old:
                self._all[index] += new - old
                cell[index] += new - old
        use.counted = counted
