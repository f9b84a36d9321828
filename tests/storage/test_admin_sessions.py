"""Do one-time links work once, and sessions until they end?"""

from datetime import timedelta

from afterword.storage import admin_sessions
from afterword.storage.engine import Database
from tests.storage.support import DAY, HOUR, START, in_threads

MICROSECOND = timedelta(microseconds=1)


def test_a_link_is_good_until_its_time_and_looking_does_not_use_it(database: Database) -> None:
    with database.write() as connection:
        admin_sessions.add_link(connection, b"link", now=START, expires_at=START + HOUR)
        for _ in range(2):
            assert admin_sessions.link_is_good(connection, b"link", START + HOUR - MICROSECOND)
        assert not admin_sessions.link_is_good(connection, b"link", START + HOUR)
        assert not admin_sessions.link_is_good(connection, b"other", START)


def test_a_link_is_used_once(database: Database) -> None:
    with database.write() as connection:
        admin_sessions.add_link(connection, b"link", now=START, expires_at=START + HOUR)
        admin_sessions.add_link(connection, b"other", now=START, expires_at=START + HOUR)
        assert admin_sessions.use_link(connection, b"link", START)
        assert not admin_sessions.use_link(connection, b"link", START)
        assert admin_sessions.link_is_good(connection, b"other", START)


def test_of_eight_browsers_that_use_a_link_at_once_one_gets_in(database: Database) -> None:
    with database.write() as connection:
        admin_sessions.add_link(connection, b"link", now=START, expires_at=START + HOUR)

    def use(_: int) -> bool:
        with database.write() as connection:
            return admin_sessions.use_link(connection, b"link", START)

    assert sorted(in_threads(8, use)) == [False] * 7 + [True]


def test_an_expired_link_can_not_be_used(database: Database) -> None:
    with database.write() as connection:
        admin_sessions.add_link(connection, b"link", now=START, expires_at=START + HOUR)
        assert not admin_sessions.use_link(connection, b"link", START + HOUR)


def test_a_session_is_good_until_its_time_or_its_end(database: Database) -> None:
    with database.write() as connection:
        for name in (b"alice", b"bob"):
            admin_sessions.add_session(connection, name, now=START, expires_at=START + DAY)
        assert admin_sessions.session_is_good(connection, b"alice", START + DAY - MICROSECOND)
        assert not admin_sessions.session_is_good(connection, b"alice", START + DAY)
        admin_sessions.delete_session(connection, b"alice")
        assert not admin_sessions.session_is_good(connection, b"alice", START)
        assert admin_sessions.session_is_good(connection, b"bob", START)
        assert not admin_sessions.session_is_good(connection, b"charlie", START)


def test_new_links_and_sessions_sweep_the_expired_ones_away(database: Database) -> None:
    with database.write() as connection:
        assert not admin_sessions.any_session(connection, START)
        admin_sessions.add_session(connection, b"old", now=START, expires_at=START + HOUR)
        assert admin_sessions.any_session(connection, START)
        assert not admin_sessions.any_session(connection, START + HOUR), "an expired session lets nobody in"
        admin_sessions.add_session(connection, b"new", now=START + HOUR, expires_at=START + DAY)
        admin_sessions.delete_session(connection, b"new")
        assert not admin_sessions.any_session(connection, START), "the expired session is still there"
