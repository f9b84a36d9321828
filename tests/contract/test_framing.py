"""Framing: no bytes are taken for another request than their sender meant, and none is answered twice."""

import pytest

from tests.contract.cases import as_json
from tests.contract.framing import FOLLOWING, TABLE, TOKEN, Wire
from tests.contract.shape import assert_accepted
from tests.support.http import Connection, Reply
from tests.support.project import Project, ProjectPool

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True, scope="session")
"""No byte of a database is in what is tested here; that both give the same is another test's matter."""


def spoken(reply: Reply) -> str:
    """A reply's status and code; a page's 200 has no code."""
    if reply.status == 100:
        return "100"
    answer = reply.json()
    if answer["ok"]:
        return "200" if reply.header("X-Request-Id") else "200 -"
    return f"{reply.status} {answer['error']}"


@pytest.fixture(scope="module")
def framed(pool: ProjectPool) -> Project:
    """A roomy project that only the table is sent to."""
    project = pool.take(events_per_minute=100_000, events_per_day=1_000_000)
    project.wait_until_usable()
    return project


@pytest.mark.parametrize("wire", TABLE, ids=lambda wire: wire.id)
def test_these_bytes_get_these_replies(framed: Project, wire: Wire) -> None:
    with Connection(framed.server.address, timeout_s=5) as connection:
        connection.send_what_is_taken(wire.sent.replace(TOKEN, framed.token.encode()) + FOLLOWING)
        assert tuple(spoken(connection.read_reply()) for _ in wire.replies) == wire.replies
        if wire.goes_on:
            assert spoken(connection.read_reply()) == "404 unknown_method"
        else:
            assert connection.is_closed_by_server()


def test_nothing_was_stored_but_what_was_answered_200(framed: Project) -> None:
    """Of this run of the table, whichever part of it ran."""
    project = framed
    assert_accepted(project.post(as_json(name="last")))
    names = [event["name"] for event in project.events()]
    assert set(names) <= {"framed", "last"}
    assert len(names) - 1 in (sum(wire.stored for wire in TABLE), 0)
