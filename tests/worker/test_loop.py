"""Is work done soon, tried again sensibly, given up in the end, and never done twice?"""

import asyncio
import logging
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest
import sqlalchemy as sa

from afterword.bootstrap import Parts
from afterword.channels.base import SendError
from afterword.domain.invitation import InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.flows.job_kinds import JobKind
from afterword.flows.names.manage_names import list_names
from afterword.flows.outbox import LEASE
from afterword.flows.upkeep.retain import Keeping
from afterword.storage import attributions, erasure, events, jobs
from afterword.storage.engine import Database
from afterword.storage.tables import job
from afterword.worker import loop as worker_loop
from afterword.worker.loop import ATTEMPTS_MAX, POLL_S, SENDS_AT_ONCE_MAX, Worker
from tests.flows.world import EAGER, World
from tests.storage.support import HOUR, FakeClock
from tests.worker.conftest import FakeChannel

TEMPORARY = SendError("SMTP: refused with 451")


def add_job(world: World, kind: str, subject_id: int) -> None:
    with world.database.write() as connection:
        jobs.add_jobs(connection, kind, [subject_id], run_at=world.clock.now)


def track(world: World, **event: object) -> int:
    """An event that waits to be decided."""
    event_id = world.add_event(**event)  # type: ignore[arg-type]
    add_job(world, JobKind.EVALUATE_EVENT, event_id)
    return event_id


def work(parts: Parts) -> list[bool]:
    """Let a worker do all that is due."""

    async def rounds() -> list[bool]:
        worker = Worker(parts)
        done = []
        while await worker.run_once():
            done.append(True)
        return done

    return asyncio.run(rounds())


def rows(database: Database) -> list[sa.Row]:
    with database.read() as connection:
        return list(connection.execute(sa.select(job).order_by(job.c.id)))


def test_an_event_is_decided_and_its_invitation_sent(
    parts: Parts, world: World, channel: FakeChannel
) -> None:
    event_id = track(world)
    assert work(parts) == [True, True]
    (invitation,) = world.invitations(event_id)
    assert invitation.state is InvitationState.SENT
    assert [message.to_email for message in channel.messages] == ["bob@example.com"]
    assert rows(world.database) == []


def test_without_work_nothing_happens(parts: Parts) -> None:
    assert work(parts) == []


def test_what_is_not_due_is_left(parts: Parts, world: World) -> None:
    with world.database.write() as connection:
        later = world.clock.now + timedelta(seconds=1)
        jobs.add_jobs(connection, JobKind.EVALUATE_EVENT, [1], run_at=later)
    assert work(parts) == []


