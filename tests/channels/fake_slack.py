"""Slack's Web API on this machine, as far as invitations need it."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from tests.sources.fake_service import TOKEN, Answer, Asked, FakeService


def refusal(code: str) -> Answer:
    """What Slack answers when it does not do something: status 200 all the same."""
    return Answer(200, {"ok": False, "error": code})


class FakeSlack(FakeService):
    """
    Knows some people by their addresses.

    Attributes:
        people: Address → id.
        scopes: What the app may do.
        gone: Ids of people whose accounts were closed.
    """

    def __init__(self, people: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.people = dict(people or {"ana@example.com": "U0ANA"})
        self.scopes = "chat:write,users:read.email"
        self.gone: set[str] = set()

    def reply_to(self, asked: Asked) -> Answer:
        """Slack tells of a wrong token with status 200, too."""
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal("invalid_auth")
        return self.instead_or_usual(asked)

    def answer(self, asked: Asked) -> Answer:
        """See FakeService."""
        url = urlsplit(asked.path)
        match asked.method, url.path:
            case "GET", "/api/users.lookupByEmail":
                found = self.people.get(parse_qs(url.query)["email"][0])
                if found is None:
                    return refusal("users_not_found")
                return Answer(200, {"ok": True, "user": {"id": found, "deleted": found in self.gone}})
            case "POST", "/api/chat.postMessage":
                return Answer(200, {"ok": True, "channel": "D0ANA", "ts": "1503435956.000247"})
            case "POST", "/api/auth.test":
                body = {"ok": True, "team": "Example", "user": "afterword"}
                return Answer(200, body, {"X-OAuth-Scopes": self.scopes})
        return refusal("unknown_method")

    @property
    def methods(self) -> list[str]:
        """The methods that were called, in their order."""
        return [urlsplit(one.path).path.removeprefix("/api/") for one in self.asked]
