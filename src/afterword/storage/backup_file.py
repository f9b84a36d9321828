"""What is in a backup, and is it whole? An SQLite file with all tables, a manifest and some files."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from afterword.kit.progress import OnProgress
from afterword.storage.engine import DatabaseError, StoreError
from afterword.storage.schema import SCHEMA_TABLE
from afterword.storage.sqlite import driver

FORMAT = 2
"""Counted up when an older program should not restore what a newer one writes; 2 has a checksum."""

PAGES_AT_ONCE = 4_096
"""16 MB between two words of progress."""

BUSY_TIMEOUT_MS = 5_000

_metadata = sa.MetaData()
_manifest = sa.Table("backup_manifest", _metadata, sa.Column("value", sa.Text, nullable=False))
_file = sa.Table(
    "backup_file",
    _metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("modified_at_us", sa.BigInteger, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
seal_table = sa.Table("backup_seal", _metadata, sa.Column("sha256", sa.Text, nullable=False))
"""One row, which ``backup_seal`` writes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What a backup says about itself.

    Attributes:
        made_at_us: When it was begun: what was acknowledged before is in it.
        version: Of the Afterword that made it.
        schema: The revision of its tables.
        rows: Table → rows.
        key_proof: Signed with the signing key, so that another key is noticed.
        violations: Of the conservation law when the backup was made; None when it could not be
            checked, in an older schema.
    """

    made_at_us: int
    version: str
    schema: str
    rows: Mapping[str, int]
    key_proof: str
    violations: tuple[str, ...] | None = None
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the data directory; ``path`` is relative to it."""

    path: str
    modified_at_us: int
    content: bytes


@contextmanager
def open_backup(path: Path, *, read_only: bool = False) -> Iterator[sa.Connection]:
    """
    Open a backup, in one transaction that is committed at the end.

    Raises:
        DatabaseError: The file, or the disk, does not do it; with SQLite's own words.
    """
    mode = "ro" if read_only else "rw"
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": mode, "uri": "true"}),
        module=driver(),
        hide_parameters=True,
        poolclass=sa.NullPool,
        connect_args={"isolation_level": None},
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    try:
        with engine.begin() as connection:
            yield connection
    except (*StoreError, DatabaseError) as error:
        raise DatabaseError(f"{path}: {getattr(error, 'orig', error)}") from error


def copy_pages(source: Path, target: Path, on_progress: OnProgress) -> dict[str, int]:
    """
    Copy a live SQLite database, as it is at one moment, into an empty file, and sync it.

    The moment is held by a transaction: without one, each commit of a running
    server would make the copy begin again.

    Returns:
        Table → rows, as counted in the source at that moment.

    Raises:
        DatabaseError: SQLite could not read the source, or not write the target.
    """
    module = driver()
    try:
        with closing(module.connect(str(source))) as reader, closing(module.connect(str(target))) as copy:
            reader.isolation_level = None
            reader.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            reader.execute("PRAGMA query_only = 1")
            reader.execute("BEGIN")
            rows = {name: _count(reader, name) for name in _table_names(reader)}
            reader.backup(
                copy,
                pages=PAGES_AT_ONCE,
                progress=lambda status, left, of: on_progress("copying pages", of - left, of),
            )
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
    except module.Error as error:
        raise DatabaseError(f"can't copy {source} to {target.parent}: {error}") from error
    fsync_file(target)
    return rows


def set_manifest(connection: sa.Connection, manifest: Manifest) -> None:
    """Write down what the backup is."""
    _metadata.create_all(connection)
    connection.execute(sa.delete(_manifest))
    connection.execute(sa.insert(_manifest).values(value=json.dumps(asdict(manifest), ensure_ascii=False)))


def get_manifest(connection: sa.Connection) -> Manifest:
    """
    What a file says that it is.

    Raises:
        DatabaseError: It is no backup of Afterword's, or of a later form.
    """
    if not sa.inspect(connection).has_table(_manifest.name):
        raise DatabaseError("it is an SQLite database, but not one that `afterword backup` made")
    text = connection.execute(sa.select(_manifest.c.value)).scalar_one()
    try:
        values = json.loads(text)
        if values["format"] > FORMAT:
            raise DatabaseError(
                f"Afterword {values['version']} made it, in a form that this version does not know: "
                "use that one"
            )
        if values["violations"] is not None:
            values["violations"] = tuple(values["violations"])
        return Manifest(**values)
    except (ValueError, KeyError, TypeError) as error:
        raise DatabaseError("it is damaged: what it says of itself can't be read") from error


def add_file(connection: sa.Connection, kept: KeptFile) -> None:
    """Put one file in."""
    _metadata.create_all(connection)
    connection.execute(sa.insert(_file).values(asdict(kept)))


def find_file(connection: sa.Connection, path: str) -> KeptFile | None:
    """One of the files."""
    row = connection.execute(sa.select(_file).where(_file.c.path == path)).one_or_none()
    return None if row is None else KeptFile(**row._mapping)


def list_files(connection: sa.Connection) -> Iterator[KeptFile]:
    """The files, one at a time."""
    for path in connection.execute(sa.select(_file.c.path).order_by(_file.c.path)).scalars().all():
        if (found := find_file(connection, path)) is not None:
            yield found


def drop_own_tables(connection: sa.Connection) -> None:
    """Leave the database that was backed up, and nothing of the backup's own."""
    connection.exec_driver_sql("PRAGMA secure_delete = 1")  # the key is among the files
    _metadata.drop_all(connection)


def check_whole(connection: sa.Connection, rows: Mapping[str, int], on_progress: OnProgress) -> None:
    """
    Raises:
        DatabaseError: The file is damaged, refers to what is not there, or has other rows than it should.
    """
    on_progress("checking the file", 0, 2)
    damage = connection.exec_driver_sql("PRAGMA integrity_check(3)").scalars().all()
    if damage != ["ok"]:
        raise DatabaseError(f"it is damaged: {'; '.join(damage)}")
    on_progress("checking the file", 1, 2)
    if (dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").first()) is not None:
        raise DatabaseError(f"a row of {dangling[0]} refers to a row of {dangling[2]} that is not there")
    found = count_rows(connection)
    for name, expected in rows.items():
        if name not in found:
            raise DatabaseError(f"the table {name} is missing")
        if found[name] != expected:
            raise DatabaseError(f"the table {name} should have {expected} rows, and has {found[name]}")
    on_progress("checking the file", 2, 2)


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """Table → rows, without the backup's own."""
    raw: Any = connection.connection
    return {name: _count(raw, name) for name in _table_names(raw)}


def fsync_file(path: Path) -> None:
    """Make a file's content durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _table_names(connection: Any) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    names = [row[0] for row in rows if not row[0].startswith("sqlite_")]
    return [name for name in names if name not in (*_metadata.tables, SCHEMA_TABLE)]


def _count(connection: Any, table: str) -> int:
    count: int = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - our own
    return count
