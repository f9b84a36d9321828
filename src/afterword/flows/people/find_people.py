"""Who is in the directory, and whom does somebody at a terminal mean?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.person import TEAM_SEPARATOR, split_team, team_key
from afterword.domain.people.time_zone import HeldZone
from afterword.flows.people.held_zone import read_zone
from afterword.storage import merges, people, projects, teams
from afterword.storage.engine import Connection, Database
from afterword.storage.merges import Holdings, Merge
from afterword.storage.people import Person

ID_PREFIX = "id:"
"""Says that what follows can only be an id, for user names that are numbers."""

_EVERY_ID = 2**62
"""Greater than each id: after whoever has an address comes whoever has the next one."""


@dataclass(frozen=True, slots=True)
class Details:
    """
    A person, what other tables have of them, and with whom they were merged.

    Attributes:
        zone: By which the person lives.
        named: Id → how one calls the others of the merges.
        projects: Id → name.
    """

    person: Person
    zone: HeldZone
    holdings: Holdings
    merges: list[Merge]
    named: Mapping[int, str]
    projects: Mapping[str, str]


def list_people(
    database: Database,
    *,
    matching: str = "",
    limit: int,
    after: str = "",
    team: str | None = None,
    is_active: bool | None = None,
) -> list[Person]:
    """
    People by address.

    Args:
        matching: Only those whose name, address or handle contains this text.
        after: Only those whose address comes after this one.
        team: Only those in this team, or in one below it.
        is_active: Only those who are here, or only those who left.

    Raises:
        NotFoundError: There is no such team.
    """
    with database.read() as connection:
        return people.list_people(
            connection,
            matching=matching.strip(),
            limit=limit,
            after=(after, _EVERY_ID) if after else None,
            team_ids=None if team is None else _ids_below(connection, team),
            is_active=is_active,
        )


def get_person(connection: Connection, who: str) -> Person:
    """
    Find the one whom an address, a user name of any kind, or an id means.

    Raises:
        NotFoundError: Nobody has it.
        ConflictError: It means several people.
    """
    text = who.strip()
    handles = [(kind, normalise(kind, text)) for kind in IdentityKind]
    ids = set(people.find_owners(connection, handles).values())
    number = text.removeprefix(ID_PREFIX)
    if number.isascii() and number.isdecimal() and int(number) < _EVERY_ID:
        ids |= people.get_people(connection, [int(number)]).keys()
    if len(ids) > 1:
        found = people.get_people(connection, ids)
        named = " and ".join(
            f"{one.name} <{one.email}> ({ID_PREFIX}{one.id})" for _, one in sorted(found.items())
        )
        raise ConflictError(f"{who!r} means several people, {named}: give the address or the id of one")
    if not ids:
        raise NotFoundError(
            f"there is nobody with the address, user name or id {who!r}: `afterword people find` searches"
        )
    return people.get_people(connection, ids)[ids.pop()]


def get_details(database: Database, who: str) -> Details:
    """
    All that is known of a person; see ``get_person``.

    Raises:
        NotFoundError, ConflictError: It means nobody, or several people.
    """
    with database.read() as connection:
        person = get_person(connection, who)
        found = merges.list_merges(connection, person.id)
        return Details(
            person,
            read_zone(connection, person),
            merges.read_holdings(connection, person.id),
            found,
            named=name_people(
                connection, {one for merge in found for one in (merge.kept_id, merge.merged_id)}
            ),
            projects={str(one.id): one.name for one in projects.list_projects(connection)},
        )


def name_people(connection: Connection, person_ids: Collection[int]) -> dict[int, str]:
    """Id → "Ada <ada@example.com>"; without the address of somebody who was merged, and so has none."""
    return {
        one.id: f"{one.name} <{one.email}>" if one.email else f"{one.name} (id {one.id})"
        for one in people.get_people(connection, person_ids).values()
    }


def _ids_below(connection: Connection, path: str) -> list[int]:
    key = team_key(split_team(path))
    ids = [
        one.id
        for one in teams.list_teams(connection)
        if f"{one.path_key}{TEAM_SEPARATOR}".startswith(f"{key}{TEAM_SEPARATOR}")
    ]
    if not ids:
        raise NotFoundError(f"there is no team {path!r}: `afterword team list` shows all")
    return ids
