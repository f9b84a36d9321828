"""What may a program ask and say about people by the Web API?"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from afterword.domain.errors import InvalidInputError
from afterword.domain.method_error import MethodError, MethodErrorCode
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.person import (
    ATTRIBUTES_MAX,
    HANDLES_MAX,
    KEEP,
    TEXT_CHARS_MAX,
    VALUES_MAX,
    Given,
    PersonRecord,
    check_text,
    name_key,
)
from afterword.domain.people.source import Source
from afterword.flows.api_cursor import parse_id, read_cursor, write_cursor
from afterword.flows.people.save_people import ELSEWHERE, ERASED
from afterword.flows.people.saved_people import Refusal
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.people.write_to_directory import Writing, write_to_directory
from afterword.kit.clock import Clock
from afterword.storage import merges, people
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Person

__all__ = ["Person", "UserChanges", "Users", "find_by_handle", "find_by_id"]

_LIST = "users.list"
_WHERE = "request"
_FIELDS = {"timezone": "tz"}
"""How the Web API calls what a record calls otherwise."""


@dataclass(frozen=True, slots=True)
class UserChanges:
    """What a program says about a person: KEEP for what it leaves out, None for what it takes away."""

    name: Given[str | None] = KEEP
    tz: Given[str | None] = KEEP
    locale: Given[str | None] = KEEP
    team: Given[str | None] = KEEP
    start_date: Given[str | None] = KEEP
    github_username: Given[str | None] = KEEP
    additional_github_username: Given[str | None] = KEEP
    gitlab_username: Given[str | None] = KEEP
    sso_email: Given[str | None] = KEEP
    active: Given[bool] = KEEP
    protected: Given[bool] = KEEP
    exclude_from_snapshots: Given[bool] = KEEP


@dataclass(frozen=True, slots=True)
class Users:
    """The part of the directory that the Web API's methods work with."""

    database: Database
    clock: Clock
    tombstoned: Tombstones

    def create(self, email: str, said: UserChanges) -> Person:
        """
        Add somebody.

        Raises:
            MethodError: A handle is somebody's.
            InvalidInputError: A value can't be used.
        """
        with self._writing() as writing:
            emails = (email.strip(), *_texts(said.sso_email))
            for address, code in zip(emails, _ADDRESSES_TAKEN, strict=False):
                if find_by_handle(writing.connection, IdentityKind.EMAIL, address) is not None:
                    raise MethodError(code)
            github = _texts(said.github_username, said.additional_github_username)
            gitlab = _texts(said.gitlab_username)
            return _save(writing, _record(said, emails, github, gitlab), is_new=True)

    def update(self, email: str, said: UserChanges) -> Person:
        """
        Change what is said about somebody, whom any of their addresses names; nobody is added.

        Of GitHub names the first two are changed, of GitLab names the first one and of addresses the
        second one; what else a person has stays behind them.

        Raises:
            MethodError: There is no such person, or a handle is somebody else's.
            InvalidInputError: A value can't be used.
        """
        with self._writing() as writing:
            person = _found(find_by_handle(writing.connection, IdentityKind.EMAIL, email))
            return _save(writing, _arrange(said, person))

    def set_attributes(self, email: str, values: Iterable[tuple[str, str | None]]) -> Person:
        """
        Let these be a person's values in the groups that are named; without regard to case.

        Args:
            values: (group, value); a group whose only value is None is emptied.

        Raises:
            MethodError: There is no such person.
            InvalidInputError: A name or a value can't be used.
        """
        with self._writing() as writing:
            person = _found(find_by_handle(writing.connection, IdentityKind.EMAIL, email))
            return _save(writing, PersonRecord(_WHERE, person_id=person.id, attributes=_group(values)))

    def deactivate(self, person: Person) -> None:
        """Let somebody be one who left: nothing is forgotten, and nobody asks them any more."""
        if person.is_active:
            self.update(person.email, UserChanges(active=False))

    def get(self, *, email: str | None = None, id_text: str | None = None) -> Person:
        """
        Look somebody up by id, or else by an address.

        Raises:
            MethodError: There is nobody like this, or neither was given.
        """
        with self.database.read() as connection:
            if id_text is not None:
                return _found(find_by_id(connection, id_text))
            if email is None:
                raise MethodError(MethodErrorCode.EMAIL_BLANK)
            return _found(find_by_handle(connection, IdentityKind.EMAIL, email))

    def get_by_github_username(self, username: str) -> Person:
        """
        Look somebody up by a GitHub name.

        Raises:
            MethodError: Nobody has it.
        """
        with self.database.read() as connection:
            return _found(find_by_handle(connection, IdentityKind.GITHUB, username))

    def page(self, cursor: str | None, limit: int) -> tuple[list[Person], str]:
        """
        One page of everybody in the order in which they were added.

        Args:
            cursor: Where it begins, as the page before gave it; None for the first one.

        Returns:
            The people, and the cursor of the next page: empty when this was the last one.

        Raises:
            MethodError: The cursor is none of ours.
        """
        after = 0 if cursor is None else read_cursor(_LIST, cursor, numbers=1)[0]
        with self.database.read() as connection:
            found = people.list_people_by_id(connection, after=after, limit=limit + 1)
        page = found[:limit]
        return page, write_cursor(_LIST, page[-1].id) if len(found) > limit else ""

    def _writing(self) -> AbstractContextManager[Writing]:
        return write_to_directory(self.database, self.clock, self.tombstoned, Source.API)


