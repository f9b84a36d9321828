"""Are projects, their tokens, limits and numbers kept, and do servers notice changes?"""

import threading

import pytest
import sqlalchemy as sa

from afterword.domain.rate_limit import RateLimits
from afterword.storage import event_batch, projects, revision
from afterword.storage.engine import Database, StoreError
from tests.storage.support import DAY, HOUR, START, add_project, new_event


def test_a_project_is_found_by_its_exact_name(database: Database) -> None:
    with database.write() as connection:
        project_id = projects.add_project(
            connection, "Build CLI", limits=RateLimits(5, 50), metadata_bytes=99, now=START
        )
        found = projects.find_project(connection, "Build CLI")
        assert projects.find_project(connection, "build cli") is None
    assert found == projects.Project(project_id, "Build CLI", START, RateLimits(5, 50), 99, 0)


def test_projects_are_listed_in_the_order_in_which_they_were_made(database: Database) -> None:
    with database.write() as connection:
        for name in ("Zeta", "Alpha", "Mid"):
            add_project(connection, name)
        listed = projects.list_projects(connection)
    assert [project.name for project in listed] == ["Zeta", "Alpha", "Mid"]


def test_a_name_is_given_once(database: Database) -> None:
    with database.write() as connection:
        add_project(connection, "Build CLI")
    with pytest.raises(StoreError), database.write() as connection:
        add_project(connection, "Build CLI")


def test_limits_change_for_one_project_only(database: Database) -> None:
    with database.write() as connection:
        first, _ = add_project(connection, "First"), add_project(connection, "Second")
        projects.set_limits(connection, first, limits=RateLimits(1, 2), metadata_bytes=3)
        changed, other = projects.list_projects(connection)
    assert (changed.limits, changed.metadata_bytes) == (RateLimits(1, 2), 3)
    assert (other.limits, other.metadata_bytes) == (RateLimits(), 1_024)


def test_nobody_else_accepts_while_the_numbers_are_locked(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
    second_has_it = threading.Event()

    def accept_too() -> int:
        with database.write() as connection:
            number = projects.lock_accepted(connection, [project_id])[project_id]
            second_has_it.set()
            return number

    numbers: list[int] = []
    thread = threading.Thread(target=lambda: numbers.append(accept_too()))
    with database.write() as connection:
        projects.lock_accepted(connection, [project_id])
        thread.start()
        assert not second_has_it.wait(0.2), "two transactions hold the same project's numbers"
        event_batch.write(connection, [new_event(project_id)])
    thread.join(timeout=10)
    assert numbers == [1]


def test_tokens_are_kept_by_their_hash(database: Database) -> None:
    with database.write() as connection:
        first, second = add_project(connection, "First"), add_project(connection, "Second")
        token_id = projects.add_token(connection, first, token_hash=b"\x00\xff", hint="…abcd", now=START)
        projects.add_token(connection, second, token_hash=b"other", hint="…efgh", now=START)
        assert projects.list_tokens(connection, first) == [
            projects.Token(token_id, first, b"\x00\xff", "…abcd", START, None)
        ]
        assert [token.project_id for token in projects.list_tokens(connection)] == [first, second]


def test_a_token_ends_when_told_and_never_later(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
        token_id = projects.add_token(connection, project_id, token_hash=b"x", hint="…x", now=START)
        ends = []
        for at in (START + DAY, START + HOUR, START + 2 * DAY):
            projects.expire_token(connection, token_id, at)
            ends.append(projects.list_tokens(connection)[0].expires_at)
    assert ends == [START + DAY, START + HOUR, START + HOUR]


def test_a_token_needs_its_project(database: Database) -> None:
    with pytest.raises(StoreError), database.write() as connection:
        projects.add_token(connection, 999, token_hash=b"x", hint="…x", now=START)


@pytest.mark.parametrize(
    "change",
    [
        lambda connection: add_project(connection, "Another"),
        lambda connection: projects.set_limits(connection, 1, limits=RateLimits(), metadata_bytes=1),
        lambda connection: projects.add_token(connection, 1, token_hash=b"y", hint="…y", now=START),
        lambda connection: projects.expire_token(connection, 1, START),
    ],
    ids=["add_project", "set_limits", "add_token", "expire_token"],
)
def test_each_change_tells_running_servers(database: Database, change: object) -> None:
    with database.write() as connection:
        add_project(connection)
        projects.add_token(connection, 1, token_hash=b"x", hint="…x", now=START)
        before = revision.current(connection)
        change(connection)  # type: ignore[operator]
        assert revision.current(connection) > before


def test_accepting_events_tells_nobody(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
        before = revision.current(connection)
    with database.write() as connection:
        event_batch.write(connection, [new_event(project_id)])
    with database.read() as connection:
        assert revision.current(connection) == before


def test_an_exception_undoes_the_whole_transaction(database: Database) -> None:
    def fail(connection: sa.Connection) -> None:
        add_project(connection)
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"), database.write() as connection:
        fail(connection)
    with database.read() as connection:
        assert projects.list_projects(connection) == []


def test_a_reader_sees_one_consistent_state_to_its_end(database: Database) -> None:
    with database.read() as reading:
        before = projects.list_projects(reading)
        with database.write() as connection:
            add_project(connection)
        after = projects.list_projects(reading)
    assert (before, after) == ([], [])
