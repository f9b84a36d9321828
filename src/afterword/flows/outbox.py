"""How does a worker take work and say what became of it?"""

from datetime import datetime, timedelta

from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_secret
from afterword.storage import jobs
from afterword.storage.engine import Database
from afterword.storage.jobs import Job

LEASE = timedelta(seconds=120)
"""Longer than any job may take; after it another worker takes the job over."""


def claim(database: Database, clock: Clock, *, limit: int) -> list[Job]:
    """Take due jobs; each is nobody else's for LEASE."""
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        if not jobs.any_due(connection, now):
            return []
    with database.write() as connection:
        return jobs.claim(connection, lease=random_secret(), now=now, leased_until=now + LEASE, limit=limit)


def finish(database: Database, job: Job) -> None:
    """The job is done."""
    with database.write() as connection:
        jobs.finish(connection, job)


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


__all__ = ["Job", "bury", "claim", "finish", "put_off", "retry"]
