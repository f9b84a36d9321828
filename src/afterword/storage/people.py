"""Who is in the directory?"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.people.identity import EVENT_KINDS, IdentityKind
from afterword.kit.clock import to_datetime
from afterword.storage import attributes
from afterword.storage.attributes import Attributes
from afterword.storage.engine import read_rows
from afterword.storage.tables import identity, person
from afterword.storage.teams import Team, list_teams

ROWS_READ_AT_ONCE = 10_000

Handle = tuple[IdentityKind, str]
"""A kind and a normalised handle."""


_OWNERS_SQLITE = (
    "SELECT kind, identity.value, person_id, known_at FROM json_each(?) AS wanted JOIN identity "
    "ON kind = json_extract(wanted.value, '$[0]') AND identity.value = json_extract(wanted.value, '$[1]')"
)
# A subquery with a limit goes by the key for each handle; a join may scan all of them.
_OWNERS_POSTGRES = (
    "SELECT found.* FROM json_array_elements(%s::json) AS wanted, LATERAL ("
    "SELECT kind, value, person_id, known_at FROM identity "
    "WHERE kind = wanted->>0 AND value = wanted->>1 LIMIT 1) AS found"
)


IS_THERE = sa.and_(person.c.erased_at.is_(None), person.c.email != "")
"""Neither erased nor merged into somebody else, who has the addresses since then."""


@dataclass(frozen=True, slots=True)
class Person:
    """
    One person of the directory.

    Attributes:
        email: Where mails go, as it was given; the first of the addresses. Empty for who was erased, or
            merged into somebody else.
        handles: Kind → handles as they were given, the first one first.
        team: The names of the teams from the root on, or None.
        team_timezone: IANA name, as set for the team, else for the nearest one above that has one.
        timezone: IANA name, as the sources say.
        own_timezone: The one that the person chose, which goes before it.
        start_date: YYYY-MM-DD.
        quiet_from, quiet_until: Minutes after midnight between which nothing is sent; both or neither.
        erased_at: Set for what is left of a person who was erased: the id, and nothing else.
    """

    id: int
    email: str
    name: str
    timezone: str | None
    own_timezone: str | None
    locale: str | None
    start_date: str | None
    team: str | None
    team_timezone: str | None
    is_bot: bool
    is_tester: bool
    is_active: bool
    is_protected: bool
    is_excluded_from_snapshots: bool
    opted_out_at: datetime | None
    snoozed_until: datetime | None
    quiet_from: int | None
    quiet_until: int | None
    created_at: datetime
    erased_at: datetime | None
    handles: Mapping[IdentityKind, tuple[str, ...]] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)

    @property
    def is_there(self) -> bool:
        """Neither erased nor merged into somebody else."""
        return self.erased_at is None and self.email != ""

    def first(self, kind: IdentityKind) -> str | None:
        """The first handle of a kind, as it was given."""
        given = self.handles.get(kind, ())
        return given[0] if given else None

    @property
    def github_username(self) -> str | None:
        """The first one, as it was given."""
        return self.first(IdentityKind.GITHUB)

    @property
    def gitlab_username(self) -> str | None:
        """The first one, as it was given."""
        return self.first(IdentityKind.GITLAB)


class NewIdentity(NamedTuple):
    """A handle that somebody gets: ``value`` is normalised, ``shown`` as it was given."""

    kind: str
    value: str
    shown: str
    person_id: int
    position: int
    known_at: datetime


def read_handles(connection: sa.Connection, since: int = -1) -> Iterator[tuple[str, str, int]]:
    """(kind, normalised handle, person id) of all that a revision after this one wrote."""
    wanted = f"SELECT kind, value, person_id FROM identity WHERE revision > {since:d}"  # noqa: S608 - a number
    yield from read_rows(connection, wanted, ROWS_READ_AT_ONCE)


def read_texts(connection: sa.Connection) -> Iterator[tuple[int, list[str]]]:
    """Person id → name, addresses and user names, of all people who are there."""
    kinds = ", ".join(f"'{kind.value}'" for kind in EVENT_KINDS)
    wanted = (
        "SELECT id, name, shown FROM person LEFT JOIN identity "  # noqa: S608 - constants
        f"ON identity.person_id = person.id AND kind IN ({kinds}) "
        "WHERE erased_at IS NULL AND email <> '' ORDER BY id"
    )
    rows = read_rows(connection, wanted, ROWS_READ_AT_ONCE)
    for person_id, theirs in groupby(rows, key=itemgetter(0)):
        found = list(theirs)
        yield person_id, [found[0][1], *(row[2] for row in found if row[2] is not None)]


def find_owners(
    connection: sa.Connection, handles: Iterable[Handle], *, known_by: datetime | None = None
) -> dict[Handle, int]:
    """
    Whom do these (kind, normalised handle) belong to? Unknown ones are absent.

    Args:
        known_by: Only those that were known at a time.
    """
    return {
        handle: person_id
        for handle, (person_id, known_at) in find_owners_since(connection, handles).items()
        if known_by is None or known_at <= known_by
    }


def find_owners_since(
    connection: sa.Connection, handles: Iterable[Handle]
) -> dict[Handle, tuple[int, datetime]]:
    """Whom these (kind, normalised handle) belong to, and since when; unknown ones are absent."""
    wanted = json.dumps([(kind.value, value) for kind, value in handles])
    statement = _OWNERS_POSTGRES if connection.dialect.name == "postgresql" else _OWNERS_SQLITE
    rows = connection.exec_driver_sql(statement, (wanted,)).all()
    return {
        (IdentityKind(kind), value): (person_id, to_datetime(known_at))
        for kind, value, person_id, known_at in rows
    }


def add_people(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add people without handles, all with the same columns; their ids, in the order of the rows."""
    if not rows:
        return []
    if connection.dialect.name == "postgresql":
        statement = sa.insert(person).returning(person.c.id, sort_by_parameter_order=True)
        return list(connection.execute(statement, list(rows)).scalars())
    # SQLite would take them one by one to tell their ids; nobody else writes meanwhile.
    last = connection.execute(sa.select(sa.func.max(person.c.id))).scalar() or 0
    ids = list(range(last + 1, last + 1 + len(rows)))
    connection.execute(sa.insert(person), [{"id": one, **row} for one, row in zip(ids, rows, strict=True)])
    return ids


