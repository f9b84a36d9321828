"""What does an identity provider know of by SCIM: which users and groups?"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import name_key
from afterword.domain.scim.filter import Filter
from afterword.storage.people import IS_THERE
from afterword.storage.scim_conditions import Attributes, Condition, Plain, Several, make_condition
from afterword.storage.tables import (
    attribute_group,
    attribute_value,
    identity,
    person,
    scim_group,
    source_member,
)

SOURCE = "scim"
"""How the rows of ``source_member`` that are SCIM's are called."""

GROUP = "Group"
"""The group of attributes whose values are SCIM's groups."""

ID_CHARS_MAX = 18
"""Digits of an id; with more it is none of ours."""

_IS_SCIM = source_member.c.source == SOURCE
_resource_id = sa.func.coalesce(source_member.c.external_id, sa.cast(person.c.id, sa.Text))
_EVERYBODY = person.outerjoin(source_member, sa.and_(source_member.c.person_id == person.c.id, _IS_SCIM))
_IS_HERE = sa.and_(IS_THERE, source_member.c.gone_at.is_(None))


@dataclass(frozen=True, slots=True)
class Account:
    """
    A person as a resource of SCIM.

    Attributes:
        id: The resource's id: the person's when it was made, which it keeps when people are merged.
        client_id: The provider's own id.
        details: What the provider said that nothing else keeps; None when it never wrote to this person.
    """

    id: str
    person_id: int
    client_id: str | None
    details: Mapping[str, Any] | None
    created_at: datetime
    changed_at: datetime


def find_account(connection: sa.Connection, resource_id: str) -> Account | None:
    """The user of an id, unless the provider deleted it, or the person was erased or merged."""
    if not _is_id(resource_id):
        return None
    return _find_one(connection, _has_id(resource_id))


def find_user_name(connection: sa.Connection, key: str) -> Account | None:
    """The user of a normalised user name, among those that the provider wrote."""
    is_it = source_member.c.handle == key
    return _find_one(connection, sa.and_(person.c.id.in_(_written(is_it)), is_it))


def list_accounts_of(connection: sa.Connection, person_id: int) -> list[Account]:
    """The users that mean a person: one, or more after a merge."""
    statement = _accounts().where(person.c.id == person_id)
    return [_account(row) for row in connection.execute(statement)]


def list_accounts(
    connection: sa.Connection, where: Filter | None, *, offset: int, limit: int
) -> list[Account]:
    """Users that fit a filter, in the order of their ids."""
    statement = _accounts().where(_user_condition(where)).order_by(person.c.id, source_member.c.external_id)
    return [_account(row) for row in connection.execute(statement.offset(offset).limit(limit))]


def count_accounts(connection: sa.Connection, where: Filter | None) -> int:
    """How many users fit a filter."""
    counted = sa.select(sa.func.count()).select_from(_EVERYBODY).where(_IS_HERE, _user_condition(where))
    return connection.execute(counted).scalar_one()


def find_people(connection: sa.Connection, resource_ids: Collection[str]) -> dict[str, int]:
    """Id of a user → person; unknown ones are absent."""
    known = [one for one in resource_ids if _is_id(one)]
    written = sa.select(source_member.c.external_id, source_member.c.person_id)
    written = written.where(_IS_SCIM, source_member.c.gone_at.is_(None))
    found = {
        row[0]: row[1] for row in connection.execute(written.where(source_member.c.external_id.in_(known)))
    }
    numbers = [int(one) for one in known if one not in found]
    others = sa.select(person.c.id).select_from(_EVERYBODY)
    others = others.where(person.c.id.in_(numbers), source_member.c.person_id.is_(None), IS_THERE)
    return found | {str(number): number for number in connection.execute(others).scalars()}


def set_account(
    connection: sa.Connection,
    resource_id: str,
    person_id: int,
    *,
    handle: str,
    client_id: str | None,
    details: Mapping[str, Any],
) -> None:
    """Keep what the provider said of a user of whom ``sources.note_members`` was told."""
    connection.execute(
        sa.update(source_member)
        .where(_IS_SCIM, source_member.c.external_id == resource_id)
        .values(
            person_id=person_id,
            handle=handle,
            client_id=client_id,
            details=json.dumps(details, ensure_ascii=False),
            gone_at=None,
        )
    )


