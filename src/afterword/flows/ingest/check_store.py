"""Can the store take events now, and if not, why?"""

import logging

from afterword.storage import jobs, revision
from afterword.storage.engine import Database, StoreError, is_unavailable, took_too_long
from afterword.storage.trouble import Trouble

__all__ = ["StoreError", "Trouble", "find_trouble", "is_unavailable", "log_failure", "took_too_long"]


def find_trouble(database: Database) -> Trouble | None:
    """
    Ask a healthy database to answer, and one in trouble to write, so that it recovers without events.

    Returns:
        What is wrong, or None.

    Raises:
        StoreError: It does not answer at all.
    """
    health = database.health
    if health.trouble is None:
        with database.read() as connection:
            jobs.count_jobs(connection)
    elif not health.trouble.is_final:
        try:
            with database.write() as connection:
                revision.touch(connection)
        except StoreError:
            if health.trouble is None:
                raise
    return health.trouble


def log_failure(logger: logging.Logger, database: Database, what: str, error: BaseException) -> None:
    """
    Say in one line that the store failed, and nothing when the store itself said already what is wrong.

    What is no failure of the store is a bug and gets its traceback.
    """
    if not is_unavailable(error):
        logger.error(what, exc_info=error)
    elif database.health.trouble is None:
        logger.error("%s: %s", what, getattr(error, "orig", error))
