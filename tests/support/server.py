"""How do tests run the real server, and talk to it as its operator does?"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.commands import LentCommands
from tests.support.http import Address, BadReplyError, exchange, request_bytes

SOURCE = Path(__file__).resolve().parents[2] / "src"
CLOCK_STEP = Path(__file__).resolve().parent / "clock_step"
"""On a server's python_path it makes its wall clock step; see the file in it."""
PLANTED_BUG = Path(__file__).resolve().parent / "planted_bug"
"""On a server's import path it breaks one guard; see the file in it."""
SLOW_STORE = Path(__file__).resolve().parent / "slow_store"
"""On a server's python_path it makes commits slow and the queue short; see the file in it."""
OTHER_LIMITS = Path(__file__).resolve().parent / "other_limits"
"""On a server's import path it sets limits; see the file in it."""
START_S_MAX = 30.0
STOP_S_MAX = 20.0
POLL_S = 0.05


class ServerError(AssertionError):
    """The server or a command of it did not do what the test needs; carries the log."""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningServer:
    """
    ``afterword serve`` in a process of its own, and the command line beside it.

    A context manager: starts on entry, stops on exit.

    Args:
        data: The data directory; made when missing.
        database_url: ``postgresql://…``; None takes the default, SQLite in the data directory.
        environment: More variables for the server and its commands.
        python_path: Directories to put before the product on the import path.
        planted_bug: One of the bugs in the folder planted_bug, by the name of its function.
        limits: Other values for constants, ``{"afterword.web.storms:REFUSALS_S_MAX": 20}``.
        under: A program and its arguments that runs the server, for instance strace.
        makes_data: False leaves making the data directory to the server.
    """

    def __init__(
        self,
        data: Path,
        database_url: str | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        python_path: tuple[Path, ...] = (),
        planted_bug: str | None = None,
        limits: Mapping[str, int] | None = None,
        under: tuple[str, ...] = (),
        makes_data: bool = True,
    ) -> None:
        if planted_bug is not None:
            environment = {**(environment or {}), "TESTS_PLANTED_BUG": planted_bug}
            python_path = (PLANTED_BUG, *python_path)
        if limits is not None:
            environment = {**(environment or {}), "TESTS_LIMITS": json.dumps(dict(limits))}
            python_path = (OTHER_LIMITS, *python_path)
        self.data = data
        self.database_url = database_url
        self.port = free_port()
        self.log_path = data.parent / f"{data.name}-server-{self.port}.log"
        self._under = under
        self._makes_data = makes_data
        self._environment = _environment(data, database_url, environment or {}, python_path)
        self._process: subprocess.Popen[bytes] | None = None
        self._commands: LentCommands | None = None
        self._first_command = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._commands is not None:
            self._commands.close()
            self._commands = None
        if self.is_running:
            self.stop()

    @property
    def address(self) -> Address:
        """Where it listens."""
        return ("127.0.0.1", self.port)

    @property
    def base_url(self) -> str:
        """Where it listens, as a URL without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None, "the server was never started"
        return self._process.pid

    def start(self, *, wait: bool = True) -> None:
        """Migrate when the database is PostgreSQL, serve, and wait until it is ready, unless told not to."""
        if self.database_url:
            self.cli("migrate")
        if self._makes_data:
            self.data.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._under, *_command("serve", "--port", str(self.port))],
                env=self._environment,
                cwd=self.data.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self, within_s: float = START_S_MAX) -> None:
        """Wait until ``/readyz`` answers 200."""
        deadline = time.monotonic() + within_s
        while not self.is_ready():
            if not self.is_running:
                raise ServerError(f"the server ended with {self._exit_code()} at its start:\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"the server is not ready after {within_s} s:\n{self.log()}")
            time.sleep(POLL_S)

    def is_ready(self) -> bool:
        """Ask ``/readyz`` once."""
        try:
            return exchange(self.address, request_bytes("GET", "/readyz"), timeout_s=5.0).status == 200
        except (OSError, BadReplyError):
            return False

    def terminate(self) -> None:
        """Send SIGTERM and don't wait."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop by SIGTERM, and insist on exit code 0."""
        self.terminate()
        code = self.wait_for_end()
        if code != 0:
            raise ServerError(f"the server ended with {code} after SIGTERM:\n{self.log()}")

    def wait_for_end(self) -> int:
        """Wait until the process is gone; its exit code."""
        assert self._process is not None
        try:
            return self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(f"the server did not stop within {STOP_S_MAX} s:\n{self.log()}") from None

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_S_MAX)

    def restart(self) -> None:
        """Stop properly and start again on the same port."""
        self.stop()
        self.start()

    def log(self) -> str:
        """Read what the server printed so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def cli(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """
        Run a command with the server's environment; its standard output.

        Raises:
            ServerError: The command did not end with 0.
        """
        with self._first_command:
            if self._commands is None:
                self._commands = LentCommands(self._environment, str(self.data.parent))
        done = self._commands.run(arguments, environment or {})
        if done.code != 0:
            raise ServerError(
                f"afterword {' '.join(arguments)} ended with {done.code}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def cli_json(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
        """Run a command with ``--json`` and parse what it prints."""
        return json.loads(self.cli(*arguments, "--json", environment=environment))

    def _exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()


def rss_bytes(server: RunningServer) -> int:
    """The memory that the server's process holds."""
    return int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "afterword", *arguments]


def _environment(
    data: Path, database_url: str | None, more: Mapping[str, str], python_path: tuple[Path, ...]
) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
    inherited = kept.get("PYTHONPATH", "")
    paths = [*map(str, python_path), str(SOURCE), *([inherited] if inherited else [])]
    environment = {**kept, "AFTERWORD_DATA": str(data), "PYTHONPATH": os.pathsep.join(paths)}
    if database_url:
        environment["AFTERWORD_DATABASE_URL"] = database_url
    return {**environment, "PYTHONUNBUFFERED": "1", **more}
