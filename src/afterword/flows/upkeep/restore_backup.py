"""How does a backup become an installation again, without harm to what is there?"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.flows.upkeep.back_up import KEY_PURPOSE, MAIL_PATTERN
from afterword.flows.upkeep.check_conservation import count_and_check
from afterword.flows.upkeep.prepare_schema import BACKUP_FOLDER
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.files import fsync_directory
from afterword.kit.places import DIRECTORY_MODE, Places, make_data_directory
from afterword.kit.progress import OnProgress, untold
from afterword.kit.signing import KEY_FILE_MODE, Signer
from afterword.storage import backup_file, backup_seal, schema, sqlite, table_copy
from afterword.storage.backup_file import KeptFile, Manifest
from afterword.storage.backup_seal import SEALED_SINCE_FORMAT
from afterword.storage.engine import Connection, Database, DatabaseError, take_time
from afterword.storage.schema import SchemaState
from afterword.storage.sqlite import COMPANIONS, ServerLock


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where to restore.

    Attributes:
        database: An open PostgreSQL database; None is SQLite in its place.
        set_key: The signing key, when a setting names it.
        replace: Put aside what is there.
    """

    places: Places
    database: Database | None = None
    set_key: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """
    What was restored.

    Attributes:
        kept_aside: The folder with what was there before; None when nothing was.
        warnings: Sentences about what is left to do.
    """

    manifest: Manifest
    kept_aside: Path | None
    warnings: tuple[str, ...]


def restore_backup(source: Path, target: Target, clock: Clock, on_progress: OnProgress = untold) -> Restored:
    """
    Restore a backup, all of it or nothing.

    It is checked before anything is touched. The new database is made and
    checked beside the old one, on PostgreSQL in one transaction, and takes its
    place in the last step.

    Raises:
        ConflictError: There is something already.
        DatabaseError: The backup is not whole, a server runs, or the disk or database does not do it.
    """
    manifest = read_manifest(source, on_progress)
    if _has_ended(manifest, target):
        target.places.restore_mark.unlink()
        fsync_directory(target.places.data)
        return Restored(manifest, None, (_ENDED_BEFORE,))
    _check_place(target)
    _check_files(source, target)
    try:
        make_data_directory(target.places.data)
        with _only_one(target.places.data), _marked(target.places):
            if target.database is None:
                return _restore_sqlite(source, manifest, target, clock, on_progress)
            return _restore_postgres(source, manifest, target, clock, on_progress)
    except OSError as error:
        raise DatabaseError(f"can't restore to {target.places.data}: {error.strerror}") from error


def read_manifest(source: Path, on_progress: OnProgress = untold) -> Manifest:
    """
    Look at a backup, and change nothing.

    Raises:
        InvalidInputError: There is none.
        DatabaseError: It is not whole or not as it was made, or a newer Afterword made it.
    """
    if not source.is_file():
        raise InvalidInputError(f"there is no file {source}")
    with backup_file.open_backup(source, read_only=True) as connection:
        manifest = backup_file.get_manifest(connection)
        state = schema.compare_revision(schema.find_revision(connection))
        if state not in (SchemaState.CURRENT, SchemaState.OLDER):
            raise DatabaseError(f"Afterword {manifest.version} made it, which is newer: restore it with that")
        backup_file.check_whole(connection, manifest.rows, on_progress)
        is_sealed = manifest.format >= SEALED_SINCE_FORMAT or backup_seal.has_seal(connection)
    if is_sealed:
        backup_seal.check_seal(source, on_progress)
    return manifest


_ENDED_BEFORE = "an earlier restore was cut short after its last step: all was there, and nothing was changed"


def _has_ended(manifest: Manifest, target: Target) -> bool:
    """Did an earlier restore die, or lose PostgreSQL's answer, when nothing was left to do but say so?"""
    if target.database is None or not target.places.restore_mark.exists():
        return False
    with target.database.read_whole() as connection:
        if schema.find_revision(connection) is None:
            return False
        tables = [table for table in table_copy.list_tables(connection) if table.name in manifest.rows]
        return table_copy.count_rows(connection, tables) == manifest.rows


