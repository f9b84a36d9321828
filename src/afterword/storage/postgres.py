"""What is special about PostgreSQL: durable commits must be switched on."""

from contextlib import nullcontext

import sqlalchemy as sa

from afterword.storage.engine import POOL_CONNECTIONS_MAX, Database, DatabaseError

CONNECT_TIMEOUT_S = 5
REQUIRED = ("fsync", "full_page_writes", "synchronous_commit")
_SAFE_COMMITS = {"on", "remote_apply", "remote_write", "local"}


def open_postgres(url: str) -> Database:
    """
    Connect to PostgreSQL.

    Raises:
        DatabaseError: Unreachable, no driver, or set so that it loses acknowledged events.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            for name in REQUIRED:
                value = connection.scalar(sa.text(f"SHOW {name}"))
                if value not in _SAFE_COMMITS:
                    raise DatabaseError(
                        f"PostgreSQL runs with {name} = {value} and would lose acknowledged events: "
                        f"set {name} = on"
                    )
    except DatabaseError:
        engine.dispose()
        raise
    except sa.exc.OperationalError as error:
        shown = sa.make_url(url).render_as_string(hide_password=True)
        raise DatabaseError(f"can't reach PostgreSQL at {shown}: {error.orig}") from error
    # Readers put several queries together and must see one state.
    reader = engine.execution_options(isolation_level="REPEATABLE READ")
    return Database(reader, engine, nullcontext())


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
        return sa.create_engine(
            parsed,
            pool_size=POOL_CONNECTIONS_MAX,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,  # they hold people's data, and errors end up in the log
            # Prepared statements break behind PgBouncer in transaction mode.
            connect_args={"prepare_threshold": None, "connect_timeout": CONNECT_TIMEOUT_S},
        )
    except ModuleNotFoundError:
        raise DatabaseError(
            "PostgreSQL needs its driver: install afterword with the extra, afterword[postgres]"
        ) from None
    except sa.exc.ArgumentError:
        raise DatabaseError("AFTERWORD_DATABASE_URL is not a database URL: postgresql://…") from None
