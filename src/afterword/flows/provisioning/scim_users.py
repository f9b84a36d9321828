"""What does an identity provider do with users by SCIM?"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import KEEP, PersonRecord
from afterword.domain.people.source import Source
from afterword.domain.scim.filter import Filter
from afterword.domain.scim.patch import Operation, patch
from afterword.domain.scim.schema import ENTERPRISE_USER, USERS, ScimError, ScimType, invalid, read_document
from afterword.domain.scim.user import DEPARTMENT, TITLE, ScimUser, email_key, make_record, parse_user
from afterword.flows.people.saved_people import Saved
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.people.write_to_directory import Writing, write_to_directory
from afterword.kit.clock import Clock
from afterword.storage import people, scim, sources
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Person
from afterword.storage.scim import GROUP, Account
from afterword.storage.sources import Member

_KEPT_WHEN_LEFT_OUT = ("emails", "active", "locale", "timezone")
"""What a PUT without them leaves as it is: not every provider knows them, and other sources may."""


@dataclass(frozen=True, slots=True)
class Resource:
    """
    A user or group as it is now.

    Attributes:
        document: Its attributes, without id, meta and schemas.
    """

    id: str
    document: Mapping[str, Any]
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the resources that fit a filter, and how many do."""

    total: int
    resources: list[Resource]


@dataclass(frozen=True, slots=True)
class Provider:
    """What each request of an identity provider works with."""

    database: Database
    clock: Clock
    tombstoned: Tombstones

    def change(self) -> AbstractContextManager[Writing]:
        """Begin a transaction that changes people."""
        return write_to_directory(self.database, self.clock, self.tombstoned, Source.SCIM)


def save(writing: Writing, records: list[PersonRecord]) -> Saved:
    """
    Save what the provider says.

    Raises:
        ScimError: One of the records can't be kept.
    """
    saved = writing.save(records)
    for refusal in saved.refusals:
        raise invalid(ScimType.INVALID_VALUE, refusal.reason)
    return saved


def get_user(provider: Provider, resource_id: str) -> Resource:
    """
    One user.

    Raises:
        ScimError: There is none of this id.
    """
    with provider.database.read() as connection:
        return _show(connection, [_get(connection, resource_id)])[0]


def list_users(provider: Provider, where: Filter | None, *, offset: int, limit: int) -> Page:
    """Users that fit a filter; everybody in the directory is one, whoever put them there."""
    with provider.database.read() as connection:
        total = scim.count_accounts(connection, where)
        found = scim.list_accounts(connection, where, offset=offset, limit=limit) if limit else []
        return Page(total, _show(connection, found))


def create_user(provider: Provider, document: Any) -> Resource:
    """
    Add a person, or take over one of the directory whom the provider did not write yet.

    Raises:
        ScimError: The document can't be used, or is about somebody whom the provider has already.
    """
    user = parse_user(read_document(USERS, document))
    with provider.change() as change:
        owners = _owners(change.connection, user)
        accounts = [one for owner in owners for one in scim.list_accounts_of(change.connection, owner)]
        if len(owners) > 1 or any(one.details is not None for one in accounts):
            raise _taken("one of the addresses")
        _check_user_name(change.connection, user, None)
        if owners:
            (person_id,) = owners
            user = user if user.is_active is not KEEP else replace(user, is_active=True)
            return _write(change, user, str(person_id), person_id, {})
        saved = save(change, [make_record(user, _some(user.addresses), None)])
        person_id = saved.person_ids["user"]
        return _keep(change, user, str(person_id), person_id)


def replace_user(provider: Provider, resource_id: str, document: Any) -> Resource:
    """
    Say anew what a user is. What is left out is taken away, but for addresses, state, language and time zone.

    Raises:
        ScimError: There is none, or the document can't be used.
    """
    given = read_document(USERS, document)
    with provider.change() as change:
        account = _get(change.connection, resource_id)
        known = _show(change.connection, [account])[0].document
        kept = {name: known[name] for name in _KEPT_WHEN_LEFT_OUT if name in known}
        whole = {"title": None, **kept, **given}
        whole[ENTERPRISE_USER] = {"department": None, **given.get(ENTERPRISE_USER, {})}
        return _rewrite(change, account, known, whole)


def patch_user(provider: Provider, resource_id: str, operations: list[Operation]) -> Resource:
    """
    Change a user.

    Raises:
        ScimError: There is none, or an operation can't be carried out.
    """
    with provider.change() as change:
        account = _get(change.connection, resource_id)
        known = _show(change.connection, [account])[0].document
        return _rewrite(change, account, known, patch(USERS, known, operations))


