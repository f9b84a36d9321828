"""Which names of events are unknown, and whose are they?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.domain.people.identity import EVENT_KINDS, IdentityKind, normalise
from afterword.domain.people.name_rule import exact_pattern
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.manage_projects import get_project
from afterword.flows.names.attribute_events import follow_directory, release_names
from afterword.flows.names.manage_rules import Draft, add_rule
from afterword.flows.names.note_unknown_names import count_sightings, note_unknown_names
from afterword.flows.names.read_names import NameReader, names_of, readings_of, who_of
from afterword.flows.people.change_person import change_person
from afterword.flows.people.find_people import get_person
from afterword.flows.people.save_people import save_people
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import attributions, event_handles, identity_rules, people, unresolved
from afterword.storage.attributions import Stretch
from afterword.storage.engine import Connection, Database
from afterword.storage.identity_rules import IdentityRule, RuleKind
from afterword.storage.people import Person
from afterword.storage.unresolved import Key, Place, Sighting, UnknownName

BARE_ADVICE = "`afterword name rule add domain DOMAIN` says what names without a domain mean"

EVENTS_AT_ONCE = 10_000
"""Events of one step when all are looked through for a name that somebody gave up."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """
    A name that somebody got, and how many earlier events are attributed by it.

    Attributes:
        name: What they have now: for a name without a domain the address that it means.
    """

    person: Person
    name: str
    events: int


@dataclass(frozen=True, slots=True)
class Use:
    """A name as events of one project used it: how it was sent, and how many."""

    project_id: int
    shown: str
    events: int


def list_names(
    database: Database, *, project: str | None = None, after: Place | None = None, limit: int
) -> list[UnknownName]:
    """
    Names that nobody in the directory has, those of most events first.

    Args:
        project: Only those that events of this project used.
        after: The place of the last one of the page before.

    Raises:
        NotFoundError: There is no such project.
    """
    with database.read() as connection:
        project_id = None if project is None else get_project(connection, project).id
        return unresolved.list_by_events(connection, after=after, limit=limit, project_id=project_id)


def count_names(database: Database) -> int:
    """How many names are unknown; one that two projects used is two."""
    with database.read() as connection:
        return unresolved.count(connection)


def find_names(database: Database, kind: IdentityKind, name: str) -> list[UnknownName]:
    """
    One name in all projects.

    Raises:
        NotFoundError: No event has it as an unknown one.
        ConflictError: Somebody has it; the message says who.
    """
    with database.read() as connection:
        return _get_names(connection, kind, normalise(kind, name))


def assign_name(
    database: Database, clock: Clock, tombstoned: Tombstones, kind: IdentityKind, name: str, who: str
) -> Assigned:
    """
    Give a person a name that events used. Their earlier events are attributed by the worker, and ask nobody.

    Args:
        who: The person's address, user name or id.

    Raises:
        NotFoundError: No event used the name, or there is no such person.
        ConflictError: Somebody has it already; the message says who.
        InvalidInputError: The person can't have it; the message says why.
    """
    value = normalise(kind, name)
    with database.read() as connection:
        rules = identity_rules.read_rules(connection)
        person = _get_owner(connection, who)
        found = _get_uses(connection, kind, value)
        last_id = event_handles.last_id(connection)
    # A name without a domain is an address by the rules of its project.
    given = [
        next(rules.readings(kind, one.shown if "@" in value else value, one.project_id)) for one in found
    ]
    if kind is IdentityKind.EMAIL and (bare := [one for one in given if "@" not in one]):
        raise InvalidInputError(f"{bare[0]!r} has no domain: {BARE_ADVICE}")
    record = _record(person, kind, list(dict.fromkeys(given)))
    saved = save_people(
        database, clock, [record], source=Source.HERE, tombstoned=tombstoned, rules=rules, makes_new=False
    )
    if saved.refusals:
        raise InvalidInputError(f"{person.email} can't get this name: {saved.refusals[0].told}")
    if not release_names(database, clock, lambda connection: unresolved.find(connection, value, kind)):
        # A name that was given up is on no list, but events that used it are somebody else's still.
        _let_follow(database, clock, [Stretch(kind.value, normalise(kind, given[0]), 1, last_id)])
    return Assigned(person, given[0], sum(one.events for one in found))


def unassign_name(
    database: Database, clock: Clock, tombstoned: Tombstones, kind: IdentityKind, name: str
) -> Person:
    """
    Take a name back that somebody got by mistake; whose it was.

    It is unknown again, and so are the events that were theirs by it: the worker sees to that.

    Raises:
        NotFoundError: Nobody has it.
        ConflictError: Mails go to it.
    """
    value = normalise(kind, name)
    with database.read() as connection:
        owner = people.find_owners(connection, [(kind, value)]).get((kind, value))
        if owner is None:
            raise NotFoundError(f"nobody has {value!r} as {kind.value}: there is nothing to take back")
        person = people.get_people(connection, [owner])[owner]
    has = person.handles.get(kind, ())
    if kind is IdentityKind.EMAIL and normalise(kind, person.email) == value:
        raise ConflictError(
            f"mails to {person.name} go to {value}: give them another first address by `afterword people set`"
        )
    # What came until now is counted while the name is known, and once more when it is taken back.
    while note_unknown_names(database):
        pass
    follow_directory(database, clock)
    field = {IdentityKind.EMAIL: "emails", IdentityKind.GITHUB: "github_usernames"}.get(
        kind, "gitlab_usernames"
    )
    left = tuple(one for one in has if normalise(kind, one) != value)
    change_person(database, clock, tombstoned, str(person.id), {field: left})
    with database.read() as connection:
        last_id = event_handles.last_id(connection)
    _let_follow(database, clock, [Stretch(kind.value, value, 1, last_id, person.id)])
    return person


def find_bare(database: Database, names: Iterable[UnknownName]) -> set[Key]:
    """The keys of those that are addresses without a domain, which no rule gives one."""
    with database.read() as connection:
        rules = identity_rules.read_rules(connection)
    return {one.key for one in names if rules.is_bare(one.kind, one.value, one.project_id)}


def find_owner(database: Database, kind: IdentityKind, name: str) -> Person | None:
    """Who has a name."""
    handle = (kind, normalise(kind, name))
    with database.read() as connection:
        owner = people.find_owners(connection, [handle]).get(handle)
        return None if owner is None else people.get_people(connection, [owner]).get(owner)


def _let_follow(database: Database, clock: Clock, stretches: Sequence[Stretch]) -> None:
    with database.write() as connection:
        attributions.add(connection, stretches, to_datetime(clock.now_us()))


def call_bot(database: Database, clock: Clock, name: str) -> IdentityRule:
    """
    Add the rule that a name is a bot's.

    Raises:
        ConflictError: It is a person's; the message says whose.
        InvalidInputError: It can't be a pattern.
    """
    value = normalise(IdentityKind.GITHUB, name)
    rule = add_rule(database, clock, Draft(RuleKind.BOT, exact_pattern(value)))
    release_names(database, clock, lambda connection: unresolved.find(connection, value))
    return rule


def _get_names(connection: Connection, kind: IdentityKind, value: str) -> list[UnknownName]:
    if kind not in EVENT_KINDS:
        raise InvalidInputError(f"events have no {kind.value}")
    if found := unresolved.find(connection, value, kind):
        return found
    if (owner := people.find_owners(connection, [(kind, value)]).get((kind, value))) is not None:
        person = people.get_people(connection, [owner])[owner]
        raise ConflictError(f"{value} is the name of {person.name} <{person.email}> already")
    raise NotFoundError(f"no event used {value!r} as its {kind.value}: `afterword name list` shows all")


def _get_uses(connection: Connection, kind: IdentityKind, value: str) -> list[Use]:
    """The projects whose events used a name that is nobody's; also one that somebody gave up."""
    try:
        found = _get_names(connection, kind, value)
    except NotFoundError:
        if given_up := _find_given_up(connection, kind, value):
            return given_up
        raise
    return [Use(one.project_id, one.shown, one.events) for one in found]


