"""Do the tests of limits, claims and tokens turn red when what they guard is done the simple way?"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults import counts
from tests.support.planted_bug import sitecustomize
from tests.support.server import PLANTED_BUG, SOURCE

ROOT = Path(__file__).resolve().parents[2]
TESTS_FAILED = 1
"""pytest's exit code when tests ran and failed; any other would mean that they never ran."""

MODEL = (
    "tests/flows/ingest/test_track_event_model.py::test_the_intake_answers_as_a_plain_list_would[sqlite-40]"
)
CLAIMS = "tests/storage/test_jobs.py::test_eight_workers_at_once_claim_each_job_once[postgres]"
KEPT = "tests/web/test_token_secrecy.py::test_no_token_is_kept_in_plain[sqlite]"
LOOKED_UP = (
    "tests/web/test_token_secrecy.py::"
    "test_a_token_that_is_sent_is_looked_up_by_its_digest_alone[sqlite-a good one]"
)
GUARDS = {
    "no_skip_locked": (CLAIMS, r"Left contains \d+ more items"),
    "fixed_window": (MODEL, "retry_after_s="),
    "retry_after_off_by_one": (MODEL, "retry_after_s="),
    "plain_token_comparison": (KEPT, "b'awp_"),
    "token_compared_before_its_digest": (LOOKED_UP, "a plain token was compared"),
}
"""Bug → the test that must find it, and a pattern of what that says."""

GUARDED_ELSEWHERE = {"ack_before_commit", "synchronous_normal", "one_event_raises"}
"""In test_planted_bugs.py and tests/contract/test_statuses.py, on a whole server."""


@pytest.fixture(scope="module")
def runs() -> "Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]":
    """Each guard's test, run in a Python with its bug; two at once, as Python takes its time to start."""
    with ThreadPoolExecutor(2) as pool:
        yield {bug: pool.submit(run_test, bug, guard) for bug, (guard, _) in GUARDS.items()}


def run_test(bug: str, test: str) -> "subprocess.CompletedProcess[str]":
    """Run one test of this suite in a Python with a bug."""
    paths = os.pathsep.join(map(str, (PLANTED_BUG, SOURCE, ROOT)))
    return subprocess.run(
        [sys.executable, "-m", "pytest", test, "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "TESTS_PLANTED_BUG": bug},
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
    )


@pytest.mark.parametrize("bug", GUARDS)
def test_a_bug_turns_its_guard_red(
    runs: "dict[str, Future[subprocess.CompletedProcess[str]]]", bug: str
) -> None:
    guard, complaint = GUARDS[bug]
    done = runs[bug].result()
    said = done.stdout + done.stderr
    assert done.returncode == TESTS_FAILED, said
    assert f"FAILED {guard}" in said
    assert re.search(rf"^E .*{complaint}", said, re.MULTILINE), said
    counts.note("planted bugs that turned their guard red")


def test_every_bug_has_a_guard() -> None:
    assert set(GUARDS) | GUARDED_ELSEWHERE == set(sitecustomize.BUGS)
