"""Who is in a GitHub organisation, and by which addresses do GitHub and its identity provider know them?"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

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
from afterword.sources.github_app import GitHubApp, wording

NAME = "github"
DEFAULT_URL = "https://github.com"
_CLOUD_SUFFIX = ".ghe.com"

_EMAILS = "organizationVerifiedDomainEmails"
_MEMBERS = """
query($login: String!, $size: Int!, $after: String) {
  organization(login: $login) {
    membersWithRole(first: $size, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { databaseId login name EMAILS }
    }
  }
}"""
_IDENTITIES = """
query($login: String!, $size: Int!, $after: String) {
  organization(login: $login) {
    samlIdentityProvider {
      externalIdentities(first: $size, after: $after, membersOnly: true) {
        pageInfo { hasNextPage endCursor }
        nodes {
          samlIdentity { nameId emails { value primary } }
          scimIdentity { username emails { value primary } }
          user { databaseId }
        }
      }
    }
  }
}"""

_NO_EMAILS = (
    "addresses of verified domains can't be read: verify a domain of the organisation, "
    "and let the token read its members"
)
_NO_IDENTITIES = "SAML identities can't be read: the token needs an owner of the organisation, and read:org"


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class _Member(msgspec.Struct, rename="camel"):
    database_id: int
    login: str
    name: str | None = None
    organization_verified_domain_emails: tuple[str, ...] = ()


class _Members(msgspec.Struct, rename="camel"):
    page_info: _PageInfo
    nodes: tuple[_Member | None, ...]


class _Email(msgspec.Struct):
    value: str
    primary: bool | None = None


class _Saml(msgspec.Struct, rename="camel"):
    name_id: str | None = None
    emails: tuple[_Email, ...] | None = None


class _Scim(msgspec.Struct):
    username: str | None = None
    emails: tuple[_Email, ...] | None = None


class _User(msgspec.Struct, rename="camel"):
    database_id: int


class _Identity(msgspec.Struct, rename="camel"):
    saml_identity: _Saml | None = None
    scim_identity: _Scim | None = None
    user: _User | None = None


class _Identities(msgspec.Struct, rename="camel"):
    page_info: _PageInfo
    nodes: tuple[_Identity | None, ...]


class _Provider(msgspec.Struct, rename="camel"):
    external_identities: _Identities


class _Organization(msgspec.Struct, rename="camel"):
    members_with_role: _Members | None = None
    saml_identity_provider: _Provider | None = None


class _Data(msgspec.Struct):
    organization: _Organization | None = None


class _Error(msgspec.Struct):
    type: str = ""
    path: tuple[str | int, ...] = ()
    extensions: dict[str, Any] | None = None

    @property
    def is_about_sso(self) -> bool:
        """The token was not authorised for the organisation's single sign-on."""
        return bool((self.extensions or {}).get("saml_failure"))

    @property
    def is_about_emails(self) -> bool:
        """The addresses of verified domains may not be read, or an older server has none."""
        return _EMAILS in self.path or (self.extensions or {}).get("fieldName") == _EMAILS


class _Answer(msgspec.Struct):
    data: _Data | None = None
    errors: tuple[_Error, ...] = ()


@dataclass(frozen=True, slots=True)
class GitHubSource:
    """
    The members of one organisation.

    Args:
        token: One, or the App that gets them.
        url: As people open it: https://github.com, or that of an Enterprise Server.
        sleep: Waits for seconds.
    """

    organisation: str
    token: str | GitHubApp = field(repr=False)
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
        return f"the GitHub organisation {self.organisation}"

    async def read(self) -> Roll:
        """See DirectorySource."""
        url = graphql_url(self.url)
        async with Outbound(url, {"User-Agent": f"afterword/{__version__}"}) as outbound:
            caller = Caller(outbound, self.clock, self._wording, is_limited=_is_limited, sleep=self.sleep)
            signing_in = Caller(outbound, self.clock, wording(self.organisation), sleep=self.sleep)
            return await _Reading(caller, signing_in, url, self).read()

    @property
    def _wording(self) -> Wording:
        return Wording(
            service="GitHub",
            token="AFTERWORD_GITHUB_TOKEN",  # noqa: S106 - the name of the variable
            url="AFTERWORD_GITHUB_URL",
            missing=f"GitHub has no organisation {self.organisation!r} that the token may see: "
            "check AFTERWORD_GITHUB_ORGANISATION, and that the token belongs to a member",
            unauthorised=None
            if isinstance(self.token, str)
            else "GitHub does not take the token that the App got: the next load gets a new one",
            forbidden=f"the token may not read the members of {self.organisation!r}: "
            "give it read:org, or Members: read",
        )