def _save(writing: Writing, record: PersonRecord, *, is_new: bool = False) -> Person:
    """Save what is said of one person, who is then so."""
    saved = writing.save([record])
    if saved.refusals:
        raise _error(saved.refusals[0], is_new=is_new)
    return _found(people.get_person(writing.connection, saved.person_ids[_WHERE]))


def _record(
    said: UserChanges, emails: tuple[str, ...], github: tuple[str, ...], gitlab: tuple[str, ...]
) -> PersonRecord:
    names = said.github_username, said.additional_github_username
    return PersonRecord(
        where=_WHERE,
        emails=emails,
        name=said.name,
        github_usernames=KEEP if all(one is KEEP for one in names) else github,
        gitlab_usernames=KEEP if said.gitlab_username is KEEP else gitlab,
        timezone=said.tz,
        locale=said.locale,
        start_date=said.start_date,
        team=said.team,
        is_active=said.active,
        is_protected=said.protected,
        is_excluded_from_snapshots=said.exclude_from_snapshots,
    )


def _texts(*given: Given[str | None]) -> tuple[str, ...]:
    return tuple(one for one in given if isinstance(one, str))


def _arrange(said: UserChanges, person: Person) -> PersonRecord:
    """Put what is said into its places among the handles that the person has."""
    emails = person.handles[IdentityKind.EMAIL]
    if said.sso_email is not KEEP:
        # An address is one more; the one that it takes the place of may still come in events.
        behind = emails[1:] if said.sso_email else emails[2:]
        emails = _distinct(IdentityKind.EMAIL, [emails[0], said.sso_email, *behind])
        if len(emails) > HANDLES_MAX:
            raise InvalidInputError(f"email can't have one more: at most {HANDLES_MAX} addresses")
    github = [said.github_username, said.additional_github_username]
    record = _record(
        said,
        emails,
        _place(IdentityKind.GITHUB, person, github),
        _place(IdentityKind.GITLAB, person, [said.gitlab_username]),
    )
    # A bot keeps the names of a bot that it has.
    is_bot = True if person.is_bot else KEEP
    return replace(record, person_id=person.id, is_bot=is_bot, replaces=frozenset(IdentityKind))


def _place(kind: IdentityKind, person: Person, said: Sequence[Given[str | None]]) -> tuple[str, ...]:
    """The handles of a kind, the first ones replaced by what is said of them."""
    have = person.handles.get(kind, ())
    places = [
        (have[index] if index < len(have) else None) if one is KEEP else one for index, one in enumerate(said)
    ]
    return _distinct(kind, [*places, *have[len(places) :]])


def _distinct(kind: IdentityKind, handles: Iterable[Given[str | None]]) -> tuple[str, ...]:
    """Each handle once, in order."""
    found: dict[str, str] = {}
    for one in _texts(*handles):
        found.setdefault(normalise(kind, one), one)
    return tuple(found.values())


def _group(values: Iterable[tuple[str, str | None]]) -> Mapping[str, tuple[str, ...]]:
    names: dict[str, str] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for name, value in values:
        group = names.setdefault(name_key(name), name)
        groups[group] = (*groups.get(group, ()), *((value,) if value is not None else ()))
    return groups


def _error(refusal: Refusal, *, is_new: bool) -> Exception:
    """A refusal in the words of the Web API."""
    kind = refusal.field
    if refusal.problem in (ELSEWHERE, ERASED):
        is_first = kind == IdentityKind.EMAIL and is_new and refusal.problem != ELSEWHERE
        return MethodError(MethodErrorCode.EMAIL_TAKEN if is_first else _TAKEN_CODES[kind])
    if kind == "attributes":
        # The record's own words would repeat the group's name.
        return InvalidInputError(
            f"attributes has a name or value that can't be used: texts of 1 to {TEXT_CHARS_MAX} printable "
            f"characters, at most {ATTRIBUTES_MAX} names and {VALUES_MAX} values of each"
        )
    return InvalidInputError(f"{_FIELDS.get(kind, kind)} {refusal.problem}")


_ADDRESSES_TAKEN = MethodErrorCode.EMAIL_TAKEN, MethodErrorCode.SSO_EMAIL_TAKEN
_TAKEN_CODES = {
    IdentityKind.EMAIL.value: MethodErrorCode.SSO_EMAIL_TAKEN,
    IdentityKind.GITHUB.value: MethodErrorCode.GITHUB_USERNAME_TAKEN,
    IdentityKind.GITLAB.value: MethodErrorCode.GITLAB_USERNAME_TAKEN,
}


def _found(person: Person | None) -> Person:
    if person is None or not person.is_there:
        raise MethodError(MethodErrorCode.USER_NOT_FOUND)
    return person


def find_by_id(connection: Connection, id_text: str) -> Person | None:
    """Whom an id means now: who was merged is the one into whom they were."""
    person_id = parse_id(id_text)
    if person_id is None:
        return None
    person = people.get_person(connection, merges.find_kept(connection, person_id))
    return person if person is not None and person.is_there else None


def find_by_handle(connection: Connection, kind: IdentityKind, text: str) -> Person | None:
    """Who has a handle now; None for what can be nobody's."""
    if check_text(text.strip()) is not None:
        return None
    handle = kind, normalise(kind, text)
    person_id = people.find_owners(connection, [handle]).get(handle)
    return None if person_id is None else people.get_person(connection, person_id)
