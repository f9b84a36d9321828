"""Are the limits exact: never one event more, never one less, whatever clocks and servers do?"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterword.domain.rate_limit import DAY_US, MINUTE_US, SECOND_US, RateLimits
from afterword.flows.ingest.track_event import Answer, Outcome
from afterword.storage.engine import Database
from afterword.storage.tables import event
from tests.flows.door import Door, accepted_count, opened_door, stored, submission
from tests.storage.support import HOUR, FakeClock, add_project, count_statements, in_threads

TAKEN, LIMITED = Outcome.ACCEPTED, Outcome.LIMITED
THREE_A_MINUTE = RateLimits(3, 1_000)
FOUR_A_DAY = RateLimits(1_000, 4)


@pytest.fixture
def door(database: Database, clock: FakeClock) -> Iterator[Door]:
    """The intake of the projects 1 and 2."""
    with database.write() as connection:
        add_project(connection, "First")
        add_project(connection, "Second")
    with opened_door(database, clock) as door:
        yield door


def three(count: int = 1, project_id: int = 1) -> list:
    return [submission(project_id, THREE_A_MINUTE) for _ in range(count)]


class TestTheMinute:
    """30 events in any 60 s, as long as nobody set another number."""

    def test_the_31st_event_of_a_minute_is_limited(self, door: Door, clock: FakeClock) -> None:
        assert door.outcomes(*[submission() for _ in range(30)]) == [TAKEN] * 30
        assert door.send(submission()) == [Answer(LIMITED, 60)]
        clock.advance(42.5)
        assert door.send(submission()) == [Answer(LIMITED, 18)]

    def test_a_batch_is_cut_at_the_limit(self, door: Door, database: Database) -> None:
        assert door.outcomes(*[submission() for _ in range(33)]) == [TAKEN] * 30 + [LIMITED] * 3
        assert accepted_count(database) == 30

    def test_retry_after_is_exact_to_the_microsecond(self, door: Door, clock: FakeClock) -> None:
        door.send(*three(3))
        clock.advance_us(MINUTE_US - 1)
        assert door.send(*three()) == [Answer(LIMITED, 1)]
        clock.advance_us(1)
        assert door.outcomes(*three(4)) == [TAKEN] * 3 + [LIMITED]

    def test_the_window_slides(self, door: Door, clock: FakeClock) -> None:
        answers = []
        for _ in range(12):
            answers += door.outcomes(*three())
            clock.advance(10)
        # Taken at 0, 10, 20 s; free again at 60, 70, 80 s; and at 120 s.
        assert answers == [TAKEN] * 3 + [LIMITED] * 3 + [TAKEN] * 3 + [LIMITED] * 3

    def test_refused_events_are_not_counted(self, door: Door, clock: FakeClock) -> None:
        door.send(*three(3))
        for _ in range(59):
            clock.advance(1)
            assert door.outcomes(*three()) == [LIMITED]
        clock.advance(1)
        assert door.outcomes(*three()) == [TAKEN]

    def test_a_project_at_its_limit_does_not_limit_another(self, door: Door) -> None:
        batch = three(4, project_id=1) + three(2, project_id=2)
        assert door.outcomes(*batch) == [TAKEN] * 3 + [LIMITED] + [TAKEN] * 2

    def test_a_replay_is_answered_at_the_limit_too(self, door: Door) -> None:
        keyed = submission(1, THREE_A_MINUTE, key="k")
        assert door.outcomes(keyed, *three(3)) == [TAKEN, TAKEN, TAKEN, LIMITED]
        assert door.outcomes(keyed) == [Outcome.REPLAYED]

    def test_a_limited_event_does_not_use_up_its_key(self, door: Door, clock: FakeClock) -> None:
        keyed = submission(1, THREE_A_MINUTE, key="k")
        assert door.outcomes(*three(3), keyed) == [TAKEN] * 3 + [LIMITED]
        clock.advance(60)
        assert door.outcomes(keyed) == [TAKEN]


class TestTheDay:
    """The same over 86,400 s."""

    def day(self, count: int) -> list:
        return [submission(1, FOUR_A_DAY) for _ in range(count)]

    def test_the_day_limit_holds_and_says_when_to_come_again(self, door: Door, clock: FakeClock) -> None:
        assert door.outcomes(*self.day(2)) == [TAKEN] * 2
        clock.advance(3_600)
        assert door.outcomes(*self.day(2)) == [TAKEN] * 2
        clock.advance(3_600)
        assert door.send(*self.day(1)) == [Answer(LIMITED, 86_400 - 7_200)]
        clock.advance_us(DAY_US - 7_200 * SECOND_US - 1)
        assert door.send(*self.day(1)) == [Answer(LIMITED, 1)]
        clock.advance_us(1)
        assert door.outcomes(*self.day(3)) == [TAKEN, TAKEN, LIMITED]

    def test_the_later_of_both_limits_says_when_to_come_again(self, door: Door, clock: FakeClock) -> None:
        both = [submission(1, RateLimits(2, 3)) for _ in range(2)]
        assert door.outcomes(*both) == [TAKEN] * 2
        assert door.send(both[0]) == [Answer(LIMITED, 60)]
        clock.advance(60)
        assert door.send(*both) == [Answer(TAKEN), Answer(LIMITED, 86_400 - 60)]

    def test_many_days_of_events_are_counted_on(
        self, door: Door, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("afterword.flows.ingest.counted_events.TRIM_AT_LENGTH", 8)
        for _ in range(12):
            assert door.outcomes(*self.day(5)) == [TAKEN] * 4 + [LIMITED]
            clock.advance(86_400)


class TestClocks:
    """The wall clock is set, the server is started again; no limit notices."""

    @pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forwards", "backwards"])
    def test_a_stepped_clock_neither_locks_nor_opens(
        self, door: Door, clock: FakeClock, step: object
    ) -> None:
        door.send(*three(3))
        clock.advance(20)
        clock.step(step)  # type: ignore[arg-type]
        assert door.send(*three()) == [Answer(LIMITED, 40)]
        clock.advance(40)
        assert door.outcomes(*three(4)) == [TAKEN] * 3 + [LIMITED]

    def test_a_restart_inside_the_window_keeps_the_limit(self, door: Door, clock: FakeClock) -> None:
        door.send(*three(3))
        clock.advance(20)
        door.restart()
        assert door.send(*three()) == [Answer(LIMITED, 40)]
        clock.advance(40)
        assert door.outcomes(*three()) == [TAKEN]

    def test_a_restart_within_the_day_keeps_the_days_limit(self, door: Door, clock: FakeClock) -> None:
        day = [submission(1, FOUR_A_DAY) for _ in range(4)]
        door.send(*day)
        clock.advance(86_399)
        door.restart()
        assert door.send(day[0]) == [Answer(LIMITED, 1)]
        clock.advance(1)
        assert door.outcomes(*day) == [TAKEN] * 4

    def test_a_restart_after_a_step_back_does_not_open_the_limit(self, door: Door, clock: FakeClock) -> None:
        door.send(*three(3))
        clock.step(-HOUR)
        door.restart()
        assert door.send(*three()) == [Answer(LIMITED, 60)]
        clock.advance(60)
        assert door.outcomes(*three()) == [TAKEN]

    @pytest.mark.parametrize("lost", [2, 3])
    def test_an_event_that_is_gone_still_counts_after_a_restart(
        self, door: Door, database: Database, clock: FakeClock, lost: int
    ) -> None:
        """Erased, say. Its number stays taken, and its place in the window is kept."""
        for _ in range(3):
            assert door.outcomes(*three()) == [TAKEN]
            clock.advance(10)
        with database.write() as connection:
            connection.execute(sa.delete(event).where(event.c.number == lost))
        door.restart()
        assert door.outcomes(*three()) == [LIMITED]
        clock.advance(60)
        assert door.outcomes(*three(4)) == [TAKEN] * 3 + [LIMITED]

    def test_times_of_counting_never_decrease(self, door: Door, database: Database, clock: FakeClock) -> None:
        for step in (HOUR, -2 * HOUR, HOUR, -3 * HOUR):
            door.send(submission())
            clock.advance(1)
            clock.step(step)
            door.restart()
        times = [counted_at for _, counted_at in stored(database)]
        assert times == sorted(times)


class TestChangedLimits:
    """`afterword project set` is followed at once."""

    def test_a_raised_limit_lets_the_next_event_in(self, door: Door) -> None:
        door.send(*three(4))
        assert door.outcomes(submission(1, RateLimits(5, 1_000))) == [TAKEN]

    def test_a_lowered_limit_counts_what_was_accepted_before(self, door: Door, clock: FakeClock) -> None:
        ten = RateLimits(10, 1_000)
        for _ in range(5):
            assert door.outcomes(submission(1, ten)) == [TAKEN]
            clock.advance(10)
        # Accepted at 0, 10, 20, 30, 40 s; it is 50 s. Two a minute means: wait until 30 s is a minute ago.
        assert door.send(submission(1, RateLimits(2, 1_000))) == [Answer(LIMITED, 40)]

    def test_one_batch_with_the_limits_of_before_and_after_keeps_both(
        self, door: Door, database: Database
    ) -> None:
        before, after = submission(1, RateLimits(100, 1_000)), submission(1, RateLimits(30, 1_000))
        assert door.outcomes(*[after] * 30) == [TAKEN] * 30
        assert door.outcomes(*[before] * 5, *[after] * 5) == [TAKEN] * 5 + [LIMITED] * 5


class TestRefusalsFromMemory:
    """A storm of refused events costs no disk."""

    def test_a_refused_project_is_answered_without_the_database(self, door: Door, clock: FakeClock) -> None:
        door.send(*three(4))
        with count_statements() as statements:
            for waited in range(1, 6):
                clock.advance(1)
                assert door.send(*three(2)) == [Answer(LIMITED, 60 - waited)] * 2
        assert statements == []

    def test_after_its_time_the_database_is_asked_again(self, door: Door, clock: FakeClock) -> None:
        door.send(*three(4))
        clock.advance(60)
        with count_statements() as statements:
            assert door.outcomes(*three()) == [TAKEN]
        assert statements != []


class TestTwoServers:
    """PostgreSQL lets several servers take events of one project."""

    def test_two_servers_never_exceed_the_limit_together(self, postgres: Database) -> None:
        with postgres.write() as connection:
            add_project(connection)
        clock = FakeClock()
        limits = RateLimits(50, 1_000)

        def serve(_: int) -> list[Outcome]:
            outcomes = []
            with opened_door(postgres, clock) as door:
                for size in (1, 7, 3, 12, 5, 9, 2, 20, 1, 8):
                    outcomes += door.outcomes(*[submission(1, limits) for _ in range(size)])
            return outcomes

        outcomes = [outcome for share in in_threads(2, serve) for outcome in share]
        assert outcomes.count(TAKEN) == 50
        assert set(outcomes) == {TAKEN, LIMITED}
        assert [number for number, _ in stored(postgres)] == list(range(1, 51))
        assert accepted_count(postgres) == 50

    def test_a_key_used_on_both_servers_at_once_stores_one_event(self, postgres: Database) -> None:
        with postgres.write() as connection:
            add_project(connection)
        clock = FakeClock()

        def serve(_: int) -> list[Outcome]:
            with opened_door(postgres, clock) as door:
                return door.outcomes(*[submission(key=f"k{index}") for index in range(20)])

        outcomes = [outcome for share in in_threads(2, serve) for outcome in share]
        assert outcomes.count(TAKEN) == 20
        assert outcomes.count(Outcome.REPLAYED) == 20

    def test_a_server_sees_at_once_what_the_other_one_counted(self, postgres: Database) -> None:
        with postgres.write() as connection:
            add_project(connection)
        clock = FakeClock()
        with opened_door(postgres, clock) as first, opened_door(postgres, clock) as second:
            assert first.outcomes(*three(2)) == [TAKEN] * 2
            assert second.outcomes(*three(2)) == [TAKEN, LIMITED]
            clock.advance(30)
            assert first.send(*three()) == [Answer(LIMITED, 30)]

    @pytest.mark.parametrize(
        ("apart", "shared"),
        # Behind, the second server's events are an hour old for the first one, which opens the window once.
        [(HOUR, [TAKEN, LIMITED, LIMITED]), (-HOUR, [TAKEN, TAKEN, TAKEN])],
        ids=["ahead", "behind"],
    )
    def test_a_server_whose_clock_is_off_by_an_hour_locks_nobody_out(
        self, postgres: Database, apart: timedelta, shared: list[Outcome]
    ) -> None:
        """Started by the database's clock it never is; but clocks drift, and the database's may step."""
        with postgres.write() as connection:
            add_project(connection)
        clock, other = FakeClock(), FakeClock()
        other.step(apart)
        with opened_door(postgres, clock) as first, opened_door(postgres, other) as second:
            assert second.outcomes(*three(2)) == [TAKEN] * 2
            assert first.outcomes(*three(3)) == shared
            assert second.send(*three()) == first.send(*three()) == [Answer(LIMITED, 60)]
            clock.advance(60)
            other.advance(60)
            assert first.outcomes(*three(2)) == [TAKEN] * 2
            assert second.outcomes(*three(2)) == [TAKEN, LIMITED]
            assert first.send(*three()) == [Answer(LIMITED, 60)]
        times = [counted_at for _, counted_at in stored(postgres)]
        assert times == sorted(times)


def test_a_thousand_concurrent_requests_are_limited_exactly(door: Door, database: Database) -> None:
    limits = RateLimits(400, 10_000)

    async def storm() -> list[Outcome]:
        async def one(index: int) -> Outcome:
            await asyncio.sleep(index % 7 / 1_000)
            return (await door.intake.submit(submission(1, limits))).outcome

        return await asyncio.gather(*(one(index) for index in range(1_000)))

    outcomes = door.run(storm())
    assert outcomes.count(TAKEN) == 400
    assert len(stored(database)) == accepted_count(database) == 400
