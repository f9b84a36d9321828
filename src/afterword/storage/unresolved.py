"""Which names of stored events does the directory not know?"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.people.identity import IdentityKind
from afterword.storage.tables import project, unresolved


class Sighting(NamedTuple):
    """An unknown name, as some events of a project used it; times in microseconds."""

    kind: str
    value: str
    project_id: int
    shown: str
    events: int
    first_at: int
    last_at: int
    first_event_id: int
    last_event_id: int


Key = tuple[str, str, int]
"""Kind, normalised value, project."""

Place = tuple[int, str, str, int]
"""Where a name stands in the list: events, kind, value, project."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """
    A name that events of a project used and nobody in the directory has.

    Attributes:
        value: Normalised.
        shown: As it was sent last.
        events: How many named it.
        first_at, last_at: When the first and the last of them came.
    """

    kind: IdentityKind
    value: str
    project_id: int
    shown: str
    events: int
    first_at: datetime
    last_at: datetime
    first_event_id: int
    last_event_id: int
    project_name: str

    @property
    def key(self) -> Key:
        """What no other one has."""
        return self.kind.value, self.value, self.project_id

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return self.events, *self.key


def _later(column: str, sign: str) -> str:
    is_new = f"excluded.{column} {sign} unresolved.{column}"
    return f"{column} = CASE WHEN {is_new} THEN excluded.{column} ELSE unresolved.{column} END"


_COLUMNS = Sighting._fields
_ADD = sa.text(
    f"INSERT INTO unresolved ({', '.join(_COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) "
    "ON CONFLICT (kind, value, project_id) DO UPDATE SET shown = excluded.shown, "
    "events = unresolved.events + excluded.events, "
    + ", ".join(
        [
            _later("first_at", "<"),
            _later("last_at", ">"),
            _later("first_event_id", "<"),
            _later("last_event_id", ">"),
        ]
    )
)
_KEY = (unresolved.c.kind, unresolved.c.value, unresolved.c.project_id)


def add(connection: sa.Connection, sightings: Iterable[Sighting]) -> None:
    """Count names that more events used."""
    rows = [one._asdict() for one in sightings]
    if rows:
        connection.execute(_ADD, rows)


def list_by_events(
    connection: sa.Connection, *, after: Place | None = None, limit: int, project_id: int | None = None
) -> list[UnknownName]:
    """
    Names, those of most events first.

    Args:
        after: The place of the last one of the page before.
        project_id: Only those of one project.
    """
    statement = _names().order_by(unresolved.c.events.desc(), *_KEY).limit(limit)
    if after is not None:
        events, *key = after
        is_next = sa.tuple_(*_KEY) > sa.tuple_(*map(sa.literal, key))
        same = sa.and_(unresolved.c.events == events, is_next)
        statement = statement.where(sa.or_(unresolved.c.events < events, same))
    if project_id is not None:
        statement = statement.where(unresolved.c.project_id == project_id)
    return [_name(row) for row in connection.execute(statement)]


def list_by_key(connection: sa.Connection, after: Key | None, limit: int) -> list[UnknownName]:
    """Names in the order of their keys, for whoever must see each once."""
    statement = _names().order_by(*_KEY).limit(limit)
    if after is not None:
        statement = statement.where(sa.tuple_(*_KEY) > sa.tuple_(*map(sa.literal, after)))
    return [_name(row) for row in connection.execute(statement)]


def find(connection: sa.Connection, value: str, kind: IdentityKind | None = None) -> list[UnknownName]:
    """One normalised name in all projects; of one kind or of all."""
    statement = _names().where(unresolved.c.value == value).order_by(*_KEY)
    if kind is not None:
        statement = statement.where(unresolved.c.kind == kind.value)
    return [_name(row) for row in connection.execute(statement)]


def list_of_handles(connection: sa.Connection, handles: Collection[tuple[str, str]]) -> list[UnknownName]:
    """Those of these (kind, normalised value), in all projects."""
    pair = sa.tuple_(unresolved.c.kind, unresolved.c.value)
    found = connection.execute(_names().where(pair.in_(list(handles))).order_by(*_KEY))
    return [_name(row) for row in found]


def count(connection: sa.Connection) -> int:
    """How many names are unknown; one that two projects used is two."""
    return connection.execute(sa.select(sa.func.count()).select_from(unresolved)).scalar_one()


def remove(connection: sa.Connection, keys: Collection[Key]) -> Sequence[tuple[str, str, int, int]]:
    """Take names out of the list: kind, value, and the first and last event id of each as of now."""
    if not keys:
        return []
    gone = sa.delete(unresolved).where(sa.tuple_(*_KEY).in_(list(keys)))
    columns = (unresolved.c.kind, unresolved.c.value, unresolved.c.first_event_id, unresolved.c.last_event_id)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(gone.returning(*columns))]


def _names() -> sa.Select[Any]:
    columns = [column for column in unresolved.c if column.name in UnknownName.__dataclass_fields__]
    joined = unresolved.join(project, project.c.id == unresolved.c.project_id)
    return sa.select(*columns, project.c.name.label("project_name")).select_from(joined)


def _name(row: Any) -> UnknownName:
    return UnknownName(**{**row._mapping, "kind": IdentityKind(row.kind)})
