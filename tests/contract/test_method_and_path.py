"""Method and path: what is served where, and what else is answered there."""

import json

import pytest

from tests.contract.cases import ABSENT, Accepted, Outcome, as_form, as_json, check_stored, params, send_all
from tests.contract.shape import assert_accepted, assert_refused, assert_reply_shape
from tests.support.http import Header, exchange, request_bytes
from tests.support.project import FORM, PATH, Project
from tests.support.server import RunningServer

PREFLIGHT: list[Header] = [
    ("Origin", "https://app.example.com"),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization,content-type"),
]


def words(value: str | None) -> list[str]:
    """Split a header that lists words."""
    return [word.strip() for word in (value or "").split(",")]


@pytest.mark.parametrize("target", [PATH, f"{PATH}/"])
@pytest.mark.parametrize("headers", [PREFLIGHT, []], ids=["from-a-browser", "bare"])
def test_an_options_preflight_is_answered_204(
    server: RunningServer, target: str, headers: list[Header]
) -> None:
    reply = exchange(server.address, request_bytes("OPTIONS", target, headers))
    assert (reply.status, reply.body) == (204, b"")
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert words(reply.header("Access-Control-Allow-Methods")) == ["POST"]
    allowed = reply.header("Access-Control-Allow-Headers")
    assert words(allowed) == ["authorization", "content-type", "idempotency-key"]
    assert reply.header("Access-Control-Max-Age") == "7200"
    assert reply.header("X-Request-Id")


def test_a_preflight_needs_no_token(server: RunningServer) -> None:
    asking = [*PREFLIGHT, ("Authorization", "Bearer wrong")]
    assert exchange(server.address, request_bytes("OPTIONS", PATH, asking)).status == 204


def test_a_trailing_slash_is_the_same_path_and_no_redirect(project: Project) -> None:
    assert_accepted(project.post(as_json(name="slash"), target=f"{PATH}/"))
    assert [event["name"] for event in project.events()] == ["slash"]


@pytest.mark.parametrize(
    "target",
    [
        "/events.trak",
        "/events.track2",
        "/events.track/more",
        "/EVENTS.TRACK",
        "/events.Track",
        "/events-track",
        "/eventsxtrack",
        "/event",
        "/api/events.track",
        "//events.track",
        "/events.track//",
        "/events.track%00",
        "/events.track;a=b",
        "/%ff%fe",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_another_path_is_404_unknown_method(unstored: Project, method: str, target: str) -> None:
    headers: list[Header] = [unstored.authorization, ("Content-Type", "application/json")]
    reply = exchange(unstored.server.address, request_bytes(method, target, headers, as_json()))
    assert_refused(reply, 404, "unknown_method")


def test_another_path_is_404_for_a_get_too(server: RunningServer) -> None:
    assert_refused(exchange(server.address, request_bytes("GET", "/events.trak")), 404, "unknown_method")


@pytest.mark.parametrize("target", [PATH, f"{PATH}/", f"{PATH}?test_data=true"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_another_http_method_is_405_with_allow(unstored: Project, method: str, target: str) -> None:
    request = request_bytes(method, target, [unstored.authorization])
    reply = exchange(unstored.server.address, request)
    assert_refused(reply, 405, "method_not_allowed")
    assert words(reply.header("Allow")) == ["POST", "OPTIONS"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_another_http_method_with_a_valid_body_is_405_and_stores_nothing(
    unstored: Project, method: str
) -> None:
    headers: list[Header] = [unstored.authorization, ("Content-Type", "application/json")]
    reply = exchange(unstored.server.address, request_bytes(method, PATH, headers, as_json()))
    assert_refused(reply, 405, "method_not_allowed")


def test_a_bodiless_head_is_405_without_a_body(server: RunningServer) -> None:
    reply = exchange(server.address, request_bytes("HEAD", PATH), to_head=True)
    assert reply.status == 405
    assert words(reply.header("Allow")) == ["POST", "OPTIONS"]
    assert reply.header("Access-Control-Allow-Origin") == "*"


def test_arguments_of_a_get_are_not_taken(unstored: Project) -> None:
    target = f"{PATH}?{as_form().decode()}"
    reply = exchange(unstored.server.address, request_bytes("GET", target, [unstored.authorization]))
    assert_refused(reply, 405, "method_not_allowed")


QUERIES = [
    Accepted("query-true", as_json(), {"is_test": True}, target=f"{PATH}?test_data=true"),
    Accepted("query-1", as_json(), {"is_test": True}, target=f"{PATH}?test_data=1"),
    Accepted("query-false", as_json(), {"is_test": False}, target=f"{PATH}?test_data=false"),
    Accepted("query-empty", as_json(), {"is_test": False}, target=f"{PATH}?test_data="),
    Accepted("query-and-slash", as_json(), {"is_test": True}, target=f"{PATH}/?test_data=true"),
    Accepted("query-escaped", as_json(), {"is_test": True}, target=f"{PATH}?test_data=%74rue"),
    Accepted("query-among-others", as_json(), {"is_test": True}, target=f"{PATH}?a=b&test_data=true&c"),
    Accepted(
        "the-body-says-false",
        as_json(test_data=False),
        {"is_test": False},
        target=f"{PATH}?test_data=true",
    ),
    Accepted(
        "the-body-says-true",
        as_json(test_data=True),
        {"is_test": True},
        target=f"{PATH}?test_data=false",
    ),
    Accepted(
        "the-body-says-null", as_json(test_data=None), {"is_test": True}, target=f"{PATH}?test_data=true"
    ),
    Accepted(
        "other-arguments-are-not-read",
        as_json(name="of-the-body"),
        {"name": "of-the-body", "github_username": None, "metadata": None},
        target=f"{PATH}?name=of-the-query&github_username=octocat&metadata=%7B%22a%22%3A1%7D",
    ),
    Accepted("other-queries-are-ignored", as_json(), {"is_test": False}, target=f"{PATH}?a=b&&=&%zz"),
    Accepted("empty-query", as_json(), {"is_test": False}, target=f"{PATH}?"),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All queries, sent once."""
    return send_all(roomy, QUERIES)


@pytest.mark.parametrize("case", params(QUERIES))
def test_test_data_in_the_query_of_a_json_post_is_honoured(
    outcomes: dict[str, Outcome], case: Accepted
) -> None:
    check_stored(outcomes, case)


@pytest.mark.parametrize("argument", ["name", "timestamp", "email"])
def test_no_other_argument_is_read_from_the_query(unstored: Project, argument: str) -> None:
    value = json.loads(as_json())[argument]
    reply = unstored.post(as_json(**{argument: ABSENT}), target=f"{PATH}?{argument}={value}")
    assert_refused(reply, 422, "invalid_arguments")


def test_no_argument_of_a_form_is_read_from_the_query(unstored: Project) -> None:
    reply = unstored.post(as_form(name=ABSENT), FORM, target=f"{PATH}?name=of-the-query")
    assert_refused(reply, 422, "invalid_form_data")


def test_every_reply_has_a_request_id_of_its_own(roomy: Project) -> None:
    replies = [roomy.post(as_json()), roomy.post(as_json()), roomy.post(b"{")]
    for reply in replies:
        assert_reply_shape(reply)
    assert len({reply.header("X-Request-Id") for reply in replies}) == len(replies)
