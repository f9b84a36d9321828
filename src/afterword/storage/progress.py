"""How far did the invitations of a survey get?"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from afterword.domain.invitation import InvitationState
from afterword.domain.throttle.facts import Outcome
from afterword.storage.tables import invitation, response


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
        answered_late: Expired, and an answer came all the same, which was refused.
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
    answered_late: int = 0


_ENDED_UNDELIVERED = (
    InvitationState.FAILED.value,
    InvitationState.UNCERTAIN.value,
    InvitationState.CANCELLED.value,
)
"""Nobody tries again. An uncertain one may have arrived: it counts as delivered once it is opened."""


def count_progress(connection: sa.Connection, survey_id: int, now: datetime) -> Progress:
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
            count(is_real, columns.late_at.is_not(None)),
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
