"""Who was invited to what, and how far did the invitation get?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.invitation import CANCELLED, NEVER_EXPOSED, InvitationState
from afterword.domain.throttle.facts import Asked, Outcome
from afterword.storage.tables import event, invitation, response, survey


@dataclass(frozen=True, slots=True)
class Invitation:
    """One person asked one survey about one event."""

    id: int
    survey_id: int
    survey_version: int
    person_id: int
    event_id: int
    is_test: bool
    state: InvitationState
    message_id: str
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    last_error: str | None
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    send_at: datetime | None = None
    reminded_at: datetime | None = None
    cell: str | None = None
    collapsed: int = 0
    probability: float = 1.0

    @property
    def is_answered_apart(self) -> bool:
        """It was answered anonymously, and nothing tells which answer it was."""
        return self.outcome is Outcome.ANSWERED and self.outcome_at is None


class Tally(NamedTuple):
    """
    What one cell of a survey has used of its limits; real invitations that were not withdrawn.

    Attributes:
        cell: The value of the quota's attribute; None where people have none, or the quota no cells.
        slot_responses, slot_open: Of the invitations within the pacing's slot.
        day: Invitations of the last 24 hours.
        ended: Recent invitations that can no longer be answered for the first time.
        answered: Those of them that were.
    """

    cell: str | None
    responses: int
    open: int
    slot_responses: int
    slot_open: int
    day: int
    ended: int
    answered: int


class Past(NamedTuple):
    """
    A real invitation that did not end before it went out, with when it became what it is.

    Attributes:
        is_alive: It may have reached the person, or still may.
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
    is_alive: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How many real invitations of a survey got how far; each stage includes the later ones.

    Attributes:
        lost: What is kept as the reason → invitations that ended undelivered.
        expired_unopened: Delivered, never opened, and over.
        expired_opened: Opened, never answered, and over.
        test_responses: Responses to test invitations, which count nowhere else.
        answered_anonymously: In neither of the two above, for nobody can tell which response is whose.
    """

    delivered: int
    opened: int
    answered_partial: int
    answered_whole: int
    lost: dict[str, int]
    expired_unopened: int
    expired_opened: int
    test_responses: int
    answered_anonymously: int = 0


def add_invitations(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Reserve invitations (all columns but id and the later ones), all with the same columns; their ids."""
    if not rows:
        return []
    statement = sa.insert(invitation).returning(invitation.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, list(rows)).scalars())


def cancel(connection: sa.Connection, invitation_ids: Collection[int]) -> None:
    """Withdraw invitations that wait to go out."""
    waits = invitation.c.id.in_(list(invitation_ids)), invitation.c.state == InvitationState.QUEUED.value
    values = {"state": InvitationState.CANCELLED.value, "last_error": CANCELLED}
    connection.execute(sa.update(invitation).where(*waits).values(**values))


def add_collapsed(connection: sa.Connection, counts: Mapping[int, int]) -> None:
    """Say how many further matches came while invitations waited: invitation id → matches."""
    if counts:
        statement = sa.update(invitation).where(invitation.c.id == sa.bindparam("of_id"))
        added = statement.values(collapsed=invitation.c.collapsed + sa.bindparam("more"))
        connection.execute(added, [{"of_id": key, "more": count} for key, count in counts.items()])


