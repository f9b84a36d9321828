"""Do migrations give the schema that the program works with, safely, and only forwards?"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from afterword.flows.upkeep.prepare_schema import BACKUP_FOLDER, migrate_schema, prepare_schema
from afterword.kit.clock import SECOND_US
from afterword.storage import events, invitations, people, schema, trigger_matches
from afterword.storage.engine import Database, DatabaseError
from afterword.storage.open import open_database
from afterword.storage.schema import SchemaState, check_schema, migrate
from afterword.storage.sqlite import driver
from afterword.storage.tables import metadata
from tests.storage.support import (
    LATEST,
    NEXT_REVISION,
    START,
    START_US,
    FakeClock,
    add_event,
    add_person,
    add_project,
)
from tests.support.postgres import Databases


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the SQLite database lives."""
    return tmp_path / "afterword.db"


@pytest.fixture
def fresh(database_url: str | None, path: Path) -> Iterator[Database]:
    """An empty database without any schema."""
    opened = open_database(database_url, path)
    yield opened
    opened.close()


def table_names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def set_revision(database: Database, revision: str) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_the_migrated_schema_is_the_one_in_tables(database: Database) -> None:
    def is_compared(item: object, name: str | None, kind: str, *rest: object) -> bool:
        # Alembic does not ask an index for which database it is; the next test does.
        return database.is_postgres or name != "uq_event_project_id_number"

    with database.read() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": is_compared}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_the_index_by_number_is_on_postgresql_only(database: Database) -> None:
    with database.read() as connection:
        names = [index["name"] for index in sa.inspect(connection).get_indexes("event")]
    assert names == (["uq_event_project_id_number"] if database.is_postgres else [])


def test_an_empty_database_is_told_from_a_migrated_one(fresh: Database) -> None:
    assert check_schema(fresh) is SchemaState.EMPTY
    assert table_names(fresh) == set(), "looking changed something"
    migrate(fresh)
    assert check_schema(fresh) is SchemaState.CURRENT


def test_migrating_twice_changes_nothing(fresh: Database) -> None:
    migrate(fresh)
    with fresh.write() as connection:
        event_id = add_event(connection)
    migrate(fresh)
    with fresh.read() as connection:
        assert events.get_event(connection, event_id) is not None
        numbers = connection.execute(sa.text("SELECT id, number FROM revision")).all()
    assert numbers == [(1, 1)]


@pytest.mark.parametrize("bring_up", [partial(prepare_schema, is_server=True), migrate_schema])
def test_a_newer_schema_is_refused_and_left_alone(
    fresh: Database, path: Path, clock: FakeClock, bring_up: object
) -> None:
    migrate(fresh)
    set_revision(fresh, "7777")
    before = table_names(fresh)
    with pytest.raises(DatabaseError, match="newer Afterword: start that version"):
        bring_up(fresh, clock, path)  # type: ignore[operator]
    assert check_schema(fresh) is SchemaState.NEWER
    assert table_names(fresh) == before


def test_an_older_schema_is_seen_and_brought_up_to_date_with_its_rows(
    fresh: Database, path: Path, clock: FakeClock, request: pytest.FixtureRequest
) -> None:
    migrate(fresh)
    with fresh.write() as connection:
        event_id = add_event(connection)
    request.getfixturevalue("next_version")
    assert check_schema(fresh) is SchemaState.OLDER
    migrate_schema(fresh, clock, path)
    assert check_schema(fresh) is SchemaState.CURRENT
    assert "added_later" in table_names(fresh)
    with fresh.read() as connection:
        assert events.get_event(connection, event_id) is not None


def test_who_used_a_tool_before_is_known_to_have(fresh: Database) -> None:
    with fresh.write() as connection:
        schema.upgrade(connection, "0002")
        project_id, other_id = add_project(connection), add_project(connection, "Deploy CLI")
        bob, gone = add_person(connection), add_person(connection, "Gone")
        people.update_person(connection, gone, {"erased_at": START})
        for number, (whose, seconds) in enumerate(((bob, 5), (bob, 3), (bob, 4), (None, 1), (gone, 2)), 1):
            at_us = START_US + seconds * SECOND_US
            add_event(connection, number, project_id=project_id, person_id=whose, received_at=at_us)
        add_event(connection, project_id=other_id, person_id=bob, received_at=START_US)
        add_event(connection, 9, project_id=project_id, person_id=bob, received_at=START_US, is_test=True)
    migrate(fresh)
    with fresh.read() as connection:
        found = trigger_matches.list_first_events(connection, [bob, gone])
    assert found == {(bob, project_id): START + timedelta(seconds=3), (bob, other_id): START}


def test_what_was_handed_over_when_there_was_mail_only_went_by_mail(fresh: Database) -> None:
    states = {"queued": None, "sending": None, "uncertain": None, "sent": START_US, "failed": None}
    with fresh.write() as connection:
        schema.upgrade(connection, "0002")
        bob, old = add_person(connection), sa.MetaData()
        old.reflect(connection, only=["survey", "invitation"])
        survey = {
            "id": 1,
            "project_id": add_project(connection),
            "key": "s",
            "state": "live",
            "latest_version": 1,
        }
        connection.execute(sa.insert(old.tables["survey"]).values(**survey, created_at=START_US))
        for number, (state, sent_at) in enumerate(states.items(), 1):
            whose = {"survey_id": 1, "survey_version": 1, "person_id": bob, "event_id": number}
            times = {"created_at": START_US, "expires_at": START_US, "sent_at": sent_at}
            row = {"state": state, "is_test": False, "message_id": f"m{number}", **whose, **times}
            connection.execute(sa.insert(old.tables["invitation"]).values(row))
    migrate(fresh)
    with fresh.read() as connection:
        found = invitations.list_for_events(connection, [bob], range(9))
    assert {one.state.value for one in found if one.channel} == {"sending", "uncertain", "sent"}


