"""What is special about PostgreSQL: durable commits, and nothing that waits for ever."""

import re
from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa

from afterword.kit.clock import SECOND_US, SystemClock
from afterword.storage.engine import (
    AT_COMMIT,
    FIRST,
    FIRST_ROWS,
    POOL_CONNECTIONS_MAX,
    Database,
    DatabaseError,
    UnreachableError,
    keep_first_line,
    raw_cursor,
)
from afterword.storage.trouble import Trouble

CONNECT_TIMEOUT_S = 5
"""How long a connection may take to open; for each address of the server's name."""

POOL_TIMEOUT_S = 5
"""How long to wait for a connection while all of a pool are lent: as long as for a statement of a writer."""

PING_AFTER_US = SECOND_US
"""
A connection that was idle for so long is asked first whether it still lives.

Asking each time would cost every batch a round trip; one that died under load fails its
batch, whether or not it was asked a moment before.
"""

WRITE_STATEMENT_S = 5
"""
How long a statement that writes may take, its waiting for locks included.

A batch takes milliseconds and a lock is held for one batch, so five seconds
mean that something hangs; and 503 says "again in 5 s" anyway.
"""

READ_STATEMENT_S = 30
"""The same for what only reads: a report over millions of rows may take its time, a page may not hang."""

IDLE_IN_TRANSACTION_S = 10
"""
How long PostgreSQL waits for the next statement of a transaction before it ends the connection.

A server that is stopped or cut off in the middle of a batch would hold its
projects' locks until TCP gives up, which takes hours. Twice what any of our
statements may take, since nothing of ours thinks longer between two of them.
"""

GIVE_UP_NETWORK_MS = 10_000
"""How long sent bytes may stay unacknowledged, so that a machine that vanished is noticed."""

_clock = SystemClock()

URL_SETTING = "AFTERWORD_DATABASE_URL"
REQUIRED = ("fsync", "full_page_writes", "synchronous_commit")
_TROUBLES = {"53100": Trouble.DISK_FULL, "25006": Trouble.READ_ONLY}
"""By SQLSTATE; a standby that was a primary is read-only."""

_ADVICE = {
    "password": f"mend user and password in {URL_SETTING}; signs such as / ? # @ in them are written as "
    "%2F %3F %23 %40",
    'role ".*" does not exist': f"mend the user in {URL_SETTING}, or have the role created",
    'database ".*" does not exist': f"mend the name at the end of {URL_SETTING}, or create the database",
    "pg_hba.conf": "have this machine, user and database allowed in pg_hba.conf",
    "resolve host": f"mend the host in {URL_SETTING}, or this machine's DNS",
    "too many|slots": "close other connections, or raise max_connections or the limit that is meant",
    "starting up": "wait until PostgreSQL has started, and try again; its log says how far it is",
}
"""What to do, by a pattern of what PostgreSQL or its driver says; there is no code for it."""

_ADVICE_ELSE = f"is PostgreSQL running, and does {URL_SETTING} name its host and port? Then look at its log"

_SAFE_COMMITS = {"on", "remote_apply", "remote_write", "local"}

_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": GIVE_UP_NETWORK_MS,
}

_LIMITS = (
    "SET LOCAL statement_timeout = '{statement_s}s'; "
    f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_S}s'"
)
# Whoever switches it off for our role or database while we run must not lose acknowledged events.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)
_BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " + _LIMITS.format(
    statement_s=READ_STATEMENT_S
)
_BEGIN_WRITE = "BEGIN; " + _LIMITS.format(statement_s=WRITE_STATEMENT_S) + "; " + _DURABLE


