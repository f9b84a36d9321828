"""Is everything that was acknowledged there after kill -9 in the middle of a load?"""

import random
import time
from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.load import Load, Sent, assert_nothing_lost, unlimited_project
from tests.faults.server import open_beside
from tests.support.server import RunningServer

ROUNDS = counts.rounds(short=5, long=200)
UNDER_LOAD_S_MAX = 0.4


def kill_under_load(server: RunningServer, rounds: int, **load_options: str) -> None:
    """Kill a server again and again, on data that grow; check after each restart."""
    project = unlimited_project(server)
    sent = Sent()
    for _ in range(rounds):
        with Load([project], **load_options) as load:
            load.wait_for(1)
            time.sleep(random.random() * UNDER_LOAD_S_MAX)
            server.kill()
        server.start()
        load.resend_unanswered()
        sent.add(load.sent)
        with open_beside(server) as database:
            assert_nothing_lost(database, sent)


@pytest.mark.timeout(1_200)
def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        kill_under_load(server, ROUNDS)
    counts.note("kill -9 under load", ROUNDS)
