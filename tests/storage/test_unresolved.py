"""Are unknown names and the cursor kept as the flows need them?"""

from afterword.domain.people.identity import IdentityKind
from afterword.kit.clock import to_datetime
from afterword.storage import event_handles, projection, unresolved
from afterword.storage.engine import Database
from afterword.storage.unresolved import Sighting
from tests.storage.support import START_US, add_event, add_project

GITHUB = IdentityKind.GITHUB.value


def sighting(project_id: int, **changes: object) -> Sighting:
    usual = Sighting(GITHUB, "ada", project_id, "Ada", 2, START_US, START_US + 5, 10, 20)
    return usual._replace(**changes)


def test_what_is_seen_again_is_added_up_and_keeps_its_first_and_last(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
        unresolved.add(connection, [sighting(project_id)])
        later = sighting(
            project_id, shown="ADA", events=3, first_at=START_US - 1, last_at=START_US, first_event_id=15,
            last_event_id=30,
        )  # fmt: skip
        unresolved.add(connection, [later])
        unresolved.add(connection, [])
        (found,) = unresolved.list_by_key(connection, None, 9)
        assert (found.shown, found.events) == ("ADA", 5)
        assert (found.first_at, found.last_at) == (to_datetime(START_US - 1), to_datetime(START_US + 5))
        assert (found.first_event_id, found.last_event_id) == (10, 30)
        assert unresolved.remove(connection, [found.key]) == [(GITHUB, "ada", 10, 30)]
        assert unresolved.remove(connection, []) == []
        assert unresolved.count(connection) == 0


def test_new_events_are_read_once_from_where_the_last_reading_ended(database: Database) -> None:
    with database.write() as connection:
        one, other = add_project(connection), add_project(connection, "Deploy CLI")
        assert event_handles.list_new(connection, projection.lock(connection), 9) == ([], {})
        ids = [add_event(connection, number, project_id=one) for number in (1, 2, 3)]
        ids += [add_event(connection, number, project_id=other) for number in (1, 2)]
    read: list[int] = []
    for _ in range(4):
        with database.write() as connection:
            found, after = event_handles.list_new(connection, projection.lock(connection), 2)
            projection.set_positions(connection, after)
            read += [event.id for event in found]
    assert read == ids


def test_a_restart_begins_with_the_first_event(database: Database) -> None:
    with database.write() as connection:
        event_id = add_event(connection, project_id=add_project(connection))
    with database.write() as connection:
        found, after = event_handles.list_new(connection, projection.lock(connection), 9)
        projection.set_positions(connection, after)
        assert event_handles.list_new(connection, projection.lock(connection), 9) == ([], {})
        projection.restart(connection)
        again, _ = event_handles.list_new(connection, projection.read_positions(connection), 9)
    assert [event.id for event in again] == [event.id for event in found] == [event_id]


def test_an_event_gets_its_person_and_no_other_event_does(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
        ids = [add_event(connection, number, project_id=project_id) for number in (1, 2, 3)]
        event_handles.attribute(connection, {ids[0]: 7, ids[2]: None})
        event_handles.attribute(connection, {})
        found = event_handles.list_from(connection, 1, None, 9)
        assert [event.person_id for event in found] == [7, None, None]
        event_handles.attribute(connection, {ids[0]: None})
        assert event_handles.list_from(connection, ids[0], ids[0], 9)[0].person_id is None
        assert event_handles.last_id(connection) == ids[-1]
