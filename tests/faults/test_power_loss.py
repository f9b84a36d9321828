"""Is everything that was acknowledged there when the power fails, from the very first start on?"""

import random
from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.disk import Loss
from tests.faults.power import cut_power, record
from tests.faults.recording import Write
from tests.faults.strace import needs_strace

POINTS = counts.rounds(short=8, long=340)
EVENTS = counts.rounds(short=300, long=3_000)
"""The long load fills SQLite's log more than once, so that it is copied into the database and begun anew."""

pytestmark = [needs_strace, pytest.mark.timeout(1_200)]


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    recording = record(tmp_path, events=EVENTS)
    if counts.LONG:
        beginnings = [
            step
            for step in recording.steps
            if isinstance(step, Write) and step.path.endswith("-wal") and step.offset == 0
        ]
        assert len(beginnings) > 1, "the load was too short for SQLite's log to begin anew"
    for error in cut_power(recording, POINTS, tmp_path, random.Random(seed)):
        if error is not None:
            error.add_note(f"seed {seed}")
            raise error
    counts.note("power cuts with synchronous=FULL", POINTS * len(Loss))
