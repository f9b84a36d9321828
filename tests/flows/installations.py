"""What tests of backups share: a data directory with files, and how to tell that two databases are alike."""

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from afterword.flows.upkeep.back_up import back_up
from afterword.kit.places import Places
from afterword.kit.progress import OnProgress, untold
from afterword.kit.signing import Signer
from afterword.storage import table_copy
from afterword.storage.backup_file import Manifest
from tests.flows.world import World

KEY = "k" * 32


def places_in(folder: Path) -> Places:
    """A data directory with a key and two mails."""
    places = name_places(folder)
    places.signing_key.write_text(KEY)
    places.mailbox.mkdir()
    for name in ("a", "b"):
        mail = places.mailbox / f"{name}.eml"
        mail.write_text(f"mail {name}")
        os.utime(mail, (1_700_000_000, 1_700_000_000))
    (places.mailbox / "c.17.draft").write_text("half a mail")
    return places


def name_places(folder: Path) -> Places:
    """The places of a data directory, where nothing needs to be."""
    return Places(folder, folder / "afterword.db", folder / "signing.key", folder / "mailbox")


def run_back_up(world: World, places: Places, target: Path, on_progress: OnProgress = untold) -> Manifest:
    """Back a world up."""
    return back_up(world.database, world.clock, Signer(KEY), places, target, on_progress)


def table_contents(connection: sa.Connection, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Table → all rows, in the order of their keys, as plain values."""
    contents: dict[str, list[Any]] = {}
    for table in table_copy.list_tables(connection, without):
        rows = connection.execute(sa.select(table)).all()
        contents[table.name] = sorted(tuple(map(_plain, row)) for row in rows)
    return contents


def _plain(value: Any) -> str:
    """One spelling for what two databases give as different types, and one that sorts."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return repr(float(value)) if isinstance(value, bool | int | float) else repr(value)
