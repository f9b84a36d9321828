"""Does an event get onto the disk, exactly once, and is the answer true?"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from afterword.domain.event import IDEMPOTENCY_US, Event
from afterword.flows.ingest import track_event
from afterword.flows.ingest.track_event import ACCEPTED, UNAVAILABLE, Answer, Outcome
from afterword.kit.clock import to_datetime
from afterword.storage import event_batch, events, jobs, projects
from afterword.storage.engine import Connection, Database, StoreError
from tests.flows.door import Door, accepted_count, opened_door, stored, submission
from tests.storage.support import HOUR, START, START_US, FakeClock, add_project

TAKEN, REPLAYED, REUSED = Outcome.ACCEPTED, Outcome.REPLAYED, Outcome.KEY_REUSED


@pytest.fixture
def door(database: Database, clock: FakeClock) -> Iterator[Door]:
    """The intake of the project 1."""
    with database.write() as connection:
        add_project(connection, "First")
        add_project(connection, "Second")
    with opened_door(database, clock) as door:
        yield door


@contextmanager
def no_commits(database: Database, project_id: int = 1) -> Iterator[None]:
    """Nobody else gets at the project's numbers meanwhile."""
    with database.write() as connection:
        projects.lock_accepted(connection, [project_id])
        yield


def store_error() -> StoreError:
    return sa.exc.OperationalError("INSERT", {}, Exception("disk full"))


