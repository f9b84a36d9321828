"""GitLab's REST API, as far as members and identities of one group go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sources.fake_service import Answer, Asked, FakeService

GROUP = "acme/tools"
_PREFIX = "/api/v4/groups/acme%2Ftools/"


@dataclass(frozen=True)
class Account:
    """One member."""

    id: int
    username: str
    name: str = "Somebody"
    state: str = "active"
    membership_state: str = "active"
    email: str | None = None
    saml_uid: str | None = None
    scim_uid: str | None = None
    is_listed: bool = True
    """Whether owners see the account's address among the SAML users."""

    def as_member(self) -> dict[str, Any]:
        """An entry of members/all, as an owner sees it."""
        identity = {"extern_uid": self.saml_uid, "provider": "group_saml", "saml_provider_id": 10}
        return {
            "id": self.id,
            "username": self.username,
            "name": self.name,
            "state": self.state,
            "locked": False,
            "avatar_url": "https://example.com/avatar.png",
            "web_url": f"https://gitlab.example.com/{self.username}",
            "created_at": "2012-09-22T14:13:35Z",
            "created_by": {"id": 2, "username": "john_doe", "name": "John Doe", "state": "active"},
            "expires_at": None,
            "access_level": 30,
            "membership_state": self.membership_state,
            "group_saml_identity": identity if self.saml_uid else None,
        }

    def as_user(self) -> dict[str, Any]:
        """An entry of saml_users and provisioned_users."""
        saml = {"provider": "group_saml", "extern_uid": self.saml_uid, "saml_provider_id": 10}
        scim = {"extern_uid": self.scim_uid, "group_id": 33, "active": True}
        return {
            "id": self.id,
            "username": self.username,
            "name": self.name,
            "state": self.state,
            "email": self.email,
            "identities": [saml] if self.saml_uid else [],
            "scim_identities": [scim] if self.scim_uid else [],
        }


class FakeGitLab(FakeService):
    """
    Answers for one group.

    Attributes:
        page_size: Accounts of a page, whatever is asked for.
        by_links: Pages are named by links, as with keyset pagination, and not by numbers.
        is_owner: The token belongs to an owner.
    """

    def __init__(self, *accounts: Account, page_size: int = 2) -> None:
        super().__init__()
        self.accounts = list(accounts)
        self.page_size = page_size
        self.by_links = False
        self.is_owner = True
        self.link_url: str | None = None

    def answer(self, asked: Asked) -> Answer:
        """See FakeService."""
        url = urlsplit(asked.path)
        if not url.path.startswith(_PREFIX):
            return Answer(404, {"message": "404 Group Not Found"})
        path = url.path.removeprefix(_PREFIX)
        page = int(parse_qs(url.query).get("page", ["1"])[0])
        if path == "members/all":
            return self._list([one.as_member() for one in self.accounts], url.path, page)
        if not self.is_owner:
            return Answer(403, {"message": "403 Forbidden"})
        if path == "saml_users":
            known = [one for one in self.accounts if one.saml_uid and one.is_listed]
        else:
            known = [one for one in self.accounts if one.scim_uid and one.is_listed]
        return self._list([one.as_user() for one in known], url.path, page)

    def _list(self, entries: Sequence[dict[str, Any]], path: str, page: int) -> Answer:
        end = page * self.page_size
        some, is_last = entries[end - self.page_size : end], end >= len(entries)
        if not self.by_links:
            headers = {"X-Page": str(page), "X-Next-Page": "" if is_last else str(page + 1)}
            return Answer(body=some, headers=headers)
        base = f"{self.link_url or self.url}{path}?per_page=100"
        links = [f'<{base}&page=1>; rel="first"']
        links += [] if is_last else [f'<{base}&page={page + 1}>; rel="next"']
        return Answer(body=some, headers={"Link": ", ".join(links)})
