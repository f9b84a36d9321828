"""Does the checksum of a backup hold for the whole file, wherever it stands, and for nothing else?"""

from pathlib import Path

import pytest

from afterword.kit.progress import untold
from afterword.storage import backup_seal
from afterword.storage.backup_seal import check_seal, seal
from afterword.storage.engine import DatabaseError
from afterword.storage.sqlite import driver


def made(path: Path, page_bytes: int = 4_096) -> Path:
    """An SQLite file with some pages."""
    raw = driver().connect(str(path))
    raw.execute(f"PRAGMA page_size = {page_bytes}")
    raw.execute("CREATE TABLE event (name TEXT)")
    raw.executemany("INSERT INTO event VALUES (?)", [("0" * 64,)] * 2_000)
    raw.commit()
    raw.close()
    return path


@pytest.mark.parametrize("page_bytes", [512, 4_096, 65_536])
@pytest.mark.parametrize("bytes_at_once", [65_536, 4_194_304])
def test_it_holds_whatever_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page_bytes: int, bytes_at_once: int
) -> None:
    path = made(tmp_path / "file", page_bytes)
    monkeypatch.setattr(backup_seal, "BYTES_AT_ONCE", bytes_at_once)
    seal(path, untold)
    check_seal(path, untold)


def test_a_second_one_takes_the_place_of_the_first(tmp_path: Path) -> None:
    path = made(tmp_path / "file")
    seal(path, untold)
    raw = driver().connect(str(path))
    raw.execute("UPDATE event SET name = 'x' WHERE rowid = 1")
    raw.commit()
    raw.close()
    with pytest.raises(DatabaseError, match="changed or damaged after it was made"):
        check_seal(path, untold)
    seal(path, untold)
    check_seal(path, untold)


def test_bytes_at_the_end_are_noticed(tmp_path: Path) -> None:
    path = made(tmp_path / "file")
    seal(path, untold)
    with path.open("ab") as file:
        file.write(bytes(4_096))
    with pytest.raises(DatabaseError, match="changed or damaged after it was made"):
        check_seal(path, untold)


def test_a_checksum_that_was_changed_itself_is_noticed(tmp_path: Path) -> None:
    path = made(tmp_path / "file")
    seal(path, untold)
    raw = driver().connect(str(path))
    raw.execute("UPDATE backup_seal SET sha256 = replace(sha256, 'a', 'b')")
    raw.commit()
    raw.close()
    with pytest.raises(DatabaseError, match="changed or damaged"):
        check_seal(path, untold)
