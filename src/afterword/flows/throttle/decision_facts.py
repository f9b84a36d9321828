"""What is known of the people and surveys that a batch of events is about?"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from afterword.domain.people.person import split_team
from afterword.domain.people.preference import MAIL_ONLY, ChannelKind, find_opt_out, unwanted_channels
from afterword.domain.people.time_zone import HeldZone, ZoneOrigin
from afterword.domain.survey.trigger import Condition, Trigger, find_mismatch, matches, show_found
from afterword.domain.throttle.channel_choice import find_failure, list_channels, list_usable
from afterword.domain.throttle.facts import Asked, Facts, PersonFacts, SurveyCounts, SurveyFacts
from afterword.domain.throttle.rules.sending import FAILED_PAUSE
from afterword.flows.people.held_zone import zone_of
from afterword.flows.surveys.survey_definition import read_definition
from afterword.flows.throttle.heard_surveys import Heard
from afterword.flows.throttle.preferences import quiet_hours_of
from afterword.flows.throttle.used_limits import cell_of, list_used
from afterword.storage import decisions, exposures, invitations, people, preferences, surveys, trigger_matches
from afterword.storage.decisions import Twin
from afterword.storage.engine import Connection
from afterword.storage.events import StoredEvent
from afterword.storage.people import Person
from afterword.storage.trigger_matches import Match, MatchRole, Wanted

TWINS_EVENTS_MAX = 50_000
"""How many events back the same event is looked for: a tool that sends twice does so within minutes."""

SEEN_CHARS_MAX = 100
"""How much of a value of the metadata each decision keeps: most are skips that nobody looks at."""

_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Subject:
    """
    One event of a batch, whom it means, and the surveys that are told of it.

    Attributes:
        person_id: None when the directory does not know who did it.
        names_bot: The event's handles look like a bot's.
    """

    event: StoredEvent
    person_id: int | None
    names_bot: bool
    told: list[Heard]
    metadata: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.metadata = json.loads(self.event.metadata) if self.event.metadata else {}

    @property
    def twin(self) -> Twin | None:
        """What makes it the same event as another; None without a person or a time of its own."""
        event = self.event
        if self.person_id is None or event.is_test or event.occurred_at == event.received_at:
            return None
        return Twin(self.person_id, event.project_id, event.name, event.occurred_at, event.metadata)


class Gathered:
    """
    All that a batch of decisions looks at, and what they change of it for one another.

    Surveys with limits are locked: nobody else uses them up until the transaction ends.

    Args:
        channels: Those that the operator set up.
        lock: False to look only.
    """

    def __init__(
        self,
        connection: Connection,
        subjects: Sequence[Subject],
        now: datetime,
        *,
        channels: Collection[ChannelKind] = MAIL_ONLY,
        lock: bool = True,
    ) -> None:
        heard = {(one.id, one.survey.version): one for subject in subjects for one in subject.told}.values()
        ids = sorted({subject.person_id for subject in subjects if subject.person_id is not None})
        self._now = now
        self._channels = channels
        self._people = people.get_people(connection, ids)
        self._opt_outs = preferences.list_opt_outs_of(connection, ids)
        self._tests = Counter(invitations.count_tests(connection, ids, now - _HOUR))
        self._asked = list_asked(connection, ids, with_tags=any(one.policy.group_caps for one in heard))
        self._matches = _list_matches(connection, subjects, ids, heard)
        self._firsts = (
            trigger_matches.list_first_events(connection, ids)
            if any(one.policy.min_tenure for one in heard)
            else {}
        )
        self._failed = exposures.list_failed(connection, ids, now - FAILED_PAUSE)
        self._twins = _list_twins(connection, subjects, ids)
        self._used = list_used(connection, heard, now, lock=lock)

    def facts(self, subject: Subject, heard: Heard) -> Facts:
        """What is known of one event and one survey now."""
        event, trigger = subject.event, heard.trigger
        person_id = subject.person_id
        person = None if person_id is None else self._person_facts(self._people[person_id], subject, heard)
        count, came_after = self._counted(subject, heard)
        is_match = matches(trigger.where, subject.metadata)
        return Facts(
            event_id=event.id,
            occurred_at=event.occurred_at,
            is_test=event.is_test,
            survey=SurveyFacts(
                id=heard.id,
                project_id=heard.survey.project_id,
                state=heard.phase(self._now),
                tags=heard.definition.tags,
                paused=heard.paused,
                counts=self._counts(heard, person),
                slot=heard.slot,
                paced_since=heard.paced_since,
            ),
            person=person,
            metadata_matches=is_match,
            metadata_saw={} if is_match else _what_mismatched(trigger.where, subject.metadata),
            is_duplicate=subject.twin in self._twins,
            count=count,
            count_wanted=trigger.count,
            came_after=came_after,
            was_withdrawn=self._was_withdrawn(subject, heard),
            names_bot=subject.names_bot,
            waits=trigger.waits_after(self._now - event.occurred_at),
            collapses=bool(trigger.waits),
        )

    def facts_when_met(self, subject: Subject, heard: Heard) -> Facts:
        """The same, if the event met the trigger whatever it says."""
        wanted = heard.trigger.count
        came_after = None if heard.trigger.after is None else True
        return replace(
            self.facts(subject, heard),
            metadata_matches=True,
            metadata_saw={},
            count=wanted,
            came_after=came_after,
            was_withdrawn=False,
        )

    def add_invitation(self, subject: Subject, asked: Asked, cell: str | None) -> None:
        """Let the decisions that follow know of one that invites."""
        if subject.person_id is None:
            raise RuntimeError("an event of nobody can't invite")
        if subject.event.is_test:
            self._tests[subject.person_id] += 1
            return
        self._asked.setdefault(subject.person_id, []).append(asked)
        if asked.survey_id in self._used:
            self._used[asked.survey_id].change(asked.at, cell, +1)

    def remove_invitation(self, person_id: int, survey_id: int, at: datetime, cell: str | None) -> None:
        """Let the decisions that follow know that an invitation, reserved at a time, was withdrawn."""
        asked = self._asked.get(person_id, [])
        self._asked[person_id] = [one for one in asked if (one.survey_id, one.at) != (survey_id, at)]
        if survey_id in self._used:
            self._used[survey_id].change(at, cell, -1)

    def add_event(self, subject: Subject) -> list[Match]:
        """Let the decisions that follow know of an event; what its surveys must remember of it."""
        if subject.twin in self._twins:
            # It is counted already.
            return []
        if subject.twin is not None:
            self._twins.add(subject.twin)
        found = list(matches_of(subject))
        for one in found:
            self._matches.setdefault((one.survey_id, one.person_id), []).append(one)
        return found

    def _person_facts(self, person: Person, subject: Subject, heard: Heard) -> PersonFacts:
        policy, event = heard.policy, subject.event
        quota, held = policy.quota, zone_of(person, heard.timezone)
        opt_outs = self._opt_outs.get(person.id, ())
        order = list_channels(policy.channels, self._channels)
        usable = list_usable(order, person.email, unwanted_channels(opt_outs))
        failed = self._failed.get(person.id, ())
        return PersonFacts(
            id=person.id,
            is_bot=person.is_bot,
            is_active=person.is_active,
            is_tester=person.is_tester,
            opt_out=find_opt_out(person.opted_out_at, opt_outs, event.project_id, order),
            snoozed_until=person.snoozed_until,
            has_channel=bool(usable),
            channels_tried=order,
            failed_at=find_failure(heard.id, usable, failed, self._now - FAILED_PAUSE),
            zone=held.zone,
            zone_origin=held.origin,
            quiet=quiet_hours_of(person),
            first_event_at=self._firsts.get((person.id, event.project_id)),
            document=audience_document(person, held) if policy.audience is not None else {},
            asked=tuple(self._asked.get(person.id, ())),
            test_invitations=self._tests[person.id],
            cell=None if quota is None or quota.attribute is None else cell_of(person, quota.attribute),
        )

    def _counts(self, heard: Heard, person: PersonFacts | None) -> SurveyCounts:
        return self._used[heard.id].counts(person) if heard.id in self._used else SurveyCounts()

    def _counted(self, subject: Subject, heard: Heard) -> tuple[int, bool | None]:
        """The how-manieth match it is, and whether what must come before did."""
        trigger, at = heard.trigger, subject.event.occurred_at
        if subject.person_id is None or not trigger.looks_back:
            return 1, None if trigger.after is None else False
        before = self._matches.get((heard.id, subject.person_id), ())
        since = at - trigger.count_window
        count = 1 + sum(one.role is MatchRole.COUNTED and since < one.occurred_at <= at for one in before)
        if trigger.after is None:
            return count, None
        after_since = at - trigger.after.window
        return count, any(
            one.role is MatchRole.EARLIER and after_since <= one.occurred_at <= at for one in before
        )

    def _was_withdrawn(self, subject: Subject, heard: Heard) -> bool:
        """Whether an event that came sooner, though it happened later, withdraws what this one asks."""
        trigger, event = heard.trigger, subject.event
        if subject.person_id is None or not trigger.withdrawing:
            return False
        before = self._matches.get((heard.id, subject.person_id), ())
        until = event.occurred_at
        if trigger.not_followed_by is not None:
            until += trigger.not_followed_by.window
        return any(
            # Of one moment, the one that came first happened first.
            (one.occurred_at, one.event_id) > (event.occurred_at, event.id)
            and (
                one.role is MatchRole.WITHDRAWING
                or (one.role is MatchRole.FOLLOWING and one.occurred_at <= until)
            )
            for one in before
        )


def audience_document(person: Person, held: HeldZone) -> dict[str, Any]:
    """What the conditions of an audience look into."""
    return {
        "email": person.email,
        "name": person.name,
        "team": person.team,
        "teams": split_team(person.team) if person.team else [],
        "timezone": None if held.origin is ZoneOrigin.DEFAULT else held.name,
        "locale": person.locale,
        "start_date": person.start_date,
        "is_tester": person.is_tester,
        "attributes": {name: list(values) for name, values in person.attributes.items()},
    }


def list_asked(
    connection: Connection, person_ids: Sequence[int], *, with_tags: bool
) -> dict[int, list[Asked]]:
    """
    Person id → exposures, the oldest first.

    Args:
        with_tags: Also the tags that the surveys have today, which are read for it.
    """
    asked = exposures.list_asked(connection, person_ids)
    if not with_tags:
        return asked
    tags = {
        survey_id: read_definition(text).tags
        for survey_id, text in surveys.list_current_definitions(connection).items()
    }
    return {
        person_id: [one._replace(tags=tags.get(one.survey_id, frozenset())) for one in theirs]
        for person_id, theirs in asked.items()
    }


def _list_matches(
    connection: Connection, subjects: Sequence[Subject], ids: Sequence[int], heard: Iterable[Heard]
) -> dict[tuple[int, int], list[Match]]:
    """
    (survey id, person id) → what the person did that matters to one of the events.

    An event counts what occurred up to it, in whichever order events come. So all since the first of
    them is read, and before it as many as the trigger wants: with these it is enough for each event.
    """
    found: dict[tuple[int, int], list[Match]] = {}
    earliest = min((one.event.occurred_at for one in subjects if one.person_id is not None), default=None)
    if earliest is None:
        return found
    counting: dict[int, list[Trigger]] = {}
    for one in heard:
        if one.trigger.remembers:
            counting.setdefault(one.id, []).append(one.trigger)
    for survey_id, triggers in counting.items():
        since = earliest - max(trigger.looks_back_by for trigger in triggers)
        wanted = Wanted(survey_id, since, earliest, _newest_wanted(triggers))
        for match in trigger_matches.list_matches(connection, wanted, ids):
            found.setdefault((match.survey_id, match.person_id), []).append(match)
    return found


def _newest_wanted(triggers: Iterable[Trigger]) -> dict[MatchRole, int]:
    """How many of each role the versions of one survey want at most."""
    wanted: dict[MatchRole, int] = {}
    for trigger in triggers:
        if trigger.count > 1:
            wanted[MatchRole.COUNTED] = max(trigger.count, wanted.get(MatchRole.COUNTED, 0))
        if trigger.after is not None:
            wanted[MatchRole.EARLIER] = 1
        if trigger.cancel_on:
            wanted[MatchRole.WITHDRAWING] = 1
        if trigger.not_followed_by is not None:
            wanted[MatchRole.FOLLOWING] = 1
    return wanted


def _list_twins(connection: Connection, subjects: Sequence[Subject], ids: Sequence[int]) -> set[Twin]:
    if not ids:
        return set()
    times = {subject.event.occurred_at for subject in subjects}
    after_id = min(subject.event.id for subject in subjects) - TWINS_EVENTS_MAX
    return decisions.list_twins(connection, ids, times, after_event_id=after_id)


def matches_of(subject: Subject) -> Iterable[Match]:
    """What the surveys that are told of an event must remember of it."""
    event, person_id = subject.event, subject.person_id
    if person_id is None or event.is_test:
        return
    for heard in subject.told:
        trigger = heard.trigger
        roles = []
        if trigger.count > 1 and trigger.hears(event.name) and matches(trigger.where, subject.metadata):
            roles.append(MatchRole.COUNTED)
        if trigger.is_after(event.name):
            roles.append(MatchRole.EARLIER)
        if trigger.cancels(event.name):
            roles.append(MatchRole.WITHDRAWING)
        if trigger.is_missed(event.name):
            roles.append(MatchRole.FOLLOWING)
        for role in roles:
            yield Match(heard.id, person_id, event.id, role, event.occurred_at)


def _short(text: str) -> str:
    """What the ledger keeps of a value: enough to see what it was."""
    return text if len(text) <= SEEN_CHARS_MAX else text[: SEEN_CHARS_MAX - 1] + "…"


def _what_mismatched(condition: Condition | None, metadata: Mapping[str, Any]) -> dict[str, str]:
    compare = find_mismatch(condition, metadata)
    if compare is None:
        return {}
    return {
        "path": compare.path,
        "operator": compare.operator,
        "wanted": _short(json.dumps(compare.value, ensure_ascii=False, default=str)),
        "found": _short(show_found(compare.path, metadata)),
    }
