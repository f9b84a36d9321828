"""How is the database opened, and what must be true of it?"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from afterword.domain.errors import AfterwordError
from afterword.kit.clock import SECOND_US
from afterword.storage.trouble import Health, Trouble, TroubleError

POOL_CONNECTIONS_MAX = 8

Connection = sa.Connection
"""What ``Database`` lends and every storage function takes; other rooms need no SQLAlchemy."""

StoreError = (sa.exc.DBAPIError, sa.exc.TimeoutError, TroubleError)
"""The database did not do what it was asked: away, full, read-only, all connections busy …"""


FIRST, FIRST_ROWS, AT_COMMIT = "first", "first_rows", "at_commit"
"""Where a connection keeps the query for its BEGIN, what that found, and the statements for its COMMIT."""

_QUERY_CANCELED = "57014"
"""SQLSTATE of a statement that took longer than its limit, or waited longer for a lock."""

_BUGS = (sa.exc.IntegrityError, sa.exc.ProgrammingError, sa.exc.DataError)


def is_unavailable(error: BaseException) -> bool:
    """True for a failure of the store; False for what can only be a bug of the statement."""
    return isinstance(error, StoreError) and not isinstance(error, _BUGS)


def took_too_long(error: BaseException) -> bool:
    """True for a statement that PostgreSQL ended for the time it took: with less to do it may succeed."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == _QUERY_CANCELED


class DatabaseError(AfterwordError):
    """The database can't be used as it is; the message says what to do."""


class UnreachableError(DatabaseError):
    """
    The database server does not answer, or does not let us in.

    Attributes:
        what: What happened, without the advice.
        advice: What to do.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what}; {advice}")
        self.what = what
        self.advice = advice


def take_time(connection: sa.Connection) -> None:
    """Lift PostgreSQL's time limits for the rest of a transaction."""
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET LOCAL {limit} = 0")


def first_rows(connection: sa.Connection) -> Sequence[tuple[Any, ...]]:
    """What the query found with which a transaction began; see ``Database.write``."""
    found: Sequence[tuple[Any, ...]] = connection.info.pop(FIRST_ROWS)
    return found


def at_commit(connection: sa.Connection, statement: str) -> None:
    """
    Run a statement without parameters as a transaction's last, or one of them; on PostgreSQL they go in
    one message with the COMMIT.
    """
    if connection.dialect.name == "postgresql":
        connection.info.setdefault(AT_COMMIT, []).append(statement)
    else:
        connection.exec_driver_sql(statement)


