"""Is PostgreSQL used only when it keeps what it acknowledged, and are its secrets kept?"""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.storage.engine import Database, DatabaseError
from afterword.storage.open import open_database
from afterword.storage.postgres import open_postgres
from tests.storage.support import add_project, in_threads
from tests.support.postgres import Databases, database_name

PASSWORD = "correct-horse-battery"


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    """A fresh database."""
    url = databases.make("postgres")
    assert url is not None
    yield url
    databases.drop(url)


def test_commits_that_do_not_wait_for_the_disk_are_refused(databases: Databases, url: str) -> None:
    databases.cluster.run(f"ALTER DATABASE {database_name(url)} SET synchronous_commit = off")
    with pytest.raises(DatabaseError, match=r"synchronous_commit = off .*: set synchronous_commit = on"):
        open_postgres(url)
    gc.collect()  # A connection that was left open would warn here.


@pytest.mark.parametrize("value", ["on", "local", "remote_write", "remote_apply"])
def test_commits_that_wait_for_the_disk_are_taken(databases: Databases, url: str, value: str) -> None:
    databases.cluster.run(f"ALTER DATABASE {database_name(url)} SET synchronous_commit = {value}")
    open_postgres(url).close()


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseError) as raised:
        open_postgres(f"postgresql://alice:{PASSWORD}@127.0.0.1:1/afterword")
    assert "can't reach PostgreSQL at postgresql" in str(raised.value)
    assert "alice" in str(raised.value)
    assert "127.0.0.1:1/afterword" in str(raised.value)
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql:/alice:{PASSWORD}@host/afterword",
        f"alice:{PASSWORD}@host/afterword",
    ],
)
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        open_postgres(url)
    assert PASSWORD not in str(raised.value)


def test_a_database_that_is_not_there_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="can't reach PostgreSQL"):
        open_postgres(url.replace(database_name(url), "no_such_database"))


def test_the_settings_choose_postgresql_by_its_url(url: str, tmp_path: Path) -> None:
    opened = open_database(url, tmp_path / "afterword.db")
    assert opened.is_postgres
    opened.close()
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_the_server_cut_is_replaced(postgres: Database, databases: Databases) -> None:
    with postgres.read() as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    databases.cluster.run(f"SELECT pg_terminate_backend({pid}, 5000)")
    with postgres.read() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_nothing_is_prepared_on_the_server_as_poolers_need_it(postgres: Database) -> None:
    with postgres.write() as connection:
        for _ in range(20):
            connection.execute(sa.text("SELECT count(*) FROM event WHERE number = :n"), {"n": 1})
        assert connection.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements")) == 0


def test_more_threads_than_connections_wait_for_one(postgres: Database) -> None:
    def write(worker: int) -> int:
        with postgres.write() as connection:
            return add_project(connection, f"Project {worker}")

    assert len(set(in_threads(16, write))) == 16
