"""Rate: exactly so many accepted events in a sliding window, whoever counts and however they come."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import psycopg
import pytest

from tests.contract.cases import ABSENT, as_json
from tests.contract.conftest import SteppingServer
from tests.contract.scenarios import BURST, Border, Scenarios, Waited
from tests.contract.shape import assert_accepted, assert_limited, assert_refused
from tests.support.http import Connection, Reply
from tests.support.project import Project, ProjectPool, create_project, create_projects
from tests.support.server import RunningServer

PER_MINUTE = 30
PER_DAY = 15_000
MINUTE_S = 60
DAY_S = 86_400
AT_ONCE = 64
ROUNDS = 20
SENDERS = 50
AHEAD = 20
STORM = 1_500
SETTLED_S = 2.5


def send(project: Project, count: int, *, ahead: int = 1, **changes: object) -> Counter[int]:
    """
    Send valid events on one connection; the replies by status.

    Args:
        ahead: How many are sent before the first of them is answered.
    """
    project.wait_until_usable()
    request = project.request(as_json(**changes))
    seen: Counter[int] = Counter()
    with Connection(project.server.address) as connection:
        while (left := count - seen.total()) > 0:
            at_once = min(ahead, left)
            connection.send(request * at_once)
            for _ in range(at_once):
                reply = connection.read_reply()
                seen[reply.status] += 1
                check_outcome(reply)
    return seen


def check_outcome(reply: Reply) -> None:
    """Check that a valid event was accepted or limited, and nothing else."""
    if reply.status == 429:
        assert_limited(reply)
    else:
        assert_accepted(reply)


def send_at_once(projects: list[Project]) -> list[Reply]:
    """Send one event of each entry at the same moment, each on a connection of its own."""
    barrier = threading.Barrier(len(projects))

    def one(project: Project) -> Reply:
        with Connection(project.server.address) as connection:
            request = project.request(as_json())
            barrier.wait()
            connection.send(request)
            return connection.read_reply()

    with ThreadPoolExecutor(len(projects)) as pool:
        return list(pool.map(one, projects))


def test_30_at_once_are_accepted_and_one_more_is_429(project: Project) -> None:
    assert send(project, PER_MINUTE) == {200: PER_MINUTE}
    limited = assert_limited(project.post(as_json()))
    assert MINUTE_S - 10 <= limited <= MINUTE_S
    assert len(project.events()) == PER_MINUTE


def test_64_at_once_are_exactly_30_every_time(server: RunningServer) -> None:
    projects = create_projects(server, ROUNDS)
    for project in projects:
        statuses = Counter(reply.status for reply in send_at_once([project] * AT_ONCE))
        assert statuses == {200: PER_MINUTE, 429: AT_ONCE - PER_MINUTE}
    for project in projects[:2]:
        assert len(project.events()) == PER_MINUTE


def test_one_project_at_its_limit_leaves_another_free(server: RunningServer) -> None:
    full, free = create_projects(server, 2)
    assert send(full, PER_MINUTE + 2) == {200: PER_MINUTE, 429: 2}
    assert send(free, PER_MINUTE) == {200: PER_MINUTE}


def test_retry_after_of_the_day_is_a_day(pool: ProjectPool) -> None:
    project = pool.take(events_per_minute=2, events_per_day=3)
    began = time.monotonic()
    assert send(project, 2) == {200: 2}
    wait_s = assert_limited(project.post(as_json()))
    assert MINUTE_S - (time.monotonic() - began) <= wait_s <= MINUTE_S
    day = pool.take(events_per_minute=100, events_per_day=3)
    began = time.monotonic()
    assert send(day, 3) == {200: 3}
    wait_s = assert_limited(day.post(as_json()))
    assert DAY_S - (time.monotonic() - began) <= wait_s <= DAY_S


def test_the_longer_of_two_waits_is_told(pool: ProjectPool) -> None:
    project = pool.take(events_per_minute=2, events_per_day=2)
    assert send(project, 2) == {200: 2}
    assert assert_limited(project.post(as_json())) > MINUTE_S


def test_the_15001st_event_of_a_day_is_429(pool: ProjectPool) -> None:
    project = pool.take(events_per_minute=100_000)
    project.wait_until_usable()
    with ThreadPoolExecutor(SENDERS) as threads:
        each = [threads.submit(send, project, PER_DAY // SENDERS + 1, ahead=AHEAD) for _ in range(SENDERS)]
        parts = [sent.result() for sent in each]
    total: Counter[int] = sum(parts, Counter())
    assert total[200] == PER_DAY
    assert assert_limited(project.post(as_json())) > DAY_S - 300


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_30_on_each_side_of_a_minutes_border_are_30(scenarios: Scenarios, kind: str) -> None:
    border: Border = scenarios.result(kind, "border")
    for reply in border.before:
        assert_accepted(reply)
    for reply in border.after:
        assert_limited(reply)
    assert (len(border.before), len(border.after)) == (BURST, BURST)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_retry_after_is_exact_and_a_request_after_it_is_accepted(scenarios: Scenarios, kind: str) -> None:
    waited: Waited = scenarios.result(kind, "wait")
    assert assert_limited(waited.limited) in waited.wait_s_possible
    assert_limited(waited.early)
    assert_accepted(waited.in_time)


def test_two_tokens_of_a_project_share_one_limit(server: RunningServer) -> None:
    first = create_project(server)
    second = first.rotate("24h")
    assert first.token != second.token
    assert send(first, 20) == {200: 20}
    assert send(second, 20) == {200: 10, 429: 10}
    assert_limited(first.post(as_json()))


def test_a_restart_inside_the_window_keeps_the_limit(own_server: RunningServer) -> None:
    project = create_project(own_server)
    assert send(project, 20) == {200: 20}
    own_server.restart()
    assert send(project, 20) == {200: 10, 429: 10}
    own_server.kill()
    own_server.start()
    assert send(project, 2) == {429: 2}


def test_two_processes_on_one_postgresql_share_one_limit(server: RunningServer, database_kind: str) -> None:
    """On SQLite there is one server process by design; a second one is refused."""
    second = RunningServer(server.data, server.database_url)
    if database_kind == "sqlite":
        with pytest.raises(AssertionError, match="the server ended with"):
            second.start()
        assert_accepted(create_project(server).post(as_json()))
        return
    with second:
        for project in create_projects(server, 3):
            beside = project.on(second)
            statuses = Counter(reply.status for reply in send_at_once([project, beside] * (AT_ONCE // 2)))
            assert statuses == {200: PER_MINUTE, 429: AT_ONCE - PER_MINUTE}
            assert_limited(beside.post(as_json()))


def test_rejected_limited_and_unauthorised_requests_do_not_count(project: Project) -> None:
    for _ in range(PER_MINUTE + 5):
        assert_refused(project.post(as_json(name=ABSENT)), 422, "invalid_arguments")
        assert_refused(project.with_token("wrong").post(as_json()), 401, "invalid_auth")
        assert_refused(project.post(as_json(metadata={"a": "x" * 1100})), 422, "metadata_too_large")
    assert send(project, PER_MINUTE) == {200: PER_MINUTE}
    assert send(project, 5) == {429: 5}


def test_test_events_count_too(project: Project) -> None:
    assert send(project, PER_MINUTE, test_data=True) == {200: PER_MINUTE}
    assert send(project, 1, test_data=True) == {429: 1}
    assert send(project, 1) == {429: 1}


def test_events_that_stay_unattributed_count_too(project: Project) -> None:
    assert send(project, PER_MINUTE, email="unknown") == {200: PER_MINUTE}
    assert send(project, 1) == {429: 1}


def test_old_events_count_when_they_are_accepted_not_when_they_occurred(project: Project) -> None:
    assert send(project, PER_MINUTE, timestamp="1") == {200: PER_MINUTE}
    assert send(project, 1) == {429: 1}


def test_the_limits_are_settings_of_the_project(pool: ProjectPool) -> None:
    assert send(pool.take(events_per_minute=3), 5) == {200: 3, 429: 2}
    assert send(pool.take(events_per_minute=50), 55) == {200: 50, 429: 5}


def written(server: RunningServer) -> object:
    """Look at what changes with every write: SQLite's files, or PostgreSQL's counts of changed rows."""
    if server.database_url is None:
        files = [path for path in server.data.rglob("*") if path.is_file() and path.suffix != ".db-shm"]
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
    with psycopg.connect(server.database_url) as connection:
        return connection.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
        ).fetchone()


def test_a_storm_of_429s_writes_nothing_to_disk(own_server: RunningServer) -> None:
    project = create_project(own_server)
    assert send(project, PER_MINUTE + 1) == {200: PER_MINUTE, 429: 1}
    time.sleep(SETTLED_S)
    before = written(own_server)
    with ThreadPoolExecutor(SENDERS) as threads:
        each = [threads.submit(send, project, STORM // SENDERS, ahead=AHEAD) for _ in range(SENDERS)]
        assert sum((sent.result() for sent in each), Counter()) == {429: STORM}
    time.sleep(SETTLED_S)
    assert written(own_server) == before
    assert len(project.events()) == PER_MINUTE


def test_a_storm_of_429s_leaves_other_projects_alone(server: RunningServer) -> None:
    """Coarse on purpose; the benchmark measures it."""
    full, free = create_projects(server, 2)
    assert send(full, PER_MINUTE) == {200: PER_MINUTE}
    seconds: list[float] = []
    over = threading.Event()

    def storm() -> None:
        with Connection(full.server.address) as connection:
            while not over.is_set():
                connection.send(full.request(as_json()))
                assert_limited(connection.read_reply())

    with ThreadPoolExecutor(2) as pool:
        storms = [pool.submit(storm) for _ in range(2)]
        try:
            for _ in range(PER_MINUTE):
                began = time.perf_counter()
                assert_accepted(free.post(as_json()))
                seconds.append(time.perf_counter() - began)
        finally:
            over.set()
        for one in storms:
            one.result()
    assert median(seconds) < 0.25, seconds


@pytest.mark.parametrize("step_s", [-3600, 3600], ids=["an-hour-back", "an-hour-forth"])
def test_a_clock_that_steps_an_hour_neither_locks_out_nor_opens(
    stepping: SteppingServer, step_s: int
) -> None:
    full, half = create_projects(stepping.server, 2)
    assert send(full, PER_MINUTE + 1) == {200: PER_MINUTE, 429: 1}
    assert send(half, 15) == {200: 15}
    stepping.step(stepping.step_s + step_s)
    assert MINUTE_S - 15 <= assert_limited(full.post(as_json())) <= MINUTE_S
    assert send(half, 20) == {200: 15, 429: 5}


def test_a_clock_stepped_back_while_the_server_is_down_does_not_lock_out(stepping: SteppingServer) -> None:
    stepping.restart(stepping.step_s)  # Now the server counts from the wall clock as it stands.
    project = create_project(stepping.server)
    assert send(project, 20) == {200: 20}
    stepping.restart(step_s=stepping.step_s - 3600)
    assert send(project, 11) == {200: 10, 429: 1}
    assert assert_limited(project.post(as_json())) <= MINUTE_S