def end_account(connection: sa.Connection, resource_id: str, at: datetime) -> None:
    """The provider deleted a user: what it said is forgotten, and the id is nobody's for now."""
    connection.execute(
        sa.update(source_member)
        .where(_IS_SCIM, source_member.c.external_id == resource_id)
        .values(handle=None, client_id=None, details=None, gone_at=at)
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= ID_CHARS_MAX


def _accounts() -> sa.Select[Any]:
    columns = (
        _resource_id.label("id"),
        person.c.id.label("person_id"),
        source_member.c.client_id,
        source_member.c.details,
        person.c.created_at,
        source_member.c.seen_at,
    )
    return sa.select(*columns).select_from(_EVERYBODY).where(_IS_HERE)


def _find_one(connection: sa.Connection, condition: Condition) -> Account | None:
    row = connection.execute(_accounts().where(condition).limit(1)).one_or_none()
    return None if row is None else _account(row)


def _account(row: Any) -> Account:
    details = None if row.details is None else json.loads(row.details)
    changed_at = row.seen_at or row.created_at
    return Account(row.id, row.person_id, row.client_id, details, row.created_at, changed_at)


def _written(condition: Condition) -> sa.Select[Any]:
    # Compared as it is, the source would lead SQLite to all rows of SCIM, and past the other column's index.
    is_scim = sa.func.coalesce(source_member.c.source, "") == SOURCE
    return sa.select(source_member.c.person_id).where(condition, is_scim).correlate(None)


def _has_id(text: str) -> Condition:
    number = int(text) if _is_id(text) else -1
    itself = sa.select(person.c.id).where(person.c.id == number).correlate(None)
    written = sa.select(source_member.c.person_id).where(_IS_SCIM, source_member.c.external_id == text)
    people = sa.union(written.correlate(None), itself)
    return sa.and_(person.c.id.in_(people), _resource_id == text)


def _has_user_name(text: str) -> Condition:
    is_first = sa.and_(identity.c.kind == IdentityKind.EMAIL.value, identity.c.position == 0)
    by_address = sa.select(identity.c.person_id).where(is_first, identity.c.value == text).correlate(None)
    people = sa.union(_written(source_member.c.handle == text), by_address)
    return sa.and_(person.c.id.in_(people), _user_name == text)


_user_name = sa.func.coalesce(source_member.c.handle, sa.func.lower(person.c.email))
_OWNERS_OF_EMAILS = (
    sa.select(identity.c.person_id).where(identity.c.kind == IdentityKind.EMAIL.value).correlate(None)
)


def _values_of(group: str) -> sa.Select[Any]:
    return (
        sa.select(attribute_value.c.person_id)
        .join(attribute_group, attribute_group.c.id == attribute_value.c.group_id)
        .where(attribute_group.c.key == name_key(group))
        .correlate(None)
    )


def _attribute(group: str) -> Several:
    return Several(person.c.id, _values_of(group), {"value": Plain(sa.func.lower(attribute_value.c.value))})


_EMAILS = Several(
    person.c.id,
    _OWNERS_OF_EMAILS,
    {
        "value": Plain(identity.c.value),
        "primary": Plain(identity.c.position == 0, "boolean"),
        # The directory keeps no types: to a filter all addresses are for work.
        "type": Plain(sa.literal("work")),
    },
)

_USER_ATTRIBUTES: Attributes = {
    "id": Plain(_resource_id, find=_has_id),
    "externalid": Plain(
        sa.func.coalesce(source_member.c.client_id, ""),
        is_exact=True,
        find=lambda text: person.c.id.in_(_written(source_member.c.client_id == text)),
    ),
    "username": Plain(_user_name, find=_has_user_name),
    "displayname": Plain(sa.func.lower(person.c.name)),
    "emails": _EMAILS,
    "active": Plain(person.c.is_active, "boolean"),
    "title": _attribute("Title"),
    "department": _attribute("Department"),
    "locale": Plain(sa.func.lower(sa.func.coalesce(person.c.locale, ""))),
    "timezone": Plain(sa.func.lower(sa.func.coalesce(person.c.timezone, ""))),
    "meta.created": Plain(person.c.created_at, "time"),
    "meta.lastmodified": Plain(
        sa.func.coalesce(source_member.c.seen_at, person.c.created_at, type_=person.c.created_at.type), "time"
    ),
}


def _user_condition(where: Filter | None) -> Condition:
    return sa.true() if where is None else make_condition(where, _USER_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the provider made it; who is in it say the attributes of people."""

    id: int
    name: str
    client_id: str | None
    created_at: datetime
    changed_at: datetime


class GroupMember(NamedTuple):
    """One person in a group, and as which user of SCIM."""

    group: str
    person_id: int
    user_id: str


def find_group(connection: sa.Connection, resource_id: str) -> Group | None:
    """The group of an id."""
    if not _is_id(resource_id):
        return None
    return _find_group(connection, scim_group.c.id == int(resource_id))


def find_group_named(connection: sa.Connection, name: str) -> Group | None:
    """The group of a name, in any case."""
    return _find_group(connection, scim_group.c.key == name_key(name))


def list_groups(connection: sa.Connection, where: Filter | None, *, offset: int, limit: int) -> list[Group]:
    """Groups that fit a filter, in the order in which they were made."""
    statement = _groups().where(_group_condition(where)).order_by(scim_group.c.id)
    return [_group(row) for row in connection.execute(statement.offset(offset).limit(limit))]


def count_groups(connection: sa.Connection, where: Filter | None) -> int:
    """How many groups fit a filter."""
    counted = sa.select(sa.func.count()).select_from(scim_group).where(_group_condition(where))
    return connection.execute(counted).scalar_one()


def add_group(connection: sa.Connection, name: str, client_id: str | None, now: datetime) -> Group:
    """Make a group of a name that no other has."""
    added = sa.insert(scim_group).values(
        name=name, key=name_key(name), client_id=client_id, created_at=now, changed_at=now
    )
    group_id: int = connection.execute(added.returning(scim_group.c.id)).scalar_one()
    return Group(group_id, name, client_id, now, now)


def update_group(
    connection: sa.Connection, group_id: int, name: str, client_id: str | None, now: datetime
) -> None:
    """Give a group another name or provider's id."""
    values = {"name": name, "key": name_key(name), "client_id": client_id, "changed_at": now}
    connection.execute(sa.update(scim_group).where(scim_group.c.id == group_id).values(**values))


def delete_group(connection: sa.Connection, group_id: int) -> None:
    """Take a group away; its members are the attributes of people."""
    connection.execute(sa.delete(scim_group).where(scim_group.c.id == group_id))


def list_members(connection: sa.Connection, names: Sequence[str]) -> list[GroupMember]:
    """Who is in these groups, by group and person."""
    members = attribute_value.join(attribute_group, attribute_group.c.id == attribute_value.c.group_id)
    members = members.join(person, person.c.id == attribute_value.c.person_id)
    members = members.outerjoin(source_member, sa.and_(source_member.c.person_id == person.c.id, _IS_SCIM))
    statement = (
        sa.select(attribute_value.c.value, person.c.id, _resource_id)
        .select_from(members)
        .where(attribute_group.c.key == name_key(GROUP), attribute_value.c.value.in_(list(names)), _IS_HERE)
        .order_by(attribute_value.c.value, person.c.id)
    )
    return [GroupMember(*row) for row in connection.execute(statement)]


def find_members(connection: sa.Connection, name: str, among: Collection[int] | None) -> set[int]:
    """Who is in a group: all of them, or those among some people."""
    statement = (
        sa.select(attribute_value.c.person_id)
        .join(attribute_group, attribute_group.c.id == attribute_value.c.group_id)
        .where(attribute_group.c.key == name_key(GROUP), attribute_value.c.value == name)
    )
    if among is not None:
        statement = statement.where(attribute_value.c.person_id.in_(list(among)))
    return set(connection.execute(statement).scalars())


def count_members(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    """Name of a group → people in it; those without any are absent."""
    counted = (
        sa.select(attribute_value.c.value, sa.func.count())
        .join(attribute_group, attribute_group.c.id == attribute_value.c.group_id)
        .where(attribute_group.c.key == name_key(GROUP), attribute_value.c.value.in_(list(names)))
        .group_by(attribute_value.c.value)
    )
    return {row[0]: row[1] for row in connection.execute(counted)}


def _groups() -> sa.Select[Any]:
    return sa.select(
        *(scim_group.c[name] for name in ("id", "name", "client_id", "created_at", "changed_at"))
    )


def _find_group(connection: sa.Connection, condition: Condition) -> Group | None:
    row = connection.execute(_groups().where(condition)).one_or_none()
    return None if row is None else _group(row)


def _group(row: Any) -> Group:
    return Group(*row)


_OWNERS_OF_MEMBERS = (
    sa.select(attribute_value.c.value)
    .join(attribute_group, attribute_group.c.id == attribute_value.c.group_id)
    .join(person, person.c.id == attribute_value.c.person_id)
    .outerjoin(source_member, sa.and_(source_member.c.person_id == person.c.id, _IS_SCIM))
    .where(attribute_group.c.key == name_key(GROUP), _IS_HERE)
    .correlate(None)
)

_GROUP_ATTRIBUTES: Attributes = {
    "id": Plain(sa.cast(scim_group.c.id, sa.Text)),
    "externalid": Plain(sa.func.coalesce(scim_group.c.client_id, ""), is_exact=True),
    "displayname": Plain(scim_group.c.key),
    "members": Several(scim_group.c.name, _OWNERS_OF_MEMBERS, {"value": Plain(_resource_id)}),
    "meta.created": Plain(scim_group.c.created_at, "time"),
    "meta.lastmodified": Plain(scim_group.c.changed_at, "time"),
}


def _group_condition(where: Filter | None) -> Condition:
    return sa.true() if where is None else make_condition(where, _GROUP_ATTRIBUTES)
