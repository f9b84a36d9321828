"""Does each check turn red when the guard that it watches is broken on purpose?"""

import random
from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.power import cut_power, record
from tests.faults.strace import needs_strace
from tests.faults.subject import Subject
from tests.faults.test_kill import kill_under_load
from tests.support.server import RunningServer

LOST = "events acknowledged and lost"
KILL_ROUNDS_MAX = 10
POWER_CUTS = counts.rounds(short=5, long=40)
EVENTS = counts.rounds(short=100, long=1_000)


def test_kill_9_finds_an_answer_that_comes_before_the_commit(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path / "data", planted_bug="ack_before_commit") as server,
        pytest.raises(AssertionError, match=LOST),
    ):
        kill_under_load(Subject(server), KILL_ROUNDS_MAX)


@needs_strace
@pytest.mark.timeout(600)
def test_power_cuts_find_that_synchronous_normal_loses(tmp_path: Path) -> None:
    recording = record(tmp_path, events=EVENTS, planted_bug="synchronous_normal")
    errors = list(cut_power(recording, POWER_CUTS, tmp_path, random.Random(1)))
    lost = [error for error in errors if error is not None and LOST in str(error)]
    counts.note("power cuts with synchronous=NORMAL, the control", len(errors))
    counts.note("… of them lost what was acknowledged", len(lost))
    assert lost
