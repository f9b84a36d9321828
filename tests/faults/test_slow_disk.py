"""What if the disk is slow to sync? Answers come later, and are as true."""

from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.strace import attached, inject, needs_strace
from tests.faults.subject import Subject
from tests.support.server import RunningServer

SYNC_DELAY_US = 50_000
EVENTS = counts.rounds(short=60, long=500)


@needs_strace
@pytest.mark.timeout(600)
def test_a_slow_sync_delays_answers_and_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "strace"
    with RunningServer(tmp_path / "data") as server:
        subject = Subject(server)
        slow = inject(f"fsync,fdatasync:delay_exit={SYNC_DELAY_US}")
        with subject.load() as load, attached(server, log, *slow):
            load.wait_for(EVENTS)
        subject.assert_nothing_lost()
    delayed = log.read_text().count("(DELAYED)")
    assert delayed > 0
    assert delayed < EVENTS / 2, "many events share one sync"
    counts.note("syncs that were slow", delayed)
