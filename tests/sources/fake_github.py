"""GitHub's GraphQL API, as far as members and identities of one organisation go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.sources.fake_service import Answer, Asked, FakeService

ORGANISATION = "acme"


@dataclass(frozen=True)
class Account:
    """One member."""

    id: int
    login: str
    name: str | None = None
    emails: Sequence[str] = ()
    name_id: str | None = None
    saml_emails: Sequence[str] = ()
    scim_username: str | None = None
    scim_emails: Sequence[str] = ()

    @property
    def has_identity(self) -> bool:
        """Whether an identity provider knows it."""
        return bool(self.name_id or self.scim_username)


def error(kind: str, *path: str | int, **extensions: object) -> dict[str, Any]:
    """One error of GraphQL as GitHub gives it."""
    found: dict[str, Any] = {"type": kind, "path": list(path), "locations": [{"line": 3, "column": 5}]}
    return found | {"message": "Something about it."} | ({"extensions": extensions} if extensions else {})


class FakeGitHub(FakeService):
    """
    Answers the queries for one organisation.

    Attributes:
        page_size: Accounts of a page, whatever is asked for.
        no_emails: The addresses of verified domains may not be read.
        no_identities: Nor the identities.
    """

    def __init__(self, *accounts: Account, page_size: int = 2) -> None:
        super().__init__()
        self.accounts = list(accounts)
        self.has_saml = True
        self.page_size = page_size
        self.no_emails = False
        self.no_identities = False

    def answer(self, asked: Asked) -> Answer:
        """See FakeService."""
        if asked.path != "/api/graphql" or asked.method != "POST":
            return Answer(404, {"message": "Not Found"})
        query, variables = asked.body["query"], asked.body["variables"]
        if variables["login"] != ORGANISATION:
            return Answer(
                body={"data": {"organization": None}, "errors": [error("NOT_FOUND", "organization")]}
            )
        start = int(variables["after"] or 0)
        if "membersWithRole" in query:
            return self._members(query, start)
        return self._identities(start)

    def _page(self, accounts: Sequence[Account], start: int) -> tuple[Sequence[Account], dict[str, Any]]:
        end = start + self.page_size
        info = {"hasNextPage": end < len(accounts), "endCursor": str(end) if accounts else None}
        return accounts[start:end], info

    def _members(self, query: str, start: int) -> Answer:
        some, info = self._page(self.accounts, start)
        wants_emails = "organizationVerifiedDomainEmails" in query
        if wants_emails and self.no_emails:
            path = ("organization", "membersWithRole", "nodes", 0, "organizationVerifiedDomainEmails")
            return Answer(body={"data": {"organization": None}, "errors": [error("FORBIDDEN", *path)]})
        nodes = [
            {"databaseId": one.id, "login": one.login, "name": one.name}
            | ({"organizationVerifiedDomainEmails": list(one.emails)} if wants_emails else {})
            for one in some
        ]
        return Answer(
            body={"data": {"organization": {"membersWithRole": {"pageInfo": info, "nodes": nodes}}}}
        )

    def _identities(self, start: int) -> Answer:
        if self.no_identities:
            path = ("organization", "samlIdentityProvider")
            data = {"organization": {"samlIdentityProvider": None}}
            return Answer(body={"data": data, "errors": [error("FORBIDDEN", *path)]})
        if not self.has_saml:
            return Answer(body={"data": {"organization": {"samlIdentityProvider": None}}})
        some, info = self._page([one for one in self.accounts if one.has_identity], start)
        nodes = [
            {
                "samlIdentity": {"nameId": one.name_id, "emails": _emails(one.saml_emails)},
                "scimIdentity": {"username": one.scim_username, "emails": _emails(one.scim_emails)},
                "user": {"databaseId": one.id},
            }
            for one in some
        ]
        provider = {"externalIdentities": {"pageInfo": info, "nodes": nodes}}
        return Answer(body={"data": {"organization": {"samlIdentityProvider": provider}}})


def _emails(values: Sequence[str]) -> list[dict[str, Any]]:
    """The last one is the primary one, so that their order tells nothing."""
    return [{"value": value, "primary": value == values[-1]} for value in values]
