"""Does each check turn red when the guard that it watches is broken on purpose?"""

from pathlib import Path

import pytest

from tests.faults.test_kill import kill_under_load
from tests.support.server import RunningServer

LOST = "events acknowledged and lost"
KILL_ROUNDS_MAX = 10


def test_kill_9_finds_an_answer_that_comes_before_the_commit(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path / "data", planted_bug="ack_before_commit") as server,
        pytest.raises(AssertionError, match=LOST),
    ):
        kill_under_load(server, KILL_ROUNDS_MAX)