class TestAcceptance:
    """What is answered with ACCEPTED is there."""

    def test_an_accepted_event_is_stored_as_it_was_sent(
        self, door: Door, database: Database, clock: FakeClock
    ) -> None:
        sent = Event("tést.done", START_US - 5, "Bob@x.org", "bob", None, '{"a":1}', is_test=True)
        clock.step(HOUR)
        assert door.send(submission(event=sent, person_id=7)) == [ACCEPTED]
        with database.read() as connection:
            (found,) = events.list_events(connection, None, limit=9)
        assert (found.name, found.email, found.github_username) == ("tést.done", "Bob@x.org", "bob")
        assert (found.metadata, found.is_test, found.person_id) == ('{"a":1}', True, 7)
        assert (found.occurred_at, found.received_at) == (to_datetime(START_US - 5), START + HOUR)

    def test_accepted_events_are_numbered_by_project(self, door: Door, database: Database) -> None:
        door.send(submission(1), submission(2), submission(1))
        door.send(submission(1))
        assert [number for number, _ in stored(database, 1)] == [1, 2, 3]
        assert [number for number, _ in stored(database, 2)] == [1]
        assert (accepted_count(database, 1), accepted_count(database, 2)) == (3, 1)

    def test_the_answer_waits_for_the_commit(self, door: Door, database: Database) -> None:
        async def submit() -> tuple[bool, Outcome]:
            waiting = asyncio.create_task(door.intake.submit(submission()))
            with no_commits(database):
                await asyncio.sleep(0.1)
                early = waiting.done()
            answer = await waiting
            return early, answer.outcome

        assert door.run(submit()) == (False, TAKEN)
        assert len(stored(database)) == 1

    def test_what_comes_during_a_commit_goes_into_one_next_batch(
        self, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes: list[int] = []
        write = event_batch.write

        def note(connection: Connection, rows: list[event_batch.NewEvent], *rest: Any) -> None:
            sizes.append(len(rows))
            write(connection, rows, *rest)

        monkeypatch.setattr(event_batch, "write", note)

        async def submit() -> None:
            with no_commits(database):
                waiting = [asyncio.create_task(door.intake.submit(submission()))]
                await asyncio.sleep(0.05)
                waiting += [asyncio.create_task(door.intake.submit(submission())) for _ in range(20)]
                await asyncio.sleep(0.05)
            await asyncio.gather(*waiting)

        door.run(submit())
        assert sizes == [1, 20]

    def test_a_batch_has_a_largest_size(
        self, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(track_event, "BATCH_EVENTS_MAX", 4)
        assert door.outcomes(*[submission() for _ in range(10)]) == [TAKEN] * 10
        assert [number for number, _ in stored(database)] == list(range(1, 11))


class TestWork:
    """A job goes with the event that makes it necessary, in one transaction."""

    def test_a_job_is_added_only_for_an_event_that_makes_work(self, door: Door, database: Database) -> None:
        door.send(submission(), submission(makes_work=True), submission())
        with database.write() as connection:
            (job,) = jobs.claim(
                connection, "evaluate_event", lease="x", now=START, leased_until=START + HOUR, limit=9
            )
            found = events.list_events(connection, 1, limit=9)
        assert (job.kind, job.subject_id) == ("evaluate_event", found[1].id)

    def test_the_worker_is_woken_only_when_there_is_work(self, door: Door) -> None:
        door.send(submission())
        assert door.woken == 0
        door.send(submission(makes_work=True), submission(makes_work=True))
        assert door.woken == 1

    def test_an_event_without_its_job_is_not_stored(
        self, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object, **rest: object) -> None:
            raise store_error()

        with monkeypatch.context() as patch:
            patch.setattr(event_batch, "write", fail)
            assert door.send(submission(makes_work=True)) == [UNAVAILABLE]
        assert stored(database) == []
        assert door.woken == 0


class TestIdempotencyKeys:
    """The same key and arguments store nothing again."""

    def test_a_replay_stores_nothing_and_makes_no_work(self, door: Door, database: Database) -> None:
        assert door.outcomes(submission(key="k", makes_work=True)) == [TAKEN]
        assert door.outcomes(submission(key="k", makes_work=True)) == [REPLAYED]
        assert accepted_count(database) == 1
        assert door.woken == 1

    def test_replays_within_one_batch_are_seen(self, door: Door, database: Database) -> None:
        batch = [submission(key="k"), submission(key="other"), submission(key="k"), submission()]
        assert door.outcomes(*batch) == [TAKEN, TAKEN, REPLAYED, TAKEN]
        assert len(stored(database)) == 3

    def test_a_key_with_other_arguments_is_told(self, door: Door, database: Database) -> None:
        assert door.outcomes(submission(key="k"), submission(key="k", arguments=b"x")) == [TAKEN, REUSED]
        assert door.outcomes(submission(key="k", arguments=b"y")) == [REUSED]
        assert len(stored(database)) == 1

    def test_each_project_has_its_own_keys(self, door: Door) -> None:
        assert door.outcomes(submission(1, key="k"), submission(2, key="k")) == [TAKEN, TAKEN]

    def test_a_key_is_remembered_over_a_restart_and_for_a_day(self, door: Door, clock: FakeClock) -> None:
        door.send(submission(key="k"))
        door.restart()
        clock.advance_us(IDEMPOTENCY_US - 1)
        assert door.outcomes(submission(key="k")) == [REPLAYED]
        clock.advance_us(1)
        assert door.outcomes(submission(key="k")) == [TAKEN]


class TestTrouble:
    """The database fails, requests go away, the server ends."""

    @pytest.mark.parametrize("when", ["before", "at the commit"])
    def test_a_database_that_fails_is_told_and_nothing_is_counted(
        self,
        door: Door,
        database: Database,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
        when: str,
    ) -> None:
        write = database.write

        @contextmanager
        def fail(*first: str) -> Iterator[Connection]:
            if when == "before":
                raise store_error()
            with write(*first) as connection:
                yield connection
                raise store_error()

        batch = [submission(key="k"), submission(makes_work=True)]
        with monkeypatch.context() as patch:
            patch.setattr(type(database), "write", lambda self, *first: fail(*first))
            assert door.send(*batch) == [UNAVAILABLE, UNAVAILABLE]
        assert (stored(database), accepted_count(database), door.woken) == ([], 0, 0)
        clock.advance(59)
        assert door.outcomes(*batch, *[submission() for _ in range(28)]) == [TAKEN] * 30
        clock.advance(1)
        assert door.outcomes(submission()) == [Outcome.LIMITED], "times of what was not stored are counted"

    def test_an_unexpected_error_is_told_and_logged_and_the_next_event_is_taken(
        self, door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*arguments: object, **rest: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(event_batch, "write", fail)
            assert door.outcomes(submission(), submission()) == [Outcome.FAILED] * 2
        assert "a batch failed, for which 2 events waited" in caplog.text
        assert door.outcomes(submission()) == [TAKEN]

    def test_one_that_can_not_be_told_does_not_keep_the_others_from_it(
        self, door: Door, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def submit() -> list[Answer]:
            door.intake.take(submission(), lambda answer: {}[answer])
            return [await door.intake.submit(submission()), await door.intake.submit(submission())]

        assert [answer.outcome for answer in door.run(submit())] == [TAKEN, TAKEN]
        assert "KeyError" in caplog.text

    def test_a_pool_without_a_free_connection_is_told_as_unavailable(
        self, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: Database, *first: str) -> Iterator[Connection]:
            raise sa.exc.TimeoutError("QueuePool limit of size 8 overflow 0 reached")

        with monkeypatch.context() as patch:
            patch.setattr(type(database), "write", fail)
            assert door.send(submission()) == [UNAVAILABLE]

    def test_a_full_queue_refuses_and_what_waits_is_stored(
        self, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(track_event, "QUEUE_EVENTS_MAX", 3)

        async def submit() -> list[Outcome]:
            with no_commits(database):
                waiting = [asyncio.create_task(door.intake.submit(submission()))]
                await asyncio.sleep(0.05)
                waiting += [asyncio.create_task(door.intake.submit(submission())) for _ in range(5)]
                await asyncio.sleep(0.05)
                assert door.intake.queue_length == 3
            return [answer.outcome for answer in await asyncio.gather(*waiting)]

        refused = Outcome.UNAVAILABLE
        assert door.run(submit()) == [TAKEN, TAKEN, TAKEN, TAKEN, refused, refused]
        assert len(stored(database)) == 4
        assert door.intake.queue_length == 0

    def test_draining_finishes_what_was_taken_and_takes_nothing_new(
        self, door: Door, database: Database
    ) -> None:
        async def end() -> tuple[list[Outcome], Outcome]:
            with no_commits(database):
                waiting = [asyncio.create_task(door.intake.submit(submission())) for _ in range(3)]
                await asyncio.sleep(0.05)
                draining = asyncio.create_task(door.intake.drain())
                await asyncio.sleep(0.05)
                assert door.intake.is_draining
                assert not draining.done()
                late = await door.intake.submit(submission())
            await draining
            assert all(task.done() for task in waiting)
            return [task.result().outcome for task in waiting], late.outcome

        assert door.run(end()) == ([TAKEN] * 3, Outcome.UNAVAILABLE)
        assert len(stored(database)) == 3

    def test_a_waiter_that_goes_away_harms_nobody(self, door: Door, database: Database) -> None:
        async def submit() -> list[Outcome]:
            with no_commits(database):
                gone, first = (asyncio.create_task(door.intake.submit(submission())) for _ in range(2))
                await asyncio.sleep(0.05)
                queued, second = (asyncio.create_task(door.intake.submit(submission())) for _ in range(2))
                await asyncio.sleep(0)
                gone.cancel()
                queued.cancel()
                await asyncio.sleep(0)
            return [(await task).outcome for task in (first, second)]

        assert door.run(submit()) == [TAKEN, TAKEN]
        assert len(stored(database)) == 4, "an event that was taken got lost with its waiter"

    def test_a_waiter_that_goes_away_from_a_failing_batch_harms_nobody(
        self, door: Door, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        release = threading.Event()

        def fail(*arguments: object, **rest: object) -> None:
            release.wait(5)
            raise store_error()

        async def submit() -> Outcome:
            gone, stays = (asyncio.create_task(door.intake.submit(submission())) for _ in range(2))
            await asyncio.sleep(0.05)
            gone.cancel()
            await asyncio.sleep(0)
            release.set()
            return (await stays).outcome

        with monkeypatch.context() as patch:
            patch.setattr(event_batch, "write", fail)
            assert door.run(submit()) == Outcome.UNAVAILABLE
        assert door.outcomes(submission()) == [TAKEN]


class TestADatabaseThatHangs:
    """Nobody waits for ever, and what became of the events is as it was told: not known."""

    @pytest.fixture
    def hanging(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        """The next transaction hangs until the event is set; requests are given up soon."""
        goes_on, write = threading.Event(), event_batch.write

        def hang(*arguments: object, **wanted: object) -> object:
            assert goes_on.wait(20)
            return write(*arguments, **wanted)  # type: ignore[arg-type]

        monkeypatch.setattr(track_event, "COMMIT_S_MAX", 0.05)
        monkeypatch.setattr(event_batch, "write", hang)
        yield goes_on
        goes_on.set()

    def settle(self, door: Door, goes_on: threading.Event) -> None:
        """Let the database answer, and wait until the intake has heard it."""

        async def wait() -> None:
            goes_on.set()
            while door.intake.is_stuck:  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.001)

        door.run(wait())

    def test_the_batch_and_all_that_waits_behind_it_are_answered(
        self, door: Door, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch, database: Database
    ) -> None:
        monkeypatch.setattr(track_event, "BATCH_EVENTS_MAX", 2)
        assert door.send(*[submission()] * 5) == [UNAVAILABLE] * 5
        assert door.intake.is_stuck
        assert door.intake.queue_length == 0
        monkeypatch.setattr(track_event, "COMMIT_S_MAX", 60.0)
        assert door.send(submission()) == [UNAVAILABLE]
        self.settle(door, hanging)
        # The two that the database had begun with are stored after all; those behind them are not.
        assert accepted_count(database) == len(stored(database)) == 2

    def test_afterwards_events_are_taken_as_before(
        self, door: Door, hanging: threading.Event, database: Database
    ) -> None:
        keyed = submission(key="k")
        assert door.send(keyed) == [UNAVAILABLE]
        self.settle(door, hanging)
        assert door.outcomes(keyed, submission()) == [Outcome.REPLAYED, Outcome.ACCEPTED]
        assert [number for number, _ in stored(database)] == [1, 2]
        door.restart()
        assert accepted_count(database) == 2

    def test_a_batch_that_came_back_in_time_is_not_given_up_later(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(track_event, "COMMIT_S_MAX", 0.2)
        assert door.outcomes(submission()) == [Outcome.ACCEPTED]
        door.run(asyncio.sleep(0.3))
        assert not door.intake.is_stuck
