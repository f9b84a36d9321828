"""Does the check after each fault see what it is there to see?"""

import json

import pytest
import sqlalchemy as sa

from afterword.storage.engine import Database
from afterword.storage.tables import project
from tests.faults.load import EVENT_NAME, Sent, assert_nothing_lost
from tests.storage.support import add_event, add_project

SENT = {"a-0-1": 200, "a-0-2": 200, "a-0-3": 429, "a-0-4": 503, "a-0-5": None}


def store(database: Database, *keys: str) -> None:
    """Put events into the database as if a server had taken them."""
    with database.write() as connection:
        project_id = add_project(connection)
        for number, key in enumerate(keys, 1):
            metadata = json.dumps({"key": key})
            add_event(connection, number, project_id=project_id, name=EVENT_NAME, metadata=metadata)


@pytest.mark.parametrize("more", [(), ("a-0-5",)], ids=["", "an unanswered one"])
def test_what_was_acknowledged_and_what_was_not_answered_may_be_stored(
    database: Database, more: tuple[str, ...]
) -> None:
    store(database, "a-0-1", "a-0-2", *more)
    assert_nothing_lost(database, Sent(dict(SENT)))


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (["a-0-1"], "1 events acknowledged and lost, for instance a-0-2"),
        (["a-0-1", "a-0-2", "a-0-2"], "1 events stored more than once"),
        (["a-0-1", "a-0-2", "a-0-5", "a-0-5"], "1 events stored more than once"),
        (["a-0-1", "a-0-2", "a-0-3"], "1 events refused and stored"),
        (["a-0-1", "a-0-2", "a-0-4"], "1 events refused and stored"),
        (["a-0-1", "a-0-2", "b-0-1"], "1 events stored and never sent"),
    ],
)
def test_each_kind_of_loss_is_seen(database: Database, keys: list[str], complaint: str) -> None:
    store(database, *keys)
    with pytest.raises(AssertionError, match=complaint):
        assert_nothing_lost(database, Sent(dict(SENT)))


def test_after_a_fault_within_the_commit_a_503_says_nothing(database: Database) -> None:
    store(database, "a-0-1", "a-0-2", "a-0-4")
    assert_nothing_lost(database, Sent(dict(SENT)), unavailable_may_be_stored=True)
    with pytest.raises(AssertionError, match="refused and stored"):
        assert_nothing_lost(database, Sent({**SENT, "a-0-1": 422}), unavailable_may_be_stored=True)


def test_a_count_that_does_not_match_is_seen(database: Database) -> None:
    store(database, "a-0-1", "a-0-2")
    with database.write() as connection:
        connection.execute(sa.update(project).values(events_accepted=project.c.events_accepted + 1))
    with pytest.raises(AssertionError):
        assert_nothing_lost(database, Sent(dict(SENT)))
