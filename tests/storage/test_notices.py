"""Are refusals counted by kind, and bounded?"""

from datetime import datetime

from afterword.storage import notices
from afterword.storage.engine import Database
from afterword.storage.notices import NOTICES_PER_PROJECT_MAX, Notice
from tests.storage.support import DAY, HOUR, START


def notice(message: str = "timestamp is required", *, count: int = 1, at: datetime = START) -> Notice:
    return Notice(1, "refused", "invalid_arguments", message, count, at, at)


def test_the_same_notice_is_counted_and_keeps_its_first_time(database: Database) -> None:
    with database.write() as connection:
        notices.add_notices(connection, [notice(count=2)])
        notices.add_notices(connection, [notice(count=3, at=START + HOUR)])
        (found,) = notices.list_notices(connection, 1)
    assert (found.count, found.first_at, found.last_at) == (5, START, START + HOUR)


def test_notices_that_differ_in_anything_are_apart(database: Database) -> None:
    rows = [
        Notice(project, kind, code, message, 1, START, START)
        for project in (1, 2)
        for kind in ("refused", "warning")
        for code in ("a", "b")
        for message in ("x", "y")
    ]
    with database.write() as connection:
        notices.add_notices(connection, rows)
        found = notices.list_notices(connection, 1)
    assert {(item.kind, item.code, item.message, item.count) for item in found} == {
        (item.kind, item.code, item.message, 1) for item in rows if item.project_id == 1
    }


def test_the_latest_notice_comes_first(database: Database) -> None:
    with database.write() as connection:
        notices.add_notices(
            connection, [notice("old"), notice("newest", at=START + 2 * HOUR), notice("new", at=START + HOUR)]
        )
        found = [item.message for item in notices.list_notices(connection, 1)]
    assert found == ["newest", "new", "old"]


def test_a_project_has_a_bounded_number_of_notices_and_known_ones_still_count(database: Database) -> None:
    many = [notice(f"message {index}") for index in range(NOTICES_PER_PROJECT_MAX + 5)]
    with database.write() as connection:
        notices.add_notices(connection, many)
        notices.add_notices(connection, [notice("message 0", count=9)])
        notices.add_notices(connection, [Notice(2, "refused", "a", "other project", 1, START, START)])
        found = notices.list_notices(connection, 1)
        other = notices.list_notices(connection, 2)
    assert len(found) == NOTICES_PER_PROJECT_MAX
    assert {item.message: item.count for item in found}["message 0"] == 10
    assert len(other) == 1


def test_notices_that_did_not_come_again_are_forgotten(database: Database) -> None:
    with database.write() as connection:
        notices.add_notices(connection, [notice("old"), notice("again")])
        notices.add_notices(connection, [notice("again", at=START + DAY)])
        assert notices.delete_notices(connection, START + HOUR) == 1
        assert [item.message for item in notices.list_notices(connection, 1)] == ["again"]
