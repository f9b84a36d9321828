"""Is it known what a failed transaction means for all others, and is it said once?"""

import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.flows.ingest.check_store import find_trouble
from afterword.storage import postgres as storage_postgres
from afterword.storage import sqlite as storage_sqlite
from afterword.storage.engine import Database, StoreError
from afterword.storage.trouble import ADVICE, Trouble, TroubleError
from tests.storage.support import add_event

BIG = "x" * 100_000


class DriverError(sqlite3.OperationalError):
    """An error as SQLite's driver raises it."""

    def __init__(self, code: int) -> None:
        super().__init__("disk I/O error")
        self.sqlite_errorcode = code


def wrapped(error: Exception) -> sa.exc.DBAPIError:
    return sa.exc.OperationalError("COMMIT", {}, error)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: a real refusal of the system, as by a quota."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def fail_to_write(database: Database) -> None:
    with pytest.raises(StoreError), database.write() as connection:
        add_event(connection, metadata=BIG)


def enter(database: Database, trouble: Trouble, patch: pytest.MonkeyPatch) -> None:
    """Find some trouble in a transaction."""
    patch.setattr(database, "_find_trouble", lambda error: trouble)
    with pytest.raises(StoreError), database.write() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (sqlite3.SQLITE_FULL, Trouble.DISK_FULL),
        (sqlite3.SQLITE_IOERR_FSYNC, Trouble.DISK_FAILED),
        (sqlite3.SQLITE_IOERR_DIR_FSYNC, Trouble.DISK_FAILED),
        (sqlite3.SQLITE_IOERR_WRITE, Trouble.DISK_FAILED),
        (sqlite3.SQLITE_IOERR_TRUNCATE, Trouble.DISK_FAILED),
        (sqlite3.SQLITE_IOERR_READ, Trouble.DAMAGED),
        (sqlite3.SQLITE_CORRUPT, Trouble.DAMAGED),
        (sqlite3.SQLITE_CORRUPT_INDEX, Trouble.DAMAGED),
        (sqlite3.SQLITE_NOTADB, Trouble.DAMAGED),
        (sqlite3.SQLITE_READONLY, Trouble.READ_ONLY),
        (sqlite3.SQLITE_BUSY, None),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, None),
    ],
)
def test_an_error_of_sqlite_means(tmp_path: Path, code: int, trouble: Trouble | None) -> None:
    path = tmp_path / "afterword.db"
    path.touch()
    assert storage_sqlite.find_trouble(path, wrapped(DriverError(code))) is trouble


@pytest.mark.parametrize(
    ("state", "trouble"),
    [("53100", Trouble.DISK_FULL), ("25006", Trouble.READ_ONLY), ("40P01", None), (None, None)],
)
def test_an_error_of_postgresql_means(state: str | None, trouble: Trouble | None) -> None:
    error = Exception("PostgreSQL")
    error.sqlstate = state  # type: ignore[attr-defined]
    assert storage_postgres.find_trouble(wrapped(error)) is trouble


def test_a_file_that_may_not_grow_is_a_full_disk_and_no_broken_one(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with file_size_limit(50_000):
        fail_to_write(sqlite)
        fail_to_write(sqlite)
        assert sqlite.health.trouble is Trouble.DISK_FULL
        assert find_trouble(sqlite) in (None, Trouble.DISK_FULL)
    with sqlite.write() as connection:
        add_event(connection, metadata=BIG)
    assert sqlite.health.trouble is None
    said = [record.message for record in caplog.records]
    assert [text for text in said if "disk_full (" in text and "make space on" in text] == said[:1]
    assert said[-1] == "the database takes writes again: disk_full is over"


def test_readiness_comes_back_without_an_event(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_trouble(database) is None
    enter(database, Trouble.DISK_FULL, monkeypatch)
    assert find_trouble(database) is None, "it asked the database to write"


def test_readiness_stays_away_while_nothing_can_be_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(database, Trouble.READ_ONLY, monkeypatch)

    def fail(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    monkeypatch.setattr("afterword.storage.revision.touch", fail)
    assert find_trouble(database) is Trouble.READ_ONLY


@pytest.mark.parametrize("trouble", [Trouble.DAMAGED, Trouble.DISK_FAILED])
def test_after_a_final_trouble_nothing_is_written_and_all_can_be_read(
    sqlite: Database, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(sqlite, trouble, monkeypatch)
    with pytest.raises(TroubleError), sqlite.write():
        pytest.fail("a transaction was begun")
    with sqlite.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM event").scalar() == 0
    assert find_trouble(sqlite) is trouble


def test_the_process_is_told_once_that_its_disk_failed(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[None] = []
    sqlite.health.on_disk_failed = lambda: told.append(None)
    enter(sqlite, Trouble.DISK_FULL, monkeypatch)
    assert told == []
    for _ in range(3):
        enter(sqlite, Trouble.DISK_FAILED, monkeypatch)
    assert len(told) == 1


def test_a_reader_notices_damage_and_nothing_else(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for found, noticed in [(Trouble.READ_ONLY, None), (Trouble.DAMAGED, Trouble.DAMAGED)]:
        monkeypatch.setattr(sqlite, "_find_trouble", lambda error, found=found: found)
        with pytest.raises(StoreError), sqlite.read() as connection:
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
        assert sqlite.health.trouble is noticed


def test_each_trouble_says_what_to_do() -> None:
    assert ADVICE.keys() == set(Trouble)
