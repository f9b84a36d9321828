"""How do tests send events as a project's tool does, and look at what was kept?"""

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from afterword.domain.scope import Scope
from tests.support.http import Header, Reply, exchange, request_bytes
from tests.support.server import RunningServer

PATH = "/events.track"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CHANGES_SEEN_S = 2.0
EVENTS_LISTED_MAX = 100_000


@dataclass(frozen=True)
class Project:
    """
    A project on a running server, with one of its tokens.

    Attributes:
        usable_at: Monotonic time from which all servers have seen its settings.
    """

    server: RunningServer
    id: str
    name: str
    token: str
    usable_at: float = 0.0

    @property
    def authorization(self) -> Header:
        """The header that identifies the project."""
        return ("Authorization", f"Bearer {self.token}")

    def with_token(self, token: str) -> "Project":
        """The same project, spoken to with another token."""
        return replace(self, token=token)

    def on(self, server: RunningServer) -> "Project":
        """The same project, spoken to through another server process."""
        return replace(self, server=server)

    def request(
        self, body: bytes, content_type: str = JSON, headers: Sequence[Header] = (), target: str = PATH
    ) -> bytes:
        """Write a POST of this project."""
        named: list[Header] = [self.authorization, ("Content-Type", content_type)]
        return request_bytes("POST", target, [*named, *headers], body)

    def wait_until_usable(self) -> None:
        """Wait until a change of settings is seen by the server."""
        time.sleep(max(0.0, self.usable_at - time.monotonic()))

    def post(
        self, body: bytes, content_type: str = JSON, headers: Sequence[Header] = (), target: str = PATH
    ) -> Reply:
        """POST these bytes with the project's token."""
        self.wait_until_usable()
        return exchange(self.server.address, self.request(body, content_type, headers, target))

    def track(self, arguments: Mapping[str, Any], headers: Sequence[Header] = ()) -> Reply:
        """POST arguments as JSON."""
        return self.post(json.dumps(dict(arguments)).encode(), JSON, headers)

    def events(self, limit: int = EVENTS_LISTED_MAX) -> list[dict[str, Any]]:
        """List the newest stored events, newest last."""
        listed: list[dict[str, Any]] = self.server.cli_json("event", "list", self.name, "--limit", str(limit))
        return listed

    def rejects(self) -> list[dict[str, Any]]:
        """List refused requests and warnings, as the owners see them."""
        listed: list[dict[str, Any]] = self.server.cli_json("event", "rejects", self.name)
        return listed

    def rotate(self, overlap: str) -> "Project":
        """Make a new token; the old one stays good for the overlap."""
        made = self.server.cli_json("project", "rotate", self.name, "--overlap", overlap)
        return self.with_token(made["token"])


def create_project(server: RunningServer, **settings: int) -> Project:
    """
    Make a fresh project.

    Args:
        settings: events_per_minute, events_per_day, metadata_bytes; the defaults when left out.
    """
    made = server.cli_json("project", "create", f"contract-{uuid4().hex[:12]}")
    project = Project(server, str(made["id"]), made["name"], made["token"])
    return set_limits(project, **settings) if settings else project


def create_api_token(server: RunningServer, *scopes: Scope) -> str:
    """Make a token for the Web API; with all scopes when none is named."""
    options = [part for scope in scopes or Scope for part in ("--scope", scope.value)]
    (token,) = re.findall(r"awo_\w+", server.cli("token", "create", "tests", *options))
    return str(token)


def set_limits(project: Project, **settings: int) -> Project:
    """Change a project's limits; it is used only after the time the server has to see them."""
    options = [
        part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    project.server.cli("project", "set", project.name, *options)
    return replace(project, usable_at=time.monotonic() + CHANGES_SEEN_S)


def create_projects(server: RunningServer, count: int, **settings: int) -> list[Project]:
    """Make several fresh projects."""
    return [create_project(server, **settings) for _ in range(count)]


class ProjectPool:
    """
    Fresh projects with settings of their own, made ahead of their use.

    Args:
        prepared: The settings of the projects to make now; others are made when asked for.
    """

    def __init__(self, server: RunningServer, prepared: Iterable[Mapping[str, int]]) -> None:
        self._server = server
        self._ready: dict[frozenset[tuple[str, int]], list[Project]] = {}
        for settings in prepared:
            made = create_project(server, **settings)
            self._ready.setdefault(frozenset(settings.items()), []).append(made)

    def take(self, **settings: int) -> Project:
        """Take a project that no other test has."""
        ready = self._ready.get(frozenset(settings.items()))
        return ready.pop() if ready else create_project(self._server, **settings)


def import_people(server: RunningServer, directory: Path, people: str) -> None:
    """Import people from CSV text, by way of a file in this directory."""
    file = directory / "people.csv"
    file.write_text(people, encoding="utf-8")
    server.cli("people", "import", str(file))
