"""Does a PostgreSQL that hangs, locks or refuses keep anybody waiting for ever?"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from afterword.cli.serve import DISK_FAILED_STATUS
from afterword.domain.rate_limit import RateLimits
from afterword.flows.ingest.track_event import COMMIT_S_MAX, Outcome
from afterword.storage import projects
from afterword.storage.engine import POOL_CONNECTIONS_MAX, Database, DatabaseError
from afterword.storage.postgres import CONNECT_TIMEOUT_S, WRITE_STATEMENT_S, open_postgres
from afterword.web.health import READY_S_MAX
from tests.contract.cases import as_json
from tests.contract.shape import assert_accepted, assert_refused
from tests.faults import counts
from tests.faults.conservation import check_conservation
from tests.faults.server import open_beside
from tests.faults.test_postgres_restart import wait_for_readiness
from tests.flows.door import accepted_count, opened_door, submission
from tests.storage.support import WAIT_S_MAX, FakeClock, add_project, in_threads, wait_for_a_waiter
from tests.support.http import Reply, exchange, request_bytes
from tests.support.postgres import Databases
from tests.support.project import Project, create_project
from tests.support.server import RunningServer

SOON_S = 0.3
"""After this an event that was sent is with the database."""
DRAIN_S_MAX = 10.0
SLACK_S = 6.0
"""How much longer than its deadline an answer may take on a machine that is busy with other tests."""

ROOMY = RateLimits(1_000_000, 1_000_000)
ROUNDS = counts.rounds(short=60, long=300)


@contextmanager
def locked(url: str, *statements: str) -> Iterator[None]:
    """Somebody takes locks and does not let go of them: an administrator, a tool, a migration by hand."""
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield
        connection.rollback()


def timed_post(project: Project) -> tuple[Reply, float]:
    """Post an event; the reply, and how many seconds it took."""
    began = time.monotonic()
    reply = project.post(as_json())
    return reply, time.monotonic() - began


def get(server: RunningServer, path: str, timeout_s: float = 60.0) -> Reply:
    """Get a page."""
    return exchange(server.address, request_bytes("GET", path), timeout_s=timeout_s)


def assert_unavailable(reply: Reply) -> None:
    """It says: come again in 5 s."""
    assert_refused(reply, 503, "service_unavailable")
    assert reply.header("Retry-After") == "5"


def test_a_project_that_is_locked_is_answered_by_503_and_readers_that_hang_harm_nobody(
    postgres_server: RunningServer, own_url: str
) -> None:
    """Two hang at once, as each takes its seconds: a batch on its project, and all readers on the outbox."""
    locked_project, other = create_project(postgres_server), create_project(postgres_server)
    for project in (locked_project, other):  # a token that is new to the server would be looked up
        assert_accepted(project.post(as_json()))
    lock_project = f"SELECT 1 FROM project WHERE id = {locked_project.id} FOR UPDATE"
    with (
        ThreadPoolExecutor(POOL_CONNECTIONS_MAX + 2) as threads,
        locked(own_url, lock_project, "LOCK TABLE job IN ACCESS EXCLUSIVE MODE"),
    ):
        hanging = [threads.submit(get, postgres_server, "/metrics") for _ in range(POOL_CONNECTIONS_MAX + 1)]
        began = time.monotonic()
        assert get(postgres_server, "/readyz").status == 503
        assert time.monotonic() - began < READY_S_MAX + SLACK_S
        assert_accepted(other.post(as_json()))
        reply, took_s = timed_post(locked_project)
        assert_unavailable(reply)
        assert WRITE_STATEMENT_S - 1 < took_s < WRITE_STATEMENT_S + SLACK_S
        assert_accepted(other.post(as_json()))
        assert not all(page.done() for page in hanging), "the readers did not hang so long"
    assert [page.result().status for page in hanging] == [200] * len(hanging)
    wait_for_readiness(postgres_server, is_ready=True)
    assert_accepted(locked_project.post(as_json()))
    counts.note("PostgreSQL hangs: a locked project, readers without a connection")


def test_a_postgresql_that_stands_still_is_answered_by_503_until_it_goes_on(
    postgres_server: RunningServer, own_postgres: Databases
) -> None:
    project = create_project(postgres_server)
    assert_accepted(project.post(as_json()))
    with ThreadPoolExecutor(1) as threads:
        with own_postgres.cluster.frozen():
            first = threads.submit(timed_post, project)
            assert_unavailable(project.with_token("awp_unknown").post(as_json()))
            assert get(postgres_server, "/readyz").status == 503
            reply, took_s = first.result()
            assert_unavailable(reply)
            assert took_s < COMMIT_S_MAX + SLACK_S
            # When somebody else had the connection as it froze, no new one could be opened: no batch hangs.
            was_given_up = took_s >= COMMIT_S_MAX
            reply, took_s = timed_post(project)
            assert_unavailable(reply)
            if was_given_up:
                assert took_s < COMMIT_S_MAX / 2, "it was known that the database hangs"
            else:
                assert took_s < CONNECT_TIMEOUT_S + SLACK_S
            assert get(postgres_server, "/healthz").status == 200
        wait_for_readiness(postgres_server, is_ready=True)
    assert_accepted(project.post(as_json()))
    with open_beside(postgres_server) as database:
        # The one that was given up was with PostgreSQL already, or was not.
        assert accepted_count(database, int(project.id)) in (2, 3)
        check_conservation(database)
    counts.note("PostgreSQL hangs: all its processes stopped")


def test_a_server_ends_in_time_though_postgresql_stands_still(
    tmp_path: Path, own_postgres: Databases, own_url: str
) -> None:
    server = RunningServer(tmp_path / "data", own_url)
    server.start()
    project = create_project(server)
    assert_accepted(project.post(as_json()))
    with ThreadPoolExecutor(1) as threads, own_postgres.cluster.frozen():
        first = threads.submit(timed_post, project)
        time.sleep(SOON_S)
        began = time.monotonic()
        server.terminate()
        assert server.wait_for_end() == DISK_FAILED_STATUS
        assert time.monotonic() - began < DRAIN_S_MAX + SLACK_S
        assert_unavailable(first.result()[0])
    with server:
        assert_accepted(project.post(as_json()))
        with open_beside(server) as database:
            check_conservation(database)


def test_intakes_that_take_the_same_projects_in_other_orders_never_deadlock(postgres: Database) -> None:
    with postgres.write() as connection:
        ids = [add_project(connection, f"Project {number}") for number in range(8)]
    clock = FakeClock()

    def serve(index: int) -> set[Outcome]:
        seen: set[Outcome] = set()
        with opened_door(postgres, clock) as door:
            for number in range(ROUNDS):
                first = number % len(ids)
                order = ids[first:] + ids[:first] if index else ids[first::-1] + ids[:first:-1]
                seen |= set(door.outcomes(*[submission(project_id, ROOMY) for project_id in order]))
        return seen

    assert in_threads(3, serve) == [{Outcome.ACCEPTED}] * 3
    assert {accepted_count(postgres, project_id) for project_id in ids} == {3 * ROUNDS}
    counts.note("batches of three intakes over the same projects", 3 * ROUNDS)


def test_a_deadlock_with_somebody_else_is_told_as_503_and_the_next_event_is_taken(
    postgres: Database,
) -> None:
    with postgres.write() as connection:
        first, second = (add_project(connection, name) for name in ("First", "Second"))
    both = submission(first), submission(second)

    def cross() -> None:
        """Take the projects in the wrong order, and be the one that PostgreSQL lets go on."""
        with postgres.write() as other:
            other.execute(sa.text("SET LOCAL deadlock_timeout = '1min'"))
            projects.lock_accepted(other, [second])
            holds.set()
            wait_for_a_waiter(other)
            projects.lock_accepted(other, [first])

    holds = threading.Event()
    with opened_door(postgres, FakeClock()) as door, ThreadPoolExecutor(1) as threads:
        crossing = threads.submit(cross)
        assert holds.wait(WAIT_S_MAX)
        assert door.outcomes(*both) == [Outcome.UNAVAILABLE] * 2
        crossing.result()
        assert door.outcomes(*both) == [Outcome.ACCEPTED] * 2
    counts.note("deadlocks by force")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_postgresql_that_would_lose_acknowledged_events_is_refused(
    own_postgres: Databases, own_url: str, name: str
) -> None:
    url = own_postgres.cluster.url
    try:
        change_setting(url, name, "off")
        with pytest.raises(DatabaseError, match=f"{name} = off"):
            open_postgres(own_url)
    finally:
        change_setting(url, name, "on")
    open_postgres(own_url).close()


def change_setting(url: str, name: str, value: str) -> None:
    """Change a setting of the whole PostgreSQL, and wait until new sessions have it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
        connection.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + WAIT_S_MAX
    while True:
        with psycopg.connect(url) as connection:
            row = connection.execute(f"SHOW {name}".encode()).fetchone()
        if row == (value,):
            return
        assert time.monotonic() < deadline, row