def delete_user(provider: Provider, resource_id: str) -> None:
    """
    Let a person have left; the id is then unknown until the provider makes the user anew.

    Raises:
        ScimError: There is none.
    """
    with provider.change() as change:
        account = _get(change.connection, resource_id)
        _note(change, account.id, account.person_id)
        gone = PersonRecord(where="user", external_id=account.id, is_active=False, attributes={GROUP: ()})
        save(change, [gone])
        scim.end_account(change.connection, account.id, change.now)


def _get(connection: Connection, resource_id: str) -> Account:
    account = scim.find_account(connection, resource_id)
    if account is None:
        raise ScimError(404, "there is no user of this id")
    return account


def _taken(what: str) -> ScimError:
    return ScimError(409, f"{what} belongs to another user already", ScimType.UNIQUENESS)


def _owners(connection: Connection, user: ScimUser) -> set[int]:
    handles = [(IdentityKind.EMAIL, email_key(one)) for one in user.addresses]
    return set(people.find_owners(connection, handles).values())


def _check_user_name(connection: Connection, user: ScimUser, account: Account | None) -> None:
    other = scim.find_user_name(connection, email_key(user.user_name))
    if other is not None and (account is None or other.id != account.id):
        raise _taken("userName")


def _rewrite(
    change: Writing, account: Account, known: Mapping[str, Any], whole: Mapping[str, Any]
) -> Resource:
    user = parse_user(whole)
    if _owners(change.connection, user) - {account.person_id}:
        raise _taken("one of the addresses")
    _check_user_name(change.connection, user, account)
    return _write(change, user, account.id, account.person_id, known if account.details is not None else {})


def _write(
    change: Writing, user: ScimUser, resource_id: str, person_id: int, known: Mapping[str, Any]
) -> Resource:
    """Write a user who is in the directory; addresses that others gave stay, behind the provider's."""
    _note(change, resource_id, person_id)
    before = {email_key(one["value"]) for one in known.get("emails", ())}
    before.add(email_key(known.get("userName", "")))
    now = {email_key(one) for one in user.addresses}
    person = people.get_people(change.connection, [person_id])[person_id]
    others = [
        one
        for one in person.handles.get(IdentityKind.EMAIL, ())
        if email_key(one) not in before and email_key(one) not in now
    ]
    save(change, [make_record(user, _some((*user.addresses, *others)), resource_id)])
    return _keep(change, user, resource_id, person_id)


def _some(addresses: tuple[str, ...]) -> tuple[str, ...]:
    if not addresses:
        raise invalid(ScimType.INVALID_VALUE, "there is no address: send emails, or a userName that is one")
    return addresses


def _note(change: Writing, resource_id: str, person_id: int) -> None:
    sources.note_members(change.connection, Source.SCIM, {resource_id: Member(person_id, None)}, change.now)


def _keep(change: Writing, user: ScimUser, resource_id: str, person_id: int) -> Resource:
    _note(change, resource_id, person_id)
    scim.set_account(
        change.connection,
        resource_id,
        person_id,
        handle=email_key(user.user_name),
        client_id=user.external_id,
        details=user.account(),
    )
    return _show(change.connection, [_get(change.connection, resource_id)])[0]


def _show(connection: Connection, accounts: list[Account]) -> list[Resource]:
    found = people.get_people(connection, {one.person_id for one in accounts})
    return [
        Resource(one.id, _document(one, found[one.person_id]), one.created_at, one.changed_at)
        for one in accounts
    ]


def _document(account: Account, person: Person) -> dict[str, Any]:
    """A person as a user: what the provider said where it said something, else what the directory has."""
    addresses = person.handles.get(IdentityKind.EMAIL, ())
    if account.details is None:
        said: dict[str, Any] = {
            "userName": person.email,
            "displayName": person.name,
            "emails": [
                {"value": one, "type": "work", "primary": place == 0} for place, one in enumerate(addresses)
            ],
        }
    else:
        said = dict(account.details)
        there = {email_key(one) for one in addresses}
        said["emails"] = [one for one in said.get("emails", ()) if email_key(one["value"]) in there]
    document = {
        **said,
        "externalId": account.client_id,
        "active": person.is_active,
        "locale": person.locale,
        "timezone": person.timezone,
        "title": next(iter(person.attributes.get(TITLE, ())), None),
    }
    department = next(iter(person.attributes.get(DEPARTMENT, ())), None)
    if department is not None:
        document[ENTERPRISE_USER] = {"department": department}
    return {name: value for name, value in document.items() if value not in (None, [], {})}
