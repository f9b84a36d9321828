"""Is PostgreSQL used only when it keeps what it acknowledged, and are its secrets kept?"""

import gc
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.storage import event_batch, projects
from afterword.storage.engine import (
    POOL_CONNECTIONS_MAX,
    Database,
    DatabaseError,
    StoreError,
    read_rows,
    took_too_long,
)
from afterword.storage.open import open_database
from afterword.storage.postgres import open_postgres
from afterword.storage.schema import migrate
from afterword.storage.tables import identity
from tests.storage.support import add_person, add_project, in_threads, new_event
from tests.support.postgres import Databases, database_name

PASSWORD = "correct-horse-battery"


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    """A fresh database."""
    url = databases.make("postgres")
    assert url is not None
    yield url
    databases.drop(url)


def setting(connection: sa.Connection, name: str) -> str:
    """What PostgreSQL says a setting is now."""
    return str(connection.scalar(sa.text(f"SHOW {name}")))


def test_commits_that_do_not_wait_for_the_disk_are_refused(databases: Databases, url: str) -> None:
    databases.cluster.run(f"ALTER DATABASE {database_name(url)} SET synchronous_commit = off")
    with pytest.raises(DatabaseError, match=r"synchronous_commit = off .*: set synchronous_commit = on"):
        open_postgres(url)
    gc.collect()  # A connection that was left open would warn here.


def test_the_setting_of_a_role_is_seen_too(databases: Databases, url: str) -> None:
    role = f"role_{database_name(url)}"
    databases.cluster.run(f"CREATE ROLE {role} LOGIN")
    databases.cluster.run(f"ALTER ROLE {role} SET synchronous_commit = off")
    with pytest.raises(DatabaseError, match=r"synchronous_commit = off"):
        open_postgres(url.replace("postgres:@", f"{role}:@"))
    databases.cluster.run(f"DROP ROLE {role}")


def test_commits_wait_for_the_disk_although_somebody_switches_it_off_later(
    databases: Databases, url: str
) -> None:
    opened = open_postgres(url)
    databases.cluster.run(f"ALTER DATABASE {database_name(url)} SET synchronous_commit = off")
    with opened.write() as connection:
        assert setting(connection, "synchronous_commit") == "on"
    opened.close()


@pytest.mark.parametrize("value", ["on", "local", "remote_write", "remote_apply"])
def test_commits_that_wait_for_the_disk_are_taken(databases: Databases, url: str, value: str) -> None:
    databases.cluster.run(f"ALTER DATABASE {database_name(url)} SET synchronous_commit = {value}")
    opened = open_postgres(url)
    with opened.write() as connection:
        assert setting(connection, "synchronous_commit") == value
    opened.close()


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseError) as raised:
        open_postgres(f"postgresql://alice:{PASSWORD}@127.0.0.1:1/afterword")
    assert "can't reach PostgreSQL at postgresql" in str(raised.value)
    assert "alice" in str(raised.value)
    assert "127.0.0.1:1/afterword" in str(raised.value)
    assert PASSWORD not in str(raised.value)


def test_a_password_in_the_query_is_not_shown_either() -> None:
    with pytest.raises(DatabaseError) as raised:
        open_postgres(f"postgresql://127.0.0.1:1/afterword?user=alice&password={PASSWORD}")
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


def cut(database: Database, databases: Databases) -> None:
    """Use a connection, and let the server end it."""
    with database.read() as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    databases.cluster.run(f"SELECT pg_terminate_backend({pid}, 5000)")


