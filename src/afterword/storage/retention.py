"""What is over, and how does it go without breaking what counts by it?"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from afterword.storage.erasure import IS_EMPTIED
from afterword.storage.tables import anonymous_response, answer, decision, event, invitation, job, response

EVENTS_MARK = "retention_events"
DECISIONS_MARK = "retention_decisions"
ANSWERS_MARK = "retention_answers"
"""Up to which event's id events are emptied; decisions may be gone that invited nobody, or somebody."""

EVENTS_AT_ONCE = 5_000
"""Ids of one transaction: milliseconds, for which others wait."""

INVITATIONS_AT_ONCE = 500
RESPONSES_AT_ONCE = 500


class Stretch(NamedTuple):
    """Events with ids up to ``last_id``, and how many rows of them are over."""

    first_id: int
    last_id: int
    rows: int


def list_over_events(connection: sa.Connection, after_id: int, before: datetime) -> Iterator[Stretch]:
    """Events after an id that came before a time and still say who it was, in the order of their ids."""
    says_more = sa.or_(sa.not_(IS_EMPTIED), event.c.person_id.is_not(None), event.c.metadata.is_not(None))
    counted = sa.func.count().filter(says_more)
    for first_id, last_id in _along(connection, after_id, before):
        rows = connection.execute(
            sa.select(counted).where(event.c.id.between(first_id, last_id))
        ).scalar_one()
        yield Stretch(first_id, last_id, rows)


def empty_events(connection: sa.Connection, first_id: int, last_id: int, before: datetime) -> int:
    """Take from events of a range of ids who it was, and the metadata; names, times and numbers stay."""
    nothing = dict.fromkeys(("email", "github_username", "gitlab_username", "metadata", "person_id"))
    is_over = event.c.id.between(first_id, last_id), event.c.received_at < before
    return connection.execute(sa.update(event).where(*is_over).values(**nothing)).rowcount


def list_over_decisions(connection: sa.Connection, after_id: int, before: datetime) -> Iterator[Stretch]:
    """Decisions that invited nobody, about events after an id that came before a time."""
    for first_id, last_id in _along(connection, after_id, before):
        statement = sa.select(sa.func.count()).where(*_is_over_decision(first_id, last_id, before))
        yield Stretch(first_id, last_id, connection.execute(statement).scalar_one())


def delete_decisions(connection: sa.Connection, first_id: int, last_id: int, before: datetime) -> int:
    """Delete decisions about events of a range of ids; those that invited go with their invitation."""
    statement = sa.delete(decision).where(*_is_over_decision(first_id, last_id, before))
    return connection.execute(statement).rowcount


