"""Which people turned out to be one, and what moved from one to the other?"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from afterword.storage import invitations, people
from afterword.storage.people import NewIdentity
from afterword.storage.tables import (
    attribute_value,
    attribution,
    decision,
    event,
    invitation,
    opt_out,
    person,
    person_merge,
    response,
    source_member,
)

CHUNK = 1_000
"""Rows named in one statement."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What two people who are one must agree about."""

    email: str
    name: str
    timezone: str | None
    locale: str | None
    start_date: str | None
    team_id: int | None
    is_active: bool
    is_protected: bool
    is_excluded_from_snapshots: bool
    opted_out_at: datetime | None
    snoozed_until: datetime | None
    quiet_from: int | None
    quiet_until: int | None
    own_timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """
    All that one person gives to another, as it was before: enough to give it back.

    Attributes:
        kept_before, kept_after, merged_before: The columns of the two.
        handles: With the place that they had.
        attributes: (group id, value).
        opt_outs: (scope, value).
        members: (source, the source's own id).
        decisions: (event id, survey id).
        numbered_after: By how much the numbers of the invitations grew: those of a person are different.
    """

    kept_before: Columns
    kept_after: Columns
    merged_before: Columns
    handles: list[NewIdentity]
    attributes: list[tuple[int, str]]
    opt_outs: list[tuple[str, str]]
    members: list[tuple[str, str]]
    invitations: list[int]
    decisions: list[tuple[int, int]]
    numbered_after: int = 0


@dataclass(frozen=True, slots=True)
class Merge:
    """One person who went into another; ``undone_at`` says since when no more."""

    id: int
    kept_id: int
    merged_id: int
    merged_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What other tables have of one person; see ``Moved``."""

    handles: list[NewIdentity]
    attributes: list[tuple[int, str]]
    opt_outs: list[tuple[str, str]]
    members: list[tuple[str, str]]
    invitations: list[int]
    decisions: list[tuple[int, int]]
    responses: int
    last_number: int


def get_columns(connection: sa.Connection, person_id: int) -> Columns:
    """The columns of one person who is there."""
    names = (person.c[item.name] for item in fields(Columns))
    return Columns(*connection.execute(sa.select(*names).where(person.c.id == person_id)).one())


def set_columns(connection: sa.Connection, person_id: int, columns: Columns) -> None:
    """Replace them."""
    people.update_person(
        connection, person_id, {one.name: getattr(columns, one.name) for one in fields(Columns)}
    )


def read_holdings(connection: sa.Connection, person_id: int) -> Holdings:
    """All that moves with a person, in a fixed order."""

    def pairs(*columns: sa.Column[Any]) -> list[Any]:
        table = columns[0].table
        rows = connection.execute(
            sa.select(*columns).where(table.c.person_id == person_id).order_by(*columns)
        )
        return [tuple(row) for row in rows]

    answered = sa.select(sa.func.count()).select_from(response.join(invitation))
    return Holdings(
        handles=people.list_identities(connection, [person_id]).get(person_id, []),
        attributes=pairs(attribute_value.c.group_id, attribute_value.c.value),
        opt_outs=pairs(opt_out.c.scope, opt_out.c.value),
        members=pairs(source_member.c.source, source_member.c.external_id),
        invitations=[row[0] for row in pairs(invitation.c.id)],
        decisions=pairs(decision.c.event_id, decision.c.survey_id),
        responses=connection.execute(answered.where(invitation.c.person_id == person_id)).scalar_one(),
        last_number=invitations.find_last_numbers(connection, [person_id]).get(person_id, 0),
    )


def move(
    connection: sa.Connection,
    moved: Moved,
    from_id: int,
    to_id: int,
    *,
    merged_at: datetime | None = None,
) -> None:
    """
    Give what is in the lists, but the handles, to another person: what the first one still has of it.

    Args:
        merged_at: It is given back to whose it was before that time; None = it is given for the first time.
    """
    for column, values in (
        (attribute_value.c.group_id, moved.attributes),
        (opt_out.c.scope, moved.opt_outs),
    ):
        _move_values(connection, column, values, from_id, to_id)
    _move_rows(
        connection, (source_member.c.source, source_member.c.external_id), moved.members, from_id, to_id
    )
    _move_rows(connection, (decision.c.event_id, decision.c.survey_id), moved.decisions, from_id, to_id)
    ids, by = moved.invitations, moved.numbered_after
    if merged_at is not None:
        ids, by = _list_made_until(connection, ids, from_id, merged_at), -by
    one_each = [(invitation_id,) for invitation_id in ids]
    _move_rows(connection, (invitation.c.id,), one_each, from_id, to_id, number=invitation.c.number + by)


def _list_made_until(
    connection: sa.Connection, invitation_ids: Sequence[int], person_id: int, until: datetime
) -> list[int]:
    """Those that moved: SQLite gives the id of one that was deleted to a new one, if it was the last."""
    is_older = invitation.c.person_id == person_id, invitation.c.created_at <= until
    found = connection.execute(sa.select(invitation.c.id).where(*is_older)).scalars()
    return sorted(set(found).intersection(invitation_ids))


def attribute_anew(connection: sa.Connection, person_id: int, now: datetime) -> None:
    """Let the worker look again whom the events of a person mean."""
    last = connection.execute(sa.select(sa.func.max(event.c.id))).scalar_one()
    if last is not None:
        row = {"person_id": person_id, "next_event_id": 1, "last_event_id": last, "created_at": now}
        connection.execute(sa.insert(attribution).values(row))


def add_merge(connection: sa.Connection, kept_id: int, merged_id: int, moved: Moved, now: datetime) -> int:
    """Write down that two people are one; the merge's id."""
    text = msgspec.json.encode(moved).decode()
    row = {"kept_id": kept_id, "merged_id": merged_id, "moved": text, "merged_at": now}
    added: int = connection.execute(
        sa.insert(person_merge).values(row).returning(person_merge.c.id)
    ).scalar_one()
    return added


