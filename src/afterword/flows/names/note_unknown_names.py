"""Which names do new events use that the directory does not know?"""

from collections.abc import Iterable
from datetime import datetime

from afterword.domain.people.identity import IdentityKind
from afterword.flows.names.read_names import NameReader, Who, handles_of, readings_of, who_of
from afterword.kit.clock import to_datetime
from afterword.storage import (
    event_handles,
    identity_rules,
    projection,
    revision,
    trigger_matches,
    unresolved,
)
from afterword.storage.engine import Database
from afterword.storage.event_handles import EventHandles
from afterword.storage.unresolved import Sighting

EVENTS_AT_ONCE = 2_000
"""Events read at once: few enough to keep neither the memory nor the intake's thread busy for long."""


def note_unknown_names(database: Database) -> bool:
    """
    Read the next new events, each once, and count the names that nobody in the directory has.

    A server whose memory was two seconds old may have attributed an event wrongly; that is put right, too.
    Everything is read before the transaction that writes, which holds only if nothing changed meanwhile.

    Returns:
        False when there was nothing new.
    """
    with database.read() as connection:
        positions = projection.read_positions(connection)
        found, after = event_handles.list_new(connection, positions, EVENTS_AT_ONCE)
        if not after:
            return False
        rules = identity_rules.read_rules(connection)
        wanted = {reading for who in set(map(who_of, found)) for reading in readings_of(who, rules)}
        reader = NameReader(connection, rules, wanted)
    sightings = count_sightings(found, reader)
    whose = [(event, reader.find_person(who_of(event), event.person_id)) for event in found]
    wrong = {event.id: person_id for event, person_id in whose if person_id != event.person_id}
    firsts = first_events(whose)
    with database.write() as connection:
        if projection.lock(connection) == positions and revision.current(connection) == reader.revision:
            unresolved.add(connection, sightings)
            event_handles.attribute(connection, wrong)
            trigger_matches.add_first_events(connection, firsts)
            projection.set_positions(connection, after)
    return True


def first_events(whose: Iterable[tuple[EventHandles, int | None]]) -> dict[tuple[int, int], datetime]:
    """(person id, project id) → when the first of some real events came; each with whose it is."""
    firsts: dict[tuple[int, int], datetime] = {}
    for event, person_id in whose:
        if person_id is not None and not event.is_test:
            key = person_id, event.project_id
            at = to_datetime(event.received_at)
            firsts[key] = min(firsts.get(key, at), at)
    return firsts


def count_sightings(found: Iterable[EventHandles], reader: NameReader) -> list[Sighting]:
    """One sighting of each unknown name, in the order of their keys."""
    by_who: dict[Who, list[EventHandles]] = {}
    for event in found:
        by_who.setdefault(who_of(event), []).append(event)
    counted: dict[tuple[str, str, int], Sighting] = {}
    for who, events in by_who.items():
        for kind, name in reader.find_unknown(who).items():
            seen = _sighting(kind, name, handles_of(who)[kind], events)
            key = seen[:3]
            counted[key] = _merge(counted[key], seen) if key in counted else seen
    return [counted[key] for key in sorted(counted)]


def _sighting(kind: IdentityKind, name: str, shown: str, events: list[EventHandles]) -> Sighting:
    return Sighting(
        kind=kind.value,
        value=name,
        project_id=events[0].project_id,
        shown=shown,
        events=len(events),
        first_at=min(event.received_at for event in events),
        last_at=max(event.received_at for event in events),
        first_event_id=min(event.id for event in events),
        last_event_id=max(event.id for event in events),
    )


def _merge(one: Sighting, other: Sighting) -> Sighting:
    return one._replace(
        shown=max(one, other, key=lambda seen: seen.last_event_id).shown,
        events=one.events + other.events,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        first_event_id=min(one.first_event_id, other.first_event_id),
        last_event_id=max(one.last_event_id, other.last_event_id),
    )
