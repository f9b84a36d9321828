"""What do odd, slow and hostile connections get?"""

import re
import socket
import time
from contextlib import suppress

import pytest

from tests.contract.cases import ABSENT, as_json
from tests.contract.scenarios import Ended, Scenarios, TimedReply
from tests.contract.shape import assert_accepted, assert_refused, assert_reply_shape
from tests.support.http import Connection, chunked, exchange, request_bytes
from tests.support.project import JSON, PATH, Project, create_project
from tests.support.server import RunningServer, rss_bytes

BODY = b'{"name": "build.finished", "email": "ana@example.com", "timestamp": "1680723287"}'
FLOOD_BYTES = 4 * 1024 * 1024
SPLIT_PAUSE_S = 0.005
BLOCKED_S = 2.0
LATE_S_MAX = 3.0


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes, or says nothing for a while."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except (TimeoutError, ConnectionError):
        pass
    return received


def statuses(received: bytes) -> list[int]:
    """The statuses of all replies in a stream."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def offer(project: Project, how: str) -> bytes:
    """An ordinary request of a client that offers HTTP/2 with it, as Java's does."""
    headers = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", how), ("HTTP2-Settings", "AAEAAEAAAA")]
    return project.request(BODY, JSON, headers)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_body_that_never_starts_is_given_up_in_time(scenarios: Scenarios, kind: str) -> None:
    timed: TimedReply = scenarios.result(kind, "body never starts")
    assert_refused(timed.reply, 408, "request_timeout")
    assert 14.5 <= timed.after_s <= 15 + LATE_S_MAX


def test_an_offer_to_upgrade_is_ignored_and_the_event_taken(roomy: Project) -> None:
    reply = exchange(roomy.server.address, offer(roomy, "h2c"))
    assert reply.status == 200
    assert_reply_shape(reply)


def test_an_offer_to_upgrade_may_arrive_in_pieces_and_be_followed_by_another(roomy: Project) -> None:
    request = offer(roomy, "h2c")
    with Connection(roomy.server.address) as connection:
        for _ in range(2):
            for start in range(0, len(request), 97):
                connection.send(request[start : start + 97])
                time.sleep(SPLIT_PAUSE_S)
            assert connection.read_reply().status == 200


def test_garbage_after_a_whole_request_does_not_take_its_reply_away(roomy: Project) -> None:
    with socket.create_connection(roomy.server.address, timeout=5) as connection:
        connection.sendall(roomy.request(BODY) + b"GARBAGE\r\n\r\n")
        received = read_all(connection)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert statuses(received) == [200, 400]


def test_an_endless_header_is_ended_early(server: RunningServer) -> None:
    sent = 0
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(b"POST /events.track HTTP/1.1\r\nHost: x\r\nX-Long: ")
        try:
            while sent < FLOOD_BYTES:
                connection.sendall(b"a" * 16_384)
                sent += 16_384
        except ConnectionError:
            pass
        reply = read_all(connection)
    assert sent < FLOOD_BYTES or reply.startswith(b"HTTP/1.1 431 ")


def test_a_body_of_quotes_is_read_as_fast_as_any_other(roomy: Project) -> None:
    """Each quote once started a new scan to the end: 65 KB held the server for 42 s."""
    hostile = b'{"name": "' + b'\\"' * 32_000 + b"[" * 65
    started = time.monotonic()
    reply = exchange(roomy.server.address, roomy.request(hostile))
    assert reply.status == 422
    assert time.monotonic() - started < 5


def test_no_path_redirects_to_wherever_the_host_header_says(server: RunningServer) -> None:
    for path in ("/healthz/", "/static", "/answer/x/", PATH + "//"):
        reply = exchange(server.address, request_bytes("POST", path, [("Host", "evil.example")], b""))
        assert reply.status in (404, 405), path
        assert reply.header("Location") is None


def test_a_program_that_accepts_pages_still_gets_json(server: RunningServer) -> None:
    headers = [("Accept", "text/html, image/gif, */*")]
    reply = exchange(server.address, request_bytes("POST", "/events.trak", headers, b"{}"))
    assert reply.status == 404
    assert reply.json()["error"] == "unknown_method"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_form_of_a_page_has_the_same_15_s(scenarios: Scenarios, kind: str) -> None:
    timed: TimedReply = scenarios.result(kind, "form trickles")
    assert_refused(timed.reply, 408, "request_timeout")
    assert 14.5 <= timed.after_s <= 15 + LATE_S_MAX
    assert timed.closed


@pytest.mark.parametrize(
    ("name", "timeout_s"),
    [
        ("body of a page trickles", 15),
        ("blank lines trickle", 10),
        ("nothing comes", 10),
        ("replies are not read", 20),
    ],
)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_who_keeps_a_connection_for_nothing_loses_it(
    scenarios: Scenarios, kind: str, name: str, timeout_s: int
) -> None:
    """A body that nobody waits for, bytes or silence between requests, replies that are never read."""
    ended: Ended = scenarios.result(kind, name)
    assert ended.after_s is not None
    assert timeout_s - 0.5 <= ended.after_s <= timeout_s + LATE_S_MAX
    assert statuses(ended.received) in ([200], []), ended.received


def test_who_says_that_nothing_more_will_come_gets_all_answers(project: Project) -> None:
    with Connection(project.server.address, timeout_s=5) as connection:
        connection.send(project.request(as_json()) + project.request(as_json(name=ABSENT)))
        connection.half_close()
        assert_accepted(connection.read_reply())
        assert_refused(connection.read_reply(), 422, "invalid_arguments")
        assert connection.is_closed_by_server()
    assert len(project.events()) == 1


