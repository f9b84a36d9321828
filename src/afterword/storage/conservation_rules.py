"""Which rows must never be found, whatever was killed or cut off when?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from afterword.domain.invitation import InvitationState
from afterword.domain.throttle.reason import Reason
from afterword.storage.tables import (
    answer,
    decision,
    event,
    idempotency,
    invitation,
    job,
    project,
    response,
    survey,
    survey_version,
)

Broken = sa.Select[Any] | sa.CompoundSelect[Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Something that must never be found.

    Attributes:
        sentence: How it is told, with ``{count}`` and ``{id}``, the lowest id of ``broken``.
        broken: Finds the ids, in one column, without sorting a table in memory.
    """

    sentence: str
    broken: Broken


def list_rules(evaluate_kind: str, send_kind: str, remind_kind: str) -> Iterator[Rule]:
    """All rules, for the kinds of jobs."""
    yield from _decision_rules()
    yield from _invitation_rules(send_kind)
    yield from _job_rules(evaluate_kind, [send_kind, remind_kind])
    yield from _response_rules()
    yield from _project_rules()


def _decision_rules() -> Iterator[Rule]:
    of_event = decision.c.event_id
    yield Rule(
        "{count} decisions are about events that are not there (event {id})",
        _lacking(of_event, event.c.id == of_event),
    )
    yield Rule(
        "{count} decisions name a version of a survey that is not there (event {id})",
        _lacking(
            of_event,
            survey_version.c.survey_id == decision.c.survey_id,
            survey_version.c.version == decision.c.survey_version,
        ),
    )
    yield Rule(
        "{count} decisions have an unknown reason (event {id})",
        sa.select(of_event).where(decision.c.reason.not_in([reason.value for reason in Reason])),
    )
    yield Rule(
        "{count} decisions invited somebody without an invitation (event {id})",
        _lacking(of_event, _same_pair()).where(_invites()),
    )


def _invitation_rules(send_kind: str) -> Iterator[Rule]:
    state = invitation.c.state
    reason = sa.case((invitation.c.is_test, Reason.INVITED_TEST.value), else_=Reason.INVITED.value)
    yield Rule(
        "{count} invitations have no decision that invited (invitation {id})",
        _lacking(invitation.c.id, _same_pair(), decision.c.reason == reason),
    )
    yield Rule(
        "{count} invitations are of a survey's version that is not there (invitation {id})",
        _lacking(
            invitation.c.id,
            survey_version.c.survey_id == invitation.c.survey_id,
            survey_version.c.version == invitation.c.survey_version,
        ),
    )
    yield Rule(
        "{count} invitations are in an unknown state (invitation {id})",
        sa.select(invitation.c.id).where(state.not_in([known.value for known in InvitationState])),
    )
    yield Rule(
        "{count} invitations are sent, and nobody knows when (invitation {id})",
        sa.select(invitation.c.id).where(state == InvitationState.SENT.value, invitation.c.sent_at.is_(None)),
    )
    unsent = state.in_([InvitationState.QUEUED.value, InvitationState.SENDING.value])
    yield Rule(
        "{count} invitations wait to be sent without a job (invitation {id})",
        sa.select(invitation.c.id).where(unsent).except_(_subjects(send_kind)),
    )


def _job_rules(evaluate_kind: str, send_kinds: Sequence[str]) -> Iterator[Rule]:
    subject = job.c.subject_id
    yield Rule(
        "{count} jobs are of an unknown kind (job {id})",
        sa.select(job.c.id).where(job.c.kind.not_in([evaluate_kind, *send_kinds])),
    )
    yield Rule(
        "{count} jobs are about events that are not there (job {id})",
        _lacking(job.c.id, event.c.id == subject).where(job.c.kind == evaluate_kind),
    )
    yield Rule(
        "{count} jobs are about invitations that are not there (job {id})",
        _lacking(job.c.id, invitation.c.id == subject).where(job.c.kind.in_(send_kinds)),
    )
    yield Rule(
        "{count} events or invitations have more than one job ({id})",
        sa.select(subject).group_by(job.c.kind, subject).having(sa.func.count() > 1),
    )


def _response_rules() -> Iterator[Rule]:
    yield Rule(
        "{count} responses are to invitations that are not there (response {id})",
        _lacking(response.c.id, invitation.c.id == response.c.invitation_id),
    )
    yield Rule(
        "{count} invitations have more than one response (invitation {id})",
        sa.select(response.c.invitation_id).group_by(response.c.invitation_id).having(sa.func.count() > 1),
    )
    yield Rule(
        "{count} answers belong to responses that are not there (response {id})",
        _lacking(answer.c.response_id, response.c.id == answer.c.response_id),
    )


def _project_rules() -> Iterator[Rule]:
    yield Rule(
        "{count} idempotency keys belong to projects that are not there (project {id})",
        _lacking(idempotency.c.project_id, project.c.id == idempotency.c.project_id),
    )
    for version in (survey.c.live_version, survey.c.latest_version):
        yield Rule(
            f"{{count}} surveys lack the version that they call {version.name} (survey {{id}})",
            _lacking(
                survey.c.id, survey_version.c.survey_id == survey.c.id, survey_version.c.version == version
            ).where(version.is_not(None)),
        )


def _same_pair() -> sa.ColumnElement[bool]:
    return sa.and_(
        decision.c.event_id == invitation.c.event_id, decision.c.survey_id == invitation.c.survey_id
    )


def _invites() -> sa.ColumnElement[bool]:
    return decision.c.reason.in_([Reason.INVITED.value, Reason.INVITED_TEST.value])


def _subjects(kind: str) -> sa.Select[Any]:
    return sa.select(job.c.subject_id).where(job.c.kind == kind)


def _lacking(id_: sa.Column[Any], *matches: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The ids of one table's rows for which another table has no match."""
    others = sa.exists().where(*matches).correlate(id_.table)
    return sa.select(id_).where(sa.not_(others))
