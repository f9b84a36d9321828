"""Storms: who is refused on and on is answered late, and nobody else is."""

import math
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from afterword.web.connections import PIPELINED_REQUESTS_MAX
from afterword.web.storms import REFUSAL_HELD_S, REFUSALS_S_MAX
from tests.contract.cases import ABSENT, as_json
from tests.contract.shape import assert_accepted, assert_limited, assert_refused
from tests.support.http import Connection, Reply, chunked, exchange, request_bytes
from tests.support.postgres import Databases
from tests.support.project import JSON, PATH, Project, create_project, create_projects
from tests.support.server import RunningServer

MINUTE_S = 60
TRIES = 20
"""A storm is over when the server's second is; then it is made anew."""

REFUSALS_S = 20
"""What the server's limit is where storms are made: a slow machine, too, refuses so many in a second."""

AHEAD = 50
HUNG_UP = 100
WAITING = 100
"""Connections at the end: at 200 a second and ten for each, their 10,000 requests would take 8.3 s."""

DRAIN_S_MAX = 10.0
SETTLED_S = 5.0
POLL_S = 0.05

Make = Callable[[Project, int], bytes]


def same(project: Project, number: int) -> bytes:
    """A good event, with the same head each time."""
    return project.request(as_json())


def new(project: Project, number: int) -> bytes:
    """A good event with a head that no server has seen."""
    return project.request(as_json(), headers=[("X-Number", f"{number}-{time.monotonic_ns()}")])


def invalid(project: Project, number: int) -> bytes:
    """An event without a name."""
    return project.request(as_json(name=ABSENT))


def refuse(connection: Connection, project: Project, count: int) -> None:
    """Have so many requests refused, many of them at once."""
    while count > 0:
        ahead = min(count, AHEAD)
        connection.send(invalid(project, 0) * ahead)
        for _ in range(ahead):
            assert_refused(connection.read_reply(), 422, "invalid_arguments")
        count -= ahead


