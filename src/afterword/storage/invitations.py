"""Who was invited to what, and how far did the invitation get?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from afterword.domain.invitation import InvitationState, Outcome
from afterword.storage.tables import invitation, response


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
    outcome: Outcome | None
    outcome_at: datetime | None
    send_at: datetime | None
    reminded_at: datetime | None
    cell: str | None
    collapsed: int
    probability: float


@dataclass(frozen=True, slots=True)
class History:
    """What the throttle counts about one person; test invitations are counted apart."""

    survey_invited_at: dict[int, datetime]
    test_invitations: int

    @property
    def any_invited_at(self) -> datetime | None:
        """The latest invitation to whichever survey."""
        return max(self.survey_invited_at.values(), default=None)


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


def add_invitation(connection: sa.Connection, **values: Any) -> int:
    """Reserve an invitation (all columns but id and the later ones); returns its id."""
    statement = sa.insert(invitation).values(state=InvitationState.QUEUED.value, **values)
    invitation_id: int = connection.execute(statement.returning(invitation.c.id)).scalar_one()
    return invitation_id


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


def history(connection: sa.Connection, person_id: int, now: datetime) -> History:
    """What one person was asked before."""
    latest = (
        sa.select(invitation.c.survey_id, sa.func.max(invitation.c.created_at).label("at"))
        .where(invitation.c.person_id == person_id, sa.not_(invitation.c.is_test))
        .group_by(invitation.c.survey_id)
    )
    tests = sa.select(sa.func.count()).where(
        invitation.c.person_id == person_id,
        invitation.c.is_test,
        invitation.c.created_at > now - timedelta(hours=1),
    )
    by_survey = {row.survey_id: row.at for row in connection.execute(latest)}
    return History(by_survey, connection.execute(tests).scalar_one())


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


_ENDED_UNDELIVERED = (InvitationState.FAILED.value, InvitationState.UNCERTAIN.value)
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
    known = {"state": InvitationState(row.state), "outcome": outcome}
    return Invitation(**(dict(row._mapping) | known))
