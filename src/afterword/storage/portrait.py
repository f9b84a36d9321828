"""What is kept about one person, table by table?"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.storage.tables import (
    answer,
    decision,
    event,
    identity,
    invitation,
    opt_out,
    person_merge,
    project,
    response,
    source_member,
    survey,
    unresolved,
)

EVENTS_READ_AT_ONCE = 20_000

Row = dict[str, Any]
"""Column → value, times as text."""


def list_handles(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """The handles, the first of each kind first."""
    columns = identity.c.kind, identity.c.shown, identity.c.known_at
    theirs = identity.c.person_id.in_(list(person_ids))
    return _rows(connection, sa.select(*columns).where(theirs).order_by(identity.c.kind, identity.c.position))


def list_opt_outs(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """What they want no surveys of."""
    columns = opt_out.c.scope, opt_out.c.value, opt_out.c.created_at
    return _rows(connection, sa.select(*columns).where(opt_out.c.person_id.in_(list(person_ids))))


def list_accounts(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """What the sources call them."""
    columns = (source_member.c[name] for name in ("source", "external_id", "handle", "seen_at"))
    return _rows(connection, sa.select(*columns).where(source_member.c.person_id.in_(list(person_ids))))


def list_merges(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """With whom they were merged, and what moved."""
    ids = list(person_ids)
    of_them = sa.or_(person_merge.c.kept_id.in_(ids), person_merge.c.merged_id.in_(ids))
    return _rows(connection, sa.select(person_merge).where(of_them).order_by(person_merge.c.id))


def list_unresolved(connection: sa.Connection, handles: Collection[tuple[str, str]]) -> list[Row]:
    """Their handles that wait to be assigned."""
    columns = (unresolved.c[name] for name in ("kind", "shown", "events", "first_at", "last_at"))
    pair = sa.tuple_(unresolved.c.kind, unresolved.c.value)
    return _rows(connection, sa.select(*columns).where(pair.in_(list(handles)))) if handles else []


def list_events(connection: sa.Connection, event_ids: Collection[int]) -> list[Row]:
    """Events as they were sent."""
    names = "id", "occurred_at", "received_at", "name", "email", "github_username", "gitlab_username"
    columns = [project.c.name.label("project"), *(event.c[name] for name in (*names, "metadata", "is_test"))]
    joined = event.outerjoin(project, project.c.id == event.c.project_id)
    found: list[Row] = []
    every = sorted(event_ids)
    for first in range(0, len(every), EVENTS_READ_AT_ONCE):
        part = every[first : first + EVENTS_READ_AT_ONCE]
        statement = sa.select(*columns).select_from(joined).where(event.c.id.in_(part))
        found += _rows(connection, statement.order_by(event.c.id))
    return found


def list_decisions(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """What was decided about them; there is no index for it, so this reads the ledger."""
    names = "event_id", "survey_version", "is_test", "reason", "verdicts", "draw", "probability", "decided_at"
    columns = [survey.c.key.label("survey"), *(decision.c[name] for name in names)]
    joined = decision.outerjoin(survey, survey.c.id == decision.c.survey_id)
    statement = sa.select(*columns).select_from(joined).where(decision.c.person_id.in_(list(person_ids)))
    return _rows(connection, statement.order_by(decision.c.event_id, decision.c.survey_id))


def list_invitations(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """What they were asked, and when they opened and answered it."""
    names = "id", "survey_version", "event_id", "is_test", "state", "created_at", "sent_at", "opened_at"
    columns = [
        survey.c.key.label("survey"),
        *(invitation.c[name] for name in (*names, "expires_at")),
        response.c.created_at.label("answered_at"),
        response.c.updated_at.label("answer_changed_at"),
    ]
    joined = invitation.join(survey, survey.c.id == invitation.c.survey_id).outerjoin(
        response, response.c.invitation_id == invitation.c.id
    )
    statement = sa.select(*columns).select_from(joined).where(invitation.c.person_id.in_(list(person_ids)))
    return _rows(connection, statement.order_by(invitation.c.id))


def list_answers(connection: sa.Connection, person_ids: Collection[int]) -> list[Row]:
    """What they answered, each with its invitation."""
    columns = response.c.invitation_id, answer.c.question_key, answer.c.value
    joined = answer.join(response).join(invitation)
    statement = sa.select(*columns).select_from(joined).where(invitation.c.person_id.in_(list(person_ids)))
    return _rows(connection, statement.order_by(response.c.invitation_id, answer.c.question_key))


def _rows(connection: sa.Connection, statement: sa.Select[Any]) -> list[Row]:
    return [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row._mapping.items()
        }
        for row in connection.execute(statement)
    ]
