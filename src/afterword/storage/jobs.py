"""What must happen later, who is at it, and what went wrong?"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from afterword.kit.clock import to_us
from afterword.storage.tables import job


class Progress(StrEnum):
    """Where is a job that is not done?"""

    WAITING = "waiting"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the outbox, claimed: until ``run_at`` passes again nobody else touches it."""

    id: int
    kind: str
    subject_id: int
    attempts: int
    lease: str


_ADD_SQLITE = "INSERT INTO job (kind, subject_id, run_at, created_at) SELECT ?, value, ?, ? FROM json_each(?)"
_ADD_POSTGRES = (
    "INSERT INTO job (kind, subject_id, run_at, created_at) "
    "SELECT %s, value::bigint, %s, %s FROM json_array_elements_text(%s::json) AS value"
)


def add_jobs(connection: sa.Connection, kind: str, subject_ids: Sequence[int], *, run_at: datetime) -> None:
    """Put work into the outbox, in the transaction that makes it necessary."""
    if subject_ids:
        statement = _ADD_POSTGRES if connection.dialect.name == "postgresql" else _ADD_SQLITE
        at_us = to_us(run_at)
        connection.exec_driver_sql(statement, (kind, at_us, at_us, json.dumps(list(subject_ids))))


def add_jobs_at(connection: sa.Connection, kind: str, subjects: Sequence[tuple[int, datetime]]) -> None:
    """Put work into the outbox, each for a time of its own: (subject's id, when it is due)."""
    if subjects:
        rows = [
            {"kind": kind, "subject_id": subject_id, "run_at": run_at, "created_at": run_at}
            for subject_id, run_at in subjects
        ]
        connection.execute(sa.insert(job), rows)


def claim(
    connection: sa.Connection, kind: str, *, lease: str, now: datetime, leased_until: datetime, limit: int
) -> list[Job]:
    """
    Take due jobs of a kind for one worker, oldest first.

    A claimed job's run_at moves to the end of the lease: when its worker dies,
    the job is simply due again.
    """
    due = (
        sa.select(job.c.id)
        .where(job.c.kind == kind, job.c.run_at <= now, job.c.dead_at.is_(None))
        .order_by(job.c.run_at, job.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # PostgreSQL may run a plain subquery once for each row, and then takes more than the limit.
        .cte("due")
    )
    statement = (
        sa.update(job)
        .where(job.c.id.in_(sa.select(due.c.id)))
        .values(lease=lease, run_at=leased_until, attempts=job.c.attempts + 1)
        .returning(job.c.id, job.c.kind, job.c.subject_id, job.c.attempts, job.c.lease)
    )
    return sorted((Job(**row._mapping) for row in connection.execute(statement)), key=lambda item: item.id)


def finish(connection: sa.Connection, claimed: Job) -> bool:
    """Take a done job out; False when the lease was lost to another worker meanwhile."""
    return connection.execute(sa.delete(job).where(*_held(claimed))).rowcount == 1


def finish_all(connection: sa.Connection, lease: str, job_ids: Sequence[int]) -> None:
    """Take done jobs of one claim out; what another worker has taken meanwhile stays."""
    connection.execute(sa.delete(job).where(job.c.id.in_(list(job_ids)), job.c.lease == lease))


def retry(connection: sa.Connection, claimed: Job, *, run_at: datetime, error: str) -> None:
    """Let a failed job be due again."""
    connection.execute(
        sa.update(job).where(*_held(claimed)).values(run_at=run_at, lease=None, last_error=error)
    )


def put_off(connection: sa.Connection, claimed: Job, *, run_at: datetime) -> None:
    """Let a job be due at a better time; this was no try."""
    values = {"run_at": run_at, "lease": None, "attempts": job.c.attempts - 1}
    connection.execute(sa.update(job).where(*_held(claimed)).values(values))


def begin_anew(connection: sa.Connection, kind: str, subject_id: int) -> None:
    """Forget earlier tries of the work about a subject: the one at hand is the first of something else."""
    its = job.c.kind == kind, job.c.subject_id == subject_id, job.c.dead_at.is_(None)
    connection.execute(sa.update(job).where(*its).values(attempts=1))


def bury(connection: sa.Connection, claimed: Job, *, now: datetime, error: str) -> None:
    """Give a job up. It stays as a dead letter for people to see."""
    connection.execute(
        sa.update(job).where(*_held(claimed)).values(dead_at=now, lease=None, last_error=error)
    )


def any_due(connection: sa.Connection, kind: str, now: datetime) -> bool:
    """Tell whether there is work of a kind, without taking any."""
    is_due = job.c.kind == kind, job.c.run_at <= now, job.c.dead_at.is_(None)
    statement = sa.select(job.c.id).where(*is_due).limit(1)
    return connection.execute(statement).first() is not None


def is_any_since(connection: sa.Connection, kind: str, now: datetime, *, tries_max: int) -> bool:
    """Tell whether work of a kind that came up to a time is not done, and was not tried more often yet."""
    is_open = job.c.kind == kind, job.c.created_at <= now, job.c.dead_at.is_(None)
    found = sa.select(job.c.id).where(*is_open, job.c.attempts <= tries_max).limit(1)
    return connection.execute(found).first() is not None


def find_progress(connection: sa.Connection, kind: str, subject_id: int) -> Progress | None:
    """Where is the work of a kind about a subject? None when it is done, or never was any."""
    statement = sa.select(job.c.dead_at).where(job.c.kind == kind, job.c.subject_id == subject_id)
    row = connection.execute(statement.limit(1)).first()
    if row is None:
        return None
    return Progress.WAITING if row[0] is None else Progress.GIVEN_UP


def find_due(connection: sa.Connection, kind: str, subject_ids: Collection[int]) -> dict[int, datetime]:
    """Subject → when its work of a kind is due, of those that wait."""
    statement = sa.select(job.c.subject_id, sa.func.min(job.c.run_at)).group_by(job.c.subject_id)
    waiting = job.c.kind == kind, job.c.subject_id.in_(subject_ids), job.c.dead_at.is_(None)
    return {row[0]: row[1] for row in connection.execute(statement.where(*waiting))}


def count_jobs(connection: sa.Connection) -> tuple[int, int]:
    """How many jobs wait or run, and how many are dead letters."""
    dead = job.c.dead_at.is_not(None)
    row = connection.execute(
        sa.select(
            sa.func.count().filter(sa.not_(dead)),
            sa.func.count().filter(dead),
        ).select_from(job)
    ).one()
    return row[0], row[1]


def count_by_kind(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    """Kind → how many jobs wait or run, and how many are dead letters."""
    dead = job.c.dead_at.is_not(None)
    statement = sa.select(
        job.c.kind, sa.func.count().filter(sa.not_(dead)), sa.func.count().filter(dead)
    ).group_by(job.c.kind)
    return {row[0]: (row[1], row[2]) for row in connection.execute(statement)}


def find_first_due(connection: sa.Connection) -> datetime | None:
    """When the next job is due, or the oldest one was; claimed ones when their lease ends."""
    return connection.execute(sa.select(sa.func.min(job.c.run_at)).where(job.c.dead_at.is_(None))).scalar()


def _held(claimed: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return job.c.id == claimed.id, job.c.lease == claimed.lease
