"""What if the system refuses the server's writes, syncs and opens? Nothing acknowledged is lost."""

from pathlib import Path

import pytest

from tests.faults import counts
from tests.faults.load import Load
from tests.faults.strace import attached, count_injected, inject, needs_strace, strace
from tests.faults.subject import Subject
from tests.support.server import RunningServer, ServerError

DISK_FAILED_STATUS = 74
REFUSED_STATUS = 1
SYNCS = "fsync,fdatasync"
WAL = "afterword.db-wal"
FILES = ("", "afterword.db", WAL, "afterword.db-shm", "server.lock", "signing.key")
"""Where calls fail; elsewhere, in Python's own files, they would say nothing about the product."""

ROUNDS = counts.rounds(short=1, long=5)
FAILURES = counts.rounds(short=3, long=12)
NTH = counts.rounds(short=1, long=4)
CALLS = [
    (call, error)
    for call in ("openat", "pwrite64", SYNCS, "ftruncate", "write")
    for error in ("EIO", "ENOSPC")
][: counts.rounds(short=1, long=10)]

pytestmark = [needs_strace, pytest.mark.timeout(1_200)]


def test_writes_that_fail_now_and_then_are_503_and_the_rest_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "strace"
    with RunningServer(tmp_path / "data") as server:
        subject = Subject(server)
        for every in range(40, 40 + ROUNDS):
            with subject.load() as load:
                load.wait_for(20)
                no_space = inject(f"pwrite64:error=ENOSPC:when={every}+{every}", path=server.data / WAL)
                with attached(server, log, *no_space):
                    load.wait_until(lambda: count_injected(log) >= FAILURES)
                assert 503 in load.sent.statuses.values()
                load.wait_for(20)
            counts.note("system calls that failed", count_injected(log))
            subject.assert_nothing_lost()
        assert subject.trouble() is None


@pytest.mark.parametrize("fault", [f"{SYNCS}:error=EIO", "pwrite64:error=EIO"][: counts.rounds(1, 2)])
def test_after_a_failed_sync_or_write_the_process_ends_and_the_next_start_recovers(
    tmp_path: Path, fault: str
) -> None:
    log = tmp_path / "strace"
    with RunningServer(tmp_path / "data") as server:
        subject = Subject(server)
        for nth in range(1, 1 + ROUNDS):
            with subject.load() as load:
                load.wait_for(20)
                with attached(server, log, *inject(f"{fault}:when={nth}", path=server.data / WAL)):
                    assert server.wait_for_end() == DISK_FAILED_STATUS, server.log()
            counts.note("system calls that failed", count_injected(log))
            assert server.log().count("disk_failed (") == nth, "one clear line each time"
            server.start()
            load.resend_unanswered()
            subject.sent.add(load.sent)
            subject.assert_nothing_lost(unavailable_may_be_stored=True)


@pytest.mark.parametrize(("call", "error"), CALLS)
def test_whatever_call_fails_from_the_start_on_the_server_refuses_ends_or_goes_on(
    tmp_path: Path, call: str, error: str
) -> None:
    log = tmp_path / "strace"
    plain = RunningServer(tmp_path / "data")
    with plain:
        subject = Subject(plain)
        plain.stop()
        paths = [option for name in FILES for option in ("-P", str(plain.data / name))]
        for nth in range(1, 1 + NTH):
            options = [*inject(f"{call}:error={error}:when={nth}"), *paths]
            live_through(subject, RunningServer(plain.data, under=strace(log, *options)))
            counts.note("system calls that failed", count_injected(log))
        plain.start()
        subject.assert_nothing_lost(unavailable_may_be_stored=True)


def live_through(subject: Subject, faulty: RunningServer) -> None:
    """Start a server whose calls fail; it refuses by a clear line, ends, or takes events all the same."""
    try:
        with faulty:
            load = Load([subject.project.on(faulty)])
            with load:
                load.wait_for(50, unless=lambda: not faulty.is_running)
            subject.sent.add(load.sent)
    except ServerError:
        said = {DISK_FAILED_STATUS: "disk_failed (", REFUSED_STATUS: "\nError: "}
        code = faulty.wait_for_end()
        assert said.get(code, "a clear word") in f"\n{faulty.log()}", f"ended with {code}: {faulty.log()}"
    assert "Traceback" not in faulty.log(), faulty.log()
