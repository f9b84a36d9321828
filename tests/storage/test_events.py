"""Are events kept as they came, in order, with their numbers?"""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from afterword.kit.clock import to_datetime
from afterword.storage import event_batch, events
from afterword.storage.engine import Database, StoreError
from afterword.storage.tables import event
from tests.storage.support import START_US, add_event, add_person, event_id, new_event


def test_an_event_reads_back_as_it_was_appended(database: Database) -> None:
    row = new_event(
        7,
        3,
        occurred_at=START_US - 1,
        received_at=START_US + 1,
        name="Büro · ünïcode 🚀",
        email=" Bob@Example.com ",
        github_username="@bob",
        gitlab_username="bøb",
        metadata='{"outcome":"ok","n":1e2,"quote":"\\"\'"}',
        is_test=True,
        person_id=9_007_199_254_740_993,
    )
    with database.write() as connection:
        event_batch.write(connection, [row])
        found_id = event_id(connection, row)
    with database.read() as connection:
        found = events.get_event(connection, found_id)
    assert found is not None
    assert found.occurred_at == to_datetime(START_US - 1)
    assert found.received_at == to_datetime(START_US + 1)
    assert (found.id, found.project_id, found.name) == (found_id, 7, "Büro · ünïcode 🚀")
    assert (found.email, found.github_username, found.gitlab_username) == (" Bob@Example.com ", "@bob", "bøb")
    assert found.metadata == '{"outcome":"ok","n":1e2,"quote":"\\"\'"}'
    assert found.is_test is True
    assert found.person_id == 9_007_199_254_740_993
    assert found.person_email is None


@pytest.mark.parametrize("name", ["007", "1e5", "null", "true", '{"a":1}', "[]", "a'b\"c\\d", "%s :rows"])
def test_text_that_looks_like_something_else_stays_text(database: Database, name: str) -> None:
    with database.write() as connection:
        event_id = add_event(connection, name=name, github_username=name)
        found = events.get_event(connection, event_id)
    assert found is not None
    assert (found.name, found.github_username) == (name, name)


def test_the_newest_events_come_first_and_at_most_as_many_as_asked(database: Database) -> None:
    with database.write() as connection:
        event_batch.write(connection, [new_event(1 + n % 2, n, name=f"e{n}") for n in range(1, 7)])
    with database.read() as connection:
        everything = events.list_events(connection, None, limit=4)
        one_project = events.list_events(connection, 2, limit=2)
    assert [one.name for one in everything] == ["e6", "e5", "e4", "e3"]
    assert [one.name for one in one_project] == ["e5", "e3"]


def test_a_listed_event_names_the_person_it_was_attributed_to(database: Database) -> None:
    with database.write() as connection:
        bob = add_person(connection, "Bob")
        add_event(connection, person_id=bob, email="an.alias@example.com")
        (found,) = events.list_events(connection, None, limit=10)
    assert found.person_email == "bob@example.com"


def test_an_unknown_event_is_none(database: Database) -> None:
    with database.read() as connection:
        assert events.get_event(connection, 1) is None


def test_counted_since_goes_back_to_a_time_and_not_further(database: Database) -> None:
    rows = [new_event(1, number, counted_at=START_US + number) for number in range(1, 6)]
    with database.write() as connection:
        event_batch.write(connection, rows)
    with database.read() as connection:
        found = list(events.counted_since(connection, START_US + 3))
    assert found == [(1, 4, START_US + 4), (1, 5, START_US + 5)]


