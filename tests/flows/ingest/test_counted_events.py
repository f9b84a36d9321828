"""Does a server know how many events there are, whoever counted them?"""

from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa

from afterword.domain.rate_limit import DAY_US
from afterword.flows.ingest.counted_events import CountedEvents
from afterword.kit.clock import LimitClock
from afterword.storage import event_batch, events
from afterword.storage.engine import Connection, Database
from afterword.storage.tables import event, project
from tests.storage.support import DAY, START_US, FakeClock, add_project, new_event

Counting = Callable[[], CountedEvents]


@pytest.fixture
def counting(database: Database, clock: FakeClock) -> Counting:
    """Opens one more server's memory; the projects 1 and 2 are there."""
    with database.write() as connection:
        add_project(connection, "First")
        add_project(connection, "Second")
    return lambda: CountedEvents(database, LimitClock(clock, clock.now_us()))


def write(database: Database, *numbers: int, project_id: int = 1, at_us: int = START_US) -> None:
    """Let some server count events, the number n at n microseconds after a time."""
    with database.write() as connection:
        rows = [new_event(project_id, number, counted_at=at_us + number) for number in numbers]
        event_batch.write(connection, rows)


def seen(counted: CountedEvents, last: int) -> tuple[int, list[int | None]]:
    """How many events the project 1 has, and the times of its first ones after START, microseconds."""
    with counted.locked([1, 2]) as (_, numbers):
        count = numbers[1]
    times = [counted.find(1, number) for number in range(1, last + 1)]
    return count, [None if at_us is None else at_us - START_US for at_us in times]


def test_a_server_that_starts_knows_the_last_day(
    database: Database, counting: Counting, clock: FakeClock
) -> None:
    write(database, 1, 2, at_us=START_US - 2 * DAY_US)
    write(database, 3, 4)
    assert seen(counting(), 4) == (4, [None, None, 3, 4])
    clock.step(3 * DAY)
    assert seen(counting(), 4) == (4, [None] * 4)


def test_own_events_are_known_once_they_are_committed(database: Database, counting: Counting) -> None:
    counted = counting()
    rows = [new_event(1, number, counted_at=START_US + number) for number in (1, 2)]
    with counted.locked([1]) as (connection, numbers):
        assert numbers == {1: 0}
        event_batch.write(connection, rows)
    counted.add(rows)
    assert seen(counted, 2) == (2, [1, 2])


class TestOnPostgres:
    """Where several servers count."""

    @pytest.fixture
    def database(self, postgres: Database) -> Database:
        return postgres

    def test_what_others_counted_is_read_at_the_next_lock(
        self, database: Database, counting: Counting
    ) -> None:
        counted = counting()
        write(database, 1, 2)
        write(database, 1, project_id=2)
        assert seen(counted, 2) == (2, [1, 2])
        write(database, 3)
        assert seen(counted, 3) == (3, [1, 2, 3])

    def test_events_whose_commit_was_never_answered_are_read_as_well(
        self, database: Database, counting: Counting
    ) -> None:
        counted = counting()
        with counted.locked([1]) as (connection, _):
            event_batch.write(connection, [new_event(1, 1, counted_at=START_US + 1)])
        # counted.add is not called, as if the connection had broken after the commit.
        assert seen(counted, 1) == (1, [1])

    def test_numbers_that_a_restore_took_back_are_forgotten(
        self, database: Database, counting: Counting
    ) -> None:
        write(database, 1, 2, 3)
        counted = counting()
        with database.write() as connection:
            connection.execute(sa.delete(event).where(event.c.number > 1))
            connection.execute(sa.update(project).values(events_accepted=1))
        assert seen(counted, 1) == (1, [1])
        with database.write() as connection:
            event_batch.write(connection, [new_event(1, 2, counted_at=START_US + 9)])
        assert seen(counted, 2) == (2, [1, 9])

    def test_nothing_is_read_when_nobody_else_counted(
        self, database: Database, counting: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(database, 1)
        counted = counting()
        monkeypatch.setattr("afterword.storage.events.counted_at", None)
        assert seen(counted, 1) == (1, [1])

    def test_a_clock_that_is_behind_catches_up_when_it_starts(
        self, database: Database, counting: Counting, clock: FakeClock
    ) -> None:
        write(database, 1, at_us=START_US + DAY_US)
        limit_clock = LimitClock(clock, clock.now_us())
        CountedEvents(database, limit_clock)
        assert limit_clock.now_us() == START_US + DAY_US + 1

    def test_much_that_was_missed_is_read_before_anybody_is_locked(
        self, database: Database, counting: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("afterword.flows.ingest.counted_events.MISSED_MAX", 3)
        counted, locked = counting(), []
        write(database, *range(1, 11))
        every = events.counted_at

        def note(connection: Connection, ranges: Sequence[tuple[int, int, int]]) -> object:
            held = (
                "SELECT count(*) FROM pg_locks WHERE relation = 'project'::regclass AND mode = 'RowShareLock'"
            )
            locked.append((list(ranges), connection.exec_driver_sql(held).scalar()))
            return every(connection, ranges)

        monkeypatch.setattr(events, "counted_at", note)
        assert seen(counted, 10) == (10, list(range(1, 11)))
        assert locked == [([(1, first, min(first + 2, 10))], 0) for first in (1, 4, 7, 10)]

    def test_what_was_missed_more_than_a_day_ago_is_not_read(
        self, database: Database, counting: Counting, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("afterword.flows.ingest.counted_events.MISSED_MAX", 3)
        counted = counting()
        write(database, *range(1, 8))
        clock.advance(2 * 86_400)
        write(database, *range(8, 11), at_us=clock.now_us() - 100)
        assert [time is None for time in seen(counted, 10)[1]] == [True] * 7 + [False] * 3
        assert seen(counted, 10)[0] == 10
