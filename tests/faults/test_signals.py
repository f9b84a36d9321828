"""Stopped politely, frozen, with a jumping clock or beside a second server: is what was acknowledged kept?"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.subject import Subject, assert_start_refused
from tests.support.server import CLOCK_STEP, RunningServer

DRAIN_S_MAX = 10.0
ROUNDS = counts.rounds(short=1, long=10)
FROZEN_S = 0.3
CLOCK_STEPS_S = (3_600, -3_600, 86_400, -86_400, 0)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def clock_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whoever writes seconds into it sets the server's clock off."""
    return tmp_path_factory.mktemp("clock") / "step"


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, clock_file: Path) -> Iterator[Subject]:
    """One server for all of these faults: each leaves it well."""
    data = tmp_path_factory.mktemp("lasting") / "data"
    environment = {"TESTS_CLOCK_STEP_FILE": str(clock_file)}
    with RunningServer(data, environment=environment, python_path=(CLOCK_STEP,)) as server:
        yield Subject(server)


def test_sigterm_under_load_drains_within_10_s_and_ends_with_0(lasting: Subject) -> None:
    for _ in range(ROUNDS):
        with lasting.load() as load:
            load.wait_for(20)
            lasting.server.terminate()
            began = time.monotonic()
            assert lasting.server.wait_for_end() == 0
            assert time.monotonic() - began < DRAIN_S_MAX
        assert set(load.sent.statuses.values()) <= {200, 503, None}
        lasting.server.start()
        lasting.assert_nothing_lost()
    counts.note("SIGTERM under load", ROUNDS)


def test_a_server_that_was_frozen_goes_on(lasting: Subject) -> None:
    for _ in range(ROUNDS):
        with lasting.load() as load:
            load.wait_for(20)
            os.kill(lasting.server.pid, signal.SIGSTOP)
            time.sleep(FROZEN_S)
            os.kill(lasting.server.pid, signal.SIGCONT)
            load.wait_for(20)
        lasting.assert_nothing_lost()
    counts.note("SIGSTOP and SIGCONT under load", ROUNDS)


def test_clock_steps_under_load_neither_lose_nor_lock_out(lasting: Subject, clock_file: Path) -> None:
    with lasting.load() as load:
        for step_s in CLOCK_STEPS_S:
            clock_file.write_text(str(step_s))
            load.wait_for(20)
    lasting.assert_nothing_lost()
    counts.note("clock steps under load", len(CLOCK_STEPS_S))


@pytest.mark.parametrize("way", ["same path", "symbolic link", "dots"])
def test_a_second_server_on_the_same_directory_is_refused_under_load(
    lasting: Subject, tmp_path: Path, way: str
) -> None:
    data = lasting.server.data
    if way == "symbolic link":
        (tmp_path / "link").symlink_to(data)
        data = tmp_path / "link"
    elif way == "dots":
        data = data / ".." / data.name
    with lasting.load() as load:
        load.wait_for(1)
        assert_start_refused(lasting.server, data, "another Afterword server runs on")
        load.wait_for(20)
    lasting.assert_nothing_lost()


def test_a_second_server_may_start_once_the_first_was_killed(lasting: Subject) -> None:
    lasting.server.kill()
    lasting.server.start()
    lasting.assert_nothing_lost()
