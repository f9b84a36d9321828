"""Does a batch get its rows, its counts and its jobs, all or nothing?"""

import pytest
import sqlalchemy as sa

from afterword.storage import event_batch, events, jobs, projects
from afterword.storage.engine import Connection, Database, StoreError, at_commit
from afterword.storage.event_batch import ROWS_AT_ONCE_MAX
from afterword.storage.tables import event, job
from tests.storage.support import HOUR, START, START_US, add_event, add_project, new_event


def accepted(connection: Connection) -> list[int]:
    """How many events each project has, by its own count."""
    return [found.events_accepted for found in projects.list_projects(connection)]


def test_a_job_goes_with_each_row_that_wants_one(database: Database) -> None:
    rows = [new_event(1 + n % 2, n, name=f"e{n}") for n in range(1, 2 * ROWS_AT_ONCE_MAX + 4)]
    wanted = [0, ROWS_AT_ONCE_MAX - 1, ROWS_AT_ONCE_MAX, len(rows) - 1]
    with database.write() as connection:
        add_event(connection, number=1_000)
    with database.write() as connection:
        event_batch.write(connection, rows, wanted, "evaluate_event")
    with database.write() as connection:
        found = jobs.claim(
            connection, "evaluate_event", lease="x", now=START, leased_until=START + HOUR, limit=99
        )
        about = [events.get_event(connection, one.subject_id) for one in found]
    assert [one.kind for one in found] == ["evaluate_event"] * len(wanted)
    assert [one and one.name for one in about] == [rows[place].name for place in wanted]


def test_a_job_is_due_when_its_event_was_received(database: Database) -> None:
    with database.write() as connection:
        event_batch.write(connection, [new_event(received_at=START_US + 5)], [0], "evaluate_event")
    with database.read() as connection:
        times = connection.execute(sa.select(sa.type_coerce(job.c.run_at, sa.BigInteger))).scalars().all()
    assert times == [START_US + 5]


def test_rows_without_jobs_add_none(database: Database) -> None:
    with database.write() as connection:
        event_batch.write(connection, [new_event()])
    with database.read() as connection:
        assert jobs.count_jobs(connection) == (0, 0)


def test_ids_grow_in_the_order_of_the_batch(database: Database) -> None:
    with database.write() as connection:
        event_batch.write(connection, [new_event(1, number) for number in range(1, 2_001)])
    with database.read() as connection:
        numbers = connection.execute(sa.select(event.c.number).order_by(event.c.id)).scalars().all()
    assert numbers == list(range(1, 2_001))


def test_accepted_events_are_added_up(database: Database) -> None:
    with database.write() as connection:
        first, second = add_project(connection, "First"), add_project(connection, "Second")
    for numbers in ((1, 2), (3,)):
        with database.write() as connection:
            event_batch.write(
                connection, [new_event(first, number) for number in numbers] + [new_event(second, numbers[0])]
            )
    with database.read() as connection:
        assert accepted(connection) == [3, 2]


def test_a_batch_that_is_rolled_back_leaves_nothing_for_the_next(database: Database) -> None:
    with database.write() as connection:
        add_project(connection)
    with pytest.raises(StoreError), database.write() as connection:  # noqa: PT012
        event_batch.write(connection, [new_event()], [0], "evaluate_event")
        connection.exec_driver_sql("nonsense")
    with database.write() as connection:
        add_project(connection, "Second")
    with database.read() as connection:
        assert events.list_events(connection, None, limit=9) == []
        assert (accepted(connection), jobs.count_jobs(connection)) == ([0, 0], (0, 0))


def test_a_batch_that_fails_leaves_nothing_behind(database: Database) -> None:
    with database.write() as connection:
        add_project(connection)
    with pytest.raises(StoreError), database.write() as connection:
        event_batch.write(connection, [new_event(1, 1), new_event(1, 2, name=None)], [0], "evaluate_event")
    with database.read() as connection:
        assert events.list_events(connection, None, limit=10) == []
        assert (accepted(connection), jobs.count_jobs(connection)) == ([0], (0, 0))


def test_what_fails_with_the_commit_takes_the_rows_with_it(database: Database) -> None:
    with database.write() as connection:
        add_project(connection)
    with pytest.raises(StoreError), database.write() as connection:  # noqa: PT012
        event_batch.write(connection, [new_event()])
        at_commit(connection, "INSERT INTO job (kind) VALUES (NULL)")
    with database.read() as connection:
        assert events.list_events(connection, None, limit=10) == []
        assert accepted(connection) == [0]


@pytest.mark.parametrize("kind", ["", "x', 1, 1); --", "two words"])
def test_a_kind_of_job_is_a_word(database: Database, kind: str) -> None:
    with pytest.raises(ValueError, match="not a kind of job"), database.write() as connection:
        event_batch.write(connection, [new_event()], [0], kind)
