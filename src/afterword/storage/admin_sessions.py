"""Who may see the staff pages?"""

from datetime import datetime

import sqlalchemy as sa

from afterword.storage.tables import admin_link, admin_session


def add_link(connection: sa.Connection, link_hash: bytes, *, now: datetime, expires_at: datetime) -> None:
    """Make a one-time link good."""
    connection.execute(sa.delete(admin_link).where(admin_link.c.expires_at <= now))
    connection.execute(sa.insert(admin_link).values(hash=link_hash, created_at=now, expires_at=expires_at))


def link_is_good(connection: sa.Connection, link_hash: bytes, now: datetime) -> bool:
    """Tell whether a link could still be used, without using it."""
    statement = sa.select(admin_link.c.hash).where(
        admin_link.c.hash == link_hash, admin_link.c.expires_at > now
    )
    return connection.execute(statement).first() is not None


def use_link(connection: sa.Connection, link_hash: bytes, now: datetime) -> bool:
    """Use a one-time link up; False when it is unknown, used or expired."""
    statement = sa.delete(admin_link).where(admin_link.c.hash == link_hash, admin_link.c.expires_at > now)
    return connection.execute(statement).rowcount == 1


def add_session(
    connection: sa.Connection, session_hash: bytes, *, now: datetime, expires_at: datetime
) -> None:
    """Open a session."""
    connection.execute(sa.delete(admin_session).where(admin_session.c.expires_at <= now))
    connection.execute(
        sa.insert(admin_session).values(hash=session_hash, created_at=now, expires_at=expires_at)
    )


def session_is_good(connection: sa.Connection, session_hash: bytes, now: datetime) -> bool:
    """Tell whether a session is open."""
    statement = sa.select(admin_session.c.hash).where(
        admin_session.c.hash == session_hash, admin_session.c.expires_at > now
    )
    return connection.execute(statement).first() is not None


def any_session(connection: sa.Connection, now: datetime) -> bool:
    """Tell whether anybody has an open session."""
    statement = sa.select(admin_session.c.hash).where(admin_session.c.expires_at > now)
    return connection.execute(statement.limit(1)).first() is not None


def delete_session(connection: sa.Connection, session_hash: bytes) -> None:
    """Sign out."""
    connection.execute(sa.delete(admin_session).where(admin_session.c.hash == session_hash))