def _is_over_decision(first_id: int, last_id: int, before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    invites = sa.exists().where(
        invitation.c.event_id == decision.c.event_id, invitation.c.survey_id == decision.c.survey_id
    )
    return decision.c.event_id.between(first_id, last_id), decision.c.decided_at < before, sa.not_(invites)


def list_over_invitations(
    connection: sa.Connection, before: datetime, *, kept_surveys: Collection[int] = (), after_id: int = 0
) -> list[int]:
    """
    The next invitations after an id that, with their response, are older than a time, and at their end.

    Args:
        kept_surveys: Surveys whose invitations stay, unless they are tests.
    """
    is_younger = sa.exists().where(
        response.c.invitation_id == invitation.c.id, response.c.updated_at >= before
    )
    statement = sa.select(invitation.c.id).where(
        invitation.c.id > after_id,
        invitation.c.created_at < before,
        invitation.c.expires_at < before,
        sa.not_(is_younger),
        sa.or_(invitation.c.is_test, invitation.c.survey_id.not_in(list(kept_surveys))),
    )
    return list(connection.execute(statement.order_by(invitation.c.id).limit(INVITATIONS_AT_ONCE)).scalars())


def count_over_anonymous(connection: sa.Connection, before: datetime) -> int:
    """Anonymous responses of days before the day of a time."""
    is_over = anonymous_response.c.day < before.date().isoformat()
    return connection.execute(sa.select(sa.func.count()).where(is_over)).scalar_one()


def delete_anonymous(connection: sa.Connection, before: datetime) -> int:
    """Delete anonymous responses of days before the day of a time; how many."""
    is_over = anonymous_response.c.day < before.date().isoformat()
    return connection.execute(sa.delete(anonymous_response).where(is_over)).rowcount


def list_over_responses(connection: sa.Connection, before: datetime, *, after_id: int = 0) -> list[int]:
    """The next responses after an id that are older than a time and still have their answers."""
    statement = (
        sa.select(response.c.id)
        .join(invitation, invitation.c.id == response.c.invitation_id)
        .where(
            response.c.id > after_id,
            response.c.updated_at < before,
            invitation.c.expires_at < before,
            sa.not_(response.c.is_emptied),
        )
    )
    return list(connection.execute(statement.order_by(response.c.id).limit(RESPONSES_AT_ONCE)).scalars())


def empty_responses(connection: sa.Connection, ids: Collection[int], before: datetime) -> int:
    """Delete the answers of responses that are older than a time; how many responses."""
    is_over = response.c.id.in_(list(ids)), response.c.updated_at < before
    emptied = sa.update(response).where(*is_over).values(is_emptied=True).returning(response.c.id)
    over = list(connection.execute(emptied).scalars())
    connection.execute(sa.delete(answer).where(answer.c.response_id.in_(over)))
    return len(over)


def find_last_event_id(connection: sa.Connection, ids: Collection[int]) -> int:
    """The highest id of the events that led to invitations; 0 without any."""
    highest = sa.select(sa.func.max(invitation.c.event_id)).where(invitation.c.id.in_(list(ids)))
    return connection.execute(highest).scalar() or 0


def delete_invitations(
    connection: sa.Connection, ids: Collection[int], send_kinds: Collection[str]
) -> dict[str, int]:
    """Delete invitations with their responses, answers, decisions and jobs; table → rows."""
    chosen = list(ids)
    connection.execute(sa.select(invitation.c.id).where(invitation.c.id.in_(chosen)).with_for_update())
    theirs = sa.select(response.c.id).where(response.c.invitation_id.in_(chosen))
    pair = sa.tuple_(decision.c.event_id, decision.c.survey_id)
    pairs = connection.execute(
        sa.select(invitation.c.event_id, invitation.c.survey_id).where(invitation.c.id.in_(chosen))
    ).all()
    statements = {
        "answer": sa.delete(answer).where(answer.c.response_id.in_(theirs)),
        "response": sa.delete(response).where(response.c.invitation_id.in_(chosen)),
        "job": sa.delete(job).where(job.c.kind.in_(send_kinds), job.c.subject_id.in_(chosen)),
        "decision": sa.delete(decision).where(pair.in_([tuple(row) for row in pairs])),
        "invitation": sa.delete(invitation).where(invitation.c.id.in_(chosen)),
    }
    return {name: connection.execute(statement).rowcount for name, statement in statements.items()}


def _along(connection: sa.Connection, after_id: int, before: datetime) -> Iterator[tuple[int, int]]:
    """
    (first, last) of portions of ids, all of which are of events that came before a time.

    Ids follow the time but for what several servers commit at once; so this ends before the first
    event that is younger.
    """
    highest = connection.execute(sa.select(sa.func.max(event.c.id))).scalar() or 0
    first_id = after_id + 1
    while first_id <= highest:
        last_id = min(first_id + EVENTS_AT_ONCE - 1, highest)
        younger = sa.select(sa.func.min(event.c.id)).where(
            event.c.id.between(first_id, last_id), event.c.received_at >= before
        )
        first_younger = connection.execute(younger).scalar()
        if first_younger is not None:
            if first_younger > first_id:
                yield first_id, first_younger - 1
            return
        yield first_id, last_id
        first_id = last_id + 1
