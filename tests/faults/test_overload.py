"""What do clients get when there is far more load than the server can take, or one of them floods it?"""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.contract.cases import as_json
from tests.contract.conftest import ROOMY
from tests.contract.shape import assert_accepted
from tests.faults.clients import hammer
from tests.faults.counts import note, rounds
from tests.support.postgres import Databases
from tests.support.project import Project, create_project, create_projects
from tests.support.server import SLOW_STORE, RunningServer, rss_bytes

OVERLOAD = 10
"""Ten requests for each that can be taken."""

QUEUE_EVENTS = 20
COMMIT_MS = 200
CLIENTS = 80
FLOODERS = 16
OTHERS = 10
PAUSE_S = 0.02
GROWTH_BYTES_MAX = 24 * 1024 * 1024
WARM_UP_S = 1.0
SECONDS = rounds(2, 8)


@pytest.fixture
def slow_store(tmp_path: Path, databases: Databases, database_kind: str) -> Iterator[Project]:
    """A roomy project on a server whose commits are slow and whose queue is short."""
    environment = {"TESTS_QUEUE_EVENTS": str(QUEUE_EVENTS), "TESTS_COMMIT_MS": str(COMMIT_MS)}
    url = databases.make(database_kind)
    server = RunningServer(tmp_path / "data", url, environment=environment, python_path=(SLOW_STORE,))
    with server:
        project = create_project(server, **ROOMY)
        project.wait_until_usable()
        yield project
    databases.drop(url)


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[list[Project]]:
    """One project with the usual limits, and others with roomy ones, on a server of their own."""
    with RunningServer(tmp_path / "data") as server:
        flooding = create_project(server)
        others = create_projects(server, OTHERS, **ROOMY)
        others[-1].wait_until_usable()
        yield [flooding, *others]


def test_ten_times_too_much_load_is_turned_away_at_once_and_leaves_nothing_behind(
    slow_store: Project,
) -> None:
    server, request = slow_store.server, slow_store.request(as_json())
    seen = hammer(server.address, [request] * CLIENTS, WARM_UP_S)
    before = rss_bytes(server)
    more = hammer(server.address, [request] * CLIENTS, SECONDS)
    assert set(more.statuses) == {200, 503}
    assert more.statuses[503] > OVERLOAD * more.statuses[200]
    assert more.retry_after == {b"5": more.statuses[503]}
    assert rss_bytes(server) - before < GROWTH_BYTES_MAX
    assert_accepted(slow_store.post(as_json(name="at once afterwards")))
    stored = len(slow_store.events())
    assert stored == seen.statuses[200] + more.statuses[200] + 1
    note("requests under ten times overload", more.statuses.total())


@pytest.fixture
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    """A process that floods while this one measures."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(time.sleep, 0).result()
        yield pool


def test_others_are_served_while_one_project_floods(
    projects: list[Project], elsewhere: ProcessPoolExecutor
) -> None:
    flooding, *others = projects
    address, storm_of = flooding.server.address, [flooding.request(as_json())] * FLOODERS
    flooded = elsewhere.submit(hammer, address, storm_of, SECONDS + 1)
    served = hammer(address, [project.request(as_json()) for project in others], SECONDS, PAUSE_S)
    assert set(served.statuses) == {200}
    storm = flooded.result()
    assert set(storm.statuses) == {200, 429}
    assert storm.statuses[200] == 30
    assert storm.retry_after.total() == storm.statuses[429]
    assert sum(len(project.events()) for project in others) == served.statuses[200]
    note("refused requests of a flood", storm.statuses[429])