def _find_given_up(connection: Connection, kind: IdentityKind, value: str) -> list[Use]:
    """Look for a name in all stored events; no list has one that was known when they came."""
    rules = identity_rules.read_rules(connection)
    seen: list[Sighting] = []
    after = 0
    while events := event_handles.list_from(connection, after + 1, None, EVENTS_AT_ONCE):
        after = events[-1].id
        hits = [one for one in events if names_of(who_of(one)).get(kind) == value]
        wanted = {reading for who in set(map(who_of, hits)) for reading in readings_of(who, rules)}
        found = count_sightings(hits, NameReader(connection, rules, wanted)) if hits else []
        seen += [one for one in found if (one.kind, one.value) == (kind.value, value)]
    by_project = {one.project_id: one.shown for one in seen}
    return [
        Use(project_id, shown, sum(one.events for one in seen if one.project_id == project_id))
        for project_id, shown in by_project.items()
    ]


def _get_owner(connection: Connection, who: str) -> Person:
    person = get_person(connection, who)
    if not person.is_there:
        raise NotFoundError(f"{who!r} was erased, or is somebody else's by a merge: `afterword people find`")
    return person


def _record(person: Person, kind: IdentityKind, given: Sequence[str]) -> PersonRecord:
    """What is said of a person is that they have these names, too; the first ones stay the first."""
    has = {one: tuple(person.handles.get(one, ())) for one in EVENT_KINDS}
    emails = has[IdentityKind.EMAIL] or (person.email,)
    more = tuple(given)
    where = f"person {person.id}"
    match kind:
        case IdentityKind.EMAIL:
            return PersonRecord(where, emails=(*emails, *more))
        case IdentityKind.GITHUB:
            return PersonRecord(where, emails=emails, github_usernames=(*has[kind], *more))
        case _:
            return PersonRecord(where, emails=emails, gitlab_usernames=(*has[kind], *more))
