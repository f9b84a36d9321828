"""A request whose head the server has read before gets the reply that it got the first time."""

import time

import pytest

from tests.contract.cases import ABSENT, as_form, as_json
from tests.contract.shape import assert_accepted, assert_refused
from tests.support.http import Connection, Reply
from tests.support.project import CHANGES_SEEN_S, FORM, JSON, PATH, Project

TIMES = 4
GOOD = as_json(name="again")
REQUESTS = {
    "json": (GOOD, JSON, [], PATH),
    "form": (as_form(name="again"), FORM, [], PATH),
    "test-data-in-the-query": (GOOD, JSON, [], f"{PATH}?test_data=true"),
    "slash": (GOOD, JSON, [], f"{PATH}/"),
    "bad-json": (b"{", JSON, [], PATH),
    "without-a-name": (as_json(name=ABSENT), JSON, [], PATH),
    "wrong-type": (GOOD, "text/plain", [], PATH),
    "expects": (GOOD, JSON, [("Expect", "100-continue")], PATH),
    "with-a-key": (GOOD, JSON, [("Idempotency-Key", "same")], PATH),
    "close": (GOOD, JSON, [("Connection", "close")], PATH),
}


def spoken(reply: Reply) -> tuple[object, ...]:
    """What a reply says, without what differs from one to the next."""
    headers = [(name, value) for name, value in reply.headers if name.lower() not in ("x-request-id", "date")]
    return reply.status, headers, reply.body


@pytest.mark.parametrize("kind", REQUESTS)
def test_the_same_bytes_get_the_same_reply_each_time(roomy: Project, kind: str) -> None:
    body, content_type, headers, target = REQUESTS[kind]
    request = roomy.request(body, content_type, headers, target)
    replies = []
    for _ in range(TIMES):
        with Connection(roomy.server.address) as connection:
            for _ in range(1 if kind == "close" else 2):
                connection.send(request)
                reply = connection.read_reply()
                if reply.status == 100:
                    reply = connection.read_reply()
                replies.append(spoken(reply))
    first, *others = replies
    if kind == "with-a-key":
        first, *others = others
    assert others == [first] * len(others)


def test_each_body_behind_a_known_head_is_its_own(roomy: Project) -> None:
    before = len(roomy.events())
    with Connection(roomy.server.address) as connection:
        for name in ("one", "two", "one", "six"):
            connection.send(roomy.request(as_json(name=name)))
            assert_accepted(connection.read_reply())
        connection.send(roomy.request(as_json(name="one").replace(b"{", b"[", 1)))
        assert_refused(connection.read_reply(), 422, "invalid_arguments")
    names = [event["name"] for event in roomy.events()[before:]]
    assert names == ["one", "two", "one", "six"]


def test_a_known_head_does_not_outlive_its_token(project: Project) -> None:
    request = project.request(GOOD)
    with Connection(project.server.address) as connection:
        for _ in range(2):
            connection.send(request)
            assert_accepted(connection.read_reply())
        project.server.cli("project", "rotate", project.name, "--overlap", "0s")
        deadline = time.monotonic() + CHANGES_SEEN_S
        connection.send(request)
        reply = connection.read_reply()
        while reply.status != 401 and time.monotonic() < deadline:
            connection.send(request)
            reply = connection.read_reply()
        assert_refused(reply, 401, "invalid_auth")
        connection.send(request)
        assert_refused(connection.read_reply(), 401, "invalid_auth")


def test_a_known_head_in_pieces_or_in_a_row_is_read_as_any_other(roomy: Project) -> None:
    request = roomy.request(GOOD)
    with Connection(roomy.server.address) as connection:
        connection.send(request)
        assert_accepted(connection.read_reply())
        connection.send(request * 3)
        for _ in range(3):
            assert_accepted(connection.read_reply())
        for cut in (1, 30, len(request) - 1):
            connection.send(request[:cut])
            connection.send(request[cut:])
            assert_accepted(connection.read_reply())
