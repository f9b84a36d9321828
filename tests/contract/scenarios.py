"""What must be watched for many seconds: deadlines and the minute of the rate limit, all at once."""

import math
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from afterword.flows.links import Links
from afterword.kit.signing import Signer
from tests.contract.cases import as_json
from tests.support.http import Connection, Reply, head_bytes, request_bytes
from tests.support.postgres import Databases
from tests.support.project import FORM, JSON, PATH, Project, create_project
from tests.support.server import RunningServer

WATCH_S_MAX = 30.0
TRICKLE_S = 0.5
MINUTE_S = 60
BEFORE_BORDER_S = 0.1
AFTER_BORDER_S = 0.1
OPEN_AHEAD_S = 1.0
DRIP_S = 1.0
BURST = 30
SCENARIOS_AT_ONCE = 20
ESTABLISHED = b"\x01"
"""The state of a connection that both sides hold, in Linux's tcp_info."""

LINK_KEY = "signs the links of the scenarios' servers"
LARGE_FILE = "/static/vendor/pico.min.css"


@dataclass(frozen=True)
class TimedReply:
    """A reply, when it came after the start, and whether the server closed after it."""

    reply: Reply
    after_s: float
    closed: bool


@dataclass(frozen=True)
class Border:
    """Replies to the bursts on both sides of a minute's border."""

    before: list[Reply]
    after: list[Reply]


@dataclass(frozen=True)
class Waited:
    """
    What a project at its limit was told, and what came of it.

    Attributes:
        limited: The 429.
        wait_s_possible: The exact waits that fit the times at which requests were sent and answered.
        early: The reply a second before that wait was over.
        in_time: The reply right after it.
    """

    limited: Reply
    wait_s_possible: range
    early: Reply
    in_time: Reply


def watch(address: tuple[str, int], start: bytes, then_each: bytes = b"") -> TimedReply:
    """
    Send the start of a request, then a little of the rest again and again, until a reply comes.

    Args:
        then_each: What is sent every half second; empty for a client that falls silent.
    """
    with Connection(address, WATCH_S_MAX) as connection, ThreadPoolExecutor(1) as sender:
        began = time.monotonic()
        connection.send(start)
        pending = sender.submit(_trickle, connection, then_each, began + WATCH_S_MAX) if then_each else None
        reply = connection.read_reply()
        after_s = time.monotonic() - began
        closed = connection.is_closed_by_server()
        connection.close()
        if pending is not None:
            pending.exception()
    return TimedReply(reply, after_s, closed)


@dataclass(frozen=True)
class Ended:
    """What the server sent, and when after the start it ended the connection; None when it did not."""

    received: bytes
    after_s: float | None


def drip(address: tuple[str, int], start: bytes, each: bytes) -> Ended:
    """Send the start of something, then a little once a second, whatever the server answers."""
    began = time.monotonic()
    received = b""
    with socket.create_connection(address, timeout=DRIP_S) as connection:
        connection.sendall(start)
        while time.monotonic() < began + WATCH_S_MAX:
            try:
                while piece := connection.recv(65_536):
                    received += piece
                return Ended(received, time.monotonic() - began)
            except TimeoutError:
                pass
            except ConnectionError:
                return Ended(received, time.monotonic() - began)
            with suppress(ConnectionError):
                connection.sendall(each)
    return Ended(received, None)


def never_read(address: tuple[str, int], requests: bytes) -> Ended:
    """Ask for much and read none of it, until the server cuts the connection."""
    began = time.monotonic()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(5)
        connection.connect(address)
        connection.sendall(requests)
        while time.monotonic() < began + WATCH_S_MAX:
            # No read: whether the other side is gone can be asked without one.
            if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != ESTABLISHED:
                return Ended(b"", time.monotonic() - began)
            time.sleep(0.1)
    return Ended(b"", None)


def _trickle(connection: Connection, piece: bytes, until: float) -> None:
    while time.monotonic() < until:
        time.sleep(TRICKLE_S)
        connection.send(piece)


def unfinished_head(project: Project) -> bytes:
    """Write headers without the empty line that ends them."""
    return head_bytes("POST", PATH, [("Host", "afterword.test"), project.authorization])[:-2]


def unfinished_body(project: Project) -> bytes:
    """Write headers that promise a body, and the first bytes of it."""
    headers = [("Host", "afterword.test"), project.authorization, ("Content-Type", JSON)]
    return head_bytes("POST", PATH, [*headers, ("Content-Length", "4000")]) + b'{"name": "'


def unfinished_form() -> bytes:
    """Write the start of a form to a page that waits for all of it."""
    path = Links(Signer(LINK_KEY), "").answer(1, "mark")
    return request_bytes("POST", path, [("Content-Type", FORM), ("Content-Length", "4000")]) + b"a="


