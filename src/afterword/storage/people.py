"""Who is in the directory?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.domain.identity import IdentityKind
from afterword.storage import revision
from afterword.storage.tables import identity, person


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the directory, with the handles as they are shown."""

    id: int
    email: str
    name: str
    timezone: str | None
    team: str | None
    is_bot: bool
    is_active: bool
    opted_out_at: datetime | None
    github_username: str | None = None
    gitlab_username: str | None = None


def resolve_map(connection: sa.Connection) -> dict[tuple[IdentityKind, str], int]:
    """(kind, normalised handle) → person id, all of them."""
    rows = connection.execute(sa.select(identity.c.kind, identity.c.value, identity.c.person_id))
    kinds = {kind.value: kind for kind in IdentityKind}
    return {(kinds[row[0]], row[1]): row[2] for row in rows}


def find_owners(
    connection: sa.Connection, handles: Iterable[tuple[IdentityKind, str]]
) -> dict[tuple[IdentityKind, str], int]:
    """Whom do these (kind, normalised handle) belong to? Unknown ones are absent."""
    pair = sa.tuple_(identity.c.kind, identity.c.value)
    wanted = [(kind.value, value) for kind, value in handles]
    statement = sa.select(identity.c.kind, identity.c.value, identity.c.person_id).where(pair.in_(wanted))
    return {(IdentityKind(row[0]), row[1]): row[2] for row in connection.execute(statement)}


def add_person(
    connection: sa.Connection,
    *,
    email: str,
    name: str,
    timezone: str | None,
    team: str | None,
    now: datetime,
) -> int:
    """Add a person without handles; returns the id."""
    statement = sa.insert(person).values(email=email, name=name, timezone=timezone, team=team, created_at=now)
    revision.bump(connection)
    person_id: int = connection.execute(statement.returning(person.c.id)).scalar_one()
    return person_id


def update_person(
    connection: sa.Connection,
    person_id: int,
    *,
    email: str,
    name: str,
    timezone: str | None,
    team: str | None,
) -> None:
    """Replace what is known of a person."""
    revision.bump(connection)
    connection.execute(
        sa.update(person)
        .where(person.c.id == person_id)
        .values(email=email, name=name, timezone=timezone, team=team)
    )


def set_identity(
    connection: sa.Connection, person_id: int, kind: IdentityKind, *, value: str, shown: str
) -> None:
    """Give a person a handle of a kind in place of the one there was."""
    revision.bump(connection)
    connection.execute(
        sa.delete(identity).where(identity.c.person_id == person_id, identity.c.kind == kind.value)
    )
    connection.execute(
        sa.insert(identity).values(kind=kind.value, value=value, shown=shown, person_id=person_id)
    )


def get_person(connection: sa.Connection, person_id: int, *, lock: bool = False) -> Person | None:
    """One person; with ``lock`` no other transaction decides about them until this one ends."""
    if lock:
        connection.execute(sa.select(person.c.id).where(person.c.id == person_id).with_for_update())
    row = connection.execute(_people().where(person.c.id == person_id)).one_or_none()
    return None if row is None else Person(**row._mapping)


def list_people(connection: sa.Connection, *, matching: str = "", limit: int) -> list[Person]:
    """People by e-mail, those whose name, e-mail or a handle contains a text in any case."""
    statement = _people().order_by(person.c.email).limit(limit)
    if matching:
        text = matching.lower()
        handles = sa.select(identity.c.person_id).where(identity.c.value.contains(text, autoescape=True))
        name = sa.func.lower(person.c.name).contains(text, autoescape=True)
        statement = statement.where(sa.or_(name, person.c.id.in_(handles)))
    return [Person(**row._mapping) for row in connection.execute(statement)]


def set_opted_out(connection: sa.Connection, person_id: int, at: datetime | None) -> None:
    """Record that a person wants no surveys from now on; None takes it back."""
    connection.execute(sa.update(person).where(person.c.id == person_id).values(opted_out_at=at))


def _people() -> sa.Select[Any]:
    def handle(kind: IdentityKind) -> sa.Label[Any]:
        shown = sa.select(identity.c.shown).where(
            identity.c.person_id == person.c.id, identity.c.kind == kind.value
        )
        return shown.scalar_subquery().label(kind.value)

    return sa.select(
        person.c.id,
        person.c.email,
        person.c.name,
        person.c.timezone,
        person.c.team,
        person.c.is_bot,
        person.c.is_active,
        person.c.opted_out_at,
        handle(IdentityKind.GITHUB),
        handle(IdentityKind.GITLAB),
    )
