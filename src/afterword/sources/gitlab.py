"""Who is in a GitLab group, and by which addresses do GitLab and its identity provider know them?"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from afterword import __version__
from afterword.domain.people.person import PersonRecord
from afterword.kit.clock import Clock
from afterword.kit.http_out import Outbound, Reply
from afterword.sources.base import (
    ACCOUNTS_PER_PAGE,
    PAGES_MAX,
    Roll,
    SourceError,
    account_id,
    addresses,
    tidy_name,
)
from afterword.sources.caller import Caller, Wording

NAME = "gitlab"
DEFAULT_URL = "https://gitlab.com"

BLOCKED = frozenset({"blocked", "ldap_blocked", "banned", "blocked_pending_approval"})
"""States of accounts that nobody can use; GitLab goes on listing them."""

AWAITING = "awaiting"
"""A membership that was not approved yet."""

_TOKEN_BOT = re.compile(r"(?:group|project)_\d+_bot\w*")
"""What GitLab calls the accounts that it makes for access tokens of groups and projects."""

_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*\brel="?next\b')

_NO_IDENTITIES = (
    "{} can't be read: that needs a token of an owner of a top-level group, with read_api, and single sign-on"
)


class _ExternUid(msgspec.Struct):
    extern_uid: str | None = None


class _Member(msgspec.Struct):
    id: int
    username: str
    name: str | None = None
    state: str = "active"
    membership_state: str = "active"
    email: str | None = None
    group_saml_identity: _ExternUid | None = None
    group_scim_identity: _ExternUid | None = None

    @property
    def is_person(self) -> bool:
        """Whether somebody works under this account."""
        is_here = self.state not in BLOCKED and self.membership_state != AWAITING
        return is_here and not _TOKEN_BOT.fullmatch(self.username)


class _User(msgspec.Struct):
    """An entry of the lists that only owners see."""

    id: int
    email: str | None = None
    identities: tuple[_ExternUid, ...] | None = None
    scim_identities: tuple[_ExternUid, ...] | None = None

    @property
    def given(self) -> list[str | None]:
        """What may be addresses; the account's own first."""
        uids = [*(self.scim_identities or ()), *(self.identities or ())]
        return [self.email, *(one.extern_uid for one in uids)]


@dataclass(frozen=True, slots=True)
class GitLabSource:
    """
    The members of one group, inherited ones too.

    Args:
        group: Its path, such as acme or acme/tools, or its number.
        url: As people open it: https://gitlab.com, or that of their own, with a path where it has one.
        sleep: Waits for seconds.
    """

    group: str
    token: str = field(repr=False)
    url: str
    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def name(self) -> str:
        """See DirectorySource."""
        return NAME

    @property
    def what(self) -> str:
        """See DirectorySource."""
        return f"the GitLab group {self.group}"

    async def read(self) -> Roll:
        """See DirectorySource."""
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": f"afterword/{__version__}"}
        async with Outbound(self.url, headers) as outbound:
            caller = Caller(outbound, self.clock, self._wording, sleep=self.sleep)
            return await self._read(caller)

    @property
    def _wording(self) -> Wording:
        return Wording(
            service="GitLab",
            token="AFTERWORD_GITLAB_TOKEN",  # noqa: S106 - the name of the variable
            url="AFTERWORD_GITLAB_URL",
            missing=f"GitLab has no group {self.group!r} that the token may see: "
            "check AFTERWORD_GITLAB_GROUP, and that the token belongs to a member",
            forbidden=f"the token may not read the members of {self.group!r}: give it read_api",
        )

    async def _read(self, caller: Caller) -> Roll:
        members: dict[int, _Member] = {}
        async for reply in self._pages(caller, "members/all"):
            caller.check(reply)
            members |= {one.id: one for one in caller.decode(reply, tuple[_Member, ...])}
        known: dict[int, list[str | None]] = {}
        notes: list[str] = []
        for path, what in (("saml_users", "SAML users"), ("provisioned_users", "SCIM users")):
            async for reply in self._pages(caller, path):
                if reply.status in (400, 403, 404):
                    notes.append(_NO_IDENTITIES.format(what))
                    break
                caller.check(reply)
                for user in caller.decode(reply, tuple[_User, ...]):
                    known.setdefault(user.id, []).extend(user.given)
        people = [self._record(one, known.get(one.id, [])) for one in members.values() if one.is_person]
        return Roll(tuple(people), notes=tuple(notes))

    def _record(self, member: _Member, given: list[str | None]) -> PersonRecord:
        uids = [
            one.extern_uid if one else None
            for one in (member.group_scim_identity, member.group_saml_identity)
        ]
        return PersonRecord(
            where=f"GitLab account {member.username}",
            emails=addresses(member.email, *given, *uids),
            name=tidy_name(member.name),
            gitlab_usernames=(member.username,),
            external_id=account_id(self.url, DEFAULT_URL, member.id),
        )

    async def _pages(self, caller: Caller, path: str) -> AsyncIterator[Reply]:
        """The replies of a list, one a page; the last one may be a refusal."""
        group = quote(self.group, safe="")
        first = f"{self.url.rstrip('/')}/api/v4/groups/{group}/{path}?per_page={ACCOUNTS_PER_PAGE}"
        url: str | None = first
        for _ in range(PAGES_MAX):
            if url is None:
                return
            reply = await caller.ask("GET", url)
            yield reply
            url = _next_url(reply, first, url)
        raise SourceError(f"GitLab lists more than {PAGES_MAX * ACCOUNTS_PER_PAGE} accounts without an end")


def _next_url(reply: Reply, first: str, before: str) -> str | None:
    """
    Where the next page is; None after the last one.

    A page's number comes first: links name the address that GitLab believes to have, which need not be ours.
    """
    number = reply.headers.get("x-next-page")
    if number is not None:
        url = f"{first}&page={number}" if number.isdecimal() else None
    else:
        link = _NEXT.search(reply.headers.get("link", ""))
        url = link[1] if link else None
    if url == before:
        raise SourceError("GitLab says that there is another page, and not where: the next load tries again")
    return url
