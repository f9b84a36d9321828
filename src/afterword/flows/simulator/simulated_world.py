"""What would have been known at each moment, had these surveys asked instead of those that did?"""

import hashlib
import heapq
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Any

from afterword.domain.people.preference import MAIL_ONLY, ChannelKind, OptOut
from afterword.domain.throttle.eligibility import Invite, decide
from afterword.domain.throttle.facts import Asked, Facts, Outcome, PersonFacts, SurveyCounts
from afterword.domain.throttle.rules.exposures import may_remind
from afterword.domain.throttle.rules.sending import FAILED_PAUSE
from afterword.domain.throttle.used_over_time import Use, UsedOverTime
from afterword.flows.surveys.survey_definition import read_definition
from afterword.flows.throttle.decision_facts import TWINS_EVENTS_MAX, Gathered, Subject, matches_of
from afterword.flows.throttle.evaluate_events import Candidate, choose
from afterword.flows.throttle.heard_surveys import Heard
from afterword.flows.throttle.used_limits import cell_key
from afterword.storage import exposures, people, preferences, surveys, trigger_matches
from afterword.storage.decisions import Twin
from afterword.storage.engine import Connection
from afterword.storage.events import StoredEvent
from afterword.storage.exposures import Past
from afterword.storage.people import Person
from afterword.storage.trigger_matches import Match

MATCHES_KEPT_MIN = 50
"""So many matches of a person are kept before those are let go that no trigger looks back to."""

