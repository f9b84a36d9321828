"""What do odd, slow and hostile connections get?"""

import socket
import time

from tests.contract.shape import assert_reply_shape
from tests.support.http import Connection, exchange, request_bytes
from tests.support.project import JSON, PATH, Project
from tests.support.server import RunningServer

BODY = b'{"name": "build.finished", "email": "ana@example.com", "timestamp": "1680723287"}'
FLOOD_BYTES = 4 * 1024 * 1024
SPLIT_PAUSE_S = 0.005


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes, or says nothing for a while."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except (TimeoutError, ConnectionError):
        pass
    return received


def offer(project: Project, how: str) -> bytes:
    """An ordinary request of a client that offers HTTP/2 with it, as Java's does."""
    headers = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", how), ("HTTP2-Settings", "AAEAAEAAAA")]
    return project.request(BODY, JSON, headers)


def test_a_body_that_never_starts_is_given_up_in_time(roomy: Project) -> None:
    head = roomy.request(BODY).split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    with socket.create_connection(roomy.server.address, timeout=25) as connection:
        connection.sendall(head)
        started = time.monotonic()
        reply = connection.recv(65_536)
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert 14 < time.monotonic() - started < 20


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
    assert received.count(b"HTTP/1.1 ") == 1


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
