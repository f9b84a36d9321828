"""``users.…``: how do programs read and write the directory of people?"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from afterword.bootstrap import Parts
from afterword.domain.method_error import MethodErrorCode as Code
from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import KEEP, Given
from afterword.domain.scope import Scope
from afterword.flows.api_users import Person, UserChanges, Users
from afterword.web.api.method import Method, ResponseMetadata

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
"""People of one reply; each comes with all handles and attributes."""

Text: TypeAlias = str | UnsetType | None
Flag: TypeAlias = bool | UnsetType | None

_EMAIL = Meta(description="An address of the person.", examples=["ana@example.com"])


class WriteUser(Struct, kw_only=True):
    """
    The arguments of users.create and users.update.

    What is left out stays as it is, null takes it away.
    """

    email: Annotated[str, _EMAIL]
    start_date: Annotated[Text, Meta(description="YYYY-MM-DD.", examples=["2026-03-31"])] = UNSET
    github_username: Annotated[Text, Meta(description="The first GitHub name.")] = UNSET
    additional_github_username: Annotated[Text, Meta(description="The second GitHub name.")] = UNSET
    gitlab_username: Annotated[Text, Meta(description="The first GitLab name.")] = UNSET
    sso_email: Annotated[Text, Meta(description="One more address; null takes the second one away.")] = UNSET
    protected: Annotated[
        Flag, Meta(description="Leave the person alone in loads from GitHub, GitLab and SCIM.")
    ] = UNSET
    exclude_from_snapshots: Annotated[Flag, Meta(description="Kept and given back.")] = UNSET
    name: Annotated[Text, Meta(description="Shown in mails; null: the address.")] = UNSET
    tz: Annotated[Text, Meta(description="IANA time zone.", examples=["Europe/Berlin"])] = UNSET
    locale: Annotated[Text, Meta(description="Language tag.", examples=["pt-BR"])] = UNSET
    team: Annotated[Text, Meta(description="Teams from the root on, with / between them.")] = UNSET
    active: Annotated[Flag, Meta(description="False for who left; null is true.")] = UNSET


class WrittenUser(Struct, kw_only=True):
    """What the original answers with."""

    email: str
    start_date: str | None
    github_username: str | None
    gitlab_username: str | None


class WriteUserReply(Struct, kw_only=True):
    """The person as they are now."""

    ok: Literal[True] = True
    user: WrittenUser


class Attribute(Struct, kw_only=True):
    """One value in a group; several of one name are several values."""

    name: Annotated[str, Meta(description="The group, in any case; made when there is none.")]
    value: Annotated[str | None, Meta(description="Null alone empties the group.")] = None


class UpdateAttributes(Struct, kw_only=True):
    """The arguments of users.attributes.update."""

    email: Annotated[str, _EMAIL]
    attributes: Annotated[
        list[Attribute], Meta(description="The values in these groups from now on; in a form as JSON.")
    ]


class Done(Struct, kw_only=True):
    """It is done."""

    ok: Literal[True] = True


class FindByGithubUsername(Struct, kw_only=True):
    """The arguments of users.findByGithubUsername."""

    github_username: Annotated[
        str, Meta(description="In any case, with or without @.", examples=["anasouza"])
    ]


class FoundUser(Struct, kw_only=True):
    """What the original answers with."""

    id: str
    name: str
    email: str
    tz: str | None
    slack_id: str | None


class FindReply(Struct, kw_only=True):
    """Who has the name."""

    ok: Literal[True] = True
    user: FoundUser


class NameUser(Struct, kw_only=True):
    """The arguments of users.info and users.delete: one of the two; the id counts when both are given."""

    id: Annotated[str | int | None, Meta(description="As users.list gives it.", examples=["1"])] = None
    email: Annotated[str | None, _EMAIL] = None


class User(Struct, kw_only=True):
    """All that the Web API tells about a person. What people wish for themselves is not part of it."""

    id: str
    name: str
    email: str
    emails: list[str]
    github_usernames: list[str]
    gitlab_usernames: list[str]
    slack_id: str | None
    teams_id: str | None
    tz: str | None
    locale: str | None
    start_date: str | None
    team: str | None
    attributes: list[Attribute]
    active: bool
    bot: bool
    protected: bool
    exclude_from_snapshots: bool
    created_at: datetime


class InfoReply(Struct, kw_only=True):
    """One person."""

    ok: Literal[True] = True
    user: User


class ListUsers(Struct, kw_only=True):
    """The arguments of users.list."""

    cursor: Annotated[str | None, Meta(description="The next_cursor of the page before.")] = None
    limit: (
        Annotated[int, Meta(ge=1, le=LIMIT_MAX, description=f"People on a page; {LIMIT_DEFAULT} as a rule.")]
        | None
    ) = None


class ListUsersReply(Struct, kw_only=True):
    """One page of the people."""

    ok: Literal[True] = True
    users: list[User]
    response_metadata: ResponseMetadata


def create(parts: Parts, said: WriteUser) -> WriteUserReply:
    """Add a person."""
    return _written(_users(parts).create(said.email, _changes(said)))


def update(parts: Parts, said: WriteUser) -> WriteUserReply:
    """Change a person."""
    return _written(_users(parts).update(said.email, _changes(said)))


def update_attributes(parts: Parts, said: UpdateAttributes) -> Done:
    """Replace a person's values in some groups."""
    values = ((one.name, one.value or None) for one in said.attributes)
    _users(parts).set_attributes(said.email, values)
    return Done()


