"""Is everything in a backup, from either database, and nothing left when it can't be made?"""

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.domain.errors import AfterwordError, ConflictError, InvalidInputError
from afterword.kit.places import Places
from afterword.storage import backup_file
from tests.flows.installations import places_in, run_back_up, table_contents
from tests.flows.world import World
from tests.storage.support import LATEST


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A data directory with a key and two mails; the SQLite database of the test is in it."""
    return places_in(tmp_path)


def test_everything_is_in_it(lived_in: World, places: Places, tmp_path: Path) -> None:
    manifest = run_back_up(lived_in, places, tmp_path / "all.backup")
    with lived_in.database.read() as here, backup_file.open_backup(tmp_path / "all.backup") as there:
        assert table_contents(
            there, without=("backup_manifest", "backup_file", "backup_seal")
        ) == table_contents(here)
        assert backup_file.get_manifest(there) == manifest
        files = {kept.path: kept.content for kept in backup_file.list_files(there)}
    assert manifest.rows["event"] == 7
    assert manifest.violations == ()
    assert manifest.made_at_us == lived_in.clock.now_us()
    assert files == {"signing.key": b"k" * 32, "mailbox/a.eml": b"mail a", "mailbox/b.eml": b"mail b"}


def test_it_is_private_and_alone(lived_in: World, places: Places, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    run_back_up(lived_in, places, tmp_path / "backups" / "all")
    (made,) = (tmp_path / "backups").iterdir()
    assert made.name == "all"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_it_is_of_the_moment_when_it_began(lived_in: World, places: Places, tmp_path: Path) -> None:
    def write_more(what: str, done: int, of: int) -> None:
        lived_in.add_event(name="later")

    manifest = run_back_up(lived_in, places, tmp_path / "all", write_more)
    assert manifest.rows["event"] == 7
    with lived_in.database.read() as connection:
        assert count_events(connection) > 7


def count_events(connection: sa.Connection) -> int:
    return connection.execute(sa.text("SELECT count(*) FROM event")).scalar_one()


def test_what_was_broken_before_is_backed_up_and_told(
    lived_in: World, places: Places, tmp_path: Path
) -> None:
    with lived_in.database.write() as connection:
        connection.execute(sa.text("UPDATE project SET events_accepted = 8"))
    manifest = run_back_up(lived_in, places, tmp_path / "all")
    assert manifest.violations == ("project 'Build CLI' accepted 8 events, and 7 are stored",)


class TestNothingIsLeft:
    def test_when_the_name_is_taken(self, lived_in: World, places: Places, tmp_path: Path) -> None:
        (tmp_path / "all").write_text("precious")
        with pytest.raises(ConflictError, match="all is there already: choose another name"):
            run_back_up(lived_in, places, tmp_path / "all")
        assert (tmp_path / "all").read_text() == "precious"

    def test_when_the_name_is_taken_meanwhile(self, lived_in: World, places: Places, tmp_path: Path) -> None:
        with nothing_left_in(tmp_path, "all"), pytest.raises(ConflictError):
            run_back_up(
                lived_in, places, tmp_path / "all", lambda *step: (tmp_path / "all").write_text("precious")
            )
        assert (tmp_path / "all").read_text() == "precious"

    def test_when_there_is_no_such_directory(self, lived_in: World, places: Places, tmp_path: Path) -> None:
        with pytest.raises(InvalidInputError, match=r"can't write into .*missing: No such file"):
            run_back_up(lived_in, places, tmp_path / "missing" / "all")

    def test_when_the_disk_does_not_take_it(self, lived_in: World, places: Places, tmp_path: Path) -> None:
        """A limit for the size of files stands for the disk: both refuse a write in the middle."""
        with nothing_left_in(tmp_path), file_size_limit(65_536), pytest.raises(AfterwordError):
            run_back_up(lived_in, places, tmp_path / "all")

    def test_when_it_is_not_whole(
        self, lived_in: World, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lose_one(connection: sa.Connection, *rest: object) -> None:
            connection.execute(sa.text("DELETE FROM answer"))
            check_whole(connection, *rest)  # type: ignore[arg-type]

        check_whole = backup_file.check_whole
        monkeypatch.setattr(backup_file, "check_whole", lose_one)
        with nothing_left_in(tmp_path), pytest.raises(AfterwordError, match="the table answer should have 2"):
            run_back_up(lived_in, places, tmp_path / "all")

    def test_when_it_is_interrupted(self, lived_in: World, places: Places, tmp_path: Path) -> None:
        def press_ctrl_c(what: str, done: int, of: int) -> None:
            raise KeyboardInterrupt

        with nothing_left_in(tmp_path), pytest.raises(KeyboardInterrupt):
            run_back_up(lived_in, places, tmp_path / "all", press_ctrl_c)

    def test_when_the_database_is_of_a_newer_version(
        self, lived_in: World, places: Places, tmp_path: Path
    ) -> None:
        with lived_in.database.write() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        try:
            with nothing_left_in(tmp_path), pytest.raises(AfterwordError, match="by a newer Afterword"):
                run_back_up(lived_in, places, tmp_path / "all")
        finally:
            with lived_in.database.write() as connection:
                connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": LATEST})


@contextmanager
def nothing_left_in(folder: Path, *but: str) -> Iterator[None]:
    """Whatever is tried leaves no file behind."""
    before = {path.name for path in folder.iterdir()}
    yield
    # The database's own log may come and go.
    left = {path.name for path in folder.iterdir() if not path.name.startswith("afterword.db")}
    assert left - before == set(but)


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
