"""No request breaks the server: tens of thousands of good ones, changed at random."""

import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.contract.conftest import ROOMY
from tests.contract.shape import assert_reply_shape
from tests.faults.counts import LONG, note, rounds
from tests.faults.mutation import TOKEN, mutated
from tests.support.http import Reply, split_replies
from tests.support.postgres import Databases
from tests.support.project import Project, create_project
from tests.support.server import RunningServer, rss_bytes

AT_ONCE = 4
WARM_UP = 500
HANG_S = 10
GROWTH_BYTES_MAX = 24 * 1024 * 1024
FIRST_SEED = 20_260_000


@pytest.fixture(scope="module", params=["sqlite", "postgres"] if LONG else ["sqlite"])
def target(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A roomy project on a server of its own."""
    directory = tmp_path_factory.mktemp("mutated")
    with RunningServer(directory / "data", databases.make(request.param)) as server:
        project = create_project(server, **ROOMY)
        project.wait_until_usable()
        yield project


def send(project: Project, request: bytes) -> list[Reply]:
    """Send these bytes, say that nothing more will come, and read until the server closes."""
    received = b""
    with socket.create_connection(project.server.address, timeout=HANG_S) as connection:
        with suppress(ConnectionError, OSError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                received += piece
    return split_replies(received)


def check(project: Project, seed: int) -> Counter[str]:
    """Send one mutated request; what it got, or an error that names its seed."""
    request = mutated(seed).replace(TOKEN.encode(), project.token.encode())
    try:
        replies = send(project, request)
        for reply in replies:
            assert reply.status < 500, reply
            if reply.status == 204:
                assert reply.header("X-Request-Id"), reply
            elif reply.status != 100 and reply.body:
                assert_reply_shape(reply)
        assert replies or not request.strip(), "no reply at all"
    except Exception as error:
        raise AssertionError(f"seed {seed}: {request!r}: {error}") from error
    replayed = sum(reply.header("Idempotent-Replayed") is not None for reply in replies)
    stored = sum(reply.status == 200 for reply in replies) - replayed
    return Counter(str(reply.status) for reply in replies) + Counter({"stored": stored})


def check_all(project: Project, seeds: range) -> Counter[str]:
    """Send all mutated requests of some seeds."""
    with ThreadPoolExecutor(AT_ONCE) as senders:
        return sum(senders.map(lambda seed: check(project, seed), seeds), Counter())


@pytest.mark.timeout(1200)
def test_no_mutated_request_gets_a_5xx_hangs_leaks_memory_or_is_stored_without_a_200(target: Project) -> None:
    server = target.server
    seen = check_all(target, range(FIRST_SEED, FIRST_SEED + WARM_UP))
    before = rss_bytes(server)
    count = rounds(2_000, 20_000)
    seen += check_all(target, range(FIRST_SEED + WARM_UP, FIRST_SEED + WARM_UP + count))
    note("mutated requests", WARM_UP + count)
    grown = rss_bytes(server) - before
    assert grown < GROWTH_BYTES_MAX, f"{grown} bytes more"
    assert {"200", "400", "401", "405", "413", "422", "431"} <= set(seen), seen
    assert len(target.events()) == seen["stored"]
    assert target.token not in server.log()
    assert "Traceback" not in server.log()
