"""Fixtures: programs with tokens that call the Web API."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response

from afterword.domain.scope import Scope
from afterword.flows.api_tokens import create_api_token
from afterword.storage.people import Person
from tests.web.conftest import Site

ALL = tuple(Scope)


@dataclass(frozen=True)
class Program:
    """A program with a token; short words for calls."""

    site: Site
    token: str

    def post(self, method: str, said: dict[str, Any] | None = None, **more: Any) -> Response:
        """POST as JSON."""
        return self.call("POST", method, json=said or {}, **more)

    def form(self, method: str, said: dict[str, Any]) -> Response:
        """POST as a form."""
        return self.call("POST", method, data=said)

    def get(self, method: str, **said: Any) -> Response:
        """GET with the arguments in the query."""
        return self.call("GET", method, params=said)

    def call(self, verb: str, method: str, **more: Any) -> Response:
        """Any request with the token."""
        headers = {"authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        reply = self.site.browser().request(verb, f"/{method}", headers=headers, **more)
        assert reply.headers["x-request-id"]
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["cache-control"] == "no-store"
        assert (reply.status_code == 200) is reply.json()["ok"]
        return reply

    def person(self, email: str) -> Person:
        """One person as the directory knows them now."""
        return self.site.world.person(email)


def make_program(site: Site, scopes: Collection[Scope] = ALL) -> Program:
    """A program that may do some things."""
    return Program(site, create_api_token(site.parts.database, site.parts.clock, "hr", scopes))


@pytest.fixture
def program(site: Site) -> Program:
    """One that may do everything."""
    return make_program(site)
