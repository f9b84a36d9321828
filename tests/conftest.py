"""Fixtures for all tests: each database a test may run on, fresh and empty."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import Databases

DATABASE_KINDS = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Make fresh databases; PostgreSQL is started once for the run, when first needed."""
    with Databases() as made:
        yield made


@pytest.fixture(scope="session", params=DATABASE_KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database under test; all tests of one kind run together."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, databases: Databases) -> Iterator[str | None]:
    """A fresh, empty database for one test; None is SQLite in the data directory."""
    url = databases.make(database_kind)
    yield url
    databases.drop(url)
