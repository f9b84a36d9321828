"""Who was asked what so far, as far as it counts for cooldowns, caps and quotas?"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from afterword.domain.invitation import NEVER_SENT
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.channel_choice import Failed
from afterword.domain.throttle.facts import Asked, Outcome
from afterword.storage.tables import invitation, survey


class Tally(NamedTuple):
    """
    What one cell of a survey has used of its limits; real invitations that did not end before they went out.

    Attributes:
        cell: The value of the quota's attribute; None where people have none, or the quota no cells.
        slot_responses, slot_open: Of the invitations within the pacing's slot.
        burst: Invitations while the pacing may not ask again, though it is behind.
        day: Invitations of the last 24 hours.
        ended: Recent invitations that can no longer be answered for the first time.
        answered: Those of them that were.
    """

    cell: str | None
    responses: int
    open: int
    slot_responses: int
    slot_open: int
    burst: int
    day: int
    ended: int
    answered: int


class Past(NamedTuple):
    """
    A real invitation that went out or still may, or could not be delivered, with when it became what it is.

    Attributes:
        failed_at: When it turned out that it could not be delivered; None = it could, or is not known yet.
        is_opened: The person found it all the same, so that it counts.
        channel: The last one that was tried; None = none was, or it was not noted.
    """

    survey_id: int
    person_id: int
    project_id: int
    at: datetime
    outcome: Outcome | None
    outcome_at: datetime | None
    expires_at: datetime
    reminded_at: datetime | None
    cell: str | None
    sent_at: datetime | None
    failed_at: datetime | None
    is_opened: bool
    send_at: datetime | None
    channel: str | None

    @property
    def failure(self) -> Failed | None:
        """The delivery that failed, if one did."""
        return None if self.failed_at is None else _failed(self.survey_id, self.channel, self.failed_at)

    @property
    def gone_at(self) -> datetime | None:
        """Since when it counts no more, as if it had not been; None = it counts."""
        return None if self.is_opened else self.failed_at


def list_asked(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, list[Asked]]:
    """Person id → real invitations that did not end before they went out, the oldest first; without tags."""
    columns = invitation.c
    statement = (
        sa.select(
            columns.person_id,
            columns.survey_id,
            survey.c.project_id,
            columns.created_at,
            columns.outcome,
            columns.expires_at,
            columns.reminded_at,
            columns.send_at,
        )
        .join(survey, survey.c.id == columns.survey_id)
        .where(columns.person_id.in_(list(person_ids)), *_COUNTS)
        .order_by(columns.created_at, columns.id)
    )
    found: dict[int, list[Asked]] = {}
    for person_id, survey_id, project_id, at, outcome, *rest, send_at in connection.execute(statement):
        ended = None if outcome is None else Outcome(outcome)
        one = Asked(survey_id, project_id, at, ended, *rest)
        found.setdefault(person_id, []).append(one._replace(send_at=send_at))
    return found


def list_past(
    connection: sa.Connection,
    *,
    person_ids: Collection[int] | None = None,
    survey_ids: Collection[int] | None = None,
) -> list[Past]:
    """What happened to the real invitations of these people or surveys, the oldest first."""
    columns = invitation.c
    statement = (
        sa.select(
            columns.survey_id,
            columns.person_id,
            survey.c.project_id,
            columns.created_at,
            columns.outcome,
            columns.outcome_at,
            columns.expires_at,
            columns.reminded_at,
            columns.cell,
            columns.sent_at,
            columns.failed_at,
            columns.opened_at.is_not(None),
            columns.send_at,
            columns.channel,
        )
        .join(survey, survey.c.id == columns.survey_id)
        .where(sa.not_(columns.is_test), sa.or_(_WAS_NOT_LOST, columns.failed_at.is_not(None)))
        .order_by(columns.created_at, columns.id)
    )
    if person_ids is not None:
        statement = statement.where(columns.person_id.in_(list(person_ids)))
    if survey_ids is not None:
        statement = statement.where(columns.survey_id.in_(list(survey_ids)))
    found = [Past._make(row) for row in connection.execute(statement)]
    return [one if one.outcome is None else one._replace(outcome=Outcome(one.outcome)) for one in found]


def list_failed(
    connection: sa.Connection, person_ids: Collection[int], since: datetime
) -> dict[int, list[Failed]]:
    """Person id → real messages that failed since a time; none that failed before one has reached them."""
    columns = invitation.c
    statement = sa.select(
        columns.person_id, columns.survey_id, columns.channel, columns.failed_at, columns.sent_at
    ).where(
        columns.person_id.in_(list(person_ids)),
        sa.not_(columns.is_test),
        sa.or_(columns.failed_at > since, columns.sent_at > since),
    )
    failed: dict[int, list[Failed]] = {}
    reached: dict[int, datetime] = {}
    for person_id, survey_id, channel, failed_at, sent_at in connection.execute(statement):
        if sent_at is not None:
            reached[person_id] = max(sent_at, reached.get(person_id, sent_at))
        if failed_at is not None:
            failed.setdefault(person_id, []).append(_failed(survey_id, channel, failed_at))
    return {
        person_id: last
        for person_id, theirs in failed.items()
        if (last := [one for one in theirs if one.at >= reached.get(person_id, one.at)])
    }


def _failed(survey_id: int, channel: str | None, at: datetime) -> Failed:
    # What went out before channels were noted went by mail.
    return Failed(survey_id, ChannelKind(channel or ChannelKind.EMAIL), at)


def count_ended(connection: sa.Connection, now: datetime, since: datetime) -> dict[int, tuple[int, int]]:
    """Survey id → real invitations after a time that can't be answered any more, and those answered."""
    columns = invitation.c
    is_answered = columns.outcome == Outcome.ANSWERED.value
    is_ended = sa.or_(columns.outcome.is_not(None), columns.expires_at <= now)
    counts = sa.func.count().filter(is_ended), sa.func.count().filter(is_answered)
    statement = sa.select(columns.survey_id, *counts).where(columns.created_at > since, *_COUNTS)
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement.group_by(columns.survey_id))}


