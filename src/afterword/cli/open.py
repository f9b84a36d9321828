"""How does a command get at the database?"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from afterword.bootstrap import Parts, name_places, open_parts
from afterword.flows.upkeep.prepare_schema import prepare_schema
from afterword.settings import DATABASE_FILE, Settings, SettingsError, load_settings
from afterword.storage.sqlite import ServerLock


@contextmanager
def open_app(
    settings: Settings | None = None, *, is_server: bool = False, makes_new: bool = False
) -> Iterator[Parts]:
    """
    Open everything for one command, with a schema that is up to date.

    Args:
        is_server: Be the only server on these data; that one may also change an older schema.
        makes_new: Make an SQLite database where there is none, as a server does. Any other command would
            work on an empty one in the wrong directory, and nobody would notice.

    Raises:
        AfterwordError: Something can't be opened, or another server runs on these data.
    """
    settings = settings or load_settings()
    if not (is_server or makes_new):
        _check_database_is_there(settings)
    parts = open_parts(settings)
    try:
        with only_server(parts) if is_server else nullcontext():
            path = parts.settings.data / DATABASE_FILE
            prepare_schema(parts.database, parts.clock, path, is_server=is_server)
            yield parts
    finally:
        parts.database.close()


def _check_database_is_there(settings: Settings) -> None:
    places = name_places(settings)
    try:
        is_there = places.database.exists() or places.restore_mark.exists()
    except OSError:
        # What is wrong with the directory is said by whoever opens it.
        return
    if settings.database_url is None and not is_there:
        raise SettingsError(
            f"there is no database in {places.data}: set AFTERWORD_DATA to the right directory; "
            "`afterword serve` or `afterword project create` makes a new one"
        )


@contextmanager
def only_server(parts: Parts) -> Iterator[None]:
    """Keep other servers off an SQLite database; PostgreSQL takes several."""
    if parts.database.is_postgres:
        yield
        return
    lock = ServerLock(parts.settings.data)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
