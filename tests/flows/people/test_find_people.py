"""Is the right person found, by whatever somebody at a terminal calls them?"""

import pytest

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.people.find_people import get_details, get_person, list_people
from afterword.flows.people.save_people import save_people
from tests.flows.world import EAGER, World


@pytest.mark.parametrize("who", ["BOB@example.com", "@bob-GH", "bob-gl", " U1 ", "2", "id:2"])
def test_a_person_is_found_by_each_of_their_names(world: World, who: str) -> None:
    record = PersonRecord("x", ("bob@example.com",), slack_id="U1")
    save_people(world.database, world.clock, [record], source=Source.HERE, tombstoned=world.tombstoned)
    with world.database.read() as connection:
        assert get_person(connection, who).name == "Bob"


@pytest.mark.parametrize("who", ["", "bob", "id:9", "99999999999999999999999", "²", "id:"])
def test_nobody_is_found_by_less(world: World, who: str) -> None:
    with world.database.read() as connection, pytest.raises(NotFoundError, match="there is nobody with"):
        get_person(connection, who)


def test_what_means_two_people_is_refused(world: World) -> None:
    world.import_people("email,github_username,gitlab_username\na@x.org,both,\nb@x.org,,both\nc@x.org,1,\n")
    with world.database.read() as connection:
        with pytest.raises(ConflictError, match=r"'both' means several people, .*\(id:4\) and .*\(id:5\)"):
            get_person(connection, "both")
        with pytest.raises(ConflictError, match=r"\(id:1\) and .*\(id:6\)"):
            get_person(connection, "1")
        assert get_person(connection, "id:1").name == "Alice"


def test_pages_go_on_after_an_address(world: World) -> None:
    world.import_people("email\n" + "".join(f"p{number}@x.org\n" for number in range(5)))
    seen, after = [], ""
    while page := list_people(world.database, limit=3, after=after):
        seen += [person.email for person in page]
        after = seen[-1]
    assert seen == [
        "alice@example.com",
        "bob@example.com",
        "charlie@example.com",
        *(f"p{number}@x.org" for number in range(5)),
    ]


def test_who_left_can_be_listed_apart(world: World) -> None:
    world.import_people("email,is_active\nbob@example.com,no\n")
    assert [person.name for person in list_people(world.database, limit=9, is_active=False)] == ["Bob"]


def test_details_count_what_a_person_was_asked(world: World) -> None:
    world.add_survey(throttle=EAGER)
    world.invite()
    found = get_details(world.database, "bob-gh")
    assert (len(found.holdings.invitations), len(found.holdings.decisions)) == (1, 1)
    assert (found.holdings.responses, found.merges) == (0, [])