def get_invitation(connection: sa.Connection, invitation_id: int, *, lock: bool = False) -> Invitation | None:
    """One invitation by its id; with ``lock`` no other transaction answers it until this one ends."""
    statement = sa.select(invitation).where(invitation.c.id == invitation_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else _invitation(row)


def list_for_event(connection: sa.Connection, event_id: int) -> list[Invitation]:
    """The invitations that an event led to."""
    statement = sa.select(invitation).where(invitation.c.event_id == event_id)
    return [_invitation(row) for row in connection.execute(statement)]


def list_for_events(
    connection: sa.Connection, person_ids: Collection[int], event_ids: Collection[int]
) -> list[Invitation]:
    """The invitations of these people that some events led to."""
    is_theirs = invitation.c.person_id.in_(list(person_ids))
    statement = sa.select(invitation).where(is_theirs, invitation.c.event_id.in_(list(event_ids)))
    return [_invitation(row) for row in connection.execute(statement)]


def list_of_people(
    connection: sa.Connection, person_ids: Collection[int], *, after_id: int, limit: int
) -> list[Invitation]:
    """The invitations of these people in the order of their ids."""
    is_theirs = invitation.c.person_id.in_(list(person_ids))
    statement = sa.select(invitation).where(is_theirs, invitation.c.id > after_id)
    rows = connection.execute(statement.order_by(invitation.c.id).limit(limit))
    return [_invitation(row) for row in rows]


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
        )
        .join(survey, survey.c.id == columns.survey_id)
        .where(columns.person_id.in_(list(person_ids)), *_COUNTS)
        .order_by(columns.created_at, columns.id)
    )
    found: dict[int, list[Asked]] = {}
    for person_id, survey_id, project_id, at, outcome, *rest in connection.execute(statement):
        ended = None if outcome is None else Outcome(outcome)
        found.setdefault(person_id, []).append(Asked(survey_id, project_id, at, ended, *rest))
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
            columns.state.in_(_ALIVE),
        )
        .join(survey, survey.c.id == columns.survey_id)
        .where(*_COUNTS)
        .order_by(columns.created_at, columns.id)
    )
    if person_ids is not None:
        statement = statement.where(columns.person_id.in_(list(person_ids)))
    if survey_ids is not None:
        statement = statement.where(columns.survey_id.in_(list(survey_ids)))
    found = [Past(*row) for row in connection.execute(statement)]
    return [one if one.outcome is None else one._replace(outcome=Outcome(one.outcome)) for one in found]


def count_ended(connection: sa.Connection, now: datetime, since: datetime) -> dict[int, tuple[int, int]]:
    """Survey id → real invitations after a time that can't be answered any more, and those answered."""
    columns = invitation.c
    is_answered = columns.outcome == Outcome.ANSWERED.value
    is_ended = sa.or_(columns.outcome.is_not(None), columns.expires_at <= now)
    counts = sa.func.count().filter(is_ended), sa.func.count().filter(is_answered)
    statement = sa.select(columns.survey_id, *counts).where(columns.created_at > since, *_COUNTS)
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement.group_by(columns.survey_id))}


