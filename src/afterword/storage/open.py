"""Which database do the settings mean?"""

from pathlib import Path

from afterword.storage.engine import Database


def open_database(url: str | None, sqlite_path: Path) -> Database:
    """
    Open the database that the settings name.

    Args:
        url: ``postgresql://…``; None means SQLite at sqlite_path.
        sqlite_path: Where the embedded default lives.

    Raises:
        DatabaseError: It can't be reached, or its settings would lose acknowledged events.
    """
    # Imported here so that SQLite users need no PostgreSQL driver, and the other way round.
    if url is None:
        from afterword.storage import sqlite

        return sqlite.open_sqlite(sqlite_path)
    from afterword.storage import postgres

    return postgres.open_postgres(url)
