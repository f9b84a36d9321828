"""Who gets at the staff pages, and for how long?"""

from afterword.flows.admin_access import (
    LINK_LIFETIME,
    SESSION_LIFETIME,
    close_session,
    has_open_session,
    is_link_good,
    is_session_good,
    make_admin_link,
    open_session,
)
from tests.flows.world import BASE_URL, World


def make_secret(world: World) -> str:
    link = make_admin_link(world.database, world.clock, world.links)
    assert link.startswith(f"{BASE_URL}/admin/")
    return link.rpartition("/")[2]


def test_a_link_opens_one_session_and_looking_does_not_use_it(world: World) -> None:
    secret = make_secret(world)
    assert is_link_good(world.database, world.clock, secret)
    assert is_link_good(world.database, world.clock, secret)
    session = open_session(world.database, world.clock, secret)
    assert session is not None
    assert session != secret
    assert is_session_good(world.database, world.clock, session)
    assert not is_link_good(world.database, world.clock, secret)
    assert open_session(world.database, world.clock, secret) is None


def test_a_link_expires(world: World) -> None:
    secret = make_secret(world)
    world.clock.advance(LINK_LIFETIME)
    assert not is_link_good(world.database, world.clock, secret)
    assert open_session(world.database, world.clock, secret) is None
    assert not has_open_session(world.database, world.clock)


def test_a_session_ends_by_itself_or_by_signing_out(world: World) -> None:
    first = open_session(world.database, world.clock, make_secret(world))
    second = open_session(world.database, world.clock, make_secret(world))
    assert first is not None
    assert second is not None
    close_session(world.database, first)
    assert not is_session_good(world.database, world.clock, first)
    assert is_session_good(world.database, world.clock, second)
    world.clock.advance(SESSION_LIFETIME)
    assert not is_session_good(world.database, world.clock, second)


def test_a_made_up_secret_opens_nothing(world: World) -> None:
    for secret in ("", "x", "\udcff", "ü" * 1_000):
        assert not is_link_good(world.database, world.clock, secret)
        assert open_session(world.database, world.clock, secret) is None
        assert not is_session_good(world.database, world.clock, secret)