@pytest.mark.parametrize("cut", [20, -1], ids=["in-the-headers", "in-the-body"])
def test_a_request_that_breaks_off_is_400_and_not_stored(unstored: Project, cut: int) -> None:
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send(unstored.request(as_json())[:cut])
        connection.half_close()
        assert_refused(connection.read_reply(), 400, "invalid_request")
        assert connection.is_closed_by_server()


def test_64_requests_in_one_write_get_64_replies_in_their_order(project: Project) -> None:
    order = ([200, 422, 404, 401, 405] * 13)[:64]
    good = as_json()
    requests = {
        200: project.request(good),
        422: project.request(as_json(timestamp="soon")),
        404: project.request(good, target="/events.trak"),
        401: project.with_token("wrong").request(good),
        405: request_bytes("DELETE", PATH),
    }
    with Connection(project.server.address) as connection:
        connection.send(b"".join(requests[kind] for kind in order))
        assert [connection.read_reply().status for _ in order] == order
    assert len(project.events()) == order.count(200)


def test_what_is_no_request_is_told_after_the_replies_before_it(project: Project) -> None:
    """However the bytes are cut into packets."""
    good = project.request(as_json())
    for smuggled in (
        b"GARBAGE\r\n\r\n",
        good.replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length"),
    ):
        with Connection(project.server.address, timeout_s=5) as connection:
            connection.send(good * 3 + smuggled + good)
            for _ in range(3):
                assert_accepted(connection.read_reply())
            assert_refused(connection.read_reply(), 400, "invalid_request")
            assert connection.is_closed_by_server()
    assert len(project.events()) == 6


def test_a_bad_chunk_of_a_later_request_does_not_take_the_replies_before_it_away(project: Project) -> None:
    good = project.request(as_json())
    headers = [project.authorization, ("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    broken = request_bytes("POST", PATH, headers, b'5\r\n{"nam\r\nzz\r\n')
    with Connection(project.server.address, timeout_s=5) as connection:
        connection.send(good * 2 + broken)
        assert_accepted(connection.read_reply())
        assert_accepted(connection.read_reply())
        assert_refused(connection.read_reply(), 400, "invalid_request")
        assert connection.is_closed_by_server()
    assert len(project.events()) == 2


def test_a_request_that_was_answered_early_gets_no_second_reply(unstored: Project) -> None:
    """The 401 comes before the body; the bad chunk behind it ends the connection, and that is all."""
    headers = [("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send(request_bytes("POST", PATH, headers, b'5\r\n{"nam\r\n'))
        assert_refused(connection.read_reply(), 401, "not_authed")
        connection.send_what_is_taken(b"zz\r\n" + unstored.request(as_json()))
        assert connection.is_closed_by_server()


def test_a_hundred_requests_may_wait_and_the_connection_ends_after_them(server: RunningServer) -> None:
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(request_bytes("GET", "/healthz") * 1_000)
        received = read_all(connection)
    assert statuses(received) == [200] * 100
    assert received.count(b"connection: close\r\n") == 1


@pytest.mark.parametrize("target", ["/healthz", "/events.trak", "/answer/x", PATH])
def test_an_endless_body_is_ended_on_every_route(server: RunningServer, target: str) -> None:
    sent, piece = 0, b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(request_bytes("POST", target, [("Transfer-Encoding", "chunked")]))
        with suppress(ConnectionError):
            while sent < 64 * FLOOD_BYTES:
                connection.sendall(piece)
                sent += len(piece)
        received = read_all(connection)
    assert sent < 64 * FLOOD_BYTES, "all of it was read"
    assert statuses(received) in ([405], [404], [401], [])


def test_a_trailer_is_no_header(unstored: Project) -> None:
    """A token behind the body would come after the check that asks for it."""
    name, value = unstored.authorization
    trailer = f"{name}: {value}\r\n".encode()
    body = chunked(as_json()).removesuffix(b"\r\n") + trailer + b"\r\n"
    headers = [("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    reply = exchange(unstored.server.address, request_bytes("POST", PATH, headers, body))
    assert_refused(reply, 401, "not_authed")


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "looked-up-first"])
def test_a_body_that_is_too_large_is_413_and_not_stored_whenever_the_token_is_known(
    server: RunningServer, is_known: bool
) -> None:
    """All of it comes at once, and the first half of it alone would be a good event."""
    project = create_project(server)
    if is_known:
        assert_accepted(project.post(as_json()))
    pieces = [as_json().ljust(40_000), b" " * 40_000]
    headers = [project.authorization, ("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    request = request_bytes("POST", PATH, headers, chunked(*pieces))
    assert_refused(exchange(server.address, request), 413, "metadata_too_large")
    assert len(project.events()) == int(is_known)


def test_who_asks_on_and_on_and_reads_nothing_is_not_read_any_more_either(server: RunningServer) -> None:
    """Else the replies would pile up in the server's memory."""
    requests = request_bytes("GET", PATH) * 1_000
    before, sent = rss_bytes(server), 0
    with socket.create_connection(server.address) as connection:
        connection.settimeout(BLOCKED_S)
        with suppress(TimeoutError):
            while sent < FLOOD_BYTES * 32:
                connection.sendall(requests)
                sent += len(requests)
    assert sent < FLOOD_BYTES * 32
    assert rss_bytes(server) - before < FLOOD_BYTES * 4
