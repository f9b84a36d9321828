"""Is a copy of a live SQLite database whole, and does a backup notice what is wrong with it?"""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.kit.progress import untold
from afterword.storage import backup_file
from afterword.storage.backup_file import Manifest, check_whole, copy_pages, open_backup
from afterword.storage.engine import Database, DatabaseError
from afterword.storage.sqlite import driver
from tests.storage.support import add_event, add_project

MANIFEST = Manifest(made_at_us=1, version="0.1.0", schema="0001", rows={"event": 1}, key_proof="proof")


def copied(folder: Path) -> Path:
    """A file to copy into, as private as the caller makes it."""
    path = folder / "copy.db"
    path.touch(mode=0o600)
    return path


def event_names(path: Path) -> list[str]:
    with open_backup(path, read_only=True) as connection:
        return list(connection.execute(sa.text("SELECT name FROM event ORDER BY id")).scalars())


def check_file(path: Path, rows: Mapping[str, int]) -> None:
    with open_backup(path, read_only=True) as connection:
        check_whole(connection, rows, untold)


def read_manifest(path: Path) -> Manifest:
    with open_backup(path, read_only=True) as connection:
        return backup_file.get_manifest(connection)


def test_a_copy_of_a_live_database_is_complete_private_and_one_file(sqlite: Database, tmp_path: Path) -> None:
    with sqlite.write() as connection:
        add_event(connection, name="committed")
    with sqlite.write() as writing:
        add_event(writing, number=2, name="not committed")
        rows = copy_pages(tmp_path / "afterword.db", copied(tmp_path), untold)
    assert event_names(tmp_path / "copy.db") == ["committed"]
    assert rows["event"] == 1
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]


def test_a_copy_is_of_one_moment_and_ends_however_much_is_written_meanwhile(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_file, "PAGES_AT_ONCE", 1)
    steps: list[tuple[int, int]] = []

    def write_more(what: str, done: int, of: int) -> None:
        steps.append((done, of))
        assert len(steps) < 10_000, "the copy begins again and again"
        with sqlite.write() as connection:
            add_event(connection, number=len(steps) + 1, name="later", metadata="x" * 1_000)

    with sqlite.write() as connection:
        add_event(connection, name="before")
    copy_pages(tmp_path / "afterword.db", copied(tmp_path), write_more)
    assert event_names(tmp_path / "copy.db") == ["before"]
    assert len({of for _, of in steps}) == 1
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))


def test_a_copy_says_what_stood_in_its_way(sqlite: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"can't copy .*afterword.db to .*missing: unable to open"):
        copy_pages(tmp_path / "afterword.db", tmp_path / "missing" / "copy.db", untold)


@pytest.fixture
def backup(sqlite: Database, tmp_path: Path) -> Path:
    """A copy with two events and a manifest."""
    with sqlite.write() as connection:
        add_project(connection)
        for number in range(1, 200):
            add_event(connection, number, metadata="x" * 900)
    path = copied(tmp_path)
    copy_pages(tmp_path / "afterword.db", path, untold)
    return path


def test_a_whole_copy_is_found_whole(backup: Path) -> None:
    with open_backup(backup, read_only=True) as connection:
        rows = backup_file.count_rows(connection)
    check_file(backup, rows)


def test_a_torn_page_is_noticed(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    middle = len(content) // 2 // 4_096 * 4_096
    content[middle : middle + 4_096] = bytes(4_096)
    backup.write_bytes(content)
    with (
        pytest.raises(DatabaseError, match=r"damaged|malformed"),
        open_backup(backup, read_only=True) as connection,
    ):
        check_whole(connection, {}, untold)


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        ("DELETE FROM event WHERE number = 3", "the table event should have 199 rows, and has 198"),
        ("DROP TABLE notice", "the table notice is missing"),
        (
            "INSERT INTO project_token (project_id, hash, hint, created_at) VALUES (99, x'00', '', 0)",
            "a row of project_token refers to a row of project that is not there",
        ),
    ],
)
def test_rows_that_are_wrong_are_noticed(backup: Path, plant: str, said: str) -> None:
    with open_backup(backup) as connection:
        rows = backup_file.count_rows(connection)
    raw = driver().connect(str(backup))
    raw.execute(plant)
    raw.commit()
    raw.close()
    with pytest.raises(DatabaseError, match=said):
        check_file(backup, rows)


class TestManifest:
    def test_comes_back_as_it_was_written(self, backup: Path) -> None:
        for manifest in (MANIFEST, Manifest(2, "1.2", "0002", {}, "other", violations=("one", "two"))):
            with open_backup(backup) as connection:
                backup_file.set_manifest(connection, manifest)
            assert read_manifest(backup) == manifest

    def test_a_database_without_one_is_no_backup(self, backup: Path) -> None:
        with pytest.raises(DatabaseError, match="not one that `afterword backup` made"):
            read_manifest(backup)

    def test_a_later_form_is_refused_by_name(self, backup: Path) -> None:
        with open_backup(backup) as connection:
            later = Manifest(1, "9.0", "0001", {}, "", format=backup_file.FORMAT + 1)
            backup_file.set_manifest(connection, later)
        with pytest.raises(DatabaseError, match=r"Afterword 9\.0 made it"):
            read_manifest(backup)

    @pytest.mark.parametrize("value", ["{", "[]", "{}", '{"format": 1, "violations": null, "odd": 1}'])
    def test_one_that_is_damaged_is_told(self, backup: Path, value: str) -> None:
        with open_backup(backup) as connection:
            backup_file.set_manifest(connection, MANIFEST)
            connection.execute(sa.text("UPDATE backup_manifest SET value = :value"), {"value": value})
        with pytest.raises(DatabaseError, match="what it says of itself can't be read"):
            read_manifest(backup)


def test_what_is_not_sqlite_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "photo.db").write_bytes(b"JFIF" * 1_000)
    with pytest.raises(DatabaseError, match=r"photo.db: file is not a database"):
        read_manifest(tmp_path / "photo.db")


def test_a_name_with_signs_of_a_url_is_taken_as_it_is(backup: Path) -> None:
    odd = backup.rename(backup.with_name("a b?c#d%20.db"))
    assert len(event_names(odd)) == 199