LATE_EVENTS = timedelta(days=1)
"""Events may come so late and still find what was matched before them."""


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known of the people, read as they come up; all worlds share it.

    Attributes:
        tags: Survey id → its tags.
        channels: Those that the operator set up.
    """

    people: dict[int, Person]
    opt_outs: dict[int, list[OptOut]]
    firsts: dict[tuple[int, int], datetime]
    tags: Mapping[int, frozenset[str]]
    channels: Collection[ChannelKind] = MAIL_ONLY

    def read(self, connection: Connection, person_ids: Collection[int]) -> list[Past]:
        """Read what is known of people that were not asked for before; their real invitations."""
        ids = sorted(set(person_ids).difference(self.people))
        if not ids:
            return []
        self.people.update(people.get_people(connection, ids))
        self.opt_outs.update(preferences.list_opt_outs_of(connection, ids))
        self.firsts.update(trigger_matches.list_first_events(connection, ids))
        return exposures.list_past(connection, person_ids=ids)

    def find_id(self, person_id: int | None) -> int | None:
        """Somebody who was read, and is not erased."""
        person = self.people.get(person_id or 0)
        return None if person is None or person.erased_at is not None else person.id

    def address(self, person_id: int | None) -> str | None:
        """The e-mail address of somebody who was read."""
        found = self.find_id(person_id)
        return None if found is None else self.people[found].email


def know(connection: Connection, channels: Collection[ChannelKind] = MAIL_ONLY) -> Known:
    """Nobody yet; only by which channels they could be asked."""
    found = surveys.list_current_definitions(connection)
    tags = {survey_id: read_definition(text).tags for survey_id, text in found.items()}
    return Known({}, {}, {}, tags, channels)


@dataclass(slots=True, eq=False)
class Simulated:
    """
    An invitation of a simulated survey.

    Attributes:
        send_at: When its mail goes out.
        is_withdrawn: It ended before it went out.
    """

    survey_id: int
    person_id: int
    at: datetime
    occurred_at: datetime
    send_at: datetime
    asked: Asked
    use: Use
    is_withdrawn: bool = False


class World(Gathered):
    """
    Some surveys with all that they ask over time, kept in memory; decides exactly as the worker does.

    Args:
        heard: The surveys that ask, each in one version.
        since: When they begin; what they really asked before counts.
        response_rate: The share of the invitations that is answered.

    Attributes:
        looks_back: How long ago what people did may still matter.
    """

    def __init__(
        self,
        connection: Connection,
        known: Known,
        heard: Sequence[Heard],
        since: datetime,
        response_rate: float,
    ) -> None:
        # Nothing is read for a batch: what is known grows with the events.
        self._known = known
        self._channels = known.channels
        self._since = since
        self._response_rate = response_rate
        self._now = since
        self._people = known.people
        self._opt_outs = known.opt_outs
        self._firsts = known.firsts
        self._tests = Counter()
        self._asked = {}
        self._failed = {}
        self._matches = {}
        self._twins = set()
        self._used = {}
        self._heard = tuple(heard)
        self._told: dict[tuple[int, str], tuple[list[Heard], list[Heard]]] = {}
        self._simulated_ids = frozenset(one.id for one in heard)
        self.looks_back = max([LATE_EVENTS, *map(_looks_back, heard)])
        self._twins_seen: deque[tuple[int, Twin]] = deque()
        self._twin_ids: dict[Twin, int] = {}
        self._changes: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()
        self._facts_of: dict[int, dict[int, PersonFacts]] = {}
        self._waiting: dict[tuple[int, int], list[Simulated]] = {}
        limited = {one.id: one for one in heard if one.has_limits}
        self._limits = {survey_id: UsedOverTime(_period(one), one.slot) for survey_id, one in limited.items()}
        for past in exposures.list_past(connection, survey_ids=limited) if limited else ():
            if past.at < since:
                use = Use(past.at, past.expires_at, past.cell, past.outcome, past.outcome_at, past.gone_at)
                self._limits[past.survey_id].add(use, since)

    def listens(self, event: StoredEvent) -> bool:
        """Whether any survey must be told of an event."""
        return bool(self._ears(event)[0])

    def add_past(self, past: Iterable[Past]) -> None:
        """Take real invitations as facts, but for those that this world has other ones for."""
        for one in past:
            if one.survey_id in self._simulated_ids and one.at >= self._since:
                continue
            self._at(one.at, partial(self._add_real, one))
        self._run_changes()

    def advance(self, now: datetime) -> None:
        """Let time pass; it never goes back."""
        self._now = max(self._now, now)
        self._run_changes()
        for limits in self._limits.values():
            limits.advance(self._now)

    def remember(self, event: StoredEvent, person_id: int | None) -> None:
        """Take notice of an event from before the time that is simulated."""
        told, heard = self._ears(event)
        if not event.is_test and told:
            self._remember(Subject(event, person_id, False, told), is_decided=bool(heard))

    def hear(self, event: StoredEvent, person_id: int | None) -> Facts | None:
        """What is known of an event and the first survey that hears it, which is not decided."""
        told, heard = self._ears(event)
        if not told:
            return None
        self._now = max(self._now, event.received_at)
        subject = Subject(event, person_id, False, told)
        facts = self.facts(subject, heard[0]) if heard else None
        self._remember(subject, is_decided=False)
        return facts

    def decide(self, event: StoredEvent, person_id: int | None, names_bot: bool) -> list[Candidate]:
        """Decide an event for all surveys that hear it, and let them ask whom they ask."""
        told, heard = self._ears(event)
        if event.is_test or not told:
            return []
        subject = Subject(event, person_id, names_bot, told)
        self._forget_twins(event.id - TWINS_EVENTS_MAX)
        self._withdraw(subject)
        candidates = []
        for one in heard:
            facts = self.facts(subject, one)
            candidates.append(Candidate(one, facts.person, decide(facts, one.policy, self._now)))
        chosen = choose(candidates)
        self._remember(subject, is_decided=bool(heard))
        return chosen

    def invite(self, event: StoredEvent, candidate: Candidate, decision: Invite) -> Simulated:
        """Let one that was decided be asked."""
        heard, person = candidate.heard, candidate.person
        if person is None:
            raise RuntimeError("an event of nobody can't invite")
        now = self._now
        waits = heard.trigger.waits_after(now - event.occurred_at)
        expires_at = now + waits + heard.policy.expires_after
        send_at = decision.send_at
        asked = Asked(heard.id, event.project_id, now, None, expires_at, None, heard.definition.tags, send_at)
        use = Use(now, expires_at, cell_key(heard.policy.quota, person.cell))
        new = Simulated(heard.id, person.id, now, event.occurred_at, send_at, asked, use)
        use.outcome_at = find_answer_time(
            heard.survey.key, event.id, self._response_rate, send_at, expires_at
        )
        use.outcome = None if use.outcome_at is None else Outcome.ANSWERED
        self._asked.setdefault(person.id, []).append(asked)
        self._forget(person.id)
        if heard.id in self._limits:
            self._limits[heard.id].add(use, now)
        if send_at > now:
            self._waiting.setdefault((person.id, heard.id), []).append(new)
        self._at(send_at, partial(self._send, new))
        if use.outcome_at is not None:
            self._at(use.outcome_at, partial(self._set_answered, new))
        if heard.policy.reminder_after is not None:
            remind_at = send_at + heard.policy.reminder_after
            self._at(remind_at, partial(self._remind, new, heard, remind_at))
        return new

    def _ears(self, event: StoredEvent) -> tuple[list[Heard], list[Heard]]:
        """The surveys that are told of an event, and those of them that it may ask."""
        key = event.project_id, event.name
        if (found := self._told.get(key)) is None:
            told = [
                one
                for one in self._heard
                if one.survey.project_id == event.project_id and one.trigger.is_told(event.name)
            ]
            found = self._told[key] = told, [one for one in told if one.trigger.hears(event.name)]
        return found

    def _person_facts(self, person: Person, subject: Subject, heard: Heard) -> PersonFacts:
        of_person = self._facts_of.setdefault(person.id, {})
        if (found := of_person.get(heard.id)) is None:
            found = of_person[heard.id] = super()._person_facts(person, subject, heard)
        return found

    def _counts(self, heard: Heard, person: PersonFacts | None) -> SurveyCounts:
        limits = self._limits.get(heard.id)
        cell = cell_key(heard.policy.quota, None if person is None else person.cell)
        return SurveyCounts() if limits is None else limits.counts(cell)

    def _remember(self, subject: Subject, *, is_decided: bool) -> None:
        for one in self._list_matches(subject):
            kept = self._matches.setdefault((one.survey_id, one.person_id), [])
            kept.append(one)
            if len(kept) >= MATCHES_KEPT_MIN and len(kept) % MATCHES_KEPT_MIN == 0:
                kept[:] = [match for match in kept if match.occurred_at >= self._now - self.looks_back]
        twin = subject.twin
        if twin is None or not is_decided:
            return
        event_id = subject.event.id
        self._twins.add(twin)
        self._twin_ids[twin] = event_id
        self._twins_seen.append((event_id, twin))

    def _forget_twins(self, up_to_id: int) -> None:
        while self._twins_seen and self._twins_seen[0][0] <= up_to_id:
            event_id, twin = self._twins_seen.popleft()
            if self._twin_ids[twin] == event_id:
                del self._twin_ids[twin]
                self._twins.remove(twin)

    def _list_matches(self, subject: Subject) -> list[Match]:
        return list(matches_of(subject)) if any(one.trigger.remembers for one in subject.told) else []

    def _withdraw(self, subject: Subject) -> None:
        event, person_id = subject.event, subject.person_id
        if person_id is None or not any(one.trigger.withdrawing for one in subject.told):
            return
        for heard in subject.told:
            waiting = self._waiting.get((person_id, heard.id))
            if not waiting:
                continue
            withdraws = partial(heard.trigger.withdraws, event.name, event.occurred_at)
            for one in waiting:
                if one.send_at > self._now and withdraws(one.occurred_at):
                    self._take_back(one)
            waiting[:] = [one for one in waiting if one.send_at > self._now and not one.is_withdrawn]

    def _take_back(self, one: Simulated) -> None:
        """Let it be as if an invitation had not been."""
        if one.is_withdrawn:
            return
        one.is_withdrawn = True
        self._asked[one.person_id].remove(one.asked)
        self._forget(one.person_id)
        if one.survey_id in self._limits:
            self._limits[one.survey_id].remove(one.use)

    def _send(self, one: Simulated) -> None:
        if not one.is_withdrawn:
            self._arrive(one.person_id, one.send_at)

    def _set_answered(self, one: Simulated) -> None:
        if not one.is_withdrawn:
            answered = one.asked._replace(outcome=Outcome.ANSWERED)
            self._replace(one.person_id, one.asked, answered)
            one.asked = answered

    def _remind(self, one: Simulated, heard: Heard, now: datetime) -> None:
        """One more exposure of who has not answered, where the caps let it be."""
        asked = one.asked
        if one.is_withdrawn or not asked.is_open(now):
            return
        if may_remind(self._asked[one.person_id], heard.definition.tags, heard.policy, now):
            one.asked = asked._replace(reminded_at=now)
            self._replace(one.person_id, asked, one.asked)

    def _add_real(self, past: Past) -> None:
        tags = self._known.tags.get(past.survey_id, frozenset())
        asked = Asked(
            past.survey_id, past.project_id, past.at, None, past.expires_at, None, tags, past.send_at
        )
        self._asked.setdefault(past.person_id, []).append(asked)
        self._forget(past.person_id)
        if past.sent_at is not None:
            self._at(past.sent_at, partial(self._arrive, past.person_id, past.sent_at))
        if past.failed_at is not None:
            self._at(past.failed_at, partial(self._fail, past, asked))
            self._at(past.failed_at + FAILED_PAUSE, partial(self._forget, past.person_id))
            if past.gone_at is not None:
                return
        changes: list[tuple[datetime, dict[str, Any]]] = []
        if past.reminded_at is not None:
            changes.append((past.reminded_at, {"reminded_at": past.reminded_at}))
        if past.outcome is not None:
            changes.append((past.outcome_at or past.at, {"outcome": past.outcome}))
        for moment, fields in sorted(changes, key=itemgetter(0)):
            changed = asked._replace(**fields)
            self._at(moment, partial(self._replace, past.person_id, asked, changed))
            asked = changed

    def _fail(self, past: Past, asked: Asked) -> None:
        """A message could not be delivered: nobody was asked, unless the person found it."""
        if past.failure is not None:
            self._failed.setdefault(past.person_id, []).append(past.failure)
        if past.gone_at is not None:
            self._asked[past.person_id].remove(asked)
        self._forget(past.person_id)

    def _arrive(self, person_id: int, at: datetime) -> None:
        """A message was delivered: what failed before it is of no interest."""
        if person_id in self._failed:
            self._failed[person_id] = [one for one in self._failed[person_id] if one.at >= at]
            self._forget(person_id)

    def _replace(self, person_id: int, old: Asked, new: Asked) -> None:
        theirs = self._asked[person_id]
        theirs[theirs.index(old)] = new
        self._forget(person_id)

    def _forget(self, person_id: int) -> None:
        """What was made of a person holds no more."""
        self._facts_of.pop(person_id, None)

    def _at(self, moment: datetime, change: Callable[[], None]) -> None:
        heapq.heappush(self._changes, (moment, next(self._numbers), change))

    def _run_changes(self) -> None:
        while self._changes and self._changes[0][0] <= self._now:
            heapq.heappop(self._changes)[2]()


def _looks_back(heard: Heard) -> timedelta:
    return heard.trigger.looks_back_by + max(LATE_EVENTS, heard.policy.max_event_age)


def _period(heard: Heard) -> timedelta | None:
    return None if heard.policy.quota is None else heard.policy.quota.period


def find_answer_time(
    survey_key: str, event_id: int, response_rate: float, send_at: datetime, expires_at: datetime
) -> datetime | None:
    """
    When a simulated invitation is answered; None when it is not. The same in each world, and each time.

    Most who answer do so soon: half of them within the first quarter of the time that there is.
    """
    digest = hashlib.sha256(f"answer:{survey_key}:{event_id}".encode()).digest()
    if int.from_bytes(digest[:6]) / 2**48 >= response_rate:
        return None
    return send_at + (int.from_bytes(digest[6:12]) / 2**48) ** 2 * (expires_at - send_at)
