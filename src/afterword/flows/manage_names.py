"""Which names of events are unknown, and whose are they?"""

from collections.abc import Sequence
from dataclasses import dataclass

from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.domain.identity import EVENT_KINDS, IdentityKind, normalise
from afterword.domain.name_rule import exact_pattern
from afterword.domain.person import PersonRecord
from afterword.domain.source import Source
from afterword.flows.attribute_events import release_names
from afterword.flows.manage_projects import get_project
from afterword.flows.manage_rules import Draft, add_rule
from afterword.flows.save_people import save_people
from afterword.flows.tombstones import Tombstones
from afterword.kit.clock import Clock
from afterword.storage import identity_rules, people, unresolved
from afterword.storage.engine import Connection, Database
from afterword.storage.identity_rules import IdentityRule, RuleKind
from afterword.storage.people import Person
from afterword.storage.unresolved import Place, UnknownName


@dataclass(frozen=True, slots=True)
class Assigned:
    """A name that somebody got, and how many earlier events are attributed by it."""

    person: Person
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
        found = _get_names(connection, kind, value)
        rules = identity_rules.read_rules(connection)
        person = _get_person(connection, who)
    # A name without a domain is an address by the rules of its project.
    given = [
        next(rules.readings(kind, one.shown if "@" in value else value, one.project_id)) for one in found
    ]
    record = _record(person, kind, list(dict.fromkeys(given)))
    saved = save_people(
        database, clock, [record], source=Source.HERE, tombstoned=tombstoned, rules=rules, makes_new=False
    )
    if saved.refusals:
        raise InvalidInputError(f"{person.email} can't get this name: {saved.refusals[0].reason}")
    release_names(database, clock, lambda connection: unresolved.find(connection, value, kind))
    return Assigned(person, sum(one.events for one in found))


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


def _get_person(connection: Connection, who: str) -> Person:
    handles = [(kind, normalise(kind, who)) for kind in EVENT_KINDS]
    ids = list(dict.fromkeys(people.find_owners(connection, handles).values()))
    if not ids and who.isdecimal() and len(who) < 19:
        ids = [int(who)]
    found = [one for one in people.get_people(connection, ids).values() if one.is_there]
    if not found:
        raise NotFoundError(f"nobody in the directory has {who!r}: `afterword people find` finds people")
    if len(found) > 1:
        names = " and ".join(f"{one.name} <{one.email}>" for one in found)
        raise ConflictError(f"{who!r} is the name of {names}: give the address of one of them")
    return found[0]


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
