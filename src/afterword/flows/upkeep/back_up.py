"""How does everything that is kept get into one file, while the server runs and writes?"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from afterword import __version__
from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.flows.upkeep.check_conservation import count_and_check
from afterword.kit.clock import Clock
from afterword.kit.files import fsync_directory
from afterword.kit.places import Places
from afterword.kit.progress import OnProgress, untold
from afterword.kit.signing import Signer
from afterword.storage import backup_file, backup_seal, schema, sqlite, table_copy
from afterword.storage.backup_file import KeptFile, Manifest
from afterword.storage.engine import Database, DatabaseError
from afterword.storage.schema import SchemaState

KEY_PURPOSE = "backup"
MAIL_PATTERN = "*.eml"


def back_up(
    database: Database,
    clock: Clock,
    signer: Signer,
    places: Places,
    target: Path,
    on_progress: OnProgress = untold,
) -> Manifest:
    """
    Make a backup: all that was acknowledged before this was called is in it, and it is whole or not there.

    Raises:
        ConflictError: The target is there already.
        DatabaseError: There is nothing to back up, it can't be read, or the target can't be written.
    """
    made_at_us = clock.now_us()
    with _draft_of(target) as draft:
        rows, revision = _copy(database, places.database, draft, on_progress)
        manifest = Manifest(made_at_us, __version__, revision, rows, signer.sign(KEY_PURPOSE, 1))
        with backup_file.open_backup(draft) as connection:
            # After the tables: a mail that was sent meanwhile is too much, and never missing.
            for kept in _read_files(places):
                backup_file.add_file(connection, kept)
            backup_file.set_manifest(connection, manifest)
        with backup_file.open_backup(draft) as connection:
            backup_file.check_whole(connection, rows, on_progress)
            if schema.compare_revision(revision) is SchemaState.CURRENT:
                # What is broken already is worth a backup, too.
                manifest = replace(manifest, violations=count_and_check(connection, on_progress).violations)
                backup_file.set_manifest(connection, manifest)
        backup_seal.seal(draft, on_progress)
        backup_file.fsync_file(draft)
    return manifest


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A file under another name, which takes the target's name when all went well and is gone when not."""
    _check_free(target)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent)
        os.close(descriptor)
    except OSError as error:
        raise InvalidInputError(f"can't write into {target.parent}: {error.strerror}") from error
    draft = Path(name)
    try:
        yield draft
        _check_free(target)
        draft.rename(target)
        fsync_directory(target.parent)
    except OSError as error:
        raise DatabaseError(f"can't back up to {target}: {error.strerror}") from error
    finally:
        for suffix in ("", *sqlite.COMPANIONS):
            Path(name + suffix).unlink(missing_ok=True)


def _check_free(target: Path) -> None:
    if target.exists():
        raise ConflictError(f"{target} is there already: choose another name")


def _copy(
    database: Database, sqlite_path: Path, draft: Path, on_progress: OnProgress
) -> tuple[dict[str, int], str]:
    """All tables as they are at one moment; how many rows each has, and the schema's revision."""
    with database.read() as connection:
        revision = schema.find_revision(connection)
    match schema.compare_revision(revision):
        case SchemaState.EMPTY:
            raise DatabaseError("there is nothing to back up: the database is empty")
        case SchemaState.NEWER:
            raise DatabaseError("the database was made by a newer Afterword: back up with that version")
    assert revision is not None  # noqa: S101 - that was EMPTY
    if not database.is_postgres:
        return backup_file.copy_pages(sqlite_path, draft, on_progress), revision
    with database.read_whole() as source, backup_file.open_backup(draft) as target:
        schema.upgrade(target, revision)
        rows = table_copy.count_rows(source, table_copy.list_tables(target))
        table_copy.copy_rows(source, target, rows, on_progress)
    return rows, revision


def _read_files(places: Places) -> Iterator[KeptFile]:
    """The signing key, unless it comes from a setting, and the mailbox."""
    for path in (places.signing_key, *sorted(places.mailbox.glob(MAIL_PATTERN))):
        try:
            content, modified_at = path.read_bytes(), path.stat().st_mtime_ns
        except FileNotFoundError:
            continue
        yield KeptFile(str(path.relative_to(places.data)), modified_at // 1_000, content)
