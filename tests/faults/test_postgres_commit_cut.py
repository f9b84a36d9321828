"""What does a client hear when the connection to PostgreSQL breaks during a COMMIT, and what is stored?"""

import random
import time
from collections.abc import Iterator

import pytest

from afterword.storage.engine import Database
from tests.contract.cases import as_json
from tests.contract.shape import assert_accepted, assert_refused
from tests.faults import counts
from tests.faults.conservation import check_conservation
from tests.faults.load import Load, assert_nothing_lost, unlimited_project
from tests.faults.postgres_proxy import Cut, Proxy
from tests.faults.server import open_beside
from tests.flows.door import accepted_count, stored
from tests.support.postgres import Databases
from tests.support.project import JSON, create_project
from tests.support.server import RunningServer

CUTS = counts.rounds(short=30, long=300)
PAUSE_S_MAX = 0.05
POSSIBLE = {Cut.BEFORE_COMMIT: {0}, Cut.WITHIN_COMMIT: {0, 1}, Cut.AFTER_COMMIT: {1}}
"""How many events may be stored after one was answered by 503."""


@pytest.fixture(scope="module")
def proxy(databases: Databases) -> Iterator[Proxy]:
    """Between the server of these tests and PostgreSQL."""
    with Proxy(databases.cluster) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(
    databases: Databases, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server that speaks to PostgreSQL through the proxy."""
    url = databases.cluster.make_database()
    with RunningServer(tmp_path_factory.mktemp("cut") / "data", proxy.url(url)) as running:
        yield running
    databases.drop(url)


@pytest.mark.timeout(600)
def test_commits_that_are_cut_under_load_lose_and_double_nothing(server: RunningServer, proxy: Proxy) -> None:
    """The first of these tests: all that is in the database must come from its load."""
    project = unlimited_project(server)
    cuts = [random.choice(list(Cut)) for _ in range(CUTS)]
    with Load([project], connections=4) as load:
        for cut in cuts:
            load.wait_for(1)
            time.sleep(random.random() * PAUSE_S_MAX)
            proxy.cut_next(cut)
        load.wait_for(50)
    resent = load.resend_unanswered()
    with open_beside(server) as database:
        assert_nothing_lost(database, load.sent, unavailable_may_be_stored=True)
    assert load.sent.counts()["503"] > 0
    counts.note("COMMIT cut under load", CUTS)
    counts.note("events sent again with their key after a cut COMMIT", resent)


def count_events(database: Database, project_id: str) -> int:
    """How many are stored; numbers without a gap, and as many as the project counts."""
    check_conservation(database)
    numbers = [number for number, _ in stored(database, int(project_id))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert accepted_count(database, int(project_id)) == len(numbers)
    return len(numbers)


def test_a_cut_commit_is_told_as_503_and_a_retry_with_the_key_stores_one(
    server: RunningServer, proxy: Proxy
) -> None:
    for cut, possible in POSSIBLE.items():
        project = create_project(server)
        headers = [("Idempotency-Key", "once")]
        assert_accepted(project.post(as_json()))
        proxy.cut_next(cut)
        cuts = proxy.cuts
        reply = project.post(as_json(), JSON, headers)
        assert_refused(reply, 503, "service_unavailable")
        assert reply.header("Retry-After") == "5"
        assert proxy.cuts == cuts + 1
        with open_beside(server) as database:
            more = count_events(database, project.id) - 1
            assert more in possible, cut
            again = project.post(as_json(), JSON, headers)
            assert_accepted(again)
            if cut is not Cut.WITHIN_COMMIT:
                assert (again.header("Idempotent-Replayed") == "true") is (more == 1)
            assert count_events(database, project.id) == 2
        counts.note(f"COMMIT cut: {cut.name.lower()}")
