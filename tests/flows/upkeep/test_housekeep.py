"""Is thrown away what is over, and nothing else?"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from afterword.domain.event import IDEMPOTENCY_US
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.upkeep.housekeep import NOTICES_KEPT, housekeep
from afterword.storage import events, notices, responses
from afterword.storage.engine import Database
from afterword.storage.notices import Notice
from tests.flows.world import World
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


class TestAnonymousAnswers:
    """Of a day that is over not even the database tells which answer came with which invitation."""

    def answered(self, world: World) -> None:
        world.add_survey(privacy="anonymous")
        for name in ("alice", "bob", "charlie"):
            invitation = world.reserve(email=f"{name}@example.com")
            form = {"satisfaction": ["4"], "comment": [name]}
            submit_response(world.database, world.clock, world.ticket(invitation), form)

    def comments(self, world: World) -> list[Any]:
        with world.database.read() as connection:
            return sorted(one.values["comment"] for one in responses.list_anonymous(connection, 1))

    def matched(self, world: World) -> int:
        joined = "SELECT count(*) FROM anonymous_response a JOIN invitation i ON a.xmin = i.xmin"
        with world.database.read() as connection:
            return int(connection.execute(sa.text(joined)).scalar_one())

    def test_are_mixed_once_the_day_is_over(self, world: World) -> None:
        self.answered(world)
        if world.database.is_postgres:
            assert self.matched(world) == 3, "else this test would notice nothing"
        world.clock.advance(timedelta(days=1, hours=1))
        for _ in range(2):
            housekeep(world.database, world.clock)
            assert self.comments(world) == ["alice", "bob", "charlie"]
        if world.database.is_postgres:
            assert self.matched(world) == 0

    def test_of_today_stay_as_they_are(self, world: World) -> None:
        housekeep(world.database, world.clock)
        self.answered(world)
        housekeep(world.database, world.clock)
        assert self.comments(world) == ["alice", "bob", "charlie"]
