"""Whom does this event ask, and what does the ledger say about it?"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from afterword.domain.eligibility import (
    Decision,
    Facts,
    Invite,
    PersonFacts,
    decide,
    yield_to_other,
)
from afterword.domain.identity import Resolution, name_handles, normalise, resolve
from afterword.domain.preference import OptOut, find_opt_out
from afterword.domain.survey import Definition
from afterword.domain.trigger import Condition, find_mismatch, matches, show_found
from afterword.flows.job_kinds import JobKind
from afterword.flows.preferences import quiet_until
from afterword.flows.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_chars
from afterword.storage import (
    decisions,
    events,
    identity_rules,
    invitations,
    jobs,
    people,
    preferences,
    surveys,
)
from afterword.storage.decisions import NewEntry
from afterword.storage.engine import Connection, Database
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import History
from afterword.storage.people import Person
from afterword.storage.surveys import Listening

MESSAGE_ID_CHARS = 24
_MESSAGE_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A survey that listens to the event, and what was decided for it."""

    survey: Listening
    definition: Definition
    person: PersonFacts | None
    decision: Decision

    @property
    def last_asked_s(self) -> float:
        """When this person was last asked this survey, in seconds; 0 = never."""
        asked_at = self.person.survey_invited_at if self.person else None
        return asked_at.timestamp() if asked_at else 0.0


def evaluate_event(database: Database, clock: Clock, event_id: int) -> bool:
    """
    Decide one event for every survey that listens to it, and reserve the invitation.

    One transaction that locks the person first, so that a thousand parallel
    events of one person invite once. Running it again changes nothing.

    Returns:
        True when the event led to an invitation.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        event = events.get_event(connection, event_id)
        if event is None:
            return False
        who = _resolve(connection, event)
        person = None if who.person_id is None else people.get_person(connection, who.person_id, lock=True)
        if person is not None and person.erased_at is not None:
            # Erased since the event was read: what it said is being erased, too.
            return False
        # Looked at behind the lock: a second worker finds what the first one wrote.
        if decisions.list_entries(connection, event_id):
            return False
        known = _read_known(connection, person, now) if person else None
        candidates = [
            _consider(event, survey, definition, who, _person_facts(known, survey), now)
            for survey, definition in _listening(connection, event)
        ]
        chosen = _choose(candidates)
        _write_ledger(connection, event, chosen, who.person_id, now)
        for candidate in chosen:
            if isinstance(candidate.decision, Invite) and person is not None:
                _invite(connection, event, candidate, person, now)
                return True
    return False


def _resolve(connection: Connection, event: StoredEvent) -> Resolution:
    """
    Resolve again, with what was known when the event came: its server may not have heard of it yet.

    A name that became known later attributes the event, but asks nobody about it.
    """
    rules = identity_rules.read_rules(connection, event.received_at)
    handles = name_handles(
        email=event.email, github_username=event.github_username, gitlab_username=event.gitlab_username
    )
    readings = [
        (kind, reading)
        for kind, handle in handles.items()
        for reading in rules.readings(kind, normalise(kind, handle), event.project_id)
    ]
    known = people.find_owners(connection, readings, known_by=event.received_at)
    return resolve(handles, known, rules, event.project_id)


def _listening(connection: Connection, event: StoredEvent) -> list[tuple[Listening, Definition]]:
    """The surveys that hear this event: the live versions, or with test data the latest ones."""
    heard = []
    for survey in surveys.list_listening(connection, event.project_id, at=event.received_at):
        if survey.is_latest if event.is_test else survey.is_live:
            definition = read_definition(survey.definition)
            if event.name in definition.trigger.events:
                heard.append((survey, definition))
    return heard


@dataclass(frozen=True, slots=True)
class _Known:
    """What is the same for all surveys that might ask a person."""

    person: Person
    history: History
    opt_outs: list[OptOut]


def _read_known(connection: Connection, person: Person, now: datetime) -> _Known:
    return _Known(
        person,
        invitations.history(connection, person.id, now),
        preferences.list_opt_outs(connection, person.id),
    )


def _person_facts(known: _Known | None, survey: Listening) -> PersonFacts | None:
    if known is None:
        return None
    person, history = known.person, known.history
    return PersonFacts(
        id=person.id,
        is_bot=person.is_bot,
        is_active=person.is_active,
        is_tester=person.is_tester,
        opt_out=find_opt_out(person.opted_out_at, known.opt_outs, survey.project_id),
        snoozed_until=person.snoozed_until,
        has_channel=bool(person.email) and person.email.isascii(),
        survey_invited_at=history.survey_invited_at.get(survey.survey_id),
        any_invited_at=history.any_invited_at,
        test_invitations=history.test_invitations,
    )


def _consider(
    event: StoredEvent,
    survey: Listening,
    definition: Definition,
    who: Resolution,
    person: PersonFacts | None,
    now: datetime,
) -> _Candidate:
    metadata = json.loads(event.metadata) if event.metadata else {}
    facts = Facts(
        occurred_at=event.occurred_at,
        is_test=event.is_test,
        survey_id=survey.survey_id,
        survey_state=survey.state,
        metadata_matches=matches(definition.trigger.where, metadata),
        metadata_saw=_what_mismatched(definition.trigger.where, metadata),
        names_bot=who.is_bot,
        person=person,
    )
    return _Candidate(survey, definition, person, decide(facts, definition.policy, now))


def _what_mismatched(condition: Condition | None, metadata: dict[str, Any]) -> dict[str, str]:
    compare = find_mismatch(condition, metadata)
    if compare is None:
        return {}
    return {
        "path": compare.path,
        "operator": compare.operator,
        "wanted": json.dumps(compare.value, ensure_ascii=False),
        "found": show_found(compare.path, metadata),
    }


def _choose(candidates: list[_Candidate]) -> list[_Candidate]:
    """Let at most one survey ask: the one that this person was asked least recently, then by draw."""
    invites = [item for item in candidates if isinstance(item.decision, Invite)]
    if len(invites) < 2:
        return candidates
    first = min(
        invites,
        key=lambda item: (item.last_asked_s, item.decision.draw, item.survey.survey_id),
    )
    return [
        replace(item, decision=yield_to_other(item.decision, first.survey.key))
        if item is not first and isinstance(item.decision, Invite)
        else item
        for item in candidates
    ]


def _write_ledger(
    connection: Connection,
    event: StoredEvent,
    candidates: list[_Candidate],
    person_id: int | None,
    now: datetime,
) -> None:
    entries = [
        NewEntry(
            event.id, item.survey.survey_id, item.survey.version, person_id, event.is_test, item.decision
        )
        for item in candidates
    ]
    decisions.add_entries(connection, entries, now)


def _invite(
    connection: Connection, event: StoredEvent, candidate: _Candidate, person: Person, now: datetime
) -> None:
    expires_at = now + candidate.definition.policy.expires_after
    invitation_id = invitations.add_invitation(
        connection,
        survey_id=candidate.survey.survey_id,
        survey_version=candidate.survey.version,
        person_id=person.id,
        event_id=event.id,
        is_test=event.is_test,
        message_id=random_chars(_MESSAGE_ID_LETTERS, MESSAGE_ID_CHARS),
        created_at=now,
        expires_at=expires_at,
    )
    # Not past the expiry: there it ends as expired instead of waiting on.
    send_at = min(quiet_until(person, now, is_test=event.is_test) or now, expires_at)
    jobs.add_jobs(connection, JobKind.SEND_INVITATION, [invitation_id], run_at=send_at)