def _check_place(target: Target) -> None:
    """Refuse to restore onto something, unless it may be replaced, which on PostgreSQL it never may."""
    if target.database is not None:
        with target.database.read() as connection:
            if table_copy.list_tables(connection) or schema.find_revision(connection):
                raise ConflictError(
                    "the PostgreSQL database is not empty: name an empty one with AFTERWORD_DATABASE_URL"
                )
    elif target.places.database.exists() and not target.replace:
        raise ConflictError(
            f"there is a database already, {target.places.database}: "
            "set AFTERWORD_DATA to another directory, or give --replace, which keeps the old one aside"
        )


def _check_files(source: Path, target: Target) -> None:
    """Refuse files that belong elsewhere, and to take another key's place, unless it may be replaced."""
    path = target.places.signing_key
    with backup_file.open_backup(source, read_only=True) as connection:
        for kept in backup_file.list_files(connection):
            if _place_of(kept, target.places) != path or target.replace or not path.exists():
                continue
            if path.read_bytes() != kept.content:
                raise ConflictError(
                    f"{path} is another key than that of the backup: "
                    "move it away, or give --replace, which keeps it aside"
                )


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """No server, and no second restore, meanwhile."""
    lock = ServerLock(data)
    try:
        lock.acquire()
        yield
    finally:
        lock.release()


@contextmanager
def _marked(places: Places) -> Iterator[None]:
    """
    Keep everything else off the directory until the restore has ended, also after a kill -9.

    Without the mark a server would start with a new, empty database, or with
    the old database and the new key. Who fails before anything is put in its
    place leaves no mark.
    """
    mark = places.restore_mark
    was_cut_short = mark.exists()
    mark.touch(mode=KEY_FILE_MODE)
    fsync_directory(places.data)
    _delete_drafts(places)
    try:
        yield
    except BaseException:
        if not was_cut_short and mark.read_text() != _BEGUN:
            mark.unlink()
        raise
    mark.unlink()
    fsync_directory(places.data)


_BEGUN = "begun"
"""What is in the mark when files are being put in their places."""

_DRAFT_SUFFIX = ".restoring"


def _delete_drafts(places: Places) -> None:
    """What an earlier restore left; as large as the database."""
    for left in places.data.glob(f"{places.database.name}.*{_DRAFT_SUFFIX}*"):
        left.unlink()


def _restore_sqlite(
    source: Path, manifest: Manifest, target: Target, clock: Clock, on_progress: OnProgress
) -> Restored:
    places = target.places
    descriptor, name = tempfile.mkstemp(_DRAFT_SUFFIX, f"{places.database.name}.", places.data)
    os.close(descriptor)
    draft = Path(name)
    try:
        backup_file.copy_pages(source, draft, on_progress)
        with backup_file.open_backup(draft) as connection:
            backup_file.drop_own_tables(connection)
            backup_file.check_whole(connection, manifest.rows, on_progress)
            schema.upgrade(connection)
            warnings = _check_law(connection, manifest, on_progress)
        backup_file.fsync_file(draft)
        places.restore_mark.write_text(_BEGUN)
        aside = _put_aside(places, clock) if target.replace else None
        warnings += _restore_files(source, manifest, target)
        draft.replace(places.database)
        fsync_directory(places.data)
    finally:
        for suffix in ("", *COMPANIONS):
            Path(name + suffix).unlink(missing_ok=True)
    return Restored(manifest, aside, warnings)


def _restore_postgres(
    source: Path, manifest: Manifest, target: Target, clock: Clock, on_progress: OnProgress
) -> Restored:
    assert target.database is not None  # noqa: S101 - the caller looked
    with target.database.write() as connection:
        take_time(connection)
        schema.upgrade(connection, manifest.schema)
        with backup_file.open_backup(source, read_only=True) as backup:
            table_copy.copy_rows(backup, connection, manifest.rows, on_progress)
        found = table_copy.count_rows(connection, table_copy.list_tables(connection))
        if found != manifest.rows:
            raise DatabaseError("PostgreSQL does not have the rows that the backup has")
        schema.upgrade(connection)
        table_copy.set_sequences(connection)
        table_copy.analyze(connection)
        warnings = _check_law(connection, manifest, on_progress)
        target.places.restore_mark.write_text(_BEGUN)
        aside = _put_aside(target.places, clock) if target.replace else None
        warnings += _restore_files(source, manifest, target)
    return Restored(manifest, aside, warnings)