def find_merge(connection: sa.Connection, merge_id: int) -> tuple[Merge, Moved] | None:
    """One merge, and what moved with it."""
    row = connection.execute(sa.select(person_merge).where(person_merge.c.id == merge_id)).one_or_none()
    if row is None:
        return None
    return _merge(row), msgspec.json.decode(row.moved, type=Moved)


def list_merges(connection: sa.Connection, person_id: int) -> list[Merge]:
    """The merges in which somebody was kept or went into another, those that were undone too."""
    columns = (person_merge.c[item.name] for item in fields(Merge))
    statement = sa.select(*columns).where(
        sa.or_(person_merge.c.kept_id == person_id, person_merge.c.merged_id == person_id)
    )
    return [_merge(row) for row in connection.execute(statement.order_by(person_merge.c.id))]


def set_undone(connection: sa.Connection, merge_id: int, now: datetime) -> None:
    """A merge holds no longer."""
    connection.execute(sa.update(person_merge).where(person_merge.c.id == merge_id).values(undone_at=now))


def find_kept(connection: sa.Connection, person_id: int) -> int:
    """Whom does the id of a person mean now? Links and mails keep the id of who was merged."""
    while True:
        statement = sa.select(person_merge.c.kept_id).where(
            person_merge.c.merged_id == person_id, person_merge.c.undone_at.is_(None)
        )
        kept_id = connection.execute(statement).scalar_one_or_none()
        if kept_id is None:
            return person_id
        person_id = kept_id


def _move_values(
    connection: sa.Connection,
    first: sa.Column[Any],
    values: Sequence[tuple[Any, str]],
    from_id: int,
    to_id: int,
) -> None:
    """Values that the other person has already stay where they are."""
    table = first.table
    other = table.alias()
    is_there = sa.exists().where(
        other.c.person_id == to_id, other.c[first.name] == first, other.c.value == table.c.value
    )
    statement = sa.update(table).where(
        table.c.person_id == from_id,
        first == sa.bindparam("of_first"),
        table.c.value == sa.bindparam("of_value"),
        sa.not_(is_there),
    )
    rows = [{"of_first": one, "of_value": value} for one, value in values]
    if rows:
        connection.execute(statement.values(person_id=to_id), rows)


def _move_rows(
    connection: sa.Connection,
    key: Sequence[sa.Column[Any]],
    rows: Sequence[tuple[Any, ...]],
    from_id: int,
    to_id: int,
    **changes: sa.ColumnElement[Any],
) -> None:
    table = key[0].table
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        is_one = key[0].in_([row[0] for row in some]) if len(key) == 1 else sa.tuple_(*key).in_(some)
        statement = sa.update(table).where(table.c.person_id == from_id, is_one)
        connection.execute(statement.values(person_id=to_id, **changes))


def _merge(row: Any) -> Merge:
    return Merge(**{item.name: getattr(row, item.name) for item in fields(Merge)})
