"""How does a command get at the database?"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from afterword.bootstrap import Parts, open_parts
from afterword.flows.prepare_schema import prepare_schema
from afterword.settings import DATABASE_FILE, Settings, load_settings
from afterword.storage.sqlite import ServerLock


@contextmanager
def open_app(settings: Settings | None = None, *, is_server: bool = False) -> Iterator[Parts]:
    """
    Open everything for one command, with a schema that is up to date.

    Args:
        is_server: Be the only server on these data; that one may also change an older schema.

    Raises:
        AfterwordError: Something can't be opened, or another server runs on these data.
    """
    parts = open_parts(settings or load_settings())
    try:
        with only_server(parts) if is_server else nullcontext():
            path = parts.settings.data / DATABASE_FILE
            prepare_schema(parts.database, parts.clock, path, is_server=is_server)
            yield parts
    finally:
        parts.database.close()


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
