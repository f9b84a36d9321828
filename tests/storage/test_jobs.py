"""Is each job one worker's at a time, and does none get lost?"""

from datetime import datetime, timedelta

import pytest

from afterword.storage import jobs
from afterword.storage.engine import Database
from afterword.storage.jobs import Job
from tests.storage.support import HOUR, MINUTE, START, in_threads

LEASE = timedelta(seconds=120)
EVALUATE = "evaluate_event"


def add(database: Database, *subjects: int, run_at: datetime = START) -> None:
    with database.write() as connection:
        jobs.add_jobs(connection, EVALUATE, subjects, run_at=run_at)


def claim(database: Database, now: datetime = START, *, lease: str = "alice", limit: int = 10) -> list[Job]:
    with database.write() as connection:
        return jobs.claim(connection, EVALUATE, lease=lease, now=now, leased_until=now + LEASE, limit=limit)


def test_due_jobs_are_claimed_oldest_first_and_later_ones_left(database: Database) -> None:
    add(database, 3, run_at=START)
    add(database, 1, run_at=START - HOUR)
    add(database, 2, run_at=START + timedelta(microseconds=1))
    first = claim(database, limit=1)
    rest = claim(database)
    assert [job.subject_id for job in first] == [1]
    assert [job.subject_id for job in rest] == [3]


def test_a_claimed_job_says_what_to_do_and_how_often_it_was_tried(database: Database) -> None:
    add(database, 7)
    (job,) = claim(database)
    assert (job.kind, job.subject_id, job.attempts, job.lease) == ("evaluate_event", 7, 1, "alice")


def test_no_jobs_are_added_for_nothing(database: Database) -> None:
    add(database)
    with database.read() as connection:
        assert jobs.count_jobs(connection) == (0, 0)
        assert not jobs.any_due(connection, EVALUATE, START)


def test_work_is_awaited_until_it_was_tried_often(database: Database) -> None:
    def is_awaited(now: datetime = START) -> bool:
        with database.read() as connection:
            return jobs.is_any_since(connection, EVALUATE, now, tries_max=2)

    assert not is_awaited()
    add(database, 1)
    assert not is_awaited(START - timedelta(microseconds=1))
    for tries in range(4):
        assert is_awaited() is (tries <= 2)
        claim(database, START + tries * LEASE)


def test_a_claimed_job_is_nobody_elses_until_its_lease_ends(database: Database) -> None:
    add(database, 1)
    claim(database, lease="alice")
    assert claim(database, START + LEASE - timedelta(microseconds=1), lease="bob") == []
    (again,) = claim(database, START + LEASE, lease="bob")
    assert (again.attempts, again.lease) == (2, "bob")


def test_eight_workers_at_once_claim_each_job_once(database: Database) -> None:
    add(database, *range(200))

    def work(worker: int) -> list[int]:
        mine: list[int] = []
        while claimed := claim(database, lease=f"worker-{worker}", limit=7):
            mine += [job.subject_id for job in claimed]
        return mine

    shares = in_threads(8, work)
    assert sorted(subject for share in shares for subject in share) == list(range(200))


def test_a_finished_job_is_gone(database: Database) -> None:
    add(database, 1)
    (job,) = claim(database)
    with database.write() as connection:
        assert jobs.finish(connection, job) is True
        assert jobs.finish(connection, job) is False
        assert jobs.count_jobs(connection) == (0, 0)


def test_who_lost_the_lease_can_finish_retry_or_bury_nothing(database: Database) -> None:
    add(database, 1)
    (late,) = claim(database, lease="alice")
    (taken_over,) = claim(database, START + LEASE, lease="bob")
    with database.write() as connection:
        assert jobs.finish(connection, late) is False
        jobs.retry(connection, late, run_at=START, error="late")
        jobs.bury(connection, late, now=START, error="late")
    assert claim(database, START + LEASE, lease="charlie") == [], "the late worker gave the job away"
    with database.write() as connection:
        assert jobs.count_jobs(connection) == (1, 0)
        assert jobs.finish(connection, taken_over) is True


def test_a_failed_job_is_due_again_when_told(database: Database) -> None:
    add(database, 1)
    (job,) = claim(database)
    with database.write() as connection:
        jobs.retry(connection, job, run_at=START + MINUTE, error="SMTP: refused with 451")
        assert not jobs.any_due(connection, EVALUATE, START + MINUTE - timedelta(microseconds=1))
        assert jobs.any_due(connection, EVALUATE, START + MINUTE)
    (again,) = claim(database, START + MINUTE)
    assert again.attempts == 2


def test_a_job_that_is_put_off_is_due_then_and_was_not_tried(database: Database) -> None:
    add(database, 1)
    (job,) = claim(database)
    with database.write() as connection:
        jobs.put_off(connection, job, run_at=START + HOUR)
        assert not jobs.any_due(connection, EVALUATE, START + HOUR - timedelta(microseconds=1))
    (again,) = claim(database, START + HOUR)
    assert again.attempts == 1


def test_a_dead_letter_is_kept_and_never_claimed(database: Database) -> None:
    add(database, 1)
    (job,) = claim(database)
    with database.write() as connection:
        jobs.bury(connection, job, now=START, error="SMTP: refused with 550")
        assert jobs.count_jobs(connection) == (0, 1)
        assert not jobs.any_due(connection, EVALUATE, START + 24 * HOUR)
        assert jobs.finish(connection, job) is False
    assert claim(database, START + 24 * HOUR) == []


def test_what_becomes_of_work_about_a_subject_can_be_followed(database: Database) -> None:
    add(database, 1, 2)
    with database.read() as connection:
        assert jobs.find_progress(connection, "evaluate_event", 1) is jobs.Progress.WAITING
        assert jobs.find_progress(connection, "send_invitation", 1) is None
        assert jobs.find_progress(connection, "evaluate_event", 3) is None
    first, second = claim(database)
    with database.write() as connection:
        progress = jobs.find_progress(connection, "evaluate_event", 1)
        assert progress is jobs.Progress.WAITING, "a job at hand still waits for its end"
        jobs.finish(connection, first)
        jobs.bury(connection, second, now=START, error="x")
        assert jobs.find_progress(connection, "evaluate_event", 1) is None
        assert jobs.find_progress(connection, "evaluate_event", 2) not in (None, jobs.Progress.WAITING)


def test_waiting_and_dead_jobs_are_counted_apart(database: Database) -> None:
    add(database, 1, 2, 3)
    (job,) = claim(database, limit=1)
    with database.write() as connection:
        jobs.bury(connection, job, now=START, error="x")
        assert jobs.count_jobs(connection) == (2, 1)


@pytest.mark.parametrize("limit", [1, 3])
def test_a_claim_takes_no_more_than_its_limit_however_postgresql_plans_it(
    postgres: Database, limit: int
) -> None:
    """By a nested loop it runs a plain subquery again for each row, and each time finds other jobs."""
    add(postgres, *range(20))
    with postgres.write() as connection:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        until = START + HOUR
        claimed = jobs.claim(connection, EVALUATE, lease="x", now=START, leased_until=until, limit=limit)
    assert [job.subject_id for job in claimed] == list(range(limit))
