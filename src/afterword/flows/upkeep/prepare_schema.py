"""May this program work on this database, and what must happen first?"""

from pathlib import Path

from afterword.kit.clock import Clock, to_datetime
from afterword.kit.files import fsync_directory
from afterword.kit.progress import untold
from afterword.storage import backup_file
from afterword.storage.engine import Database, DatabaseError
from afterword.storage.schema import SchemaState, check_schema, migrate

BACKUP_FOLDER = "backups"


def prepare_schema(database: Database, clock: Clock, sqlite_path: Path, *, is_server: bool) -> None:
    """
    Make the tables of a new SQLite database; let its server also bring an older one up to date.

    Raises:
        DatabaseError: The schema is newer than this program, or older and not to be touched by this caller.
    """
    state = check_schema(database)
    if state is SchemaState.CURRENT:
        return
    is_ours = not database.is_postgres and (is_server or state is SchemaState.EMPTY)
    if state is not SchemaState.NEWER and not is_ours:
        # Under a running older server nobody else may change the tables.
        raise DatabaseError("the database's schema is not up to date: run `afterword migrate` first")
    migrate_schema(database, clock, sqlite_path)


def migrate_schema(database: Database, clock: Clock, sqlite_path: Path) -> Path | None:
    """
    Bring the schema up to date; returns the backup copy that was made of an SQLite database.

    Raises:
        DatabaseError: The schema is newer than this program.
    """
    state = check_schema(database)
    if state is SchemaState.NEWER:
        raise DatabaseError("the database was made by a newer Afterword: start that version")
    if state is SchemaState.CURRENT:
        return None
    copy = None
    if state is SchemaState.OLDER and not database.is_postgres:
        folder = sqlite_path.parent / BACKUP_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        copy = folder / f"before-migration-{to_datetime(clock.now_us()):%Y%m%dT%H%M%S}.db"
        copy.touch(mode=0o600)
        backup_file.copy_pages(sqlite_path, copy, untold)
        fsync_directory(folder)
    migrate(database)
    return copy