def test_an_idle_connection_that_the_server_cut_is_replaced(
    postgres: Database, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterword.storage.postgres.PING_AFTER_US", 0)
    cut(postgres, databases)
    with postgres.read() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_a_busy_connection_that_the_server_cut_fails_once(postgres: Database, databases: Databases) -> None:
    cut(postgres, databases)
    with pytest.raises(StoreError), postgres.read() as connection:
        connection.scalar(sa.text("SELECT 1"))
    with postgres.read() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1


def test_one_batch_fails_when_the_server_ended_all_connections(
    postgres: Database, databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    """The others of the pool are asked before they are lent, however lately they were used."""
    with postgres.write() as connection:
        project_id = add_project(connection)
    with ExitStack() as lent:
        several = [lent.enter_context(postgres.write()) for _ in range(5)]
        pids = [connection.scalar(sa.text("SELECT pg_backend_pid()")) for connection in several]
    for pid in pids:
        databases.cluster.run(f"SELECT pg_terminate_backend({pid}, 5000)")
    failed = 0
    for _ in range(8):
        try:
            with projects.write_locked(postgres, [project_id]) as (_, numbers):
                assert numbers == {project_id: 0}
        except StoreError:
            failed += 1
    assert failed == 1
    assert caplog.text == "", "a connection that was gone was tidied up"


def test_many_rows_are_read_in_portions_not_kept_by_the_driver(postgres: Database) -> None:
    with postgres.read() as connection:
        rows = read_rows(connection, "SELECT generate_series(1, 10)", 3)
        first = next(rows)
        at_the_server = connection.exec_driver_sql("FETCH ALL FROM rows").all()
    assert (first[0], [row[0] for row in at_the_server]) == (1, [4, 5, 6, 7, 8, 9, 10])


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


def test_every_transaction_has_its_time_limits_and_leaves_none_behind(url: str) -> None:
    opened = open_postgres(url)
    for lend, statement in ((opened.read, "30s"), (opened.write, "5s")):
        with lend() as connection:
            assert setting(connection, "statement_timeout") == statement
            assert setting(connection, "idle_in_transaction_session_timeout") == "10s"
            connection.rollback()
            with connection.connection.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("0",)
    opened.close()


def test_a_reader_sees_one_state_and_can_not_write(url: str) -> None:
    opened = open_postgres(url)
    with opened.read() as connection:
        assert setting(connection, "transaction_isolation") == "repeatable read"
        with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
            connection.execute(sa.text("CREATE TABLE t ()"))
    opened.close()


def test_readers_that_keep_all_their_connections_leave_writers_theirs(postgres: Database) -> None:
    with ExitStack() as lent:
        for _ in range(POOL_CONNECTIONS_MAX):
            lent.enter_context(postgres.read())
        with postgres.write() as connection:
            assert add_project(connection) == 1


def test_a_lock_that_is_not_let_go_ends_the_statement_that_waits(
    postgres: Database,
) -> None:
    with postgres.write() as connection:
        project_id = add_project(connection)
    with postgres.write() as holder, postgres.write() as waiter:
        projects.lock_accepted(holder, [project_id])
        waiter.execute(sa.text("SET LOCAL statement_timeout = '50ms'"))
        with pytest.raises(StoreError, match="statement timeout") as raised:
            projects.lock_accepted(waiter, [project_id])
        assert took_too_long(raised.value)
        waiter.rollback()


def fall_silent(postgres: Database, project_id: int) -> None:
    """Lock a project and say nothing more, as a server that is stopped in the middle of a batch."""
    with postgres.write() as stopped:
        stopped.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
        projects.lock_accepted(stopped, [project_id])
        with postgres.write() as next_one:
            assert projects.lock_accepted(next_one, [project_id]) == {project_id: 0}
        stopped.execute(sa.text("SELECT 1"))


def test_a_transaction_that_falls_silent_loses_its_locks(postgres: Database) -> None:
    with postgres.write() as connection:
        project_id = add_project(connection)
    with pytest.raises(StoreError):
        fall_silent(postgres, project_id)


def test_a_migration_may_take_as_long_as_it_takes(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "afterword.storage.schema.command.upgrade",
        lambda config, _: seen.append(setting(config.attributes["connection"], "statement_timeout")),
    )
    opened = open_postgres(url)
    migrate(opened)
    opened.close()
    assert seen == ["0"]


def test_an_error_repeats_nothing_of_the_row(postgres: Database) -> None:
    """PostgreSQL's own text goes on with the row that failed, and errors end up in the log."""
    address = f"bob@{'example'}.com"  # A traceback shows these lines, too.
    with pytest.raises(StoreError) as copied, postgres.write() as connection:
        event_batch.write(connection, [new_event(email=address, name=None)])
    with postgres.write() as connection:
        row = {"kind": "email", "value": address, "shown": "Bob", "person_id": add_person(connection)}
    with pytest.raises(StoreError) as inserted, postgres.write() as connection:
        connection.execute(sa.insert(identity), [row, row])
    for raised in (copied, inserted):
        text = "".join(traceback.format_exception(raised.value))
        assert "violates" in text
        assert address not in text
