"""What is special about SQLite: one writer, durable commits, one server per file."""

import errno
import fcntl
import logging
import os
import sqlite3
import tempfile
import threading
import warnings
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from afterword.kit.files import fsync_directory
from afterword.storage.engine import POOL_CONNECTIONS_MAX, Database, DatabaseError
from afterword.storage.trouble import ADVICE, Trouble

try:
    # A sound copy of SQLite; never two copies on one file in one process.
    from pysqlite3 import dbapi2 as _pysqlite3
except ImportError:
    _pysqlite3 = None

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 5_000
WAL_RESET_BUG_FIXED_IN = (3, 51, 3)

COMPANIONS = ("-journal", "-wal", "-shm")
"""How the files end that SQLite may put beside a database."""

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: NORMAL loses acknowledged events at a power cut.
    "busy_timeout": BUSY_TIMEOUT_MS,
    "foreign_keys": 1,
    "secure_delete": 1,
    "mmap_size": 0,
    "trusted_schema": 0,
    "cell_size_check": 1,
}
"""Set on every connection, read back and compared."""


def driver() -> ModuleType:
    """The DB-API module that all of this process uses."""
    if _pysqlite3 is not None:
        return _pysqlite3  # type: ignore[no-any-return]
    if sqlite3.sqlite_version_info < WAL_RESET_BUG_FIXED_IN:
        warnings.warn(
            f"SQLite {sqlite3.sqlite_version} has a bug that can corrupt a database in WAL mode: "
            "install pysqlite3, or a Python with SQLite 3.51.3 or newer.",
            stacklevel=2,
        )
    return sqlite3


def open_sqlite(path: Path) -> Database:
    """
    Open, or make, the database file; its directory must exist.

    Raises:
        DatabaseError: It can't be read or written, or is no database.
    """
    is_new = not path.exists()
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            raise DatabaseError(
                f"{place} can't be written: let the user that runs Afterword write it, and its file system "
                "be mounted for writing, or set AFTERWORD_DATA to another directory"
            )
    lock = threading.Lock()
    writer = _engine(path, pool=1)
    reader = _engine(path, pool=POOL_CONNECTIONS_MAX, query_only=True)
    try:
        with writer.connect():
            pass
    except sa.exc.DatabaseError as error:
        found = find_trouble(path, error)
        advice = "" if found is None else f" ({found}): {ADVICE[found]}"
        raise DatabaseError(f"can't open the SQLite database {path}: {error.orig}{advice}") from error
    if is_new:
        path.chmod(0o600)
    try:
        # Not only when it is new: whoever made it may have been killed before this line.
        fsync_directory(path.parent)
    except OSError as error:
        raise DatabaseError(
            f"can't make sure that {path} survives a power cut: {error.strerror}: look at the disk"
        ) from error
    return Database(reader, writer, lock, partial(find_trouble, path), partial(has_room, path))


SYNC_FAILED = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
"""After these the system may have dropped what it could not write, and say so only once."""

READ_FAILED = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PRIMARY = 0xFF

ROOM_BYTES = 4 * 1024 * 1024
"""SQLite's log grows by about as much before it is copied into the database; less space is a full disk."""


def find_trouble(path: Path, error: sa.exc.DBAPIError) -> Trouble | None:
    """What does an error of SQLite mean for this process? None when it is only that transaction's."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    match code & _PRIMARY:
        case sqlite3.SQLITE_FULL:
            return Trouble.DISK_FULL
        case sqlite3.SQLITE_READONLY:
            return Trouble.READ_ONLY
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Trouble.DAMAGED
        case sqlite3.SQLITE_IOERR if code in READ_FAILED:
            return Trouble.DAMAGED
        case sqlite3.SQLITE_IOERR if code in SYNC_FAILED or has_room(path):
            return Trouble.DISK_FAILED
        case sqlite3.SQLITE_IOERR:
            return Trouble.DISK_FULL
    return None


def has_room(path: Path) -> bool:
    """
    Is there space for the files to grow?

    SQLite calls a quota or a limit of file sizes a failed write, as it does a broken disk; and on
    a full disk a small transaction may fit where the next one does not.
    """
    files = (path, path.with_name(f"{path.name}-wal"))
    try:
        end = max(file.stat().st_size for file in files if file.exists())
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            os.posix_fallocate(probe.fileno(), end, ROOM_BYTES)
    except OSError as error:
        return error.errno not in NO_SPACE
    return True


def _engine(path: Path, *, pool: int, query_only: bool = False) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        module=driver(),
        hide_parameters=True,  # they hold people's data, and errors end up in the log
        poolclass=sa.QueuePool,
        pool_size=pool,
        max_overflow=0,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name} = {value}")
            found = cursor.execute(f"PRAGMA {name}").fetchone()
            if found is not None and found[0] != value:
                raise DatabaseError(
                    f"SQLite refuses PRAGMA {name} = {value} on {path} (it stays {found[0]}): "
                    "is the file on a file system that supports locks and shared memory?"
                )
        # SQLite's own lower() knows ASCII only, PostgreSQL's every letter.
        connection.create_function("lower", 1, _lower, deterministic=True)
        cursor.execute(f"PRAGMA query_only = {int(query_only)}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later would fail instead of waiting.
        connection.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")

    return engine


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


class ServerLock:
    """
    Held by the one server that may run on a data directory.

    Rate limits on SQLite are counted in that server's memory, so a second one would double them.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / "server.lock"
        try:
            self._file = self._path.open("a")
        except OSError as error:
            raise DatabaseError(f"can't open {self._path}: {error.strerror}") from error

    def acquire(self) -> None:
        """
        Raises:
            DatabaseError: Another server runs on this directory.
        """
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DatabaseError(
                f"another Afterword server runs on {self._path.parent}: stop it first, "
                "or set AFTERWORD_DATA to another directory"
            ) from None

    def release(self) -> None:
        """Let the next server start."""
        self._file.close()


def settle(path: Path) -> None:
    """
    Bring everything of a database into its one file. A damaged one stays as it is.

    Raises:
        DatabaseError: Somebody has it open.
    """
    module = driver()
    connection = module.connect(str(path), timeout=BUSY_TIMEOUT_MS / 1_000)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except module.DatabaseError as error:
        if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise DatabaseError(f"another program has {path} open: stop it first") from error
        logger.warning("%s can't be read: %s", path, error)
    finally:
        connection.close()
