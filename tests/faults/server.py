"""How do tests of faults look into a running server's database?"""

from collections.abc import Iterator
from contextlib import contextmanager

from afterword.settings import DATABASE_FILE
from afterword.storage.engine import Database
from afterword.storage.open import open_database
from tests.support.server import RunningServer


@contextmanager
def open_beside(server: RunningServer) -> Iterator[Database]:
    """Open the database of a running server, as any command beside it does."""
    database = open_database(server.database_url, server.data / DATABASE_FILE)
    try:
        yield database
    finally:
        database.close()