@pytest.mark.parametrize("kept", [1, 2, 3, 4, 6, 7, 10])
def test_counted_since_finds_its_first_event_wherever_ids_are_missing(database: Database, kept: int) -> None:
    with database.write() as connection:
        event_batch.write(connection, [new_event(1, n, counted_at=START_US + n // 2) for n in range(1, 30)])
        connection.execute(sa.delete(event).where(event.c.id % kept != 0))
        left = [n for n in range(1, 30) if n % kept == 0]
        for since in range(17):
            found = [number for _, number, _ in events.counted_since(connection, START_US + since)]
            assert found == [n for n in left if n // 2 > since]


def test_without_events_nothing_was_counted(database: Database) -> None:
    with database.read() as connection:
        assert list(events.counted_since(connection, 0)) == []


def test_an_append_that_fails_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(StoreError), database.write() as connection:
        event_batch.write(connection, [new_event(1, 1), new_event(1, 2, name=None)])
    with database.read() as connection:
        assert events.list_events(connection, None, limit=10) == []


class TestOnPostgres:
    """What only PostgreSQL has: the index by project and number."""

    def test_counted_at_finds_numbers_in_ranges_with_both_ends(self, postgres: Database) -> None:
        rows = [
            new_event(project, number, counted_at=START_US + 100 * project + number)
            for number in range(1, 6)
            for project in (1, 2)
        ]
        with postgres.write() as connection:
            event_batch.write(connection, rows)
            found = list(events.counted_at(connection, [(1, 2, 3), (2, 5, 9), (3, 1, 9)]))
        assert found == [(1, 2, START_US + 102), (1, 3, START_US + 103), (2, 5, START_US + 205)]

    def test_counted_at_of_no_ranges_is_empty(self, postgres: Database) -> None:
        with postgres.read() as connection:
            assert list(events.counted_at(connection, [])) == []

    def test_a_number_is_given_once_per_project(self, postgres: Database) -> None:
        with postgres.write() as connection:
            event_batch.write(connection, [new_event(1, 1), new_event(2, 1)])
        with pytest.raises(StoreError), postgres.write() as connection:
            event_batch.write(connection, [new_event(1, 1)])


class TestIdempotencyKeys:
    """Keys are found with the hash of their arguments, within their time."""

    def test_a_key_is_found_in_its_project_only(self, database: Database) -> None:
        with database.write() as connection:
            events.add_idempotent(connection, [(1, "k", b"one"), (2, "k", b"two")], START_US)
            found = events.find_idempotent(connection, [(1, "k"), (2, "k"), (3, "k"), (1, "K")], START_US - 1)
        assert found == {(1, "k"): b"one", (2, "k"): b"two"}

    def test_a_key_as_old_as_the_limit_is_over(self, database: Database) -> None:
        with database.write() as connection:
            events.add_idempotent(connection, [(1, "k", b"one")], START_US)
            assert events.find_idempotent(connection, [(1, "k")], START_US - 1) == {(1, "k"): b"one"}
            assert events.find_idempotent(connection, [(1, "k")], START_US) == {}

    def test_an_outlived_key_is_replaced(self, database: Database) -> None:
        with database.write() as connection:
            events.add_idempotent(connection, [(1, "k", b"old"), (1, "other", b"kept")], START_US)
            events.add_idempotent(connection, [(1, "k", b"new")], START_US + 10)
            found = events.find_idempotent(connection, [(1, "k"), (1, "other")], START_US - 1)
        assert found == {(1, "k"): b"new", (1, "other"): b"kept"}

    def test_old_keys_are_forgotten(self, database: Database) -> None:
        with database.write() as connection:
            events.add_idempotent(connection, [(1, "old", b"x")], START_US)
            events.add_idempotent(connection, [(1, "new", b"x")], START_US + 1)
            assert events.delete_idempotent(connection, START_US) == 1
            assert events.find_idempotent(connection, [(1, "old"), (1, "new")], 0) == {(1, "new"): b"x"}


def test_earlier_events_are_found_by_the_index_before_the_database_knows_its_tables(
    postgres: Database,
) -> None:
    with postgres.write() as connection:
        event_batch.write(connection, [new_event(number=number) for number in range(1, 2_001)])
        ranges = json.dumps([[1, number, number] for number in range(1, 200)])
        plan = connection.exec_driver_sql("EXPLAIN " + events._COUNTED_AT, (ranges,))
        steps = "\n".join(row[0] for row in plan)
        jobs = event_batch._ADD_JOBS_POSTGRES % ("x", 1, 1, "(1, 1), (1, 2)")
        plan = connection.exec_driver_sql("EXPLAIN " + jobs)
        steps_of_ids = "\n".join(row[0] for row in plan)
    for found in (steps, steps_of_ids):
        assert "Index Scan using uq_event_project_id_number" in found
        assert "Seq Scan" not in found


def test_events_of_some_projects_are_read_in_the_order_of_their_ids(database: Database) -> None:
    with database.write() as connection:
        bob = add_person(connection)
        ids = [
            add_event(connection, number, project_id=project_id, received_at=START_US + number, person_id=bob)
            for number, project_id in enumerate((1, 2, 1, 3), start=1)
        ]
        found = list(events.read_events(connection, ids[0], ids[-1], [1, 3]))
        assert [one.id for one in found] == [ids[0], ids[2], ids[3]]
        wanted = events.get_event(connection, ids[0])
        assert wanted is not None
        assert found[0] == replace(wanted, person_email=None)
        assert list(events.read_events(connection, ids[1], ids[1], [1])) == []
        assert list(events.read_events(connection, ids[0], ids[-1], [])) == []


def test_the_first_event_since_a_time_is_found(database: Database) -> None:
    with database.write() as connection:
        assert events.find_first_id_received(connection, to_datetime(0)) == 1
        ids = [add_event(connection, number, received_at=START_US + 10 * number) for number in range(1, 8)]
        for number, event_id in enumerate(ids, start=1):
            for offset in (-9, 0):
                since = to_datetime(START_US + 10 * number + offset)
                assert events.find_first_id_received(connection, since) == event_id
        assert events.find_first_id_received(connection, to_datetime(START_US + 71)) == ids[-1] + 1