class Database:
    """
    One open database. Storage functions take the connection that ``read`` or ``write`` lend.

    On SQLite there is one writing connection in the process, behind a lock, and
    readers can't write. On PostgreSQL both come from one pool.

    Args:
        find_trouble: What does an error of the driver mean beyond its transaction?
        is_over: After one commit in trouble, is the trouble over? A small one may fit on a full disk.

    Attributes:
        health: What the last transactions met.
    """

    def __init__(
        self,
        reader: sa.Engine,
        writer: sa.Engine,
        write_lock: AbstractContextManager[object],
        find_trouble: Callable[[sa.exc.DBAPIError], Trouble | None],
        is_over: Callable[[], bool] = lambda: True,
    ) -> None:
        self.health = Health()
        self._reader = reader
        self._writer = writer
        self._write_lock = write_lock
        self._find_trouble = find_trouble
        self._is_over = is_over

    @property
    def is_postgres(self) -> bool:
        """True on PostgreSQL, where several servers may share the database."""
        return self._writer.dialect.name == "postgresql"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Lend a connection that sees one consistent state and changes nothing."""
        with self._watched(writes=False), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def read_whole(self) -> Iterator[sa.Connection]:
        """As ``read``, for whoever reads whole tables: nothing ends the transaction for taking long."""
        with self.read() as connection:
            if self.is_postgres:
                take_time(connection)
            yield connection

    @contextmanager
    def write(self, first: str | None = None) -> Iterator[sa.Connection]:
        """
        Lend the writing connection: all is committed at the end, or nothing on an exception.

        Args:
            first: On PostgreSQL a query without parameters that goes in one message with the BEGIN, for
                those whose every round trip counts; ``first_rows`` has what it found.
        """
        with self._write_lock, self._watched(writes=True):
            self.health.check_writable()
            with self._writer.connect() as connection:
                if first is not None:
                    connection.info[FIRST] = first
                with connection.begin():
                    yield connection
            if self.health.trouble is not None and self._is_over():
                self.health.leave()

    @contextmanager
    def maintain(self) -> Iterator[Any]:
        """Lend a cursor of the driver outside any transaction, for VACUUM and its like; nobody writes."""
        with self._write_lock, self._watched(writes=True):
            self.health.check_writable()
            with self._writer.connect() as connection, raw_cursor(connection) as cursor:
                yield cursor

    @contextmanager
    def _watched(self, *, writes: bool) -> Iterator[None]:
        """Notice what an error means for all others; a reader can only find damage."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            found = self._find_trouble(error)
            if found is not None and (writes or found is Trouble.DAMAGED):
                self.health.enter(found, error.orig)
            if found is Trouble.READ_ONLY and writes:
                # SQLite opens for reading only when it may not write at that moment, and PostgreSQL may
                # have become a standby: only a new connection can find that it is over.
                self._writer.dispose()
            raise

    def engine_for_migrations(self) -> sa.Engine:
        """The engine that Alembic runs on."""
        return self._writer

    def close(self) -> None:
        """Give all connections back."""
        self._reader.dispose()
        self._writer.dispose()


def keep_first_line(error: BaseException) -> None:
    """Cut an error down to what went wrong: PostgreSQL's next lines repeat the row, addresses and all."""
    if error.args:
        error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


@contextmanager
def raw_cursor(connection: sa.Connection) -> Iterator[Any]:
    """
    Lend the driver's own cursor, for what SQLAlchemy has no words for.

    Raises:
        StoreError: As SQLAlchemy would raise it.
    """
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_store_error(connection, error) from error
    finally:
        # Of a connection that is broken nothing is left to close.
        if not connection.invalidated:
            cursor.close()


def read_rows(connection: sa.Connection, query: str, rows_at_once: int) -> Iterator[Any]:
    """
    The driver's own rows of a query without parameters, in portions: for hundreds of thousands of them.

    PostgreSQL's driver keeps a whole result in memory unless the cursor is the server's.
    """
    if not connection.in_transaction():
        connection.begin()  # as SQLAlchemy's own statements do: the server's cursors live in a transaction
    dbapi: Any = connection.connection
    named = {"name": "rows"} if connection.dialect.name == "postgresql" else {}
    cursor = dbapi.cursor(**named)
    try:
        cursor.execute(query)
        while part := cursor.fetchmany(rows_at_once):
            yield from part
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_store_error(connection, error) from error
    finally:
        if not connection.invalidated:
            cursor.close()


def _as_store_error(connection: sa.Connection, error: Any) -> sa.exc.DBAPIError:
    keep_first_line(error)
    driver = connection.dialect.loaded_dbapi
    # As SQLAlchemy does after a statement of its own: the pool must not get it back, and tidy it up in vain.
    if connection.dialect.is_disconnect(error, connection.connection, None):
        connection.invalidate(error)
    found = sa.exc.DBAPIError.instance(None, None, error, driver.Error, hide_parameters=True)
    assert isinstance(found, sa.exc.DBAPIError)  # noqa: S101 - the driver's own error always is
    return found


def clock_us(connection: Connection) -> int | None:
    """The wall clock of a database that servers share, microseconds; None where one server is alone."""
    if connection.dialect.name != "postgresql":
        return None
    now_s = "SELECT extract(epoch FROM clock_timestamp())"
    found: int = round(connection.execute(sa.text(now_s)).scalar_one() * SECOND_US)
    return found
