"""The order of checks: when two things are wrong, the earlier check answers."""

import pytest

from tests.contract.cases import ABSENT, Refused, as_form, as_json, params, raw_json
from tests.contract.shape import assert_accepted, assert_limited, assert_refused
from tests.support.http import Connection, Header, exchange, request_bytes
from tests.support.project import FORM, JSON, PATH, Project, ProjectPool
from tests.support.server import RunningServer

BAD_FRAMING: list[Header] = [("Content-Length", "2"), ("Transfer-Encoding", "chunked")]
TOO_MANY_HEADERS: list[Header] = [(f"X-{number}", "1") for number in range(120)]
TOO_LONG: Header = ("Content-Length", "70000")
TOO_LARGE = {"a": "x" * 2000}


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "error"),
    [
        ("POST", "/nowhere", BAD_FRAMING, 400, "invalid_request"),
        ("DELETE", "/nowhere", [], 404, "unknown_method"),
        ("DELETE", PATH, TOO_MANY_HEADERS, 405, "method_not_allowed"),
        ("POST", PATH, [*TOO_MANY_HEADERS, TOO_LONG], 431, "headers_too_large"),
        ("POST", PATH, [TOO_LONG], 413, "metadata_too_large"),
        ("POST", PATH, [("Content-Type", "text/plain")], 401, "not_authed"),
        ("POST", PATH, [("Authorization", "Bearer wrong"), ("Content-Type", "x")], 401, "invalid_auth"),
    ],
    ids=[
        "framing-before-path",
        "path-before-method",
        "method-before-header-limits",
        "header-limits-before-length",
        "length-before-auth",
        "auth-before-content-type",
        "a-wrong-token-before-content-type",
    ],
)
def test_the_earlier_check_answers(
    server: RunningServer, method: str, target: str, headers: list[Header], status: int, error: str
) -> None:
    reply = exchange(server.address, request_bytes(method, target, headers))
    assert_refused(reply, status, error)


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong"], ids=["without-a-token", "with-a-wrong-token"]
)
def test_authentication_does_not_wait_for_the_body(server: RunningServer, authorization: str | None) -> None:
    headers: list[Header] = [("Content-Type", JSON), ("Content-Length", "50")]
    if authorization:
        headers.append(("Authorization", authorization))
    with Connection(server.address, timeout_s=5) as connection:
        connection.send(request_bytes("POST", PATH, headers))
        assert_refused(connection.read_reply(), 401, "invalid_auth" if authorization else "not_authed")


def test_the_content_type_is_checked_before_the_body_is_read(unstored: Project) -> None:
    headers: list[Header] = [unstored.authorization, ("Content-Type", "text/plain"), ("Content-Length", "50")]
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send(request_bytes("POST", PATH, headers))
        assert_refused(connection.read_reply(), 422, "invalid_form_data")


EARLIER_IN_THE_BODY = [
    Refused("content-type-before-parsing", b'{"name":', "invalid_form_data", content_type="text/plain"),
    Refused("content-type-before-fields", as_json(name=ABSENT), "invalid_form_data", content_type="x/y"),
    Refused(
        "parsing-before-fields",
        as_form(timestamp="wrong") + b"&x=%zz",
        "invalid_form_data",
        content_type=FORM,
    ),
    Refused("parsing-before-metadata-size", raw_json(metadata='{"a":"' + "x" * 2000 + '"')),
    Refused("fields-before-metadata-size", as_json(name=ABSENT, metadata=TOO_LARGE)),
    Refused("timestamp-before-metadata-size", as_json(timestamp="soon", metadata=TOO_LARGE)),
    Refused("identity-before-metadata-size", as_json(email=ABSENT, metadata=TOO_LARGE)),
    Refused("test-data-before-metadata-size", as_json(test_data="maybe", metadata=TOO_LARGE)),
    Refused("metadata-type-before-metadata-size", as_json(metadata=["x" * 2000])),
]


@pytest.mark.parametrize("case", params(EARLIER_IN_THE_BODY))
def test_the_earlier_check_of_a_body_answers(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.fixture(scope="module")
def full(pool: ProjectPool) -> Project:
    """A project that has used its minute up."""
    project = pool.take(events_per_minute=1)
    assert_accepted(project.post(as_json()))
    assert_limited(project.post(as_json()))
    return project


INVALID_AT_THE_LIMIT = [
    Refused("name-missing", as_json(name=ABSENT)),
    Refused("timestamp-wrong", as_json(timestamp="soon")),
    Refused("metadata-too-large", as_json(metadata=TOO_LARGE), "metadata_too_large"),
    Refused("json-unreadable", b"{"),
    Refused("content-type-wrong", as_json(), "invalid_form_data", content_type="text/plain"),
]


@pytest.mark.parametrize("case", params(INVALID_AT_THE_LIMIT))
def test_an_invalid_request_at_the_limit_gets_422_and_a_valid_one_429(full: Project, case: Refused) -> None:
    case.check(full)
    assert_limited(full.post(as_json()))


def test_a_wrong_token_at_the_limit_gets_401(full: Project) -> None:
    assert_refused(full.with_token("wrong").post(as_json()), 401, "invalid_auth")
