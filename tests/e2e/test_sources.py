"""From a GitHub organisation and a GitLab group to events that have a person, in a real server."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import fake_github, fake_gitlab
from tests.sources.fake_github import FakeGitHub
from tests.sources.fake_gitlab import FakeGitLab
from tests.sources.fake_service import TOKEN
from tests.support.http import exchange, request_bytes
from tests.support.project import CHANGES_SEEN_S, create_project
from tests.support.server import RunningServer

SOON_S = 30.0
POLL_S = 0.1


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(fake_github.Account(1, "ada-l", "Ada", ("ada@example.com",))) as running:
        yield running


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    account = fake_gitlab.Account(7, "ada.l", "Ada", email="ada@example.com", saml_uid="x")
    with FakeGitLab(account) as running:
        yield running


@pytest.fixture
def server(
    tmp_path: Path, database_url: str | None, github: FakeGitHub, gitlab: FakeGitLab
) -> Iterator[RunningServer]:
    """One whose worker loads both."""
    environment = {
        "AFTERWORD_GITHUB_ORGANISATION": fake_github.ORGANISATION,
        "AFTERWORD_GITHUB_TOKEN": TOKEN,
        "AFTERWORD_GITHUB_URL": github.url,
        "AFTERWORD_GITLAB_GROUP": fake_gitlab.GROUP,
        "AFTERWORD_GITLAB_TOKEN": TOKEN,
        "AFTERWORD_GITLAB_URL": gitlab.url,
    }
    with RunningServer(tmp_path / "data", database_url, environment=environment) as running:
        yield running


def loaded_at(server: RunningServer) -> dict[str, float]:
    """Source → when it was last loaded, as the metrics say."""
    text = exchange(server.address, request_bytes("GET", "/metrics")).body.decode()
    lines = re.findall(r'^afterword_source_success_timestamp_seconds\{source="(\w+)"\} (\S+)$', text, re.M)
    return {name: float(value) for name, value in lines}


def wait_until_loaded(server: RunningServer) -> None:
    until = time.monotonic() + SOON_S
    while min(loaded_at(server).values()) == 0.0:
        assert time.monotonic() < until, server.log()
        time.sleep(POLL_S)


def test_who_is_loaded_by_the_worker_is_known_to_events_by_each_name(server: RunningServer) -> None:
    wait_until_loaded(server)
    (ada,) = server.cli_json("people", "list")
    assert (ada["email"], ada["github_username"], ada["gitlab_username"]) == (
        "ada@example.com",
        "ada-l",
        "ada.l",
    )
    project = create_project(server)
    time.sleep(CHANGES_SEEN_S)
    for kind, name in (("github_username", "Ada-L"), ("gitlab_username", "@ada.l")):
        sent = {"name": "build.finished", "timestamp": str(int(time.time())), kind: name}
        assert project.track(sent).status == 200
    events = server.cli("event", "list", project.name).splitlines()
    assert [line.rpartition("  ")[2] for line in events] == ["ada@example.com"] * 2
    for source in server.cli_json("source", "list"):
        assert source["error"] is None
        assert source["succeeded_at"] is not None
    assert TOKEN not in server.log()
