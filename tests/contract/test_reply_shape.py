"""Every reply: the same headers, a boolean ok, a code, and a message that repeats nothing."""

import json
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.cases import ABSENT, as_form, as_json
from tests.contract.shape import STATUSES, assert_accepted, assert_limited, assert_refused, assert_reply_shape
from tests.support.http import Connection, Header, Reply, exchange, request_bytes
from tests.support.project import (
    CHANGES_SEEN_S,
    FORM,
    JSON,
    PATH,
    Project,
    ProjectPool,
    create_project,
    import_people,
)
from tests.support.server import RunningServer

SECRET = "swordfish-4711"
DOCUMENTED = {"invalid_arguments", "invalid_form_data", "too_many_requests", "metadata_too_large"}


def raw(server: RunningServer, method: str, target: str, *headers: Header, body: bytes = b"") -> Reply:
    """Send a request of no project."""
    return exchange(server.address, request_bytes(method, target, headers, body))


@pytest.fixture(scope="module")
def replies(server: RunningServer, roomy: Project, pool: ProjectPool) -> dict[str, Reply]:
    """One reply of each kind that a client can provoke at will."""
    limited = pool.take(events_per_minute=1)
    limited.post(as_json())
    many: list[Header] = [(f"X-{n}", "1") for n in range(120)]
    return {
        "accepted": roomy.post(as_json()),
        "replayed": [roomy.post(as_json(), headers=[("Idempotency-Key", "shape")]) for _ in range(2)][1],
        "invalid_request": raw(server, "POST", PATH, ("Content-Length", "1"), ("Content-Length", "2")),
        "not_authed": raw(server, "POST", PATH),
        "invalid_auth": raw(server, "POST", PATH, ("Authorization", "Bearer x")),
        "unknown_method": raw(server, "POST", "/events.trak"),
        "method_not_allowed": raw(server, "DELETE", PATH),
        "invalid_arguments": roomy.post(as_json(name=ABSENT)),
        "invalid_form_data": roomy.post(b"", FORM),
        "metadata_too_large": roomy.post(as_json(metadata={"a": "x" * 2000})),
        "body_too_large": roomy.post(b" " * 70_000),
        "too_many_requests": limited.post(as_json()),
        "headers_too_large": raw(server, "POST", PATH, *many),
    }


