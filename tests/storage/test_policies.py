"""Are policies only ever added, and is the last one of each level in force?"""

from afterword.storage import policies, revision
from afterword.storage.engine import Database
from tests.storage.support import DAY, START, add_project


def test_the_last_policy_of_each_level_is_in_force(database: Database) -> None:
    with database.write() as connection:
        first, second = add_project(connection, "First"), add_project(connection, "Second")
        assert policies.read_in_force(connection, first) == (0, {})
        assert policies.read_in_force(connection, None)[0] == 0
        added = [
            policies.add_policy(connection, project_id=level, definition=text, now=START)
            for level, text in ((None, "a"), (first, "b"), (first, "c"), (None, "d"), (second, "e"))
        ]
        assert added == sorted(set(added))
        assert policies.read_in_force(connection, first) == (added[-1], {None: "d", first: "c"})
        assert policies.read_in_force(connection, second) == (added[-1], {None: "d", second: "e"})
        assert policies.read_in_force(connection, None) == (added[-1], {None: "d"})
        assert policies.read_in_force(connection, None)[0] == added[-1]


def test_every_policy_stays_readable_with_its_project_and_time(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection, "First")
        policies.add_policy(connection, project_id=None, definition="a", now=START)
        policies.add_policy(connection, project_id=project_id, definition="b", now=START + DAY)
        listed = policies.list_policies(connection)
    shown = [(row.project_id, row.project_name, row.definition, row.created_at) for row in listed]
    assert shown == [(None, None, "a", START), (project_id, "First", "b", START + DAY)]


def test_a_new_policy_tells_running_servers(database: Database) -> None:
    with database.write() as connection:
        before = revision.current(connection)
        policies.add_policy(connection, project_id=None, definition="a", now=START)
        assert revision.current(connection) > before
