"""How does a worker take work and say what became of it?"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from afterword.flows.job_kinds import JobKind
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_secret
from afterword.storage import jobs
from afterword.storage.engine import Connection, Database
from afterword.storage.jobs import Job

LEASE = timedelta(seconds=120)
"""Longer than any job may take; after it another worker takes the job over."""


def claim(database: Database, clock: Clock, kind: JobKind, *, limit: int) -> list[Job]:
    """Take due jobs of a kind; each is nobody else's for LEASE."""
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        if not jobs.any_due(connection, kind, now):
            return []
    lease = random_secret()
    with database.write() as connection:
        return jobs.claim(connection, kind, lease=lease, now=now, leased_until=now + LEASE, limit=limit)


def finish(database: Database, job: Job) -> None:
    """The job is done."""
    with database.write() as connection:
        jobs.finish(connection, job)


def finishing(claimed: Sequence[Job]) -> Callable[[Connection], None]:
    """What takes done jobs of one claim out, in the transaction of what they ask for."""
    return lambda connection: jobs.finish_all(connection, claimed[0].lease, [job.id for job in claimed])


def retry(database: Database, clock: Clock, job: Job, *, delay: timedelta, error: str) -> None:
    """The job failed and is due again after a delay."""
    with database.write() as connection:
        jobs.retry(connection, job, run_at=to_datetime(clock.now_us()) + delay, error=error)


def put_off(database: Database, job: Job, *, until: datetime) -> None:
    """The job is for later, and was not tried."""
    with database.write() as connection:
        jobs.put_off(connection, job, run_at=until)


def bury(database: Database, clock: Clock, job: Job, *, error: str) -> None:
    """The job failed for good and becomes a dead letter."""
    with database.write() as connection:
        jobs.bury(connection, job, now=to_datetime(clock.now_us()), error=error)


__all__ = ["Job", "bury", "claim", "finish", "finishing", "put_off", "retry"]