def _check_law(connection: Connection, manifest: Manifest, on_progress: OnProgress) -> tuple[str, ...]:
    """What was broken already, or can't be known, may be restored and is told; what is broken now may not."""
    found = count_and_check(connection, on_progress).violations
    if new := [text for text in found if manifest.violations is not None and text not in manifest.violations]:
        raise DatabaseError(f"the restored data don't add up, as they did when they were backed up: {new[0]}")
    told = [f"it was not in order when it was backed up: {text}" for text in found]
    if manifest.format < SEALED_SINCE_FORMAT:
        told.append("the backup is of an early version and has no checksum: changes in it would not be seen")
    return tuple(told)


def _put_aside(places: Places, clock: Clock) -> Path | None:
    """Keep what is there in a folder, too; the database and the key stay in place until they are replaced."""
    folder = places.data / BACKUP_FOLDER / f"before-restore-{to_datetime(clock.now_us()):%Y%m%dT%H%M%S}"
    if places.database.exists():
        sqlite.settle(places.database)
    staying = [path for path in (places.database, places.signing_key) if path.exists()]
    # A log that a damaged database left would be taken for the new one's.
    logs = [Path(f"{places.database}{suffix}") for suffix in COMPANIONS]
    moving = [path for path in (*logs, places.mailbox) if path.exists()]
    if not staying and not moving:
        return None
    folder.mkdir(parents=True, mode=DIRECTORY_MODE)
    for path in staying:
        os.link(path, folder / path.name)
    for path in moving:
        path.rename(folder / path.name)
    return folder


def _restore_files(source: Path, manifest: Manifest, target: Target) -> tuple[str, ...]:
    """Write the signing key and the mailbox, and say whether the links of sent mails will work."""
    places = target.places
    with backup_file.open_backup(source, read_only=True) as connection:
        for kept in backup_file.list_files(connection):
            _write(_place_of(kept, places), kept)
    kept_key = _find_key(source, places)
    key = target.set_key or (kept_key.content.decode().strip() if kept_key else None)
    if key is None:
        return (
            f"the backup holds no signing key: set AFTERWORD_SIGNING_KEY to the one there was, {_OR_ELSE}",
        )
    if Signer(key).read(KEY_PURPOSE, manifest.key_proof) is None:
        return (f"AFTERWORD_SIGNING_KEY is another key than that of the backup: set that one, {_OR_ELSE}",)
    return ()


_OR_ELSE = "or links in mails already sent are invalid"


def _find_key(source: Path, places: Places) -> KeptFile | None:
    with backup_file.open_backup(source, read_only=True) as connection:
        return backup_file.find_file(connection, str(places.signing_key.relative_to(places.data)))


def _place_of(kept: KeptFile, places: Places) -> Path:
    """Where a file goes; a backup from elsewhere must not write wherever it likes."""
    path = places.data / kept.path
    is_mail = path.parent == places.mailbox and path.match(MAIL_PATTERN)
    if path != places.signing_key and not is_mail:
        raise DatabaseError(f"the backup holds a file that is not Afterword's: {kept.path}")
    return path


def _write(path: Path, kept: KeptFile) -> None:
    path.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    draft = path.with_name(f"{path.name}{_DRAFT_SUFFIX}")
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, KEY_FILE_MODE), "wb") as file:  # noqa: PTH123
        file.write(kept.content)
        file.flush()
        os.fsync(file.fileno())
    os.utime(draft, ns=(kept.modified_at_us * 1_000, kept.modified_at_us * 1_000))
    draft.replace(path)
