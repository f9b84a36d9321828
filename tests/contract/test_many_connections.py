"""What do healthy clients get while others hold all connections, or all file descriptors?"""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.contract.cases import as_json
from tests.contract.conftest import ROOMY
from tests.contract.scenarios import unfinished_body, unfinished_head
from tests.contract.shape import assert_accepted
from tests.support.http import Connection, exchange, request_bytes
from tests.support.project import Project, create_project
from tests.support.server import RunningServer

SLOW = 500
HEALTHY = 60
FEW_FILES = ("sh", "-c", 'ulimit -n 200 && exec "$@"', "sh")
MORE_THAN_FIT = 300
SPIN_S = 1.0
SPIN_SHARE_MAX = 0.7
TICKS_PER_S = 100


def open_slow(opened: ExitStack, project: Project, count: int) -> list[socket.socket]:
    """Open connections that begin a request and never end it: nothing, headers, or a body."""
    starts = (b"", unfinished_head(project), unfinished_body(project))
    connections = []
    for number in range(count):
        with suppress(ConnectionError):
            connection = opened.enter_context(socket.create_connection(project.server.address, timeout=5))
            connections.append(connection)
            connection.sendall(starts[number % len(starts)])
    return connections


def cpu_s(server: RunningServer) -> float:
    """The processor time that the server used so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def cpu_share(server: RunningServer) -> float:
    """How busy the server is for a second in which nobody asks it for anything."""
    before = cpu_s(server)
    time.sleep(SPIN_S)
    return (cpu_s(server) - before) / SPIN_S


def ended(server: RunningServer, reason: str) -> int:
    """How many connections the server says it ended for a reason."""
    text = exchange(server.address, request_bytes("GET", "/metrics")).body.decode()
    name = f'afterword_connections_ended_total{{reason="{reason}"}} '
    return next((int(float(line[len(name) :])) for line in text.splitlines() if line.startswith(name)), 0)


@pytest.fixture(scope="module")
def few_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project on a server that may open few files."""
    directory = tmp_path_factory.mktemp("few-files")
    with RunningServer(directory / "data", under=FEW_FILES) as server:
        project = create_project(server, **ROOMY)
        project.wait_until_usable()
        yield project


def test_every_healthy_request_is_answered_while_500_slow_connections_hang(roomy: Project) -> None:
    roomy.wait_until_usable()
    with ExitStack() as opened:
        slow = open_slow(opened, roomy, SLOW)
        assert len(slow) == SLOW
        with Connection(roomy.server.address) as kept:
            for _ in range(HEALTHY):
                assert_accepted(roomy.post(as_json()))
                kept.send(roomy.request(as_json()))
                assert_accepted(kept.read_reply())


def test_where_connections_are_used_up_the_slowest_go_and_healthy_requests_come_through(
    few_files: Project,
) -> None:
    with ExitStack() as opened:
        open_slow(opened, few_files, MORE_THAN_FIT)
        assert cpu_share(few_files.server) < SPIN_SHARE_MAX
        for _ in range(HEALTHY):
            assert_accepted(few_files.post(as_json()))
        assert ended(few_files.server, "crowded") > 0
    for _ in range(HEALTHY):
        assert_accepted(few_files.post(as_json()))


def test_out_of_file_descriptors_the_server_neither_ends_nor_spins_and_comes_back(few_files: Project) -> None:
    """Something else took them: fewer are left than the server counted on."""
    server = few_files.server
    in_use = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    with ExitStack() as opened:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (in_use + 5, limits[1]))
        try:
            open_slow(opened, few_files, 50)
            assert cpu_share(server) < SPIN_SHARE_MAX
            assert server.is_running
        finally:
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
    server.wait_until_ready()
    for _ in range(HEALTHY):
        assert_accepted(few_files.post(as_json()))


def test_a_server_that_is_told_to_stop_does_not_wait_for_slow_connections(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with RunningServer(tmp_path_factory.mktemp("stopping") / "data") as server, ExitStack() as opened:
        project = create_project(server)
        slow = open_slow(opened, project, 30)
        assert_accepted(project.post(as_json()))
        server.stop()
        received = [connection.recv(65_536) for connection in slow]
        assert {reply[:13] for reply in received} == {b"", b"HTTP/1.1 503 "}
        log = server.log()
        assert "Traceback" not in log
        assert "Cancel" not in log