@pytest.fixture(scope="module")
def stormy(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server on which a storm takes little."""
    directory = tmp_path_factory.mktemp(f"storms-{database_kind}")
    limits = {"afterword.web.storms:REFUSALS_S_MAX": REFUSALS_S}
    with RunningServer(directory / "data", databases.make(database_kind), limits=limits) as running:
        yield running


def metric(server: RunningServer, name: str) -> int:
    """A metric's value, over all its labels."""
    text = exchange(server.address, request_bytes("GET", "/metrics")).body.decode()
    return sum(int(float(value)) for value in re.findall(rf"^{name}(?:{{\S*)? (\S+)$", text, re.MULTILINE))


def test_as_many_as_may_be_refused_in_a_second_are_answered_without_a_pause(server: RunningServer) -> None:
    """With a pause before each they would take twenty seconds."""
    project = create_project(server)
    began = time.monotonic()
    with Connection(server.address) as connection:
        for _ in range(REFUSALS_S_MAX):
            connection.send(invalid(project, 0))
            assert_refused(connection.read_reply(), 422, "invalid_arguments")
    assert time.monotonic() - began < REFUSALS_S_MAX * REFUSAL_HELD_S / 2


@pytest.mark.parametrize("make", [same, new])
def test_further_ones_are_held_and_those_of_another_project_are_not(
    stormy: RunningServer, make: Make
) -> None:
    flooding, other = create_projects(stormy, 2, events_per_minute=1)
    other.wait_until_usable()
    address = stormy.address
    began = time.monotonic()
    for project in (flooding, other):
        assert_accepted(project.post(as_json()))
    accepted = time.monotonic()
    for project in (flooding, other):
        assert_limited(project.post(as_json()))
    with Connection(address) as storm, Connection(address) as late, Connection(address) as prompt:
        for number in range(TRIES):
            refuse(storm, flooding, REFUSALS_S)
            sent = time.monotonic()
            late.send(make(flooding, number))
            prompt.send(make(other, number))
            assert_limited(prompt.read_reply())
            was_first = not late.is_answered()
            wait_s = assert_limited(late.read_reply())
            answered = time.monotonic()
            assert (
                math.ceil(MINUTE_S - (answered - began)) <= wait_s <= math.ceil(MINUTE_S - (sent - accepted))
            )
            if was_first and answered - sent >= REFUSAL_HELD_S:
                return
    pytest.fail("no reply was held")


def in_a_storm(project: Project, sent: bytes, replies: int) -> tuple[list[Reply], bool, float]:
    """Send bytes within a storm: the replies, whether the connection was closed then, and after how long."""
    with Connection(project.server.address) as storm, Connection(project.server.address) as connection:
        refuse(storm, project, REFUSALS_S)
        began = time.monotonic()
        connection.send(sent)
        read = [connection.read_reply() for _ in range(replies)]
        after_s = time.monotonic() - began
        return read, connection.is_closed_by_server(within_s=REFUSAL_HELD_S), after_s


def test_what_follows_on_the_connection_waits_its_turn(stormy: RunningServer) -> None:
    flooding = create_project(stormy)
    good, bad = flooding.request(as_json()), invalid(flooding, 0)
    page = request_bytes("GET", "/healthz")
    for _ in range(TRIES):
        replies, closed, after_s = in_a_storm(flooding, bad + good + page + bad + page, 5)
        assert [reply.status for reply in replies] == [422, replies[1].status, 200, 422, 200]
        assert replies[1].status in (200, 429)
        assert not closed
        if after_s >= 2 * REFUSAL_HELD_S:
            return
    pytest.fail("no reply was held")


@pytest.mark.parametrize("rest", [b"zz\r\n", b""], ids=["a bad chunk follows", "nothing follows"])
def test_a_request_that_is_held_before_its_end_gets_one_reply(stormy: RunningServer, rest: bytes) -> None:
    flooding = create_project(stormy)
    headers = [flooding.authorization, ("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")]
    start = request_bytes("POST", PATH, headers, b'5\r\n{"nam\r\n')
    for _ in range(TRIES):
        (reply,), closed, after_s = in_a_storm(flooding, start + rest, 1)
        if rest and after_s < REFUSAL_HELD_S:
            continue
        assert reply.status == 422
        assert closed == bool(rest)
        if after_s >= REFUSAL_HELD_S:
            return
    pytest.fail("no reply was held")


def test_a_body_that_ends_while_its_refusal_is_held_is_not_stored(stormy: RunningServer) -> None:
    """It was refused as too large, and the first half of it alone would be a good event."""
    flooding = create_project(stormy)
    headers = [flooding.authorization, ("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    large = request_bytes("POST", PATH, headers, chunked(as_json().ljust(40_000), b" " * 40_000))
    for _ in range(TRIES):
        (reply,), closed, after_s = in_a_storm(flooding, large, 1)
        assert_refused(reply, 413, "metadata_too_large")
        assert closed
        if after_s >= REFUSAL_HELD_S:
            assert flooding.events() == []
            return
    pytest.fail("no reply was held")


def test_who_hangs_up_meanwhile_is_counted_and_forgotten(own_server: RunningServer) -> None:
    flooding, other = create_projects(own_server, 2)
    with Connection(own_server.address) as storm:
        refuse(storm, flooding, REFUSALS_S_MAX)
        for _ in range(HUNG_UP):
            with socket.create_connection(own_server.address) as connection:
                connection.sendall(invalid(flooding, 0))
        assert_accepted(other.post(as_json()))
        refuse(storm, flooding, AHEAD)
    deadline = time.monotonic() + SETTLED_S
    while metric(own_server, "afterword_connections") > 1 and time.monotonic() < deadline:
        time.sleep(POLL_S)
    received = metric(own_server, "afterword_track_received_total")
    assert metric(own_server, "afterword_track_requests_total") == received
    assert metric(own_server, "afterword_track_seconds_count") == received
    assert "Traceback" not in own_server.log()


def test_sigterm_in_a_storm_answers_all_that_wait(own_server: RunningServer) -> None:
    """One after the other with a pause before each they would take longer than a server may to end."""
    flooding = create_project(own_server)
    with ExitStack() as opened:
        storm = opened.enter_context(Connection(own_server.address))
        clients = [opened.enter_context(Connection(own_server.address)) for _ in range(WAITING)]
        refuse(storm, flooding, REFUSALS_S_MAX)
        for client in clients:
            client.send(invalid(flooding, 0) * PIPELINED_REQUESTS_MAX)
        for client in clients:
            client.read_reply()
        own_server.terminate()
        began = time.monotonic()
        for client in clients:
            for _ in range(PIPELINED_REQUESTS_MAX - 1):
                assert_refused(client.read_reply(), 422, "invalid_arguments")
            assert client.is_closed_by_server()
        assert own_server.wait_for_end() == 0
        assert time.monotonic() - began < DRAIN_S_MAX