def count_open(connection: sa.Connection, survey_id: int, now: datetime) -> int:
    """How many invitations of a survey, tests included, may still be answered for the first time."""
    columns = invitation.c
    is_open = columns.outcome.is_(None), columns.expires_at > now, _WAS_NOT_LOST
    statement = sa.select(sa.func.count()).where(columns.survey_id == survey_id, *is_open)
    return connection.execute(statement).scalar_one()


def tally(
    connection: sa.Connection,
    survey_id: int,
    now: datetime,
    *,
    quota_since: datetime,
    slot_since: datetime,
    burst_since: datetime,
    rate_since: datetime,
) -> list[Tally]:
    """
    Count what a survey has used of its limits, by cell.

    Args:
        quota_since: Invitations after this time count for the quota; likewise the others.
    """
    columns = invitation.c
    is_answered = columns.outcome == Outcome.ANSWERED.value
    is_open = sa.and_(columns.outcome.is_(None), columns.expires_at > now)
    in_quota, in_slot = columns.created_at > quota_since, columns.created_at > slot_since
    is_recent = columns.created_at > rate_since
    day_since = now - timedelta(days=1)

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(sa.and_(*conditions))

    statement = (
        sa.select(
            columns.cell,
            count(is_answered, in_quota),
            count(is_open, in_quota),
            count(is_answered, in_slot),
            count(is_open, in_slot),
            count(columns.created_at > burst_since),
            count(columns.created_at > day_since),
            count(is_recent, sa.not_(is_open)),
            count(is_recent, is_answered),
        )
        .where(
            columns.survey_id == survey_id,
            columns.created_at > min(quota_since, slot_since, rate_since, day_since),
            *_COUNTS,
        )
        .group_by(columns.cell)
    )
    return [Tally(*row) for row in connection.execute(statement)]


_WAS_NOT_LOST = sa.not_(
    # The state goes first: most are sent.
    sa.and_(invitation.c.state.in_([state.value for state in NEVER_SENT]), invitation.c.opened_at.is_(None))
)

_COUNTS = sa.not_(invitation.c.is_test), _WAS_NOT_LOST