KINDS = [
    "accepted",
    "replayed",
    "body_too_large",
    "invalid_request",
    "not_authed",
    "invalid_auth",
    "unknown_method",
    "method_not_allowed",
    "invalid_arguments",
    "invalid_form_data",
    "metadata_too_large",
    "too_many_requests",
    "headers_too_large",
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_reply_has_the_same_shape(replies: dict[str, Reply], kind: str) -> None:
    assert_reply_shape(replies[kind])
    answer = replies[kind].json()
    if kind in ("accepted", "replayed"):
        assert answer == {"ok": True}
    elif kind in STATUSES:
        assert answer["error"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_body_of_a_reply_has_no_other_members(replies: dict[str, Reply], kind: str) -> None:
    members = set(replies[kind].json())
    assert members == ({"ok"} if kind in ("accepted", "replayed") else {"ok", "error", "message"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_length_is_sent_and_the_body_has_it(replies: dict[str, Reply], kind: str) -> None:
    reply = replies[kind]
    assert reply.header("Content-Length") == str(len(reply.body))
    assert reply.body


def test_the_documented_codes_are_used_with_the_documented_statuses() -> None:
    assert {STATUSES[code] for code in DOCUMENTED} == {422, 429}


def test_only_401_asks_for_a_bearer_token(replies: dict[str, Reply]) -> None:
    asking = {kind for kind, reply in replies.items() if reply.header("WWW-Authenticate")}
    assert asking == {"not_authed", "invalid_auth"}


def test_only_429_says_when_to_come_back(replies: dict[str, Reply]) -> None:
    assert {kind for kind, reply in replies.items() if reply.header("Retry-After")} == {"too_many_requests"}
    assert_limited(replies["too_many_requests"])


def test_only_a_replay_says_so(replies: dict[str, Reply]) -> None:
    assert {kind for kind, reply in replies.items() if reply.header("Idempotent-Replayed")} == {"replayed"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (as_json(name={"secret": SECRET}), JSON),
        (as_json(name=f"{SECRET}\x00"), JSON),
        (as_json(name=SECRET * 30), JSON),
        (as_json(timestamp=SECRET), JSON),
        (as_json(email=[SECRET]), JSON),
        (as_json(github_username=f"{SECRET}\nx"), JSON),
        (as_json(metadata=SECRET), JSON),
        (as_json(metadata=[SECRET]), JSON),
        (as_json(metadata={"a": SECRET * 100}), JSON),
        (as_json(test_data=SECRET), JSON),
        (as_json() + SECRET.encode(), JSON),
        (f'{{"{SECRET}"'.encode(), JSON),
        (SECRET.encode(), JSON),
        (as_json(email=f"{SECRET} x@example.com"), FORM),
        (as_form(email=f"{SECRET} x@example.com"), FORM),
        (as_form() + f"&x=%zz{SECRET}".encode(), FORM),
        (as_form(timestamp=SECRET), FORM),
        (as_json(), f"text/{SECRET}"),
        (as_json(), f"application/json; charset={SECRET}"),
    ],
)
def test_the_message_never_echoes_values(unstored: Project, body: bytes, content_type: str) -> None:
    reply = unstored.post(body, content_type)
    assert reply.status == 422
    assert_reply_shape(reply, body)
    everything = reply.body + json.dumps(reply.headers).encode()
    assert SECRET.encode() not in everything


def test_paths_methods_and_tokens_are_not_echoed_either(server: RunningServer) -> None:
    for reply in (
        raw(server, "POST", f"/{SECRET}"),
        raw(server, "POST", f"{PATH}?token={SECRET}"),
        raw(server, "POST", PATH, ("Authorization", f"Bearer {SECRET}")),
        raw(server, "POST", PATH, ("Authorization", f"{SECRET} x")),
        raw(server, "DELETE", f"{PATH}?{SECRET}"),
    ):
        assert_reply_shape(reply)
        assert SECRET.encode() not in reply.body + json.dumps(reply.headers).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ada@example.com"},
        {"email": "nobody@example.com"},
        {"email": "unknown"},
        {"email": "not an address"},
        {"github_username": "dependabot[bot]"},
        {"test_data": True},
        {"email": "ada@example.com", "github_username": "bob-gh"},
        {"unknown_field": 1},
    ],
    ids=["known", "unknown", "junk", "no-address", "bot", "test-data", "conflict", "unknown-field"],
)
def test_the_reply_tells_nothing_of_the_person_or_of_a_survey(
    roomy: Project, replies: dict[str, Reply], changes: dict[str, object]
) -> None:
    reply = roomy.post(as_json(**changes))
    assert_accepted(reply)
    assert reply.body == replies["accepted"].body
    assert headers_of(reply) == headers_of(replies["accepted"])


def test_a_browser_on_another_site_may_read_the_answer(roomy: Project, unstored: Project) -> None:
    origin: list[Header] = [("Origin", "https://app.example.com")]
    assert_accepted(roomy.post(as_json(), headers=origin))
    assert_refused(unstored.post(b"{", headers=origin), 422, "invalid_arguments")


def test_a_connection_stays_usable_after_a_refusal(roomy: Project) -> None:
    with Connection(roomy.server.address) as connection:
        connection.send(roomy.request(b"{"))
        assert_refused(connection.read_reply(), 422, "invalid_arguments")
        connection.send(roomy.request(as_json()))
        assert_accepted(connection.read_reply())


SURVEY = """\
survey: hook
project: {project}
title: How was it?
trigger: {{events: [action-executed]}}
throttle: {{send_window: any}}
questions: [{{key: ease, type: rating, text: "How easy was it?"}}]
"""
ANSWERED_S_MAX = 2.0


def test_the_reply_does_not_wait_for_the_survey_or_tell_of_it(tmp_path: Path) -> None:
    """A person is asked by way of a mail server that takes the connection and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        smtp = {"AFTERWORD_SMTP_URL": f"smtp://127.0.0.1:{silent.getsockname()[1]}"}
        with RunningServer(tmp_path / "data", environment=smtp) as server:
            project = create_project(server)
            import_people(server, tmp_path, "email,name\nada@example.com,Ada\n")
            definition = tmp_path / "survey.yaml"
            definition.write_text(SURVEY.format(project=project.name))
            server.cli("survey", "apply", str(definition))
            server.cli("survey", "publish", "hook")
            time.sleep(CHANGES_SEEN_S)
            nobody = project.post(as_json(email="nobody@example.com"))
            for _ in range(3):
                began = time.monotonic()
                reply = project.post(as_json(timestamp=str(int(time.time()))))
                assert time.monotonic() - began < ANSWERED_S_MAX
                assert_accepted(reply)
                assert reply.body == nobody.body
                assert headers_of(reply) == headers_of(nobody)
            silent.settimeout(ANSWERED_S_MAX * 5)
            silent.accept()[0].close()


def headers_of(reply: Reply) -> list[str]:
    """List the names of a reply's headers."""
    return sorted(name.lower() for name, _ in reply.headers)
