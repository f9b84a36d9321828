"""Is SQLite set up so that acknowledged events survive, with one writer and one server?"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.storage import events
from afterword.storage import sqlite as storage_sqlite
from afterword.storage.engine import Connection, Database, DatabaseError, StoreError
from afterword.storage.sqlite import PRAGMAS, ServerLock, driver, open_sqlite
from tests.storage.support import add_event, in_threads

PROMISED = {
    "journal_mode": "wal",
    "synchronous": 2,
    "busy_timeout": 5_000,
    "foreign_keys": 1,
    "secure_delete": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}
BORROW = pytest.mark.parametrize("borrow", [Database.read, Database.write], ids=["reader", "writer"])
Borrow = Callable[[Database], AbstractContextManager[Connection]]


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """A process that lets everybody read its new files, as most do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@BORROW
@pytest.mark.parametrize("name", PROMISED)
def test_each_connection_has_the_promised_pragma(sqlite: Database, borrow: Borrow, name: str) -> None:
    with borrow(sqlite) as connection:
        assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == PROMISED[name]


@BORROW
def test_no_connection_maps_the_file_into_memory(sqlite: Database, borrow: Borrow) -> None:
    with borrow(sqlite) as connection:
        # Without a row, this copy of SQLite can't do it at all.
        assert connection.exec_driver_sql("PRAGMA mmap_size").scalar() in (0, None)


def test_every_reader_of_the_pool_has_the_pragmas(sqlite: Database) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(sqlite.read()) for _ in range(4)]
        for reader in readers:
            assert reader.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert reader.exec_driver_sql("PRAGMA query_only").scalar() == 1


def test_a_pragma_that_does_not_hold_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRAGMAS, "busy_timeout", -1)
    with pytest.raises(DatabaseError, match="refuses PRAGMA busy_timeout = -1"):
        open_sqlite(tmp_path / "afterword.db").close()


def test_readers_can_not_write(sqlite: Database) -> None:
    with pytest.raises(StoreError, match="readonly"), sqlite.read() as connection:
        add_event(connection)


def test_readers_go_on_while_the_writer_writes_and_see_only_what_is_committed(sqlite: Database) -> None:
    with sqlite.write() as writing:
        event_id = add_event(writing)
        with sqlite.read() as connection:
            assert events.get_event(connection, event_id) is None
    with sqlite.read() as connection:
        assert events.get_event(connection, event_id) is not None


def test_writers_of_one_process_take_turns(sqlite: Database) -> None:
    numbers: list[int] = []

    def write(worker: int) -> None:
        for _ in range(10):
            with sqlite.write() as connection:
                number = connection.scalar(sa.text("SELECT count(*) FROM event"))
                add_event(connection, number=number)
                numbers.append(number)

    in_threads(8, write)
    assert numbers == list(range(80))


def test_a_writer_of_another_process_is_waited_for(sqlite: Database, tmp_path: Path) -> None:
    other = driver().connect(str(tmp_path / "afterword.db"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    with sqlite.write() as connection:
        add_event(connection)
    timer.join()
    other.close()


def test_only_the_owner_may_read_a_new_database(tmp_path: Path, loose_umask: None) -> None:
    made = open_sqlite(tmp_path / "afterword.db")
    with made.write() as connection:
        connection.execute(sa.text("CREATE TABLE secret (it TEXT)"))
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    made.close()
    assert set(modes) == {"afterword.db", "afterword.db-wal", "afterword.db-shm"}
    assert set(modes.values()) == {"0o600"}, modes


def test_a_new_file_is_durable_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(storage_sqlite, "fsync_directory", synced.append)
    open_sqlite(tmp_path / "afterword.db").close()
    assert synced == [tmp_path]
    open_sqlite(tmp_path / "afterword.db").close()
    assert synced == [tmp_path] * 2, "whoever made it may have been killed before it was synced"


def test_what_is_no_database_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are my notes, and no database. " * 100)
    with pytest.raises(DatabaseError, match=r"can't open the SQLite database .*notes\.db"):
        open_sqlite(path)
    assert path.read_text().startswith("These are my notes")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="can't open the SQLite database"):
        open_sqlite(tmp_path / "nowhere" / "afterword.db")


class TestServerLock:
    """Rate limits are counted in one server's memory, so there is one server."""

    def test_a_second_server_is_refused_until_the_first_one_ends(self, tmp_path: Path) -> None:
        first, second = ServerLock(tmp_path), ServerLock(tmp_path)
        first.acquire()
        with pytest.raises(DatabaseError, match=r"another Afterword server runs on .*: stop it first"):
            second.acquire()
        first.release()
        second.acquire()
        second.release()

    def test_servers_on_two_directories_do_not_mind_each_other(self, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        locks = [ServerLock(tmp_path), ServerLock(tmp_path / "other")]
        for lock in locks:
            lock.acquire()
        for lock in locks:
            lock.release()
