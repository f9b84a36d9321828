"""What happens on a full disk? 503, not ready, pages stay readable, and it comes back by itself."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.subject import Subject
from tests.support.http import Header, exchange, request_bytes
from tests.support.server import RunningServer, ServerError

DISK = "size=32m"
SEEN_S_MAX = 20.0
POLL_S = 0.02
BLOCK = b"x" * 65_536


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, for whoever may mount one; a limit of file sizes is tried by everybody."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system needs the right to mount: run as root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill a file system to its last byte, for a while."""
    file = disk / "filler"
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(descriptor, BLOCK)
    except OSError:
        os.close(descriptor)
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def limited(server: RunningServer) -> Iterator[None]:
    """Let the server's files grow no further than into the next page: a short write, then none."""
    size = (server.data / "afterword.db-wal").stat().st_size + 1_000
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


def wait_until(seen: Callable[[], bool]) -> None:
    """Wait for what can be seen."""
    deadline = time.monotonic() + SEEN_S_MAX
    while not seen():
        assert time.monotonic() < deadline, "it did not come within time"
        time.sleep(POLL_S)


def session(subject: Subject) -> Header:
    """Open the staff pages; the cookie."""
    link = subject.server.cli("admin", "link").splitlines()[0].removeprefix(subject.server.base_url)
    reply = exchange(subject.server.address, request_bytes("POST", link))
    return ("Cookie", (reply.header("Set-Cookie") or "").partition(";")[0])


def survive(subject: Subject, fault: Callable[[], AbstractContextManager[None]]) -> None:
    """Meet a full disk under load."""
    cookie = session(subject)
    with subject.load() as load:
        load.wait_for(20)
        with fault():
            wait_until(lambda: subject.trouble() == "disk_full")
            refused = subject.project.track({"name": "x", "email": "a@example.com", "timestamp": "1"})
            assert (refused.status, refused.header("Retry-After")) == (503, "5")
            assert refused.json()["error"] == "service_unavailable"
            assert subject.get("/healthz").status == 200
            for page in ("/surveys", "/events", "/mailbox"):
                assert subject.get(page, (cookie,)).status == 200, page
        wait_until(lambda: subject.trouble() is None)
        load.wait_for(20)
    subject.assert_nothing_lost()
    log = subject.server.log()
    assert log.count("disk_full (") == 1, log
    assert log.count("disk_full is over") == 1, log


def test_a_limit_of_file_sizes_is_survived_by_the_worker_too(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        subject = Subject(server)
        subject.ask_everybody()
        survive(subject, lambda: limited(server))


def test_a_full_disk_is_survived_and_named_at_a_start_on_it(small_disk: Path) -> None:
    server = RunningServer(small_disk / "data")
    server.log_path = small_disk.parent / "server.log"
    with server:
        subject = Subject(server)
        survive(subject, lambda: filled(small_disk))
        server.stop()
        with filled(small_disk), pytest.raises(ServerError, match=r"disk_full.*: make space"):
            server.start()
        server.start()
        subject.assert_nothing_lost()
