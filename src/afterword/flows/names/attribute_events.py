"""When a name becomes known, whose are the earlier events that used it?"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from afterword.domain.people.identity import IdentityKind, IdentityRules
from afterword.flows.names.note_unknown_names import count_sightings, first_events
from afterword.flows.names.read_names import (
    Meaning,
    NameReader,
    Who,
    find_meaning,
    names_of,
    readings_of,
    who_of,
)
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import (
    attributions,
    event_handles,
    identity_rules,
    people,
    projection,
    revision,
    trigger_matches,
    unresolved,
)
from afterword.storage.attributions import Attribution, Stretch
from afterword.storage.engine import Connection, Database
from afterword.storage.event_handles import EventHandles
from afterword.storage.people import Handle
from afterword.storage.unresolved import Sighting, UnknownName

EVENTS_AT_ONCE = 10_000
"""Events of one step: a tenth of a second of reading, and of writing at worst."""

NAMES_AT_ONCE = 1_000

STRETCHES_AT_ONCE = 1_000
"""Names whose events one step looks for."""

NAMES_TOLD_MAX = 100
"""Names of one batch that are looked for one by one; for more all events in question are read anew."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left to attribute: names, and about how many events that may be theirs."""

    names: int
    events: int


def follow_directory(database: Database, clock: Clock) -> bool:
    """
    Take names that became known out of the list, and let the events that used them be attributed.

    Running it again changes nothing. What a worker that died did not come to, the next one does.

    Returns:
        False when nothing had changed since the last time.
    """
    with database.read() as connection:
        before, now = projection.followed_revision(connection), revision.current(connection).number
    if before == now:
        return False
    after: unresolved.Key | None = None
    while found := release_names(database, clock, _page_after(after)):
        after = found[-1].key
    with database.write() as connection:
        projection.lock(connection)
        attributions.add(connection, _overruled(connection, before), to_datetime(clock.now_us()))
        projection.set_followed_revision(connection, now)
    return True


def _page_after(after: unresolved.Key | None) -> Callable[[Connection], list[UnknownName]]:
    return lambda connection: unresolved.list_by_key(connection, after, NAMES_AT_ONCE)


def release_names(
    database: Database, clock: Clock, read: Callable[[Connection], list[UnknownName]]
) -> list[UnknownName]:
    """
    Take those names out of the list that are not unknown any more; the names that were looked at.

    Args:
        read: Which ones to look at.
    """
    while True:
        with database.read() as connection:
            found = read(connection)
            rules = identity_rules.read_rules(connection)
            wanted = {
                (name.kind, reading)
                for name in found
                for reading in rules.readings(name.kind, name.value, name.project_id)
            }
            reader = NameReader(connection, rules, wanted)
        meanings = {
            name.key: find_meaning(name.kind, name.value, reader.known, rules, name.project_id)
            for name in found
        }
        gone = [key for key, meaning in meanings.items() if meaning is not Meaning.UNKNOWN]
        if not gone:
            return found
        with database.write() as connection:
            projection.lock(connection)
            if revision.current(connection) != reader.revision:
                continue
            removed = unresolved.remove(connection, gone)
            attributions.add(connection, _stretches(removed), to_datetime(clock.now_us()))
        return found


def _stretches(removed: Iterable[tuple[str, str, int, int]]) -> list[Stretch]:
    """One stretch of events for each name, over all projects; or for many names one for all."""
    spans: dict[tuple[str, str], list[int]] = defaultdict(list)
    for kind, value, first, last in removed:
        spans[kind, value] += [first, last]
    if len(spans) > NAMES_TOLD_MAX:
        ends = [end for span in spans.values() for end in span]
        return [Stretch(None, None, min(ends), max(ends))]
    return [Stretch(kind, value, min(span), max(span)) for (kind, value), span in sorted(spans.items())]


def _overruled(connection: Connection, before: int) -> list[Stretch]:
    """
    Events that a rule read as somebody's, while a new address is what they say literally.

    ``ada+x@example.com`` was Ada's by the rule on tags; now it is the address of somebody else.
    """
    rules = identity_rules.read_rules(connection)
    if not (rules.drops_tags or rules.moved_domains):
        return []
    literal = [
        value
        for kind, value, _ in people.read_handles(connection, before)
        if kind == IdentityKind.EMAIL and _is_read_otherwise(value, rules)
    ]
    last = event_handles.last_id(connection)
    if len(literal) > NAMES_TOLD_MAX:
        return [Stretch(None, None, 1, last)]
    return [Stretch(IdentityKind.EMAIL.value, value, 1, last) for value in literal]


def _is_read_otherwise(address: str, rules: IdentityRules) -> bool:
    return len(list(rules.readings(IdentityKind.EMAIL, address, 0))) > 1


def attribute_all(connection: Connection, clock: Clock) -> None:
    """Let all events be attributed anew, after a change of the rules; in its transaction."""
    last = event_handles.last_id(connection)
    attributions.add(connection, [Stretch(None, None, 1, last)], to_datetime(clock.now_us()))


