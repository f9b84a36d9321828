"""What became of an event, and why was somebody asked or not?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterword.domain.errors import NotFoundError
from afterword.domain.invitation import InvitationState
from afterword.domain.people.identity import IdentityKind, IdentityRules, name_handles, normalise
from afterword.domain.survey.answer import Value
from afterword.domain.throttle.reason import Reason
from afterword.flows.job_kinds import JobKind
from afterword.flows.manage_projects import get_project
from afterword.flows.names.manage_names import BARE_ADVICE
from afterword.flows.surveys.survey_definition import read_definition
from afterword.flows.throttle.explain_invitation import explain_role
from afterword.storage import (
    decisions,
    events,
    identity_rules,
    invitations,
    jobs,
    notices,
    responses,
    surveys,
    trigger_matches,
)
from afterword.storage.decisions import Entry
from afterword.storage.engine import Connection, Database
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation
from afterword.storage.jobs import Progress
from afterword.storage.notices import Notice
from afterword.storage.trigger_matches import MatchRole

EVENT_ID_MAX = 2**63 - 1

HELD_BACK_MIN = timedelta(minutes=5)
"""Longer than any lease: a job that is due so much later than it was made was put off."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    An event with all that was decided about it.

    Attributes:
        progress: Where its decision is while there is none: the worker has not come to
            it yet, or gave up. None when it was decided, or no survey listened.
        test_answers: (question, answer) to its test invitation; empty for real events.
        names: What its names are when they are nobody's: a sentence each.
        held_back: Invitation → until when it waits for the end of the person's quiet hours.
        meaning: What it did beside asking: a sentence for each survey that it meant something to.
    """

    event: StoredEvent
    entries: list[Entry]
    invitations: list[Invitation]
    progress: Progress | None
    test_answers: list[tuple[str, Value]]
    names: list[str] = field(default_factory=list)
    held_back: dict[int, datetime] = field(default_factory=dict)
    meaning: list[str] = field(default_factory=list)

    @property
    def reason(self) -> Reason | None:
        """The event's outcome in one code; None while there is no decision, and when it was not to ask."""
        if not self.entries:
            return None if self.progress or self.meaning else Reason.NO_MATCHING_SURVEY
        return min(entry.reason for entry in self.entries)


def explain_event(database: Database, event_id: int | None) -> Explanation:
    """
    Tell what became of one event; None means the newest of all.

    Raises:
        NotFoundError: There is no such event.
    """
    with database.read() as connection:
        if event_id is None:
            event = next(iter(events.list_events(connection, None, limit=1)), None)
        else:
            event = events.get_event(connection, event_id) if event_id <= EVENT_ID_MAX else None
        if event is None:
            raise NotFoundError("there is no such event: `afterword event list PROJECT` shows the newest")
        entries = decisions.list_entries(connection, event.id)
        found = invitations.list_for_event(connection, event.id)
        return Explanation(
            event,
            entries,
            found,
            test_answers=_test_answers(connection, found) if event.is_test else [],
            names=_explain_names(connection, event),
            held_back=find_held_back(connection, found),
            meaning=_explain_meaning(connection, event),
            progress=None if entries else jobs.find_progress(connection, JobKind.EVALUATE_EVENT, event.id),
        )


def _explain_meaning(connection: Connection, event: StoredEvent) -> list[str]:
    """What the event withdrew, and what surveys remember of it that asked nobody about it."""
    withdrawn = invitations.list_withdrawn(connection, event.id)
    matches = trigger_matches.list_of_event(connection, event)
    of = {one.survey_id for one in withdrawn} | {one.survey_id for one in matches}
    keys = surveys.list_keys(connection, of)
    said = [f"Withdrew invitation {one.id} of {keys[one.survey_id]}." for one in withdrawn]
    has_withdrawn = {one.survey_id for one in withdrawn}
    roles = [
        explain_role(one.role, keys[one.survey_id])
        for one in matches
        if one.role is MatchRole.EARLIER or one.survey_id not in has_withdrawn
    ]
    return list(dict.fromkeys([*said, *(one for one in roles if one is not None)]))


def find_bots(database: Database, shown: list[StoredEvent]) -> set[int]:
    """The ids of those events that a bot did, by the rules."""
    with database.read() as connection:
        rules = identity_rules.read_rules(connection)
    return {
        event.id
        for event in shown
        if any(rules.is_bot(normalise(kind, name)) for kind, name in _handles(event).items())
    }


def _handles(event: StoredEvent) -> dict[IdentityKind, str]:
    return name_handles(
        email=event.email, github_username=event.github_username, gitlab_username=event.gitlab_username
    )


def find_held_back(connection: Connection, found: Sequence[Invitation]) -> dict[int, datetime]:
    """Invitation → until when it waits for the end of the person's quiet hours."""
    queued = {one.id: one for one in found if one.state is InvitationState.QUEUED and one.last_error is None}
    due = jobs.find_due(connection, JobKind.SEND_INVITATION, list(queued))
    # An error is waited out, too, but then there is one; and whoever is not held back is due at once.
    return {one: at for one, at in due.items() if at - queued[one].created_at > HELD_BACK_MIN}


def _explain_names(connection: Connection, event: StoredEvent) -> list[str]:
    if event.person_id is not None:
        return []
    rules = identity_rules.read_rules(connection)
    return [
        sentence
        for kind, shown in _handles(event).items()
        if (sentence := _explain_name(rules, kind, shown, event.project_id))
    ]


def _explain_name(rules: IdentityRules, kind: IdentityKind, shown: str, project_id: int) -> str:
    name = normalise(kind, shown)
    if rules.is_bot(name):
        return f"{shown} is a bot."
    if not rules.could_be_known(name):
        return f"{shown} names nobody: tools send it when they don't know who it was."
    if rules.is_bare(kind, name, project_id):
        return f"{shown} is no full address: {BARE_ADVICE}."
    return ""


def _test_answers(connection: Connection, found: list[Invitation]) -> list[tuple[str, Value]]:
    """What was answered to test invitations: they count nowhere, so here they may be read with the event."""
    answers = []
    for invitation in found:
        text = surveys.get_definition(connection, invitation.survey_id, invitation.survey_version)
        values = responses.find_answers(connection, invitation.id) or {}
        answers += [
            (question.text, values[question.key])
            for question in read_definition(text).questions
            if question.key in values
        ]
    return answers


def list_outcomes(database: Database, shown: list[StoredEvent]) -> dict[int, Reason]:
    """Event id → what became of it; events without a decision are absent."""
    with database.read() as connection:
        return decisions.find_outcomes(connection, [event.id for event in shown])


def list_events(database: Database, project: str | None, *, limit: int) -> list[StoredEvent]:
    """
    The newest events, newest first, of one project or of all.

    Raises:
        NotFoundError: There is no such project.
    """
    with database.read() as connection:
        project_id = None if project is None else get_project(connection, project).id
        return events.list_events(connection, project_id, limit=limit)


def list_notices(database: Database, project: str) -> list[Notice]:
    """
    What was refused or odd in the last days, the latest first.

    Raises:
        NotFoundError: There is no such project.
    """
    with database.read() as connection:
        return notices.list_notices(connection, get_project(connection, project).id)
