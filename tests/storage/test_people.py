"""Are people and their handles found, changed and locked?"""

import threading

import pytest

from afterword.domain.people.identity import IdentityKind
from afterword.storage import people, revision
from afterword.storage.engine import Connection, Database, StoreError
from afterword.storage.teams import make_teams
from tests.storage.support import START, add_handle, add_person

EMAIL, GITHUB, GITLAB = IdentityKind.EMAIL, IdentityKind.GITHUB, IdentityKind.GITLAB


def add_bob(connection: Connection) -> int:
    team_id = make_teams(connection, ["Build"])["build"]
    row = {"email": "Bob@Example.com", "name": "Bob Øster", "timezone": "Europe/Oslo", "team_id": team_id}
    (bob,) = people.add_people(connection, [{**row, "created_at": START}])
    add_handle(connection, bob, EMAIL, "bob@example.com", "Bob@Example.com")
    add_handle(connection, bob, GITHUB, "bob-gh", "Bob-GH")
    return bob


def found_by(database: Database, text: str) -> list[str]:
    with database.read() as connection:
        return [person.name for person in people.list_people(connection, matching=text, limit=10)]


def test_a_person_reads_back_with_handles_as_shown(database: Database) -> None:
    with database.write() as connection:
        bob = add_bob(connection)
        found = people.get_person(connection, bob)
    assert found is not None
    assert (found.email, found.name, found.team) == ("Bob@Example.com", "Bob Øster", "Build")
    assert (found.timezone, found.is_active, found.is_bot) == ("Europe/Oslo", True, False)
    assert found.handles == {EMAIL: ("Bob@Example.com",), GITHUB: ("Bob-GH",)}
    assert (found.github_username, found.gitlab_username, found.created_at) == ("Bob-GH", None, START)


def test_an_unknown_person_is_none_locked_or_not(database: Database) -> None:
    with database.write() as connection:
        assert people.get_person(connection, 1) is None
        assert people.get_person(connection, 1, lock=True) is None


def test_the_owners_of_handles_are_found_and_unknown_ones_are_absent(database: Database) -> None:
    with database.write() as connection:
        bob, alice = add_bob(connection), add_person(connection, "Alice")
        add_handle(connection, alice, GITLAB, "bob-gh")
        wanted = [(EMAIL, "bob@example.com"), (GITHUB, "bob-gh"), (GITLAB, "bob-gh"), (GITHUB, "charlie")]
        found = people.find_owners(connection, wanted)
        assert people.find_owners(connection, []) == {}
        assert {(kind, value): owner for kind, value, owner in people.read_handles(connection)} == found
    assert found == {
        (EMAIL, "bob@example.com"): bob,
        (GITHUB, "bob-gh"): bob,
        (GITLAB, "bob-gh"): alice,
    }


def test_a_handle_belongs_to_one_person(database: Database) -> None:
    with database.write() as connection:
        add_bob(connection)
        alice = add_person(connection, "Alice")
    with pytest.raises(StoreError), database.write() as connection:
        add_handle(connection, alice, GITHUB, "bob-gh")


def test_what_is_known_of_a_person_is_replaced(database: Database) -> None:
    with database.write() as connection:
        bob, alice = add_bob(connection), add_person(connection, "Alice")
        people.update_person(
            connection, bob, {"email": "b@example.com", "name": "B", "timezone": None, "team_id": None}
        )
        changed, other = people.get_person(connection, bob), people.get_person(connection, alice)
    assert changed is not None
    assert other is not None
    assert (changed.email, changed.name, changed.timezone, changed.team) == (
        "b@example.com",
        "B",
        None,
        None,
    )
    assert other.name == "Alice"


@pytest.mark.parametrize("text", ["øst", "BOB", "example.COM", "bob-GH", "ob ø"])
def test_people_are_found_by_a_part_of_name_address_or_handle(database: Database, text: str) -> None:
    with database.write() as connection:
        add_bob(connection)
        add_person(connection, "Alice")
    assert found_by(database, text) == ["Bob Øster"]


@pytest.mark.parametrize(("name", "text"), [("Élodie", "élo"), ("élodie", "ÉLO"), ("Ørjan", "ørj")])
def test_the_case_of_letters_beyond_ascii_does_not_matter_either(
    database: Database, name: str, text: str
) -> None:
    with database.write() as connection:
        add_person(connection, name)
    assert found_by(database, text) == [name]


@pytest.mark.parametrize("text", ["%", "_", "bob%", "b_b", "\\", "/%"])
def test_wildcards_are_only_letters(database: Database, text: str) -> None:
    with database.write() as connection:
        add_bob(connection)
    assert found_by(database, text) == []


def test_people_are_listed_by_address_and_at_most_as_many_as_asked(database: Database) -> None:
    with database.write() as connection:
        for name in ("Charlie", "Alice", "Bob"):
            add_person(connection, name)
        listed = people.list_people(connection, limit=2)
    assert [person.name for person in listed] == ["Alice", "Bob"]


def test_a_locked_person_is_decided_about_by_one_transaction_at_a_time(database: Database) -> None:
    with database.write() as connection:
        bob = add_bob(connection)
    second_has_it = threading.Event()

    def decide_too() -> None:
        with database.write() as connection:
            people.get_person(connection, bob, lock=True)
            second_has_it.set()

    thread = threading.Thread(target=decide_too)
    with database.write() as connection:
        people.get_person(connection, bob, lock=True)
        thread.start()
        assert not second_has_it.wait(0.2), "two transactions decide about one person at once"
    thread.join(timeout=10)
    assert second_has_it.is_set()


def test_servers_read_the_handles_that_are_newer_than_what_they_know(database: Database) -> None:
    with database.write() as connection:
        bob = add_bob(connection)
        known = revision.current(connection)
        add_handle(connection, bob, GITLAB, "bob-gl")
        assert list(people.read_handles(connection, known.number)) == [(GITLAB, "bob-gl", bob)]
        assert revision.current(connection).removals == known.removals
        people.remove_identities(connection, [(GITLAB, "bob-gl")])
        revision.bump(connection, removes=True)
        after = revision.current(connection)
    assert after.removals == after.number > known.number
