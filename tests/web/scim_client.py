"""An identity provider of the tests: it sends what Okta and Entra send, and reads the replies."""

from typing import Any

import httpx2
from starlette.testclient import TestClient

from afterword.domain.scope import Scope
from afterword.flows.api_tokens import create_api_token
from tests.web.conftest import Site

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


class ScimClient:
    """Speaks SCIM with one server."""

    def __init__(self, site: Site, scope: Scope = Scope.SCIM) -> None:
        self.world = site.world
        token = create_api_token(site.world.database, site.world.clock, "Provider", [scope])
        self._http: TestClient = site.browser()
        self._http.headers["Authorization"] = f"Bearer {token}"

    def send(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/scim+json", **query: Any
    ) -> httpx2.Response:
        """One request."""
        content: dict[str, Any] = {} if body is None else {"json": body, "headers": {"Content-Type": kind}}
        return self._http.request(method, f"/scim/v2{path}", params=query, **content)  # type: ignore[return-value]

    def ok(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
        """One request that has to go well; the JSON of its reply."""
        reply = self.send(method, path, body, **query)
        assert reply.status_code == status, reply.text
        assert not reply.content or reply.headers["content-type"] == "application/scim+json"
        return reply.json() if reply.content else None

    def refused(
        self, method: str, path: str, body: Any = None, *, status: int = 400, **query: Any
    ) -> tuple[str | None, str]:
        """One request that has to be refused; scimType and detail."""
        reply = self.send(method, path, body, **query)
        assert reply.status_code == status, reply.text
        error = reply.json()
        assert error["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert error["status"] == str(status)
        return error.get("scimType"), error["detail"]

    def create(self, user_name: str, **more: Any) -> Any:
        """Make a user."""
        return self.ok("POST", "/Users", {"schemas": [CORE_USER], "userName": user_name, **more}, status=201)

    def patch(self, path: str, *operations: dict[str, Any], status: int = 200) -> Any:
        """Change a user or group."""
        body = {"schemas": [PATCH_OP], "Operations": list(operations)}
        return self.ok("PATCH", path, body, status=status)

    def find(self, where: str, path: str = "/Users", **query: Any) -> list[Any]:
        """Resources that fit a filter."""
        return list(self.ok("GET", path, filter=where, **query)["Resources"])

    def names(self, where: str) -> set[str]:
        """User names of those that fit a filter."""
        return {one["userName"] for one in self.find(where)}


def change(op: str, path: str | None = None, value: Any = None) -> dict[str, Any]:
    """One operation of a PATCH."""
    found: dict[str, Any] = {"op": op}
    if path is not None:
        found["path"] = path
    if value is not None:
        found["value"] = value
    return found
