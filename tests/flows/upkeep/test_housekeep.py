"""Is thrown away what is over, and nothing else?"""

from datetime import timedelta

from afterword.domain.event import IDEMPOTENCY_US
from afterword.flows.upkeep.housekeep import NOTICES_KEPT, housekeep
from afterword.storage import events, notices
from afterword.storage.engine import Database
from afterword.storage.notices import Notice
from tests.storage.support import START, START_US, FakeClock


def left(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        keys = events.find_idempotent(connection, [(1, "old"), (1, "new")], 0)
        return len(keys), len(notices.list_notices(connection, 1))


def test_keys_and_notices_that_are_over_are_forgotten(database: Database, clock: FakeClock) -> None:
    later = timedelta(microseconds=1)
    with database.write() as connection:
        events.add_idempotent(connection, [(1, "old", b"x")], START_US)
        events.add_idempotent(connection, [(1, "new", b"x")], START_US + 1)
        for message, at in (("old", START), ("new", START + later)):
            notices.add_notices(connection, [Notice(1, "refused", "a", message, 1, at, at)])
    clock.advance_us(IDEMPOTENCY_US)
    housekeep(database, clock)
    assert left(database) == (1, 2)
    clock.advance(NOTICES_KEPT - timedelta(microseconds=IDEMPOTENCY_US) + later)
    for _ in range(2):
        housekeep(database, clock)
        assert left(database) == (0, 1)
