"""Fixtures for the tests of faults: databases, and a PostgreSQL to be broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.support import clock, database, postgres, templates
from tests.support.postgres import Databases
from tests.support.server import RunningServer

__all__ = ["clock", "database", "postgres", "templates"]


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Databases]:
    """A PostgreSQL that may be stopped, killed and frozen: no other test uses it."""
    with Databases() as made:
        yield made


@pytest.fixture(scope="module")
def own_url(own_postgres: Databases) -> str:
    """One database in it, for all tests of a file."""
    return own_postgres.cluster.make_database()


@pytest.fixture(scope="module")
def postgres_server(own_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on it, which no fault of PostgreSQL may end: it is started once."""
    folder: Path = tmp_path_factory.mktemp("postgres-faults")
    with RunningServer(folder / "data", own_url) as server:
        pid = server.pid
        yield server
        assert server.is_running
        assert server.pid == pid
