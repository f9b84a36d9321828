"""How do tests make system calls of the real server fail, wait, or leave a record?"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import RunningServer

ADVICE = "no strace: sudo apt-get install -y strace"
ATTACH_S_MAX = 20
POLL_S = 0.02
LINE_BYTES_MAX = 200

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"),
    reason=ADVICE,
)
"""CI never skips: there the test fails without strace."""


def strace(log: Path, *options: str) -> tuple[str, ...]:
    """
    The command that follows all threads of a program, for ``RunningServer(under=…)``.

    The program stays the direct child, so that signals reach it and not strace.
    """
    return ("strace", "-D", "-f", "--seccomp-bpf", "-o", str(log), *options)


def inject(*faults: str, path: Path | None = None) -> list[str]:
    """
    Options that make system calls fail.

    Args:
        faults: For instance ``fdatasync:error=EIO:when=3``; ``when`` counts in each thread.
        path: Only calls on this file.
    """
    calls = ",".join(sorted({fault.partition(":")[0] for fault in faults}))
    options = ["-e", f"trace={calls}", *(part for fault in faults for part in ("-e", f"inject={fault}"))]
    return [*options, "-P", str(path)] if path is not None else options


@contextmanager
def attached(server: RunningServer, log: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Inject into a server that runs already; at the end all calls work again."""
    command = ["strace", "-f", "-o", str(log), *options, "-p", str(server.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        try:
            line = tracer.stderr.readline()
            if "not permitted" in line and not os.environ.get("CI"):
                pytest.skip("strace may not attach: run as root, or set kernel.yama.ptrace_scope to 0")
            assert "attached" in line, f"strace can't attach: {line}"
            yield tracer
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=ATTACH_S_MAX)


def wait_for_end_of(log: Path) -> None:
    """Wait until strace has written all of its log; the end of the followed program is its last line."""
    deadline = time.monotonic() + ATTACH_S_MAX
    while not _is_whole(log):
        assert time.monotonic() < deadline, f"strace does not end its log {log}"
        time.sleep(POLL_S)


def _is_whole(log: Path) -> bool:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LINE_BYTES_MAX))
        return file.read().rstrip().endswith(b"+++ killed by SIGKILL +++")


def count_injected(log: Path) -> int:
    """How many system calls did strace tamper with?"""
    return log.read_text(errors="replace").count("(INJECTED)")
