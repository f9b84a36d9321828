"""Is a backup still, byte for byte, the file that was made? One checksum of all of it, kept inside."""

import hashlib
from pathlib import Path

import sqlalchemy as sa

from afterword.kit.progress import OnProgress
from afterword.storage.backup_file import open_backup, seal_table
from afterword.storage.engine import DatabaseError

SEALED_SINCE_FORMAT = 2
"""Backups of earlier forms have no checksum."""

BYTES_AT_ONCE = 4_194_304
"""4 MiB: a multiple of SQLite's largest page, so that the checksum is never on two of them."""

_BLANK = b"0" * 64
"""What counts in place of the checksum itself: as long as a SHA-256 in hexadecimal."""


def seal(path: Path, on_progress: OnProgress) -> None:
    """
    Write the file's checksum into it; whatever is written later breaks it.

    Rows could be hashed, too, at ten times the cost, and neither the mails nor
    the manifest would be in it.
    """
    with open_backup(path) as connection:
        seal_table.create(connection, checkfirst=True)
        connection.execute(sa.delete(seal_table))
        connection.execute(sa.insert(seal_table).values(sha256=_BLANK.decode()))
    place = _find_place(path, _BLANK)
    checksum = _checksum(path, place, on_progress)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(checksum)


def has_seal(connection: sa.Connection) -> bool:
    """Whether an open backup was ever sealed, whatever its manifest says."""
    return sa.inspect(connection).has_table(seal_table.name)


def check_seal(path: Path, on_progress: OnProgress) -> None:
    """
    Raises:
        DatabaseError: The file is not what it was when it was sealed, or was never sealed.
    """
    with open_backup(path, read_only=True) as connection:
        if not has_seal(connection):
            raise DatabaseError("its checksum is missing: take another backup")
        said = "".join(connection.execute(sa.select(seal_table.c.sha256)).scalars()).encode()
    if _checksum(path, _find_place(path, said), on_progress) != said:
        raise DatabaseError(f"{path}: it was changed or damaged after it was made: take another backup")


def _find_place(path: Path, checksum: bytes) -> int:
    """Where in the file the checksum stands: its table is one page with one row."""
    with open_backup(path, read_only=True) as connection:
        root = sa.text("SELECT rootpage FROM sqlite_master WHERE name = :name")
        number: int = connection.execute(root, {"name": seal_table.name}).scalar_one()
        page_bytes: int = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    start = (number - 1) * page_bytes
    with path.open("rb") as file:
        file.seek(start)
        page = file.read(page_bytes)
    if page.count(checksum) != 1:
        raise DatabaseError(f"{path}: its checksum was changed or damaged: take another backup")
    return start + page.index(checksum)


def _checksum(path: Path, place: int, on_progress: OnProgress) -> bytes:
    """SHA-256 of the whole file, with zeros where the checksum stands."""
    found, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(BYTES_AT_ONCE):
            if done <= place < done + len(chunk):
                at = place - done
                chunk = chunk[:at] + _BLANK + chunk[at + len(_BLANK) :]
            found.update(chunk)
            done += len(chunk)
            on_progress("computing the checksum", done, size)
    return found.hexdigest().encode()
