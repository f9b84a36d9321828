"""What does an identity provider do with groups by SCIM? They are values of the attribute Group."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import KEEP, PersonRecord, check_text
from afterword.domain.scim.filter import Filter
from afterword.domain.scim.patch import GroupChange, Operation, read_group_patch, read_member_ids
from afterword.domain.scim.schema import GROUPS, ScimError, ScimType, invalid, read_document
from afterword.flows.people.save_people import ROWS_PER_TRANSACTION
from afterword.flows.people.write_to_directory import Writing
from afterword.flows.provisioning.scim_users import Page, Provider, Resource, save
from afterword.storage import people, scim
from afterword.storage.engine import Connection
from afterword.storage.scim import GROUP, Group, GroupMember

T = TypeVar("T")

MEMBERS_SHOWN_MAX = 20_000
"""Members in one page of groups, some 2 MB; a page ends before the group that would be over it."""


def get_group(provider: Provider, resource_id: str, *, with_members: bool = True) -> Resource:
    """
    One group.

    Raises:
        ScimError: There is none of this id.
    """
    with provider.database.read() as connection:
        return _show(connection, [_get(connection, resource_id)], with_members=with_members)[0]


def list_groups(
    provider: Provider, where: Filter | None, *, offset: int, limit: int, with_members: bool = True
) -> Page:
    """Groups that fit a filter; fewer than asked for where they have many members."""
    with provider.database.read() as connection:
        total = scim.count_groups(connection, where)
        found = scim.list_groups(connection, where, offset=offset, limit=limit) if limit else []
        if with_members:
            found = _as_many_as_fit(connection, found)
        return Page(total, _show(connection, found, with_members=with_members))


def create_group(provider: Provider, document: Any) -> Resource:
    """
    Make a group. People who have its name as a value of Group already are in it.

    Raises:
        ScimError: The document can't be used, or there is such a group.
    """
    given = read_document(GROUPS, document)
    name = _check_name(given.get("displayName"))
    client_id = _check_client_id(given.get("externalId"))
    wanted = GroupChange(added=frozenset(read_member_ids(given.get("members"))))

    def plan(connection: Connection) -> _Plan:
        _check_free(connection, name, None)
        return _plan(connection, name, name, wanted)

    def finish(change: Writing) -> Resource:
        group = scim.add_group(change.connection, name, client_id, change.now)
        return _show(change.connection, [group], with_members=True)[0]

    return _carry_out(provider, plan, finish)


def replace_group(provider: Provider, resource_id: str, document: Any) -> Resource:
    """
    Say anew what a group is.

    Raises:
        ScimError: There is none, or the document can't be used.
    """
    given = read_document(GROUPS, document)
    wanted = GroupChange(
        name=_check_name(given.get("displayName")),
        external_id=given.get("externalId"),
        replaces=True,
        added=frozenset(read_member_ids(given.get("members"))),
    )
    return _change(provider, resource_id, wanted)


def patch_group(provider: Provider, resource_id: str, operations: list[Operation]) -> None:
    """
    Writing a group.

    Raises:
        ScimError: There is none, or an operation can't be carried out.
    """
    _change(provider, resource_id, read_group_patch(operations), shows=False)


def delete_group(provider: Provider, resource_id: str) -> None:
    """
    Take a group away, and its name from the people in it.

    Raises:
        ScimError: There is none.
    """

    def plan(connection: Connection) -> _Plan:
        name = _get(connection, resource_id).name
        return _plan(connection, name, name, GroupChange(replaces=True))

    def finish(change: Writing) -> None:
        scim.delete_group(change.connection, int(resource_id))

    _carry_out(provider, plan, finish)


def _change(provider: Provider, resource_id: str, wanted: GroupChange, *, shows: bool = True) -> Resource:
    def plan(connection: Connection) -> _Plan:
        group = _get(connection, resource_id)
        name = group.name if wanted.name is KEEP else _check_name(wanted.name)
        _check_free(connection, name, group)
        return _plan(connection, group.name, name, wanted)

    def finish(change: Writing) -> Resource:
        group = _get(change.connection, resource_id)
        name = group.name if wanted.name is KEEP else wanted.name
        client_id = group.client_id if wanted.external_id is KEEP else _check_client_id(wanted.external_id)
        scim.update_group(change.connection, group.id, name, client_id, change.now)
        changed = _get(change.connection, resource_id)
        return _show(change.connection, [changed], with_members=shows)[0]

    return _carry_out(provider, plan, finish)


@dataclass(frozen=True, slots=True)
class _Plan:
    """
    What is still to be done about a group's members.

    Attributes:
        before, name: What the group was called, and what it will be.
        people: Those whose groups are not yet right, and whether they are to be in this one.
    """

    before: str
    name: str
    people: Mapping[int, bool]


def _plan(connection: Connection, before: str, name: str, wanted: GroupChange) -> _Plan:
    """Find who is in a group and should not be, or should be and is not."""
    found = scim.find_people(connection, {*wanted.added, *wanted.removed})
    if any(one not in found for one in wanted.added):
        raise invalid(ScimType.INVALID_VALUE, "one of the members is the id of no user")
    added = {found[one] for one in wanted.added}
    removed = {found[one] for one in wanted.removed if one in found}
    everybody = wanted.replaces or name != before
    there = scim.find_members(connection, name, None if everybody else added | removed)
    old = scim.find_members(connection, before, None) if name != before else set()
    kept = set() if wanted.replaces else (there | old) - removed
    after = kept | added
    return _Plan(before, name, {one: one in after for one in (after - there) | (there - after) | old})


def _carry_out(provider: Provider, plan: Callable[[Connection], _Plan], finish: Callable[[Writing], T]) -> T:
    """
    Writing who is in a group, ROWS_PER_TRANSACTION people in a transaction: events wait for it.

    What is known of the group itself comes last, so that a request that was cut short can be sent again.
    """
    done = 0
    while True:
        with provider.change() as change:
            made = plan(change.connection)
            left = sorted(one for one in made.people if one > done)
            portion = left[:ROWS_PER_TRANSACTION]
            _save_groups(change, made, portion)
            if len(portion) == len(left):
                return finish(change)
            done = portion[-1]


def _get(connection: Connection, resource_id: str) -> Group:
    group = scim.find_group(connection, resource_id)
    if group is None:
        raise ScimError(404, "there is no group of this id")
    return group


def _check_name(name: str | None) -> str:
    if not name:
        raise invalid(ScimType.INVALID_VALUE, "displayName is required")
    if problem := check_text(name):
        raise invalid(ScimType.INVALID_VALUE, f"displayName {problem}")
    return name


def _check_client_id(client_id: str | None) -> str | None:
    if client_id is not None and (problem := check_text(client_id)):
        raise invalid(ScimType.INVALID_VALUE, f"externalId {problem}")
    return client_id


def _check_free(connection: Connection, name: str, group: Group | None) -> None:
    other = scim.find_group_named(connection, name)
    if other is not None and (group is None or other.id != group.id):
        raise ScimError(409, "displayName belongs to another group already", ScimType.UNIQUENESS)


def _save_groups(change: Writing, plan: _Plan, portion: list[int]) -> None:
    records = []
    for person_id, person in people.get_people(change.connection, portion).items():
        others = set(person.attributes.get(GROUP, ())) - {plan.before, plan.name}
        groups = others | {plan.name} if plan.people[person_id] else others
        address = person.first(IdentityKind.EMAIL)
        if address is not None:
            attributes = {GROUP: tuple(sorted(groups))}
            records.append(PersonRecord(where=f"user {person_id}", emails=(address,), attributes=attributes))
    save(change, records)


def _as_many_as_fit(connection: Connection, groups: list[Group]) -> list[Group]:
    counts = scim.count_members(connection, [one.name for one in groups])
    shown = 0
    fitting: list[Group] = []
    for group in groups:
        shown += counts.get(group.name, 0)
        if fitting and shown > MEMBERS_SHOWN_MAX:
            break
        fitting.append(group)
    return fitting


def _show(connection: Connection, groups: list[Group], *, with_members: bool) -> list[Resource]:
    members: dict[str, list[GroupMember]] = {one.name: [] for one in groups}
    if with_members:
        for member in scim.list_members(connection, list(members)):
            members[member.group].append(member)
    return [_resource(one, members[one.name]) for one in groups]


def _resource(group: Group, members: list[GroupMember]) -> Resource:
    document: dict[str, Any] = {"displayName": group.name}
    if group.client_id is not None:
        document["externalId"] = group.client_id
    if members:
        document["members"] = [{"value": one.user_id} for one in members]
    return Resource(str(group.id), document, group.created_at, group.changed_at)