def unread_body() -> bytes:
    """Write the start of a request with a body that nobody waits for."""
    return request_bytes("GET", "/healthz", [("Content-Length", "4000")])


def cross_the_border(project: Project) -> Border:
    """Send 30 valid events at :59.9 and 30 at :00.1 of the wall clock."""
    now = time.time()
    border = math.ceil((now + OPEN_AHEAD_S + BEFORE_BORDER_S) / MINUTE_S) * MINUTE_S
    time.sleep(border - BEFORE_BORDER_S - OPEN_AHEAD_S - time.time())
    with ExitStack() as opened:
        first = _open(opened, project)
        second = _open(opened, project)
        time.sleep(max(0.0, border - BEFORE_BORDER_S - time.time()))
        _send(first, project)
        time.sleep(max(0.0, border + AFTER_BORDER_S - time.time()))
        _send(second, project)
        return Border([c.read_reply() for c in first], [c.read_reply() for c in second])


def _open(opened: ExitStack, project: Project) -> list[Connection]:
    return [opened.enter_context(Connection(project.server.address)) for _ in range(BURST)]


def _send(connections: list[Connection], project: Project) -> None:
    for connection in connections:
        connection.send(project.request(as_json()))


def wait_as_told(project: Project) -> Waited:
    """On a project limited to two a minute: send three, wait as the third was told, try again."""
    project.wait_until_usable()
    sent = [time.monotonic()]
    first = project.post(as_json())
    answered = [time.monotonic()]
    assert first.status == 200, first
    project.post(as_json())
    sent.append(time.monotonic())
    limited = project.post(as_json())
    answered.append(time.monotonic())
    (first_sent, third_sent), (first_answered, third_answered) = sent, answered
    shortest = math.ceil(MINUTE_S - (third_answered - first_sent))
    longest = math.ceil(MINUTE_S - (third_sent - first_answered))
    wait_s = int(limited.header("Retry-After") or 0)
    time.sleep(max(0.0, third_sent + wait_s - 1.1 - time.monotonic()))
    early = project.post(as_json())
    time.sleep(max(0.0, third_answered + wait_s - time.monotonic()))
    return Waited(limited, range(shortest, longest + 1), early, project.post(as_json()))


class Scenarios:
    """
    Long scenarios on servers of their own, one per database; a context manager.

    All begin on entry; ``result`` waits for one.
    """

    def __init__(self, databases: Databases, directory: Path) -> None:
        self._databases = databases
        self._directory = directory
        self._opened = ExitStack()
        self._pool = self._opened.enter_context(ThreadPoolExecutor(SCENARIOS_AT_ONCE))
        self._begun: dict[str, Future[dict[str, Future[Any]]]] = {}

    def __enter__(self) -> Self:
        for kind in ("sqlite", "postgres"):
            url = self._databases.make(kind)
            self._begun[kind] = self._pool.submit(self._begin, kind, url)
        return self

    def _begin(self, kind: str, url: str | None) -> dict[str, Future[Any]]:
        server = RunningServer(self._directory / kind, url, environment={"AFTERWORD_SIGNING_KEY": LINK_KEY})
        self._opened.enter_context(server)
        return {name: self._pool.submit(scenario) for name, scenario in _prepare(server).items()}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def result(self, kind: str, name: str) -> Any:
        """Wait for a scenario's result; what went wrong in it is raised here."""
        return self._begun[kind].result()[name].result()


def _prepare(server: RunningServer) -> dict[str, Callable[[], Any]]:
    project = create_project(server)
    two_a_minute = create_project(server, events_per_minute=2)
    head, body = unfinished_head(project), unfinished_body(project)
    return {
        "headers fall silent": partial(watch, server.address, head),
        "headers trickle": partial(watch, server.address, head, b"X-More: 1\r\n"),
        "body falls silent": partial(watch, server.address, body),
        "body trickles": partial(watch, server.address, body, b"x"),
        "body never starts": partial(watch, server.address, body.removesuffix(b'{"name": "')),
        "form trickles": partial(watch, server.address, unfinished_form(), b"x"),
        "body of a page trickles": partial(drip, server.address, unread_body(), b"x"),
        "blank lines trickle": partial(drip, server.address, request_bytes("GET", "/healthz"), b"\r\n"),
        "nothing comes": partial(drip, server.address, request_bytes("GET", "/healthz"), b""),
        "replies are not read": partial(never_read, server.address, request_bytes("GET", LARGE_FILE) * 90),
        "border": partial(cross_the_border, project),
        "wait": partial(wait_as_told, two_a_minute),
    }