def update_person(connection: sa.Connection, person_id: int, values: Mapping[str, Any]) -> None:
    """Replace some columns of a person."""
    connection.execute(sa.update(person).where(person.c.id == person_id).values(**values))


def update_people(connection: sa.Connection, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Replace the same columns of several people: id → column → value."""
    if not rows:
        return
    names = next(iter(rows.values()))
    changed = sa.update(person).where(person.c.id == sa.bindparam("of_id"))
    changed = changed.values({name: sa.bindparam(f"new_{name}") for name in names})
    connection.execute(
        changed,
        [
            {"of_id": person_id, **{f"new_{name}": value for name, value in row.items()}}
            for person_id, row in rows.items()
        ],
    )


def add_identities(connection: sa.Connection, rows: Sequence[NewIdentity], number: int) -> None:
    """
    Give people handles that nobody has.

    Args:
        number: Of the revision that tells the servers; bump it in the same transaction.
    """
    if rows:
        connection.execute(sa.insert(identity), [{**row._asdict(), "revision": number} for row in rows])


def update_identities(connection: sa.Connection, rows: Sequence[NewIdentity], number: int) -> None:
    """Change whose these handles are, how they are shown, and their place; when they became known stays."""
    if not rows:
        return
    is_it = identity.c.kind == sa.bindparam("of_kind"), identity.c.value == sa.bindparam("of_value")
    changed = sa.update(identity).where(*is_it)
    changed = changed.values(
        shown=sa.bindparam("new_shown"),
        person_id=sa.bindparam("new_person_id"),
        position=sa.bindparam("new_position"),
        revision=number,
    )
    connection.execute(
        changed,
        [
            {
                "of_kind": row.kind,
                "of_value": row.value,
                "new_shown": row.shown,
                "new_person_id": row.person_id,
                "new_position": row.position,
            }
            for row in rows
        ],
    )


def remove_identities(connection: sa.Connection, handles: Collection[Handle]) -> None:
    """Take handles away; bump the revision with ``removes`` in the same transaction."""
    pair = sa.tuple_(identity.c.kind, identity.c.value)
    if handles:
        connection.execute(
            sa.delete(identity).where(pair.in_([(kind.value, value) for kind, value in handles]))
        )


def list_identities(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, list[NewIdentity]]:
    """Person id → their handles, by kind and place."""
    found: dict[int, list[NewIdentity]] = defaultdict(list)
    columns = (identity.c[name] for name in NewIdentity._fields)
    statement = sa.select(*columns).where(identity.c.person_id.in_(list(person_ids)))
    for row in connection.execute(statement.order_by(identity.c.kind, identity.c.position, identity.c.value)):
        found[row.person_id].append(NewIdentity(*row))
    return found


def get_person(connection: sa.Connection, person_id: int, *, lock: bool = False) -> Person | None:
    """One person; with ``lock`` no other transaction decides about them until this one ends."""
    if lock:
        lock_people(connection, [person_id])
    return get_people(connection, [person_id]).get(person_id)


def lock_people(connection: sa.Connection, person_ids: Collection[int]) -> None:
    """Let no other transaction decide about these people until this one ends."""
    theirs = person.c.id.in_(list(person_ids))
    connection.execute(sa.select(person.c.id).where(theirs).order_by(person.c.id).with_for_update())


def list_erased(connection: sa.Connection, person_ids: Collection[int]) -> set[int]:
    """Who of these people was erased."""
    erased = person.c.id.in_(list(person_ids)), person.c.erased_at.is_not(None)
    return set(connection.execute(sa.select(person.c.id).where(*erased)).scalars())


def get_people(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, Person]:
    """Id → person; unknown ones are absent."""
    rows = connection.execute(_people().where(person.c.id.in_(list(person_ids)))).all()
    return {one.id: one for one in _complete(connection, rows)}


def list_people(
    connection: sa.Connection,
    *,
    matching: str = "",
    after: tuple[str, int] | None = None,
    limit: int,
    is_active: bool | None = None,
    team_ids: Collection[int] | None = None,
) -> list[Person]:
    """
    People by e-mail, as many queries for many as for few.

    Args:
        matching: Only those whose name, e-mail or a handle contains this text in any case.
        after: The (email, id) of the last one of the page before.
        is_active: Only those who are here, or only those who left.
        team_ids: Only those directly in one of these teams.
    """
    statement = _people().where(IS_THERE)
    statement = statement.order_by(person.c.email, person.c.id).limit(limit)
    if after is not None:
        statement = statement.where(
            sa.tuple_(person.c.email, person.c.id) > sa.tuple_(*map(sa.literal, after))
        )
    if is_active is not None:
        statement = statement.where(person.c.is_active == is_active)
    if team_ids is not None:
        statement = statement.where(person.c.team_id.in_(list(team_ids)))
    if matching:
        text = matching.lower()
        handles = sa.select(identity.c.person_id).where(identity.c.value.contains(text, autoescape=True))
        name = sa.func.lower(person.c.name).contains(text, autoescape=True)
        statement = statement.where(sa.or_(name, person.c.id.in_(handles)))
    return _complete(connection, connection.execute(statement).all())


def list_people_by_id(connection: sa.Connection, *, after: int, limit: int) -> list[Person]:
    """People in the order in which they were added, from the one behind an id on; those who left, too."""
    statement = _people().where(person.c.id > after, IS_THERE).order_by(person.c.id).limit(limit)
    return _complete(connection, connection.execute(statement).all())


def count_people(connection: sa.Connection) -> int:
    """How many people the directory has, those who left too."""
    counted = sa.select(sa.func.count()).select_from(person).where(IS_THERE)
    return connection.execute(counted).scalar_one()


def set_active(connection: sa.Connection, person_ids: Sequence[int], is_active: bool) -> None:
    """Record that people are here, or left."""
    for start in range(0, len(person_ids), ROWS_READ_AT_ONCE):
        some = person_ids[start : start + ROWS_READ_AT_ONCE]
        connection.execute(sa.update(person).where(person.c.id.in_(some)).values(is_active=is_active))


def _people() -> sa.Select[Any]:
    return sa.select(*(column for column in person.c))


def _complete(connection: sa.Connection, rows: Sequence[Any]) -> list[Person]:
    """Add what other tables have about these people."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    handles = list_identities(connection, ids)
    values = attributes.list_attributes(connection, ids)
    teams = _teams(connection) if any(row.team_id is not None for row in rows) else {}
    return [
        _person(row, handles.get(row.id, []), values.get(row.id, {}), teams.get(row.team_id)) for row in rows
    ]


def _teams(connection: sa.Connection) -> dict[int, Team]:
    return {one.id: one for one in list_teams(connection)}


def _person(row: Any, handles: Sequence[NewIdentity], values: Attributes, team: Team | None) -> Person:
    shown: dict[IdentityKind, tuple[str, ...]] = {}
    for one in handles:
        kind = IdentityKind(one.kind)
        shown[kind] = (*shown.get(kind, ()), one.shown)
    columns = {name: value for name, value in row._mapping.items() if name != "team_id"}
    return Person(
        **columns,
        team=None if team is None else team.path,
        team_timezone=None if team is None else team.held_timezone,
        handles=shown,
        attributes=values,
    )
