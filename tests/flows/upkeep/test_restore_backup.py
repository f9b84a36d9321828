"""Does a backup become the same installation again, on either database, and harm nothing when it can't?"""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.domain.errors import AfterwordError, ConflictError, InvalidInputError
from afterword.flows.ingest.track_event import Outcome
from afterword.flows.upkeep.check_conservation import check_conservation
from afterword.flows.upkeep.restore_backup import Restored, Target, restore_backup
from afterword.kit.places import Places
from afterword.kit.progress import untold
from afterword.storage import backup_file, backup_seal, schema
from afterword.storage.backup_file import KeptFile
from afterword.storage.engine import Database
from afterword.storage.open import open_database
from afterword.storage.sqlite import ServerLock
from tests.flows.door import opened_door, submission
from tests.flows.installations import KEY, name_places, places_in, run_back_up, table_contents
from tests.flows.life import live_in
from tests.flows.world import World
from tests.storage.support import LATEST, START_US, FakeClock, Templates, add_event, add_person, add_project
from tests.support.postgres import Databases

OTHER_KEY = "o" * 32


@pytest.fixture(scope="module")
def one_backup(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a world on SQLite in which something has happened."""
    folder = tmp_path_factory.mktemp("backed-up")
    with templates.get("sqlite").lend(folder / "afterword.db") as database:
        world = World(database, FakeClock(), folder)
        live_in(world)
        run_back_up(world, places_in(folder), folder / "all.backup")
    return folder / "all.backup"


@pytest.fixture(scope="module")
def full_backup(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup in which the project has used its minute up."""
    folder = tmp_path_factory.mktemp("full")
    with templates.get("sqlite").lend(folder / "afterword.db") as database:
        world = World(database, FakeClock(), folder)
        with opened_door(database, world.clock) as door:
            door.send(*[submission(world.project_id) for _ in range(31)])
        run_back_up(world, places_in(folder), folder / "full.backup")
    return folder / "full.backup"


@pytest.fixture
def backup(one_backup: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests to tamper with."""
    return shutil.copy(one_backup, tmp_path / "all.backup")


@pytest.fixture
def there(tmp_path: Path) -> Places:
    """A data directory that is not there yet."""
    return name_places(tmp_path / "there")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, databases: Databases, there: Places) -> Iterator[Target]:
    """Where to restore: a new directory, or an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield Target(there)
        return
    url = databases.make("postgres")
    database = open_database(url, there.database)
    yield Target(there, database)
    database.close()
    databases.drop(url)


@pytest.fixture
def into_sqlite(there: Places) -> Target:
    """A new directory."""
    return Target(there)


def restored(backup: Path, target: Target, clock: FakeClock) -> Restored:
    return restore_backup(backup, target, clock)


def opened(target: Target) -> Database:
    return target.database or open_database(None, target.places.database)


def change(backup: Path, *statements: str, sealed_again: bool = True) -> None:
    """Tamper with a backup; with its checksum, too, unless that is to notice."""
    with backup_file.open_backup(backup) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    if sealed_again:
        backup_seal.seal(backup, untold)


class TestEverythingIsBack:
    def test_every_row_of_every_table(self, lived_in: World, tmp_path: Path, empty: Target) -> None:
        run_back_up(lived_in, places_in(tmp_path), tmp_path / "all.backup")
        done = restored(tmp_path / "all.backup", empty, lived_in.clock)
        database = opened(empty)
        with lived_in.database.read() as old, database.read() as new:
            assert table_contents(new) == table_contents(old)
        found = check_conservation(database)
        assert (found.stored, found.violations) == (7, ())
        assert (done.warnings, done.kept_aside) == ((), None)
        with database.write() as connection:
            new_ids = (
                add_event(connection, number=8),
                add_person(connection, "Dora"),
                add_project(connection, "X"),
            )
        assert new_ids == (8, 4, 2), "ids go on"
        database.close()

    def test_key_and_mails_private_and_with_their_times(
        self, clock: FakeClock, backup: Path, into_sqlite: Target
    ) -> None:
        restored(backup, into_sqlite, clock)
        places = into_sqlite.places
        assert places.signing_key.read_text() == KEY
        assert {path.name: path.read_text() for path in places.mailbox.iterdir()} == {
            "a.eml": "mail a",
            "b.eml": "mail b",
        }
        assert (places.mailbox / "a.eml").stat().st_mtime == 1_700_000_000
        for path in (places.signing_key, places.mailbox / "a.eml", places.mailbox, places.data):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path

    def test_the_rate_limit_goes_on(self, full_backup: Path, empty: Target) -> None:
        """Whoever used the minute up waits for the rest of it, and not longer, whatever the clock says."""
        restored(full_backup, empty, FakeClock())
        an_hour_slow = FakeClock(START_US - 3_600_000_000)
        database = opened(empty)
        with opened_door(database, an_hour_slow) as door:
            (answer,) = door.send(submission())
            assert answer.outcome is Outcome.LIMITED
            assert 0 < answer.retry_after_s <= 60
            an_hour_slow.advance(60)
            assert door.outcomes(submission()) == [Outcome.ACCEPTED]
        database.close()

    def test_the_rate_limit_is_free_after_its_minute(self, full_backup: Path, into_sqlite: Target) -> None:
        clock = FakeClock()
        restored(full_backup, into_sqlite, clock)
        clock.advance(60)
        database = opened(into_sqlite)
        with opened_door(database, clock) as door:
            assert door.outcomes(submission()) == [Outcome.ACCEPTED]
        database.close()

    @pytest.mark.parametrize("empty", ["postgres"], indirect=True)
    def test_postgresql_knows_how_large_its_tables_are(
        self, clock: FakeClock, backup: Path, empty: Target
    ) -> None:
        restored(backup, empty, clock)
        assert empty.database is not None
        with empty.database.read() as connection:
            known = "SELECT n_distinct FROM pg_stats WHERE tablename = 'event' AND attname = 'id'"
            assert connection.execute(sa.text(known)).scalars().all() == [-1]

    def test_what_was_broken_before_is_restored_and_told(
        self, sqlite: Database, tmp_path: Path, into_sqlite: Target, clock: FakeClock
    ) -> None:
        world = World(sqlite, clock, tmp_path)
        with sqlite.write() as connection:
            connection.execute(sa.text("UPDATE project SET events_accepted = 8"))
        run_back_up(world, places_in(tmp_path), tmp_path / "broken.backup")
        (warning,) = restored(tmp_path / "broken.backup", into_sqlite, clock).warnings
        assert warning.startswith("it was not in order when it was backed up: project 'Build CLI' accepted 8")

    def test_an_older_schema_is_brought_up_to_date(
        self, clock: FakeClock, backup: Path, empty: Target, next_version: Path
    ) -> None:
        restored(backup, empty, clock)
        database = opened(empty)
        assert schema.check_schema(database) is schema.SchemaState.CURRENT
        with database.read() as connection:
            assert sa.inspect(connection).has_table("added_later")
        assert check_conservation(database).stored == 7
        database.close()

    def test_a_backup_of_an_older_schema_can_be_made(
        self, world: World, tmp_path: Path, into_sqlite: Target, next_version: Path
    ) -> None:
        manifest = run_back_up(world, places_in(tmp_path), tmp_path / "before.backup")
        assert (manifest.schema, manifest.violations) == (LATEST, None)
        restored(tmp_path / "before.backup", into_sqlite, world.clock)


class TestWhatIsThere:
    def test_a_database_is_not_replaced_unasked(
        self, clock: FakeClock, backup: Path, into_sqlite: Target
    ) -> None:
        restored(backup, into_sqlite, clock)
        before = into_sqlite.places.database.read_bytes()
        with pytest.raises(ConflictError, match=r"there is a database already, .*afterword.db.*--replace"):
            restored(backup, into_sqlite, clock)
        assert into_sqlite.places.database.read_bytes() == before

    def test_what_is_replaced_is_kept_aside_whole(
        self, clock: FakeClock, backup: Path, there: Places
    ) -> None:
        make_other(there)
        done = restored(backup, Target(there, replace=True), clock)
        assert done.kept_aside == there.data / "backups" / "before-restore-20270115T080000"
        old = name_places(done.kept_aside)
        assert old.signing_key.read_text() == OTHER_KEY
        assert (old.mailbox / "old.eml").read_text() == "old mail"
        kept, database = open_database(None, old.database), open_database(None, there.database)
        with kept.read() as connection:
            assert table_contents(connection)["project"][0][1] == "'Other'"
        with database.read() as connection:
            assert table_contents(connection)["project"][0][1] == "'Build CLI'"
        kept.close()
        database.close()
        assert there.signing_key.read_text() == KEY
        assert sorted(path.name for path in there.mailbox.iterdir()) == ["a.eml", "b.eml"]

    def test_a_damaged_database_can_be_replaced(self, clock: FakeClock, backup: Path, there: Places) -> None:
        make_other(there)
        there.database.write_bytes(b"rubbish" * 1_000)
        (there.data / "afterword.db-wal").write_bytes(b"rubbish")
        done = restored(backup, Target(there, replace=True), clock)
        assert done.kept_aside is not None
        assert (done.kept_aside / "afterword.db").read_bytes() == b"rubbish" * 1_000
        assert not (there.data / "afterword.db-wal").exists()
        database = open_database(None, there.database)
        assert check_conservation(database).stored == 7
        database.close()

    def test_a_running_server_is_left_alone(self, clock: FakeClock, backup: Path, there: Places) -> None:
        make_other(there)
        lock = ServerLock(there.data)
        lock.acquire()
        with unharmed(there), pytest.raises(AfterwordError, match="another Afterword server runs"):
            restored(backup, Target(there, replace=True), clock)
        lock.release()

    def test_another_program_in_the_database_is_noticed(
        self, clock: FakeClock, backup: Path, there: Places, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("afterword.storage.sqlite.BUSY_TIMEOUT_MS", 50)
        make_other(there)
        other = open_database(None, there.database)
        with other.read() as connection:
            connection.execute(sa.text("SELECT count(*) FROM event"))
            with unharmed(there), pytest.raises(AfterwordError, match="another program has"):
                restored(backup, Target(there, replace=True), clock)
        other.close()

    def test_a_postgresql_database_with_anything_in_it_is_refused(
        self, clock: FakeClock, backup: Path, databases: Databases, there: Places
    ) -> None:
        url = databases.make("postgres")
        database = open_database(url, there.database)
        with database.write() as connection:
            connection.execute(sa.text("CREATE TABLE theirs (id integer)"))
        for replace in (False, True):
            with pytest.raises(ConflictError, match="the PostgreSQL database is not empty"):
                restored(backup, Target(there, database, replace=replace), clock)
        database.close()
        databases.drop(url)

    def test_another_key_is_not_replaced_unasked(
        self, clock: FakeClock, backup: Path, into_sqlite: Target
    ) -> None:
        into_sqlite.places.data.mkdir()
        into_sqlite.places.signing_key.write_text(OTHER_KEY)
        with pytest.raises(ConflictError, match=r"signing.key is another key than that of the backup"):
            restored(backup, into_sqlite, clock)
        assert into_sqlite.places.signing_key.read_text() == OTHER_KEY
        assert not into_sqlite.places.database.exists()


class TestCutShort:
    def test_one_that_ends_leaves_no_mark(self, clock: FakeClock, backup: Path, empty: Target) -> None:
        restored(backup, empty, clock)
        assert not empty.places.restore_mark.exists()

    def test_one_that_fails_before_it_puts_anything_in_place_leaves_none(
        self, clock: FakeClock, backup: Path, empty: Target
    ) -> None:
        change(backup, "UPDATE event SET number = 9 WHERE number = 7")
        refused(clock, backup, empty, "the restored data don't add up")
        assert empty.places.data.exists()
        assert not empty.places.restore_mark.exists()

    def test_one_that_fails_later_leaves_its_mark_until_another_ends(
        self, clock: FakeClock, backup: Path, empty: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def disk_full(*parts: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("afterword.flows.upkeep.restore_backup._write", disk_full)
            refused(clock, backup, empty, "No space left on device")
        assert empty.places.restore_mark.exists()
        restored(backup, empty, clock)
        assert not empty.places.restore_mark.exists()

    def test_drafts_of_an_earlier_one_are_deleted_and_nothing_else(
        self, clock: FakeClock, backup: Path, into_sqlite: Target
    ) -> None:
        data = into_sqlite.places.data
        data.mkdir()
        for name in ("afterword.db.abc.restoring", "afterword.db.abc.restoring-journal", "afterword.db.old"):
            (data / name).touch()
        restored(backup, into_sqlite, clock)
        assert {path.name for path in data.glob("afterword.db*")} == {"afterword.db", "afterword.db.old"}


class TestKeysOfSettings:
    def test_the_right_one_is_fine(self, clock: FakeClock, backup: Path, there: Places) -> None:
        assert restored(backup, Target(there, set_key=KEY), clock).warnings == ()

    def test_the_wrong_one_is_told(self, clock: FakeClock, backup: Path, there: Places) -> None:
        (warning,) = restored(backup, Target(there, set_key=OTHER_KEY), clock).warnings
        assert warning.startswith("AFTERWORD_SIGNING_KEY is another key than that of the backup")

    def test_a_missing_one_is_told(self, lived_in: World, tmp_path: Path, there: Places) -> None:
        places = places_in(tmp_path)
        places.signing_key.unlink()
        run_back_up(lived_in, places, tmp_path / "keyless.backup")
        (warning,) = restored(tmp_path / "keyless.backup", Target(there), lived_in.clock).warnings
        assert warning.startswith("the backup holds no signing key: set AFTERWORD_SIGNING_KEY")


class TestABackupThatIsNone:
    def test_a_missing_file(self, into_sqlite: Target, tmp_path: Path, clock: FakeClock) -> None:
        with pytest.raises(InvalidInputError, match="there is no file"):
            restored(tmp_path / "missing", into_sqlite, clock)

    def test_a_truncated_file(self, clock: FakeClock, backup: Path, into_sqlite: Target) -> None:
        content = backup.read_bytes()
        backup.write_bytes(content[: len(content) // 2])
        refused(clock, backup, into_sqlite, "malformed|damaged")

    def test_a_newer_version(self, clock: FakeClock, backup: Path, into_sqlite: Target) -> None:
        change(backup, "UPDATE alembic_version SET version_num = '9999'")
        refused(clock, backup, into_sqlite, r"all.backup: Afterword 0.1.0 made it, which is newer")

    def test_a_lost_row(self, clock: FakeClock, backup: Path, into_sqlite: Target) -> None:
        change(backup, "DELETE FROM answer WHERE question_key = 'comment'")
        refused(clock, backup, into_sqlite, "the table answer should have 2 rows, and has 1")

    def test_a_changed_row(self, clock: FakeClock, backup: Path, empty: Target) -> None:
        """Once its checksum is made anew, only the conservation law can see it; no database is made."""
        change(backup, "UPDATE event SET number = 9 WHERE number = 7")
        refused(clock, backup, empty, "the restored data don't add up.*numbers from 1 to 9")

    def test_one_letter_of_a_text(self, clock: FakeClock, backup: Path, empty: Target) -> None:
        """No count, no law and no page of SQLite knows that it was another."""
        change(backup, "UPDATE answer SET value = 'x' || substr(value, 2)", sealed_again=False)
        refused(clock, backup, empty, "all.backup: it was changed or damaged after it was made")

    def test_one_byte_anywhere(self, clock: FakeClock, backup: Path, into_sqlite: Target) -> None:
        whole = backup.read_bytes()
        for place in range(100, len(whole), len(whole) // 50):
            backup.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            refused(clock, backup, into_sqlite, "all.backup: ")

    def test_a_lost_checksum(self, clock: FakeClock, backup: Path, into_sqlite: Target) -> None:
        change(backup, "DROP TABLE backup_seal", sealed_again=False)
        refused(clock, backup, into_sqlite, "its checksum is missing")

    @pytest.mark.parametrize("early", [0, 1])
    def test_a_sealed_one_that_says_it_is_early(
        self, clock: FakeClock, backup: Path, into_sqlite: Target, early: int
    ) -> None:
        lie = f"UPDATE backup_manifest SET value = json_set(value, '$.format', {early})"
        change(backup, lie, sealed_again=False)
        refused(clock, backup, into_sqlite, "changed or damaged")

    def test_an_early_one_without_a_checksum_is_restored_and_told(
        self, clock: FakeClock, backup: Path, empty: Target
    ) -> None:
        change(
            backup,
            "DROP TABLE backup_seal",
            "UPDATE backup_manifest SET value = json_set(value, '$.format', 1)",
            sealed_again=False,
        )
        (warning,) = restored(backup, empty, clock).warnings
        assert warning.startswith("the backup is of an early version and has no checksum")

    def test_a_file_that_would_go_elsewhere(
        self, clock: FakeClock, backup: Path, into_sqlite: Target
    ) -> None:
        for path in ("../evil.eml", "mailbox/../../evil.eml", "afterword.db", "/etc/evil.eml"):
            with backup_file.open_backup(backup) as connection:
                backup_file.add_file(connection, KeptFile(path, 1, b"evil"))
            backup_seal.seal(backup, untold)
            refused(clock, backup, into_sqlite, "a file that is not Afterword's")
            change(backup, "DELETE FROM backup_file WHERE content = CAST('evil' AS BLOB)")
        assert not list(backup.parent.rglob("evil*"))


def refused(clock: FakeClock, backup: Path, target: Target, why: str) -> None:
    """It is not restored: no database is made, and a PostgreSQL database stays empty."""
    with pytest.raises(AfterwordError, match=why):
        restored(backup, target, clock)
    assert not target.places.database.exists()
    assert not list(target.places.data.glob("afterword.db*"))
    if target.database is not None:
        with target.database.read() as connection:
            assert sa.inspect(connection).get_table_names() == []


@contextmanager
def unharmed(places: Places) -> Iterator[None]:
    """Whatever is tried, the other installation stays as it was."""
    before = places.database.read_bytes()
    yield
    assert places.database.read_bytes() == before
    assert places.signing_key.read_text() == OTHER_KEY
    assert (places.mailbox / "old.eml").read_text() == "old mail"
    assert not (places.data / "backups").exists()


def make_other(places: Places) -> None:
    """Another installation, with a project of its own."""
    places.mailbox.mkdir(parents=True)
    (places.mailbox / "old.eml").write_text("old mail")
    places.signing_key.write_text(OTHER_KEY)
    database = open_database(None, places.database)
    schema.migrate(database)
    with database.write() as connection:
        add_project(connection, "Other")
    database.close()
