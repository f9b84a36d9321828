"""How does a command get at the database?"""

from collections.abc import Iterator
from contextlib import contextmanager

from afterword.bootstrap import Parts, open_parts
from afterword.flows.prepare_schema import prepare_schema
from afterword.settings import DATABASE_FILE, Settings, load_settings


@contextmanager
def open_app(settings: Settings | None = None) -> Iterator[Parts]:
    """Open everything for one command, with a schema that is up to date."""
    parts = open_parts(settings or load_settings())
    try:
        prepare_schema(parts.database, parts.clock, parts.settings.data / DATABASE_FILE)
        yield parts
    finally:
        parts.database.close()