def test_a_temporary_failure_is_tried_again_ever_later_and_given_up(
    parts: Parts, world: World, channel: FakeChannel, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    invitation = world.invite()
    channel.break_with([TEMPORARY] * 99)
    delays = []
    for _ in range(ATTEMPTS_MAX - 1):
        assert work(parts) == [True]
        (waiting,) = rows(world.database)
        assert waiting.last_error == "SMTP: refused with 451"
        assert waiting.dead_at is None
        delays.append((waiting.run_at - clock.now).total_seconds())
        clock.advance(waiting.run_at - clock.now)
    for attempt, delay in enumerate(delays):
        assert 7.5 * 2**attempt <= delay <= 15 * 2**attempt
    assert work(parts) == [True]
    (dead,) = rows(world.database)
    assert (dead.attempts, dead.dead_at) == (ATTEMPTS_MAX, clock.now)
    assert world.invitation(invitation.id).state is InvitationState.FAILED
    clock.advance(100 * HOUR)
    assert work(parts) == []
    assert len(channel.messages) == ATTEMPTS_MAX
    assert "is given up: SMTP: refused with 451" in caplog.text
    assert "Traceback" not in caplog.text


def test_the_wait_that_the_other_side_asked_for_is_kept(
    parts: Parts, world: World, channel: FakeChannel, clock: FakeClock
) -> None:
    world.invite()
    channel.break_with([SendError("SMTP: refused with 421", retry_after_s=1_000)])
    work(parts)
    (waiting,) = rows(world.database)
    assert waiting.run_at == clock.now + timedelta(seconds=1_000)


def test_a_permanent_failure_is_a_dead_letter_at_once(
    parts: Parts, world: World, channel: FakeChannel, clock: FakeClock
) -> None:
    world.invite()
    channel.break_with([SendError("SMTP: refused with 550", permanent=True)])
    work(parts)
    (dead,) = rows(world.database)
    assert (dead.attempts, dead.dead_at, dead.lease) == (1, clock.now, None)


def test_an_unknown_exception_is_tried_again_and_only_the_log_tells_what_it_was(
    parts: Parts, world: World, channel: FakeChannel, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    invitation = world.invite()
    channel.break_with([RuntimeError("bob@example.com is in here")])
    work(parts)
    (waiting,) = rows(world.database)
    assert waiting.last_error == "RuntimeError: see the log"
    assert "Traceback" in caplog.text
    clock.advance(waiting.run_at - clock.now)
    work(parts)
    assert world.invitation(invitation.id).state is InvitationState.SENT


def test_a_job_of_an_unknown_kind_does_not_stop_the_others(
    parts: Parts, world: World, channel: FakeChannel
) -> None:
    add_job(world, "from_the_future", 1)
    track(world)
    work(parts)
    assert len(channel.messages) == 1
    assert [row.kind for row in rows(world.database)] == ["from_the_future"]


def test_a_failed_job_does_not_keep_the_others_waiting(
    parts: Parts, world: World, channel: FakeChannel
) -> None:
    for name in ("alice", "bob", "charlie"):
        world.invite(email=f"{name}@example.com")
    channel.break_with([TEMPORARY])
    work(parts)
    assert len(channel.messages) == 3
    assert len(rows(world.database)) == 1


def test_a_job_of_a_dead_worker_is_taken_over_after_its_lease(
    parts: Parts, world: World, channel: FakeChannel, clock: FakeClock
) -> None:
    track(world)
    with world.database.write() as connection:
        jobs.claim(
            connection,
            "evaluate_event",
            lease="dead",
            now=clock.now,
            leased_until=clock.now + LEASE,
            limit=9,
        )
    assert work(parts) == []
    clock.advance(LEASE)
    assert work(parts) == [True, True]
    assert len(channel.messages) == 1


def test_no_more_jobs_are_claimed_than_run_at_once(parts: Parts, world: World) -> None:
    world.add_survey("eager", trigger={"events": ["often"]}, throttle=EAGER)
    for _ in range(SENDS_AT_ONCE_MAX + 5):
        world.invite(name="often")
    assert work(parts) == [True, True]


def test_events_are_decided_together_and_apart_when_one_can_not_be(
    parts: Parts, world: World, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob"):
        track(world, email=f"{name}@example.com")
    broken = world.add_event(email="charlie@example.com", metadata="{")
    add_job(world, "evaluate_event", broken)
    work(parts)
    assert sorted(message.to_email for message in channel.messages) == [
        "alice@example.com",
        "bob@example.com",
    ]
    (waiting,) = rows(world.database)
    assert (waiting.kind, waiting.subject_id) == ("evaluate_event", broken)
    assert waiting.last_error == "JSONDecodeError: see the log"


class TestRunning:
    """The loop itself."""

    def run(self, parts: Parts, meanwhile: object) -> float:
        """Run a worker until ``meanwhile`` ends; how long it took to stop, in seconds."""

        async def both() -> float:
            worker = Worker(parts)
            running = asyncio.create_task(worker.run())
            await asyncio.sleep(0.05)
            try:
                await meanwhile(worker)  # type: ignore[operator]
            finally:
                started = monotonic()
                worker.stop()
                await asyncio.wait_for(running, 10)
            return monotonic() - started

        return asyncio.run(both())

    def test_work_that_is_called_is_done_without_waiting_for_the_next_look(
        self, parts: Parts, world: World, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_loop, "POLL_S", 60.0)

        async def call(worker: Worker) -> None:
            await asyncio.to_thread(track, world)
            worker.wake()
            await asyncio.wait_for(channel.taken.wait(), 10)

        self.run(parts, call)
        assert len(channel.messages) == 1

    def test_work_of_another_process_is_found_by_looking(
        self, parts: Parts, world: World, channel: FakeChannel
    ) -> None:
        assert POLL_S <= 0.5

        async def wait(worker: Worker) -> None:
            await asyncio.to_thread(track, world)
            await asyncio.wait_for(channel.taken.wait(), 10)

        self.run(parts, wait)

    def test_stopping_ends_a_resting_worker_at_once(
        self, parts: Parts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_loop, "POLL_S", 60.0)

        async def rest(worker: Worker) -> None:
            await asyncio.sleep(0.05)

        assert self.run(parts, rest) < 5

    def test_stopping_finishes_the_job_at_hand(
        self, parts: Parts, world: World, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        invitation = world.invite()
        began = asyncio.Event()
        send = channel.send

        async def slowly(message: object) -> None:
            began.set()
            await asyncio.sleep(0.3)
            await send(message)  # type: ignore[arg-type]

        monkeypatch.setattr(channel, "send", slowly)

        async def begin(worker: Worker) -> None:
            await asyncio.wait_for(began.wait(), 10)

        self.run(parts, begin)
        assert world.invitation(invitation.id).state is InvitationState.SENT
        assert rows(world.database) == []

    def test_a_database_that_is_away_is_waited_for(
        self, parts: Parts, world: World, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_loop, "ERROR_PAUSE_S", 0.01)
        claim, tries = jobs.any_due, []

        def fail_twice(*arguments: object) -> bool:
            tries.append(1)
            if len(tries) <= 2:
                raise sa.exc.OperationalError("SELECT", {}, Exception("away"))
            return claim(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(jobs, "any_due", fail_twice)
        track(world)

        async def wait(worker: Worker) -> None:
            await asyncio.wait_for(channel.taken.wait(), 10)

        self.run(parts, wait)


def test_two_workers_on_one_postgresql_do_each_job_once(
    postgres: Database, clock: FakeClock, tmp_path: object, channel: FakeChannel, caplog: object
) -> None:
    caplog.set_level(logging.WARNING)  # type: ignore[attr-defined]
    world = World(postgres, clock, tmp_path)  # type: ignore[arg-type]
    world.add_survey(throttle=EAGER)
    shared = Parts(None, clock, postgres, world.links, world.tombstoned, {ChannelKind.EMAIL: channel}, None)  # type: ignore[arg-type]
    events = [track(world, email=f"{('alice', 'bob', 'charlie')[n % 3]}@example.com") for n in range(60)]

    async def both() -> None:
        workers = [Worker(shared), Worker(shared)]
        while any(await asyncio.gather(*(worker.run_once() for worker in workers))):
            pass

    asyncio.run(both())
    assert sorted(len(world.invitations(event_id)) for event_id in events) == [1] * 60
    assert len({message.message_id for message in channel.messages}) == len(channel.messages) == 60
    assert rows(postgres) == []
    assert caplog.text == ""  # type: ignore[attr-defined]


class TooSlowError(Exception):
    """What PostgreSQL's driver raises for a statement that was ended."""

    sqlstate = "57014"


@pytest.mark.parametrize(("cause", "decided"), [(TooSlowError("timeout"), 2), (Exception("away"), 0)])
def test_events_whose_batch_takes_too_long_are_decided_one_by_one(
    parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch, cause: Exception, decided: int
) -> None:
    find = events.get_events

    def find_one(connection: sa.Connection, ids: Collection[int]) -> object:
        if len(ids) > 1:
            raise sa.exc.OperationalError("SELECT", {}, cause)
        return find(connection, ids)

    monkeypatch.setattr(events, "get_events", find_one)
    ids = [track(world, email=f"{name}@example.com") for name in ("alice", "bob")]
    asyncio.run(Worker(parts).run_once())
    assert sum(bool(world.ledger(event_id)) for event_id in ids) == decided


def test_a_step_of_housekeeping_that_fails_keeps_no_other_from_being_done(
    parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mail = parts.mailbox / "old.eml"
    mail.parent.mkdir()
    mail.write_text("To: bob@example.com\n\nHello")
    os.utime(mail, (1.0, 1.0))
    keeping = replace(parts, keeping=Keeping(mails=HOUR))
    monkeypatch.setattr(attributions, "delete_finished", lambda *arguments: 1 / 0)
    monkeypatch.setattr(erasure, "find_newest", lambda *arguments: 1 / 0)
    Worker(keeping)._keep_house()
    assert not mail.exists()
    assert caplog.text.count("ZeroDivisionError") == 2


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something that a database knows holds."""
    for _ in range(2_000):
        if await asyncio.to_thread(holds):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("that did not happen")


def test_a_running_worker_lists_unknown_names_and_attributes_their_events(
    parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_loop, "NAMES_S", 0.01)
    event_id = world.add_event(email=None, github_username="dana")

    def listed() -> bool:
        return bool(list_names(world.database, limit=1))

    def person_id() -> int | None:
        with world.database.read() as connection:
            found = events.get_event(connection, event_id)
        return found.person_id if found else None

    async def live() -> None:
        worker = Worker(parts)
        running = asyncio.create_task(worker.run())
        await until(listed)
        await asyncio.to_thread(world.import_people, "email,github_username\ndana@example.com,dana\n")
        await until(lambda: person_id() is not None)
        worker.stop()
        await running

    asyncio.run(live())
    assert person_id() == world.person("dana@").id
    assert not listed()
    assert rows(world.database) == []


def test_a_database_that_is_away_does_not_end_the_reading_of_names(
    parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_loop, "NAMES_S", 0.01)
    steps: list[bool] = []

    def fail_twice(*arguments: object) -> bool:
        steps.append(True)
        if len(steps) <= 2:
            raise sa.exc.OperationalError("SELECT", {}, Exception("away"))
        return False

    monkeypatch.setattr(worker_loop, "keep_names", fail_twice)

    async def live() -> None:
        worker = Worker(parts)
        running = asyncio.create_task(worker.run())
        await until(lambda: len(steps) >= 3)
        worker.stop()
        await running

    asyncio.run(live())
    assert "the names of events can't be read" in caplog.text


def test_a_mail_of_quiet_hours_waits_for_their_end_without_losing_a_try(
    parts: Parts, world: World, channel: FakeChannel
) -> None:
    event_id = track(world)
    work_once = Worker(parts).run_once
    assert asyncio.run(work_once()) is True, "decided"
    world.wish("bob@", "quiet", **{"from": "09:00", "until": "10:00"})
    assert work(parts) == [True]
    assert channel.messages == []
    (row,) = rows(world.database)
    assert (row.run_at, row.attempts, row.lease) == (world.clock.now + HOUR, 0, None)
    world.clock.advance(HOUR)
    assert work(parts) == [True]
    (invitation,) = world.invitations(event_id)
    assert invitation.state is InvitationState.SENT
    assert rows(world.database) == []
