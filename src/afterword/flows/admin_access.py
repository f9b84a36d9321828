"""Who may see the staff pages, until there are accounts?"""

from datetime import timedelta

from afterword.domain.token import hash_token
from afterword.flows.links import Links
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_secret
from afterword.storage import admin_sessions
from afterword.storage.engine import Database

LINK_LIFETIME = timedelta(hours=1)
SESSION_LIFETIME = timedelta(days=7)


def make_admin_link(database: Database, clock: Clock, links: Links) -> str:
    """Make a link that opens the staff pages once, within LINK_LIFETIME."""
    secret = random_secret()
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        admin_sessions.add_link(connection, hash_token(secret), now=now, expires_at=now + LINK_LIFETIME)
    return links.admin(secret)


def has_open_session(database: Database, clock: Clock) -> bool:
    """Tell whether somebody can get in already, so that no new link needs to be printed."""
    with database.read() as connection:
        return admin_sessions.any_session(connection, to_datetime(clock.now_us()))


def is_link_good(database: Database, clock: Clock, secret: str) -> bool:
    """Look at a one-time link without using it: mail and chat programs open links too."""
    with database.read() as connection:
        return admin_sessions.link_is_good(connection, hash_token(secret), to_datetime(clock.now_us()))


def open_session(database: Database, clock: Clock, secret: str) -> str | None:
    """Use a one-time link up; returns the session's secret, or None for a link that is not good."""
    now = to_datetime(clock.now_us())
    session = random_secret()
    with database.write() as connection:
        if not admin_sessions.use_link(connection, hash_token(secret), now):
            return None
        admin_sessions.add_session(
            connection, hash_token(session), now=now, expires_at=now + SESSION_LIFETIME
        )
    return session


def is_session_good(database: Database, clock: Clock, session: str) -> bool:
    """Tell whether a cookie's secret belongs to an open session."""
    with database.read() as connection:
        return admin_sessions.session_is_good(connection, hash_token(session), to_datetime(clock.now_us()))


def close_session(database: Database, session: str) -> None:
    """Sign out."""
    with database.write() as connection:
        admin_sessions.delete_session(connection, hash_token(session))
