"""An intake with an event loop of its own, which tests stop and start as they like."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from afterword.domain.event import Event
from afterword.domain.rate_limit import RateLimits
from afterword.flows.ingest.counted_events import CountedEvents
from afterword.flows.ingest.track_event import (
    Answer,
    Intake,
    Outcome,
    Submission,
)
from afterword.kit.clock import LimitClock
from afterword.storage.engine import Database
from afterword.storage.tables import event, project
from tests.storage.support import START_US, FakeClock

T = TypeVar("T")


class AwaitedIntake(Intake):
    """An intake whose answers can be awaited, one by one."""

    async def submit(self, submission: Submission) -> Answer:
        """Take one event, and wait for what becomes of it."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.take(submission, lambda found: None if answer.cancelled() else answer.set_result(found))
        return await answer


class Door:
    """
    Takes events as a server does; ``restart`` is a new server on the same database.

    Args:
        shared: The clock of the database, by which servers on one PostgreSQL start; else the own one.
    """

    def __init__(self, database: Database, clock: FakeClock, shared: FakeClock | None = None) -> None:
        self._database = database
        self._clock = clock
        self._shared = shared or clock
        self._runner = asyncio.Runner()
        self.woken = 0
        self.intake = self._open()

    def _open(self) -> AwaitedIntake:
        limit_clock = LimitClock(self._clock, self._shared.now_us())
        counted = CountedEvents(self._database, limit_clock)
        return AwaitedIntake(
            self._database, clock=self._clock, limit_clock=limit_clock, counted=counted, on_work=self._wake
        )

    def _wake(self) -> None:
        self.woken += 1

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop."""
        return self._runner.run(work)

    def send(self, *submissions: Submission) -> list[Answer]:
        """Submit all of them before the loop turns, so that they go into one batch."""

        async def submit() -> list[Answer]:
            return await asyncio.gather(*(self.intake.submit(item) for item in submissions))

        return self.run(submit())

    def outcomes(self, *submissions: Submission) -> list[Outcome]:
        """What became of them."""
        return [answer.outcome for answer in self.send(*submissions)]

    def restart(self) -> None:
        """End this server and start the next one."""
        self.run(self.intake.drain())
        self.intake = self._open()

    def close(self) -> None:
        """End for good."""
        self.run(self.intake.drain())
        self._runner.close()


@contextmanager
def opened_door(database: Database, clock: FakeClock, shared: FakeClock | None = None) -> Iterator[Door]:
    """A door that is closed at the end."""
    door = Door(database, clock, shared)
    try:
        yield door
    finally:
        door.close()


def submission(project_id: int = 1, limits: RateLimits | None = None, **changes: Any) -> Submission:
    """One event of Bob's; ``key`` and ``arguments`` are of its Idempotency-Key."""
    taken = Event("build.finished", START_US, "bob@example.com", None, None, None, is_test=False)
    key = changes.pop("key", None)
    arguments = changes.pop("arguments", b"arguments" if key else b"")
    fields = {"person_id": None, "makes_work": False, "event": taken} | changes
    return Submission(
        project_id, limits or RateLimits(), idempotency_key=key, arguments_hash=arguments, **fields
    )


def stored(database: Database, project_id: int = 1) -> list[tuple[int, int]]:
    """(number, counted_at) of a project's events in the order of their numbers."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(event.c.number, event.c.counted_at)
            .where(event.c.project_id == project_id)
            .order_by(event.c.number)
        ).all()
    return [(row[0], row[1]) for row in rows]


def accepted_count(database: Database, project_id: int = 1) -> int:
    """The running number that the project itself keeps."""
    with database.read() as connection:
        statement = sa.select(project.c.events_accepted).where(project.c.id == project_id)
        return connection.execute(statement).scalar_one()