def count_tests(connection: sa.Connection, person_ids: Collection[int], since: datetime) -> dict[int, int]:
    """Person id → test invitations after a time; who has none is absent."""
    statement = (
        sa.select(invitation.c.person_id, sa.func.count())
        .where(
            invitation.c.person_id.in_(list(person_ids)),
            invitation.c.is_test,
            invitation.c.created_at > since,
        )
        .group_by(invitation.c.person_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


class Waiting(NamedTuple):
    """An invitation that is not on its way yet: when its event occurred, and when it was reserved."""

    id: int
    survey_id: int
    person_id: int
    occurred_at: datetime
    at: datetime
    cell: str | None


def list_waiting(connection: sa.Connection, person_ids: Collection[int]) -> list[Waiting]:
    """Real invitations to these people that are not on their way, locked, so that nobody sends them."""
    columns = invitation.c
    statement = (
        sa.select(
            columns.id,
            columns.survey_id,
            columns.person_id,
            event.c.occurred_at,
            columns.created_at,
            columns.cell,
        )
        .join(event, event.c.id == columns.event_id)
        .where(
            columns.person_id.in_(list(person_ids)),
            columns.state == InvitationState.QUEUED.value,
            sa.not_(columns.is_test),
        )
        .order_by(columns.id)
        .with_for_update(of=invitation)
    )
    return [Waiting(*row) for row in connection.execute(statement)]


def tally(
    connection: sa.Connection,
    survey_id: int,
    now: datetime,
    *,
    quota_since: datetime,
    slot_since: datetime,
    rate_since: datetime,
) -> list[Tally]:
    """
    Count what a survey has used of its limits, by cell.

    Args:
        quota_since: Invitations after this time count for the quota; likewise the slot and the response rate.
    """
    columns = invitation.c
    is_answered = columns.outcome == Outcome.ANSWERED.value
    is_open = sa.and_(columns.outcome.is_(None), columns.expires_at > now, columns.state.in_(_ALIVE))
    has_ended = sa.or_(columns.outcome.is_not(None), columns.state.in_(_ALIVE))
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
            count(columns.created_at > day_since),
            # Of one that could not be delivered nobody can say whether it would have been answered.
            count(is_recent, sa.not_(is_open), has_ended),
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


_ALIVE = [
    state.value
    for state in InvitationState
    if state not in (InvitationState.FAILED, InvitationState.CANCELLED)
]

_COUNTS = (
    sa.not_(invitation.c.is_test),
    # One that ended before it went out is as if it had not been. The state goes first: most are sent.
    sa.not_(
        sa.and_(
            invitation.c.state.in_([InvitationState.FAILED.value, InvitationState.CANCELLED.value]),
            sa.func.coalesce(invitation.c.last_error, "").in_(NEVER_EXPOSED),
            invitation.c.opened_at.is_(None),
        )
    ),
)


def set_state(
    connection: sa.Connection,
    invitation_id: int,
    state: InvitationState,
    *,
    sent_at: datetime | None = None,
    error: str | None = None,
) -> None:
    """Move an invitation on; the time of its first sending stays."""
    values: dict[str, Any] = {"state": state.value, "last_error": error}
    if sent_at is not None:
        values["sent_at"] = sent_at
    connection.execute(sa.update(invitation).where(invitation.c.id == invitation_id).values(values))


def set_reminded(connection: sa.Connection, invitation_id: int, at: datetime | None) -> None:
    """Remember when the one reminder went out; None = it did not."""
    its = invitation.c.id == invitation_id
    connection.execute(sa.update(invitation).where(its).values(reminded_at=at))


def set_opened(connection: sa.Connection, invitation_id: int, now: datetime) -> None:
    """Remember when the page behind an invitation was first opened."""
    connection.execute(
        sa.update(invitation)
        .where(invitation.c.id == invitation_id, invitation.c.opened_at.is_(None))
        .values(opened_at=now)
    )


def set_outcome(connection: sa.Connection, invitation_id: int, outcome: Outcome, at: datetime | None) -> None:
    """
    Remember how a person ended an invitation. An answer ends it for good: it stays the first one's.

    Args:
        at: None where the time would tell whose answer an anonymous one is.
    """
    is_open = sa.or_(invitation.c.outcome.is_(None), invitation.c.outcome != Outcome.ANSWERED.value)
    connection.execute(
        sa.update(invitation)
        .where(invitation.c.id == invitation_id, is_open)
        .values(outcome=outcome.value, outcome_at=at)
    )


def blur_opening(connection: sa.Connection, invitation_id: int, day: date) -> None:
    """Keep of when the page was opened only the day, as its noon, which is that day in most time zones."""
    noon = datetime.combine(day, time(12), UTC)
    connection.execute(sa.update(invitation).where(invitation.c.id == invitation_id).values(opened_at=noon))


_ENDED_UNDELIVERED = (
    InvitationState.FAILED.value,
    InvitationState.UNCERTAIN.value,
    InvitationState.CANCELLED.value,
)
"""Nobody tries again. An uncertain one may have arrived: it counts as delivered once it is opened."""


def progress(connection: sa.Connection, survey_id: int, now: datetime) -> Progress:
    """Count a survey's invitations."""
    columns = invitation.c
    is_real = sa.not_(columns.is_test)
    is_ended_by_answer = sa.func.coalesce(columns.outcome == Outcome.ANSWERED.value, sa.false())
    is_answered = sa.or_(response.c.id.is_not(None), is_ended_by_answer)
    # Of an anonymous answer it is not kept when the page was opened last.
    is_opened = sa.or_(columns.opened_at.is_not(None), is_answered)
    # Whoever opened the page got the mail, whatever its sender believes.
    is_delivered = sa.or_(columns.state == InvitationState.SENT.value, is_opened)
    has_response = response.c.id.is_not(None)
    is_over = columns.expires_at <= now

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(sa.and_(*conditions))

    of_survey = columns.survey_id == survey_id
    row = connection.execute(
        sa.select(
            count(is_real, is_delivered),
            count(is_real, is_opened),
            count(is_real, has_response, sa.not_(response.c.is_whole)),
            count(is_real, has_response, response.c.is_whole),
            count(is_real, is_delivered, sa.not_(is_opened), is_over),
            count(is_real, is_opened, sa.not_(is_answered), is_over),
            count(columns.is_test, is_answered),
            count(is_real, is_answered, sa.not_(has_response)),
        )
        .select_from(invitation.outerjoin(response))
        .where(of_survey)
    ).one()
    lost = connection.execute(
        sa.select(columns.last_error, sa.func.count())
        .where(
            of_survey,
            is_real,
            columns.opened_at.is_(None),
            sa.not_(is_ended_by_answer),
            columns.state.in_(_ENDED_UNDELIVERED),
        )
        .group_by(columns.last_error)
    )
    return Progress(*row[:4], {item[0] or "": item[1] for item in lost}, *row[4:])


def _invitation(row: Any) -> Invitation:
    outcome = None if row.outcome is None else Outcome(row.outcome)
    return Invitation(**{**row._mapping, "state": InvitationState(row.state), "outcome": outcome})