def attribute_events(database: Database, clock: Clock) -> bool:
    """
    Attribute the next earlier events anew, EVENTS_AT_ONCE in a transaction.

    Only the event changes: no decision, no invitation and no job comes of it.

    Returns:
        False when there was nothing left to do.
    """
    with database.read() as connection:
        left = attributions.list_unfinished(connection, STRETCHES_AT_ONCE)
        if not left:
            return False
        first = min(one.next_event_id for one in left)
        last = max(one.last_event_id for one in left)
        found = event_handles.list_from(connection, first, last, EVENTS_AT_ONCE)
        done_to = found[-1].id if len(found) == EVENTS_AT_ONCE else last
        rules = identity_rules.read_rules(connection)
        work = _Work([one for one in left if one.next_event_id <= done_to], rules)
        hits = [event for event in found if work.concerns(event)]
        wanted = {reading for who in set(map(who_of, hits)) for reading in readings_of(who, rules)}
        reader = NameReader(connection, rules, wanted)
    taken_back = [event for event in hits if work.takes_back(event)]
    for event in hits:
        who = who_of(event)
        is_back = work.was_never_theirs(event)
        work.attribute(event, reader.find_named(who) if is_back else reader.find_person(who, event.person_id))
    sightings = [one for one in count_sightings(taken_back, reader) if work.takes_name_back(one)]
    firsts = first_events((event, work.changed.get(event.id)) for event in hits)
    with database.write() as connection:
        projection.lock(connection)
        is_same = attributions.list_unfinished(connection, STRETCHES_AT_ONCE) == left
        if is_same and revision.current(connection) == reader.revision:
            event_handles.attribute(connection, work.changed)
            trigger_matches.add_first_events(connection, firsts)
            unresolved.add(connection, sightings)
            now = to_datetime(clock.now_us())
            attributions.note_progress(connection, work.progress(done_to, finished_at=now))
    return True


class _Work:
    """The stretches that one step works on, and what it found for each."""

    def __init__(self, stretches: Sequence[Attribution], rules: IdentityRules) -> None:
        self.changed: dict[int, int | None] = {}
        self._stretches = stretches
        self._rules = rules
        self._looked_at = dict.fromkeys((one.id for one in stretches), 0)
        self._changed_by = dict.fromkeys((one.id for one in stretches), 0)
        self._every = [one for one in stretches if one.kind is None and one.person_id is None]
        self._by_person: dict[int, list[Attribution]] = defaultdict(list)
        self._by_handle: dict[Handle, list[Attribution]] = defaultdict(list)
        self._handles: dict[Who, set[Handle]] = {}
        for one in stretches:
            if one.person_id is not None and one.kind is None:
                self._by_person[one.person_id].append(one)
            elif one.kind is not None and one.value is not None:
                self._by_handle[IdentityKind(one.kind), one.value].append(one)

    def concerns(self, event: EventHandles) -> list[Attribution]:
        """The stretches that an event belongs to."""
        found = [*self._every]
        if event.person_id is not None and event.person_id in self._by_person:
            found += self._by_person[event.person_id]
        if self._by_handle:
            for handle in self._handles_of(who_of(event)):
                found += self._by_handle.get(handle, ())
        return [one for one in found if one.next_event_id <= event.id <= one.last_event_id]

    def takes_back(self, event: EventHandles) -> bool:
        """Whether an event names a handle that is taken back from somebody."""
        return any(one.kind is not None and one.person_id is not None for one in self.concerns(event))

    def was_never_theirs(self, event: EventHandles) -> bool:
        """Whether it is also attributed to whom the handle is taken from."""
        return any(one.kind and one.person_id == event.person_id for one in self.concerns(event))

    def takes_name_back(self, seen: Sighting) -> bool:
        """Whether this name is one that is taken back, and not another one of the same events."""
        handles = {(IdentityKind(seen.kind), one) for one in self._readings(seen)}
        theirs = [one for handle in handles for one in self._by_handle.get(handle, ())]
        return any(one.person_id is not None for one in theirs)

    def _readings(self, seen: Sighting) -> Iterable[str]:
        return {seen.value, *self._rules.readings(IdentityKind(seen.kind), seen.value, seen.project_id)}

    def attribute(self, event: EventHandles, person_id: int | None) -> None:
        """Note whose an event is."""
        if person_id != event.person_id:
            self.changed[event.id] = person_id
        for one in self.concerns(event):
            self._looked_at[one.id] += 1
            self._changed_by[one.id] += person_id != event.person_id

    def progress(self, done_to: int, *, finished_at: datetime) -> list[Attribution]:
        """The stretches as they are after the events up to an id."""
        return [self._advance(one, done_to, finished_at) for one in self._stretches]

    def _advance(self, one: Attribution, done_to: int, finished_at: datetime) -> Attribution:
        next_id = min(done_to, one.last_event_id) + 1
        return replace(
            one,
            next_event_id=next_id,
            looked_at=one.looked_at + self._looked_at[one.id],
            changed=one.changed + self._changed_by[one.id],
            finished_at=finished_at if next_id > one.last_event_id else None,
        )

    def _handles_of(self, who: Who) -> set[Handle]:
        if who not in self._handles:
            literal = set(names_of(who).items())
            self._handles[who] = literal | readings_of(who, self._rules)
        return self._handles[who]


def find_remaining(database: Database) -> Remaining:
    """What is left to attribute."""
    with database.read() as connection:
        return Remaining(*attributions.find_remaining(connection))