def graphql_url(url: str) -> str:
    """Where the API of a GitHub lives that people open at an address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == urlsplit(DEFAULT_URL).hostname or host.endswith(_CLOUD_SUFFIX):
        return f"https://api.{host}/graphql"
    return f"{parts.scheme}://{parts.netloc}/api/graphql"


def rest_url(url: str) -> str:
    """Where the other API of the same GitHub lives."""
    graphql = graphql_url(url)
    return graphql.removesuffix("/graphql") + ("/v3" if graphql.endswith("/api/graphql") else "")


def _is_limited(reply: Reply) -> bool:
    """GraphQL says so with status 200."""
    if b"RATE_LIMITED" not in reply.body:
        return False
    try:
        answer = msgspec.json.decode(reply.body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return any(error.type == "RATE_LIMITED" for error in answer.errors)


class _Reading:
    """One reading of all lists."""

    def __init__(self, caller: Caller, signing_in: Caller, url: str, source: GitHubSource) -> None:
        self._caller = caller
        self._signing_in = signing_in
        self._url = url
        self._source = source
        self._with_emails = True
        self._is_complete = True
        self._notes: list[str] = []

    async def read(self) -> Roll:
        """The members with all that is known of each."""
        members = [member async for member in self._members()]
        identities: dict[int, list[_Identity]] = {}
        async for identity in self._identities():
            if identity.user is not None:
                identities.setdefault(identity.user.database_id, []).append(identity)
        # By id: a member who moved between two pages comes twice.
        people = {one.database_id: self._record(one, identities.get(one.database_id, [])) for one in members}
        return Roll(tuple(people.values()), self._is_complete, tuple(self._notes))

    def _record(self, member: _Member, identities: Iterable[_Identity]) -> PersonRecord:
        emails: list[str | None] = list(member.organization_verified_domain_emails)
        for one in identities:
            for given in (one.scim_identity, one.saml_identity):
                listed = (given.emails if given else None) or ()
                emails += [item.value for item in sorted(listed, key=lambda item: not item.primary)]
        for one in identities:
            emails.append(one.scim_identity.username if one.scim_identity else None)
            emails.append(one.saml_identity.name_id if one.saml_identity else None)
        return PersonRecord(
            where=f"GitHub account {member.login}",
            emails=addresses(*emails),
            name=tidy_name(member.name),
            github_usernames=(member.login,),
            external_id=account_id(self._source.url, DEFAULT_URL, member.database_id),
        )

    async def _members(self) -> AsyncIterator[_Member]:
        after: str | None = None
        for _ in range(PAGES_MAX):
            answer = await self._ask(_MEMBERS.replace("EMAILS", _EMAILS if self._with_emails else ""), after)
            if self._with_emails and answer.errors and all(one.is_about_emails for one in answer.errors):
                self._with_emails = False
                self._notes.append(_NO_EMAILS)
                answer = await self._ask(_MEMBERS.replace("EMAILS", ""), after)
            self._check(answer)
            organisation = answer.data.organization if answer.data else None
            if organisation is None or organisation.members_with_role is None:
                raise SourceError(self._source._wording.missing)
            page = organisation.members_with_role
            for node in page.nodes:
                if node is None:
                    self._leave_out()
                else:
                    yield node
            if not page.page_info.has_next_page:
                return
            after = _next_cursor(page.page_info, after)
        raise SourceError(f"GitHub lists more than {PAGES_MAX * ACCOUNTS_PER_PAGE} members without an end")

    def _leave_out(self) -> None:
        if self._is_complete:
            self._notes.append("GitHub did not name all members, so nobody counts as having left")
        self._is_complete = False

    async def _identities(self) -> AsyncIterator[_Identity]:
        after: str | None = None
        for _ in range(PAGES_MAX):
            answer = await self._ask(_IDENTITIES, after)
            if answer.errors:
                self._notes.append(_NO_IDENTITIES)
                return
            organisation = answer.data.organization if answer.data else None
            provider = organisation.saml_identity_provider if organisation else None
            if provider is None:
                return
            page = provider.external_identities
            for node in page.nodes:
                if node is not None:
                    yield node
            if not page.page_info.has_next_page:
                return
            after = _next_cursor(page.page_info, after)
        raise SourceError(f"GitHub lists more than {PAGES_MAX * ACCOUNTS_PER_PAGE} identities without an end")

    async def _ask(self, query: str, after: str | None) -> _Answer:
        variables = {"login": self._source.organisation, "size": ACCOUNTS_PER_PAGE, "after": after}
        body = {"query": query, "variables": variables}
        headers = {"Authorization": f"Bearer {await self._token()}"}
        reply = await self._caller.ask("POST", self._url, body, headers=headers)
        if reply.status == 401 and isinstance(self._source.token, GitHubApp):
            self._source.token.forget_token()
        if reply.status == 403 and "x-github-sso" in reply.headers:
            raise SourceError(self._sso_text)
        self._caller.check(reply)
        return self._caller.decode(reply, _Answer)

    async def _token(self) -> str:
        """For each page anew: one may end while many pages are read."""
        token, source = self._source.token, self._source
        if isinstance(token, str):
            return token
        return await token.token(self._signing_in, rest_url(source.url), source.organisation)

    def _check(self, answer: _Answer) -> None:
        for error in answer.errors:
            if error.is_about_sso:
                raise SourceError(self._sso_text)
            if error.type == "NOT_FOUND":
                raise SourceError(self._source._wording.missing)
            if error.type in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
                raise SourceError(self._source._wording.forbidden)
        if answer.errors:
            kind = answer.errors[0].type
            shown = kind if re.fullmatch(r"[A-Z_]{1,40}", kind) else "of an unknown kind"
            raise SourceError(f"GitHub answers with an error ({shown}): check AFTERWORD_GITHUB_URL")

    @property
    def _sso_text(self) -> str:
        return (
            f"the token is not authorised for the SAML single sign-on of {self._source.organisation!r}: "
            'on the list of your tokens choose "Configure SSO", and authorise the organisation'
        )


def _next_cursor(page: _PageInfo, before: str | None) -> str:
    if not page.end_cursor or page.end_cursor == before:
        raise SourceError("GitHub says that there is another page, and not where: the next load tries again")
    return page.end_cursor