def find_by_github_username(parts: Parts, said: FindByGithubUsername) -> FindReply:
    """Tell who has a GitHub name."""
    person = _users(parts).get_by_github_username(said.github_username)
    return FindReply(
        user=FoundUser(
            id=str(person.id),
            name=person.name,
            email=person.email,
            tz=person.timezone,
            slack_id=person.first(IdentityKind.SLACK),
        )
    )


def info(parts: Parts, said: NameUser) -> InfoReply:
    """Tell about one person."""
    return InfoReply(user=_user(_named(_users(parts), said)))


def list_(parts: Parts, said: ListUsers) -> ListUsersReply:
    """List one page of people."""
    found, cursor = _users(parts).page(said.cursor, said.limit or LIMIT_DEFAULT)
    return ListUsersReply(
        users=[_user(person) for person in found], response_metadata=ResponseMetadata(next_cursor=cursor)
    )


def delete(parts: Parts, said: NameUser) -> Done:
    """Deactivate a person."""
    users = _users(parts)
    users.deactivate(_named(users, said))
    return Done()


def _users(parts: Parts) -> Users:
    return Users(parts.database, parts.clock, parts.tombstones)


def _named(users: Users, said: NameUser) -> Person:
    return users.get(email=said.email, id_text=None if said.id is None else str(said.id))


def _changes(said: WriteUser) -> UserChanges:
    return UserChanges(
        name=_given(said.name),
        tz=_given(said.tz),
        locale=_given(said.locale),
        team=_given(said.team),
        start_date=_given(said.start_date),
        github_username=_given(said.github_username),
        additional_github_username=_given(said.additional_github_username),
        gitlab_username=_given(said.gitlab_username),
        sso_email=_given(said.sso_email),
        active=_flag(said.active, null=True),
        protected=_flag(said.protected, null=False),
        exclude_from_snapshots=_flag(said.exclude_from_snapshots, null=False),
    )


def _given(value: Text) -> Given[str | None]:
    if isinstance(value, UnsetType):
        return KEEP
    return value.strip() if value is not None else None


def _flag(value: Flag, *, null: bool) -> Given[bool]:
    if isinstance(value, UnsetType):
        return KEEP
    return null if value is None else value


def _written(person: Person) -> WriteUserReply:
    return WriteUserReply(
        user=WrittenUser(
            email=person.email,
            start_date=person.start_date,
            github_username=person.github_username,
            gitlab_username=person.gitlab_username,
        )
    )


def _user(person: Person) -> User:
    handles = person.handles
    return User(
        id=str(person.id),
        name=person.name,
        email=person.email,
        emails=list(handles.get(IdentityKind.EMAIL, ())),
        github_usernames=list(handles.get(IdentityKind.GITHUB, ())),
        gitlab_usernames=list(handles.get(IdentityKind.GITLAB, ())),
        slack_id=person.first(IdentityKind.SLACK),
        teams_id=person.first(IdentityKind.TEAMS),
        tz=person.timezone,
        locale=person.locale,
        start_date=person.start_date,
        team=person.team,
        attributes=[
            Attribute(name=name, value=value)
            for name, values in person.attributes.items()
            for value in values
        ],
        active=person.is_active,
        bot=person.is_bot,
        protected=person.is_protected,
        exclude_from_snapshots=person.is_excluded_from_snapshots,
        created_at=person.created_at,
    )


_WRITE_ERRORS = (
    Code.EMAIL_BLANK,
    Code.SSO_EMAIL_TAKEN,
    Code.GITHUB_USERNAME_TAKEN,
    Code.GITLAB_USERNAME_TAKEN,
)

METHODS = (
    Method(
        name="users.create",
        verb="POST",
        scope=Scope.USERS_WRITE,
        summary="Add a person.",
        arguments=WriteUser,
        reply=WriteUserReply,
        run=create,
        errors=(*_WRITE_ERRORS, Code.EMAIL_TAKEN),
    ),
    Method(
        name="users.update",
        verb="POST",
        scope=Scope.USERS_WRITE,
        summary="Change a person who is in the directory.",
        arguments=WriteUser,
        reply=WriteUserReply,
        run=update,
        errors=(*_WRITE_ERRORS, Code.USER_NOT_FOUND),
    ),
    Method(
        name="users.attributes.update",
        verb="POST",
        scope=Scope.USERS_WRITE,
        summary="Replace a person's values in some groups.",
        arguments=UpdateAttributes,
        reply=Done,
        run=update_attributes,
        errors=(Code.EMAIL_BLANK, Code.ATTRIBUTES_BLANK, Code.USER_NOT_FOUND),
    ),
    Method(
        name="users.findByGithubUsername",
        verb="GET",
        scope=Scope.USERS_READ,
        summary="Tell who has a GitHub name.",
        arguments=FindByGithubUsername,
        reply=FindReply,
        run=find_by_github_username,
        errors=(Code.GITHUB_USERNAME_BLANK, Code.USER_NOT_FOUND),
    ),
    Method(
        name="users.info",
        verb="GET",
        scope=Scope.USERS_READ,
        summary="Tell about one person.",
        arguments=NameUser,
        reply=InfoReply,
        run=info,
        errors=(Code.EMAIL_BLANK, Code.USER_NOT_FOUND),
    ),
    Method(
        name="users.list",
        verb="GET",
        scope=Scope.USERS_READ,
        summary="List people in the order in which they were added, those who left, too.",
        arguments=ListUsers,
        reply=ListUsersReply,
        run=list_,
        errors=(Code.INVALID_CURSOR,),
    ),
    Method(
        name="users.delete",
        verb="POST",
        scope=Scope.USERS_WRITE,
        summary="Deactivate a person; nothing is erased.",
        arguments=NameUser,
        reply=Done,
        run=delete,
        errors=(Code.EMAIL_BLANK, Code.USER_NOT_FOUND),
    ),
)