def test_a_migration_that_fails_halfway_changes_nothing(
    fresh: Database, path: Path, clock: FakeClock, request: pytest.FixtureRequest
) -> None:
    migrate(fresh)
    step: Path = request.getfixturevalue("next_version")
    step.write_text(NEXT_REVISION.format(latest=LATEST, failure="raise RuntimeError('on purpose')"))
    with pytest.raises(RuntimeError, match="on purpose"):
        migrate_schema(fresh, clock, path)
    assert check_schema(fresh) is SchemaState.OLDER
    assert "added_later" not in table_names(fresh)


class TestOnSqlite:
    """The server migrates by itself, after a backup copy."""

    @pytest.fixture
    def opened(self, path: Path) -> Iterator[Database]:
        """A new database file."""
        opened = open_database(None, path)
        yield opened
        opened.close()

    def test_a_server_makes_the_first_schema_without_a_backup(
        self, opened: Database, path: Path, clock: FakeClock
    ) -> None:
        prepare_schema(opened, clock, path, is_server=True)
        assert check_schema(opened) is SchemaState.CURRENT
        assert not (path.parent / BACKUP_FOLDER).exists()

    def test_a_server_copies_an_older_database_before_it_migrates(
        self, opened: Database, path: Path, clock: FakeClock, request: pytest.FixtureRequest
    ) -> None:
        migrate(opened)
        with opened.write() as connection:
            add_event(connection, name="kept.safe")
        request.getfixturevalue("next_version")
        prepare_schema(opened, clock, path, is_server=True)
        assert check_schema(opened) is SchemaState.CURRENT

        (copy,) = (path.parent / BACKUP_FOLDER).iterdir()
        assert copy.name == "before-migration-20270115T080000.db"
        assert copy.stat().st_mode & 0o777 == 0o600
        assert copy.parent.stat().st_mode & 0o777 == 0o700
        found = driver().connect(str(copy))
        try:
            assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert found.execute("SELECT name FROM event").fetchall() == [("kept.safe",)]
            assert found.execute("SELECT version_num FROM alembic_version").fetchall() == [(LATEST,)]
        finally:
            found.close()

    def test_a_command_beside_an_older_server_changes_nothing(
        self, opened: Database, path: Path, clock: FakeClock, request: pytest.FixtureRequest
    ) -> None:
        migrate(opened)
        request.getfixturevalue("next_version")
        with pytest.raises(DatabaseError, match="afterword migrate"):
            prepare_schema(opened, clock, path, is_server=False)
        assert check_schema(opened) is SchemaState.OLDER

    def test_an_up_to_date_database_is_not_copied(
        self, opened: Database, path: Path, clock: FakeClock
    ) -> None:
        migrate(opened)
        prepare_schema(opened, clock, path, is_server=True)
        assert migrate_schema(opened, clock, path) is None
        assert not (path.parent / BACKUP_FOLDER).exists()


class TestOnPostgres:
    """The server refuses what is not up to date, until somebody migrates."""

    @pytest.fixture
    def url(self, databases: Databases) -> Iterator[str]:
        """A fresh database."""
        url = databases.make("postgres")
        assert url is not None
        yield url
        databases.drop(url)

    @pytest.fixture
    def opened(self, url: str, path: Path) -> Iterator[Database]:
        """An empty database without any schema."""
        opened = open_database(url, path)
        yield opened
        opened.close()

    def test_a_server_refuses_an_empty_database_until_it_is_migrated(
        self, opened: Database, path: Path, clock: FakeClock
    ) -> None:
        with pytest.raises(DatabaseError, match="run `afterword migrate` first"):
            prepare_schema(opened, clock, path, is_server=True)
        assert table_names(opened) == set()
        assert migrate_schema(opened, clock, path) is None
        prepare_schema(opened, clock, path, is_server=True)

    def test_a_server_refuses_an_older_schema_until_it_is_migrated(
        self, opened: Database, path: Path, clock: FakeClock, request: pytest.FixtureRequest
    ) -> None:
        migrate(opened)
        request.getfixturevalue("next_version")
        with pytest.raises(DatabaseError, match="run `afterword migrate` first"):
            prepare_schema(opened, clock, path, is_server=True)
        assert check_schema(opened) is SchemaState.OLDER
        migrate_schema(opened, clock, path)
        prepare_schema(opened, clock, path, is_server=True)

    def test_three_that_migrate_at_once_take_turns(self, url: str, opened: Database, tmp_path: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if "AFTERWORD" not in name}
        environment |= {"AFTERWORD_DATABASE_URL": url, "AFTERWORD_DATA": str(tmp_path / "data")}
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "afterword", "migrate"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for _ in range(3)
        ]
        ended = [(process.communicate(timeout=60)[0].decode(), process.returncode) for process in running]
        assert ended == [("The schema is up to date.\n", 0)] * 3
        assert check_schema(opened) is SchemaState.CURRENT


def test_a_folder_with_a_percent_sign_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = tmp_path / "100%(here)s"
    shutil.copytree(schema._MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "_MIGRATIONS", scripts)
    config: Config = schema._config()
    assert config.get_main_option("script_location") == str(scripts)
