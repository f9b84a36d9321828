"""After PostgreSQL went away: is all that was acknowledged there, and does the server go on by itself?"""

import os
import random
import signal
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.contract.cases import as_json
from tests.contract.shape import assert_refused
from tests.faults import counts
from tests.faults.load import Load, Sent, assert_nothing_lost, unlimited_project
from tests.faults.server import open_beside
from tests.support.postgres import Cluster, Databases
from tests.support.project import Project
from tests.support.server import RunningServer

ROUNDS = counts.rounds(short=1, long=12)
ROUND_S_MAX = 0.4
READY_S_MAX = 20.0
POLL_S = 0.02
EVENTS = 30
CONNECTIONS = 4


@pytest.fixture(scope="module")
def sent() -> Sent:
    """All that was sent into the one database of these tests."""
    return Sent()


@pytest.fixture(scope="module")
def project(postgres_server: RunningServer) -> Project:
    """Where the load goes."""
    return unlimited_project(postgres_server)


def wait_for_readiness(server: RunningServer, *, is_ready: bool) -> None:
    """Wait until /readyz says so."""
    deadline = time.monotonic() + READY_S_MAX
    while server.is_ready() is not is_ready:
        assert time.monotonic() < deadline, server.log()[-2_000:]
        time.sleep(POLL_S)


def check_recovery(project: Project, sent: Sent, break_it: Callable[[], None], what: str) -> None:
    """Break PostgreSQL under a load, let the load go on until it works again, and compare."""
    server = project.server
    for _ in range(ROUNDS):
        with Load([project], connections=CONNECTIONS) as load:
            load.wait_for(EVENTS)
            time.sleep(random.random() * ROUND_S_MAX)
            break_it()
            load.wait_for(EVENTS)
        wait_for_readiness(server, is_ready=True)
        load.resend_unanswered()
        sent.add(load.sent)
        with open_beside(server) as database:
            assert_nothing_lost(database, sent, unavailable_may_be_stored=True)
        counts.note(f"PostgreSQL under load: {what}")


def away(project: Project, cluster: Cluster, go: Callable[[], None]) -> Callable[[], None]:
    """Stop PostgreSQL, look what the server says while it is away, and start it again."""

    def break_it() -> None:
        go()
        wait_for_readiness(project.server, is_ready=False)
        reply = project.post(as_json())
        assert_refused(reply, 503, "service_unavailable")
        assert reply.header("Retry-After") == "5"
        cluster.start()

    return break_it


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_restart_loses_nothing(project: Project, own_postgres: Databases, sent: Sent, how: str) -> None:
    cluster = own_postgres.cluster
    break_it = away(project, cluster, lambda: cluster.stop(how))
    check_recovery(project, sent, break_it, f"stopped {how}, started")


@pytest.mark.timeout(1_200)
def test_kill_9_of_postgresql_loses_nothing(project: Project, own_postgres: Databases, sent: Sent) -> None:
    cluster = own_postgres.cluster
    break_it = away(project, cluster, cluster.kill)
    check_recovery(project, sent, break_it, "kill -9, started")


@pytest.mark.timeout(1_200)
def test_kill_9_of_a_backend_loses_nothing(project: Project, own_url: str, sent: Sent) -> None:
    """PostgreSQL then ends all sessions and recovers by itself."""

    def kill_backend() -> None:
        with psycopg.connect(own_url) as connection:
            pids = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchall()
        os.kill(random.choice(pids)[0], signal.SIGKILL)

    check_recovery(project, sent, kill_backend, "kill -9 of a backend")


@pytest.mark.timeout(1_200)
def test_sessions_that_are_ended_lose_nothing(
    project: Project, own_postgres: Databases, own_url: str, sent: Sent
) -> None:
    """As an administrator or a pooler does; within a commit, too, as the load goes on."""

    def end_sessions() -> None:
        with psycopg.connect(own_postgres.cluster.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't_%'"
            )

    check_recovery(project, sent, end_sessions, "all sessions ended")
