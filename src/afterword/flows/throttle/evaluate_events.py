"""Whom do these events ask, and what does the ledger say about it?"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from afterword.domain.invitation import CANCELLED, InvitationState
from afterword.domain.people.identity import (
    IdentityKind,
    IdentityRules,
    Resolution,
    name_handles,
    normalise,
    resolve,
)
from afterword.domain.people.preference import MAIL_ONLY, ChannelKind
from afterword.domain.throttle.eligibility import Decision, Invite, decide, yield_to_other
from afterword.domain.throttle.facts import Asked, PersonFacts
from afterword.domain.throttle.reason import Reason
from afterword.flows.job_kinds import JobKind
from afterword.flows.throttle.decision_facts import Gathered, Subject
from afterword.flows.throttle.heard_surveys import Heard, Surveys
from afterword.flows.throttle.used_limits import cell_key
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_chars
from afterword.storage import (
    decisions,
    events,
    identity_rules,
    invitations,
    jobs,
    people,
    revision,
    trigger_matches,
)
from afterword.storage.decisions import NewEntry
from afterword.storage.engine import Connection, Database
from afterword.storage.events import StoredEvent
from afterword.storage.identity_rules import IdentityRule
from afterword.storage.invitations import Waiting
from afterword.storage.people import Handle
from afterword.storage.trigger_matches import Match

MESSAGE_ID_CHARS = 24
_MESSAGE_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

NO_MATCH = frozenset(
    {Reason.DUPLICATE_EVENT, Reason.STALE_EVENT, Reason.FUTURE_EVENT, Reason.FILTER, Reason.COUNT}
)
"""What is no further match of a trigger: for these, nothing would have been asked either."""


def evaluate_events(
    database: Database,
    clock: Clock,
    event_ids: Collection[int],
    then: Callable[[Connection], object] = lambda connection: None,
    *,
    channels: Collection[ChannelKind] = MAIL_ONLY,
) -> set[int]:
    """
    Decide events for every survey that listens to them, and reserve the invitations.

    One transaction that locks the people first, so that a thousand parallel
    events of one person invite once; then the surveys with limits, so that no
    limit overshoots. Running it again changes nothing.

    Args:
        then: What else belongs into the transaction.
        channels: Those that the operator set up.

    Returns:
        The events that led to an invitation.
    """
    now = to_datetime(clock.now_us())
    while True:
        with database.write() as connection:
            subjects = _find_subjects(connection, event_ids)
            if subjects is None:
                # Others must be locked, and locking them behind these could wait for one another.
                continue
            batch = _Batch(connection, subjects, now, channels)
            for subject in subjects:
                batch.decide(subject)
            invited = batch.write()
            then(connection)
        return invited


@dataclass(frozen=True, slots=True)
class Candidate:
    """A survey that listens to an event, and what was decided for it."""

    heard: Heard
    person: PersonFacts | None
    decision: Decision

    @property
    def rank(self) -> tuple[int, float, float, int]:
        """The lowest one asks: highest priority, asked least recently, lowest draw."""
        last = self.person.last_asked(self.heard.id) if self.person else None
        asked_s = last.at.timestamp() if last else 0.0
        return -self.heard.policy.priority, asked_s, self.decision.draw, self.heard.id


@dataclass(slots=True, eq=False)
class _New:
    """An invitation that this batch reserves."""

    occurred_at: datetime
    at: datetime
    cell: str | None
    row: dict[str, Any]


def _find_subjects(connection: Connection, event_ids: Collection[int]) -> list[Subject] | None:
    """
    The events that are to be decided, with their people locked, in the order of their ids.

    Returns:
        None when they mean other people now: somebody was merged, say, before they were locked.
    """
    found = events.get_events(connection, event_ids)
    if not found:
        return []
    surveys = Surveys(connection, min(event.received_at for event in found.values()))
    known = revision.current(connection)
    who = _resolve(connection, list(found.values()))
    ids = {one.person_id for one in who.values() if one.person_id is not None}
    people.lock_people(connection, ids)
    if revision.current(connection) != known and _resolve(connection, list(found.values())) != who:
        return None
    erased = people.list_erased(connection, ids)
    # Looked at behind the lock: a second worker finds what the first one wrote.
    decided = decisions.list_decided(connection, event_ids)
    return [
        Subject(event, who[event_id].person_id, who[event_id].is_bot, list(surveys.told(event)))
        for event_id, event in sorted(found.items())
        # Erased since the event was read: what it said is being erased, too.
        if event_id not in decided and who[event_id].person_id not in erased
    ]


def _resolve(connection: Connection, found: Sequence[StoredEvent]) -> Mapping[int, Resolution]:
    """
    Resolve again, with what was known when each event came: its server may not have heard of it yet.

    A name that became known later attributes the event, but asks nobody about it.
    """
    stated = identity_rules.list_rules(connection)
    handles = {event.id: _handles(event) for event in found}
    rules = {event.id: _rules_at(stated, event.received_at) for event in found}
    readings = {
        (kind, reading)
        for event in found
        for kind, handle in handles[event.id].items()
        for reading in rules[event.id].readings(kind, normalise(kind, handle), event.project_id)
    }
    owners = people.find_owners_since(connection, readings)
    return {
        event.id: resolve(
            handles[event.id],
            _KnownBy(owners, event.received_at),
            rules[event.id],
            event.project_id,
        )
        for event in found
    }


def _rules_at(stated: Sequence[IdentityRule], at: datetime) -> IdentityRules:
    """The rules that were there at a time."""
    return _combine(tuple(rule for rule in stated if rule.created_at <= at))


_combine = lru_cache(maxsize=100)(identity_rules.combine)


def _handles(event: StoredEvent) -> dict[IdentityKind, str]:
    return name_handles(
        email=event.email, github_username=event.github_username, gitlab_username=event.gitlab_username
    )


@dataclass(frozen=True, slots=True)
class _KnownBy:
    """Who had which handle at a time."""

    owners: Mapping[Handle, tuple[int, datetime]]
    at: datetime

    def get(self, key: Handle, /) -> int | None:
        owner = self.owners.get(key)
        return None if owner is None or owner[1] > self.at else owner[0]


class _Batch:
    """Decides events one after the other, and writes all that follows from them at once."""

    def __init__(
        self,
        connection: Connection,
        subjects: Sequence[Subject],
        now: datetime,
        channels: Collection[ChannelKind],
    ) -> None:
        self._connection = connection
        self._now = now
        # Before all that is decided by: were there no lock, what is reserved meanwhile has the same number.
        self._numbers = Counter(_find_last_numbers(connection, subjects))
        # Before anything is counted: a sender may have one of them in its hands.
        self._waiting = _list_waiting(connection, subjects, now)
        self._gathered = Gathered(connection, subjects, now, channels=channels)
        self._entries: list[NewEntry] = []
        self._invited: list[_New] = []
        self._matches: list[Match] = []
        self._withdrawn: dict[int, int] = {}
        self._collapsed: Counter[int] = Counter()

    def decide(self, subject: Subject) -> None:
        """Decide one event for all surveys that listen to it."""
        self._withdraw(subject)
        heard = [one for one in subject.told if one.trigger.hears(subject.event.name)]
        candidates = [self._consider(subject, one) for one in heard]
        for one in choose(candidates):
            self._entries.append(_entry(subject, one))
            if isinstance(one.decision, Invite):
                self._invite(subject, one, one.decision)
            else:
                self._collapse(subject, one)
        self._matches += self._gathered.add_event(subject)

    def write(self) -> set[int]:
        """Write everything; the events that led to an invitation."""
        connection = self._connection
        decisions.add_entries(connection, self._entries, self._now)
        ids = invitations.add_invitations(connection, [new.row for new in self._invited])
        send = [
            (invitation_id, new.row["send_at"])
            for invitation_id, new in zip(ids, self._invited, strict=True)
            if new.row["state"] == InvitationState.QUEUED.value
        ]
        jobs.add_jobs_at(connection, JobKind.SEND_INVITATION, send)
        invitations.withdraw(connection, self._withdrawn)
        invitations.add_collapsed(connection, self._collapsed)
        trigger_matches.add_matches(connection, self._matches)
        return {new.row["event_id"] for new in self._invited}

    def _consider(self, subject: Subject, heard: Heard) -> Candidate:
        facts = self._gathered.facts(subject, heard)
        return Candidate(heard, facts.person, decide(facts, heard.policy, self._now))

    def _invite(self, subject: Subject, candidate: Candidate, decision: Invite) -> None:
        heard, person = candidate.heard, candidate.person
        if person is None:
            raise RuntimeError("an event of nobody can't invite")
        self._numbers[person.id] += 1
        waits = heard.trigger.waits_after(self._now - subject.event.occurred_at)
        expires_at = self._now + waits + heard.policy.expires_after
        # A test may be due past its expiry: there it ends instead of waiting on.
        send_at = min(decision.send_at, expires_at)
        cell = cell_key(heard.policy.quota, person.cell)
        row = {
            "survey_id": heard.id,
            "survey_version": heard.survey.version,
            "person_id": person.id,
            "event_id": subject.event.id,
            "is_test": subject.event.is_test,
            "state": InvitationState.QUEUED.value,
            "last_error": None,
            "cancelled_by": None,
            "message_id": random_chars(_MESSAGE_ID_LETTERS, MESSAGE_ID_CHARS),
            "created_at": self._now,
            "expires_at": expires_at,
            "send_at": send_at,
            "cell": cell,
            "collapsed": 0,
            "probability": decision.probability,
            "number": self._numbers[person.id],
        }
        new = _New(subject.event.occurred_at, self._now, cell, row)
        self._invited.append(new)
        project_id, tags = heard.survey.project_id, heard.definition.tags
        asked = Asked(heard.id, project_id, self._now, None, expires_at, None, tags, send_at)
        self._gathered.add_invitation(subject, asked, cell)
        if not subject.event.is_test:
            self._waiting.setdefault((person.id, heard.id), []).append(new)

    def _withdraw(self, subject: Subject) -> None:
        """Cancel what waits and is made pointless by what the person did now."""
        event, person_id = subject.event, subject.person_id
        if person_id is None or event.is_test:
            return
        for heard in subject.told:
            waiting = self._waiting.get((person_id, heard.id), [])
            withdraws = partial(heard.trigger.withdraws, event.name, event.occurred_at)
            for one in [one for one in waiting if withdraws(one.occurred_at)]:
                waiting.remove(one)
                self._gathered.remove_invitation(person_id, heard.id, one.at, one.cell)
                if isinstance(one, _New):
                    ended = {"state": InvitationState.CANCELLED.value, "last_error": CANCELLED}
                    one.row |= ended | {"cancelled_by": event.id}
                else:
                    self._withdrawn[one.id] = event.id

    def _collapse(self, subject: Subject, candidate: Candidate) -> None:
        """Count a further match with the invitation that waits."""
        if subject.person_id is None or not candidate.heard.trigger.waits or subject.event.is_test:
            return
        waiting = self._waiting.get((subject.person_id, candidate.heard.id), [])
        if not waiting or isinstance(candidate.decision, Invite):
            return
        if not NO_MATCH.isdisjoint(candidate.decision.reasons):
            return
        if isinstance(one := waiting[-1], _New):
            one.row["collapsed"] += 1
        else:
            self._collapsed[one.id] += 1


def _find_last_numbers(connection: Connection, subjects: Sequence[Subject]) -> dict[int, int]:
    """Person id → the number of their last invitation."""
    ids = {subject.person_id for subject in subjects if subject.person_id is not None}
    return invitations.find_last_numbers(connection, sorted(ids)) if ids else {}


def _list_waiting(
    connection: Connection, subjects: Sequence[Subject], now: datetime
) -> dict[tuple[int, int], list[_New | Waiting]]:
    """(person id, survey id) → invitations that may be collapsed into or withdrawn; locked."""
    ids = {
        subject.person_id
        for subject in subjects
        if subject.person_id is not None
        and any(one.trigger.waits or one.trigger.withdrawing for one in subject.told)
    }
    found: dict[tuple[int, int], list[_New | Waiting]] = {}
    if ids:
        for one in invitations.list_waiting(connection, sorted(ids), now):
            found.setdefault((one.person_id, one.survey_id), []).append(one)
    return found


def choose(candidates: list[Candidate]) -> list[Candidate]:
    """Let at most one survey ask; to the others the event means nothing more."""
    invites = [item for item in candidates if isinstance(item.decision, Invite)]
    if len(invites) < 2:
        return candidates
    first = min(invites, key=lambda item: item.rank)
    return [
        replace(item, decision=yield_to_other(item.decision, first.heard.survey.key))
        if item is not first and isinstance(item.decision, Invite)
        else item
        for item in candidates
    ]


def _entry(subject: Subject, candidate: Candidate) -> NewEntry:
    heard = candidate.heard
    return NewEntry(
        subject.event.id,
        heard.id,
        heard.survey.version,
        subject.person_id,
        subject.event.is_test,
        candidate.decision,
        heard.policy_id,
    )