def open_postgres(url: str) -> Database:
    """
    Connect to PostgreSQL.

    Raises:
        UnreachableError: It does not answer, or does not let us in.
        DatabaseError: No driver, or set so that it loses acknowledged events.
    """
    # Two pools, so that readers that hang never keep events waiting.
    reader, writer = _engine(url, _BEGIN_READ), _engine(url, _BEGIN_WRITE)
    try:
        with reader.connect() as connection:
            _check_durable(connection)
    except DatabaseError:
        reader.dispose()
        raise
    except sa.exc.OperationalError as error:
        # The query may hold a password, too.
        shown = sa.make_url(url).set(query={}).render_as_string(hide_password=True)
        said = str(error.orig)
        advice = next((advice for sign, advice in _ADVICE.items() if re.search(sign, said)), _ADVICE_ELSE)
        raise UnreachableError(f"can't reach PostgreSQL at {shown}: {said}", advice) from error
    return Database(reader, writer, nullcontext(), find_trouble)


def find_trouble(error: sa.exc.DBAPIError) -> Trouble | None:
    """What does an error of PostgreSQL mean beyond itself? After a failed sync it ends by itself."""
    return _TROUBLES.get(getattr(error.orig, "sqlstate", None) or "")


def _check_durable(connection: sa.Connection) -> None:
    for name in REQUIRED:
        value = connection.scalar(sa.text(f"SHOW {name}"))
        if value not in _SAFE_COMMITS:
            raise DatabaseError(
                f"PostgreSQL runs with {name} = {value} and would lose acknowledged events: set {name} = on"
            )


def _engine(url: str, begin: str) -> sa.Engine:
    try:
        engine = sa.create_engine(
            sa.make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=POOL_CONNECTIONS_MAX,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            hide_parameters=True,  # they hold people's data, and errors end up in the log
            isolation_level="AUTOCOMMIT",  # the driver's own BEGIN would cost a round trip beside ours
            # Prepared statements break behind PgBouncer in transaction mode.
            connect_args={"prepare_threshold": None, "connect_timeout": CONNECT_TIMEOUT_S, **_KEEPALIVE},
        )
    except ModuleNotFoundError:
        raise DatabaseError(
            "PostgreSQL needs its driver: install afterword with the extra, afterword[postgres]"
        ) from None
    except sa.exc.ArgumentError:
        raise DatabaseError(f"{URL_SETTING} is not a database URL: postgresql://…") from None

    # When a connection was last found broken: then the others of the pool may be, too.
    broken_at_us = -1

    @sa.event.listens_for(engine, "invalidate")
    def _note_broken(connection: Any, record: Any, error: BaseException | None) -> None:
        nonlocal broken_at_us
        broken_at_us = _clock.steady_us()

    @sa.event.listens_for(engine, "checkin")
    def _note(connection: Any, record: Any) -> None:
        record.info["used_at_us"] = _clock.steady_us()

    @sa.event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: Any, proxy: Any) -> None:
        used_at_us = record.info.get("used_at_us")
        if used_at_us is None:
            return
        if used_at_us <= broken_at_us or _clock.steady_us() - used_at_us > PING_AFTER_US:
            try:
                connection.execute("SELECT 1")
            except engine.dialect.loaded_dbapi.Error as error:
                # The pool then opens a new one.
                raise sa.exc.DisconnectionError from error

    @sa.event.listens_for(engine, "handle_error")
    def _shorten(context: sa.engine.ExceptionContext) -> None:
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                keep_first_line(error)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.info.pop(AT_COMMIT, None)  # of a transaction that was rolled back
        # All in one message, and for this transaction only: behind PgBouncer the session is not ours.
        if first := connection.info.pop(FIRST, None):
            with raw_cursor(connection) as cursor:
                cursor.execute(f"{begin}; {first}")
                while cursor.nextset():
                    pass
                connection.info[FIRST_ROWS] = cursor.fetchall()
            return
        # A reader that asked for its rows in portions must not get a cursor over a BEGIN.
        connection.exec_driver_sql(begin, execution_options={"yield_per": None, "stream_results": False})

    @sa.event.listens_for(engine, "commit")
    def _commit(connection: sa.Connection) -> None:
        if statements := connection.info.pop(AT_COMMIT, None):
            # The driver then sees that the transaction has ended, and sends no COMMIT of its own.
            connection.exec_driver_sql("; ".join([*statements, "COMMIT"]))

    return engine
