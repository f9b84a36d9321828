"""The Web API over HTTP: its paths, its tokens beside a project's, and what is kept of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from afterword.domain.scope import Scope
from tests.contract.cases import as_json
from tests.contract.shape import assert_refused
from tests.contract.test_secrets import occurrences
from tests.support.http import Header, Reply, exchange, request_bytes
from tests.support.postgres import Databases
from tests.support.project import FORM, JSON, Project, create_api_token, create_project, import_people
from tests.support.server import RunningServer

CANARY = "canary4711thisisneverlogged"
ADA = "ada@example.com"


@pytest.fixture(scope="module")
def talkative(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project on a server that logs as much as it can, and knows Ada."""
    directory = tmp_path_factory.mktemp(f"web-api-{database_kind}")
    environment = {"AFTERWORD_LOG_LEVEL": "debug"}
    with RunningServer(directory / "data", databases.make(database_kind), environment=environment) as server:
        import_people(server, directory, f"email,name\n{ADA},Ada\n")
        yield create_project(server)


@pytest.fixture(scope="module")
def token(talkative: Project) -> str:
    """A token that may do everything, made beside the running server and good at once."""
    return create_api_token(talkative.server)


def call(
    project: Project, token: str, verb: str, target: str, body: bytes = b"", content_type: str = JSON
) -> Reply:
    headers: list[Header] = [("Authorization", f"Bearer {token}")]
    headers += [("Content-Type", content_type)] if body else []
    reply = exchange(project.server.address, request_bytes(verb, target, headers, body))
    assert reply.header("X-Request-Id"), reply
    assert reply.header("Content-Type") == "application/json", reply
    assert not 300 <= reply.status < 400, reply
    return reply


def post(project: Project, token: str, method: str, **said: Any) -> Reply:
    return call(project, token, "POST", f"/{method}", json.dumps(said).encode())


@pytest.mark.parametrize("end", ["", "/", "?unknown=1", "/?unknown=1"])
def test_a_method_is_called_by_json_form_or_query_with_or_without_a_slash(
    talkative: Project, token: str, end: str
) -> None:
    said = {"email": ADA, "github_username": "ada-gh"}
    for body, kind in ((json.dumps(said).encode(), JSON), (urlencode(said).encode(), FORM)):
        reply = call(talkative, token, "POST", f"/users.update{end}", body, kind)
        assert (reply.status, reply.json()["user"]["github_username"]) == (200, "ada-gh")
    query = "&github_username=%40Ada-GH" if "?" in end else "?github_username=%40Ada-GH"
    reply = call(talkative, token, "GET", f"/users.findByGithubUsername{end}{query}")
    assert (reply.status, reply.json()["user"]["email"]) == (200, ADA)


def test_a_project_token_opens_no_method_and_an_api_token_takes_no_event(
    talkative: Project, token: str
) -> None:
    assert_refused(call(talkative, talkative.token, "GET", "/users.list"), 401, "invalid_auth")
    assert_refused(talkative.with_token(token).post(as_json()), 401, "invalid_auth")
    assert call(talkative, token, "GET", "/users.list").status == 200
    assert talkative.post(as_json()).status == 200


def test_a_project_that_was_made_takes_events_at_once(talkative: Project, token: str) -> None:
    (ada,) = call(talkative, token, "GET", "/users.list").json()["users"]
    made = post(talkative, token, "platformx.projects.create", name="Made", creator_id=ada["id"])
    assert talkative.with_token(made.json()["project"]["token"]).post(as_json()).status == 200


def test_a_revoked_token_is_refused_at_once(talkative: Project) -> None:
    made = create_api_token(talkative.server, Scope.USERS_READ)
    assert call(talkative, made, "GET", "/users.list").status == 200
    listed = talkative.server.cli_json("token", "list")
    talkative.server.cli("token", "revoke", str(listed[-1]["id"]))
    assert_refused(call(talkative, made, "GET", "/users.list"), 401, "invalid_auth")


def test_tokens_are_kept_nowhere_and_what_is_said_is_in_no_log(talkative: Project, token: str) -> None:
    for verb, target, body in (
        ("POST", "/users.update", {"email": ADA, "name": CANARY}),
        ("POST", "/users.update", {"email": ADA, "protected": CANARY}),
        ("POST", "/users.update", {"email": f"{CANARY}@example.com"}),
        ("POST", "/users.update", {"email": ADA, "sso_email": CANARY}),
        ("POST", f"/users.{CANARY}", {"email": ADA}),
        ("GET", f"/users.info?email={CANARY}", None),
        ("GET", f"/users.list?cursor={CANARY}", None),
    ):
        call(talkative, token, verb, target, b"" if body is None else json.dumps(body).encode())
    call(talkative, CANARY, "GET", "/users.list")
    log = Path(talkative.server.log_path).read_text()
    assert CANARY not in log
    assert ADA not in log
    assert post(talkative, token, "users.update", email=ADA, name="Ada").status == 200
    assert occurrences(talkative, token) == []
