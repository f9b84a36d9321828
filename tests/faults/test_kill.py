"""Is everything that was acknowledged there after kill -9 in the middle of a load?"""

import random
import time
from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.load import Load, Sent, assert_nothing_lost, unlimited_project
from tests.faults.server import open_beside
from tests.support.server import RunningServer

ROUNDS = counts.rounds(short=6, long=200)
ROUND_S_MAX = 0.4


@pytest.mark.timeout(1_200)
def test_what_was_acknowledged_before_kill_9_is_there_after_the_restart(tmp_path: Path) -> None:
    sent = Sent()
    with RunningServer(tmp_path / "data") as server:
        project = unlimited_project(server)
        for _ in range(ROUNDS):
            with Load([project]) as load:
                load.wait_for(1)
                time.sleep(random.random() * ROUND_S_MAX)
                server.kill()
            server.start()
            load.resend_unanswered()
            sent.add(load.sent)
            with open_beside(server) as database:
                assert_nothing_lost(database, sent)
            counts.note("kill -9 under load")
    counts.note("events acknowledged before a kill -9", len(sent.acknowledged))
