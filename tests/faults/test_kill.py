"""Is everything that was acknowledged there after kill -9 in the middle of a load?"""

import random
import time
from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.subject import Subject
from tests.support.server import RunningServer

ROUNDS = counts.rounds(short=3, long=130)
ROUNDS_WITH_WORK = counts.rounds(short=2, long=70)
UNDER_LOAD_S_MAX = 0.3
WORK_DONE_S_MAX = 240.0
"""What a killed worker was at is taken over when its lease of 120 s ends."""


def kill_under_load(subject: Subject, rounds: int) -> None:
    """Kill a server again and again, on data that grow; check after each restart."""
    for _ in range(rounds):
        with subject.load() as load:
            load.wait_for(1)
            time.sleep(random.random() * UNDER_LOAD_S_MAX)
            subject.server.kill()
        subject.server.start()
        load.resend_unanswered()
        subject.sent.add(load.sent)
        subject.assert_nothing_lost()


@pytest.mark.timeout(1_200)
def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        kill_under_load(Subject(server), ROUNDS)
    counts.note("kill -9 under load", ROUNDS)


@pytest.mark.timeout(1_200)
def test_work_survives_kill_9_of_a_worker_that_sends(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        subject = Subject(server)
        subject.ask_everybody()
        with subject.load() as load:
            load.wait_until(lambda: subject.count_mails() > 0)
        kill_under_load(subject, ROUNDS_WITH_WORK)
        if counts.LONG:
            wait_until_done(subject)
            law = subject.assert_nothing_lost()
            assert {law.outcomes["pending"], law.outcomes["given_up"]} == {0}, law
            assert set(law.invitations.values()) - {0} == {subject.count_mails()}, law
    counts.note("kill -9 under load, with a worker that sends", ROUNDS_WITH_WORK)


def wait_until_done(subject: Subject) -> None:
    """Wait until no job is left."""
    deadline = time.monotonic() + WORK_DONE_S_MAX
    while "\nafterword_jobs_waiting 0.0\n" not in subject.get("/metrics").body.decode():
        assert time.monotonic() < deadline, "the worker does not come to an end"
        time.sleep(1)
