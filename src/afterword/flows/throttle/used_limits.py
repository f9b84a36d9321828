"""What have surveys used of their limits: quota, pace, invitations of a day?"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from afterword.domain.people.person import name_key
from afterword.domain.survey.policy import CATCH_UP, RESPONSE_RATE_WINDOW, Quota, expect_response_rate
from afterword.domain.throttle.facts import PersonFacts, Spent, SurveyCounts
from afterword.flows.throttle.heard_surveys import Heard
from afterword.storage import exposures, surveys
from afterword.storage.engine import Connection
from afterword.storage.people import Person

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def cell_of(person: Person, attribute: str) -> str | None:
    """The person's value in a group of attributes; the first one of several."""
    wanted = name_key(attribute)
    return next((values[0] for name, values in person.attributes.items() if name_key(name) == wanted), None)


def cell_key(quota: Quota | None, value: str | None) -> str | None:
    """What an invitation keeps of its cell: a value of another attribute is another cell."""
    if quota is None or quota.attribute is None:
        return None
    return f"{name_key(quota.attribute)}={value or ''}"


class UsedLimits:
    """What a survey has used of its limits: what was counted, and what the batch adds and takes back."""

    def __init__(self, connection: Connection, heard: Heard, now: datetime) -> None:
        self._quota = quota = heard.policy.quota
        # Without a quota there is nothing to count for it.
        period = timedelta() if quota is None else quota.period
        self._quota_since = _EVER if period is None else now - period
        self._slot_since = now - (heard.slot or timedelta())
        self._burst_since = now - (heard.slot or timedelta()) / CATCH_UP
        self._day_since = now - _DAY
        rows = exposures.tally(
            connection,
            heard.id,
            now,
            quota_since=self._quota_since,
            slot_since=self._slot_since,
            burst_since=self._burst_since,
            rate_since=now - RESPONSE_RATE_WINDOW,
        )
        self._rows = {row.cell: row for row in rows}
        self._rate = expect_response_rate(sum(row.ended for row in rows), sum(row.answered for row in rows))
        self._changes: list[tuple[datetime, str | None, int]] = []

    def change(self, at: datetime, cell: str | None, count: int) -> None:
        """Count an invitation that was reserved at a time more, or less."""
        self._changes.append((at, cell, count))

    def counts(self, person: PersonFacts | None) -> SurveyCounts:
        rows = self._rows.values()
        cell = cell_key(self._quota, None if person is None else person.cell)
        its = self._rows.get(cell)
        quota, slot, day = map(self._changed, (self._quota_since, self._slot_since, self._day_since))
        of_cell = sum(count for at, of, count in self._changes if at > self._quota_since and of == cell)
        return SurveyCounts(
            quota=Spent(sum(row.responses for row in rows), sum(row.open for row in rows) + quota),
            cell=Spent(its.responses if its else 0, (its.open if its else 0) + of_cell),
            slot=Spent(sum(row.slot_responses for row in rows), sum(row.slot_open for row in rows) + slot),
            burst=sum(row.burst for row in rows) + self._changed(self._burst_since),
            day=sum(row.day for row in rows) + day,
            response_rate=self._rate,
        )

    def _changed(self, since: datetime) -> int:
        return sum(count for at, _, count in self._changes if at > since)


def list_used(
    connection: Connection, heard: Iterable[Heard], now: datetime, *, lock: bool
) -> dict[int, UsedLimits]:
    """Survey id → what it has used, of those that have limits; with ``lock`` nobody else uses them up."""
    # Of a version that only tests reach nothing is counted: its limits must not stand in for the live one's.
    limited = {one.id: one for one in heard if one.has_limits and one.survey.is_live}
    if not limited:
        return {}
    if lock:
        surveys.lock_surveys(connection, sorted(limited))
    return {survey_id: UsedLimits(connection, one, now) for survey_id, one in limited.items()}
