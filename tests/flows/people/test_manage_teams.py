"""Do teams move with all that is below them, and never under themselves?"""

import pytest

from afterword.domain.errors import AfterwordError, ConflictError, InvalidInputError, NotFoundError
from afterword.flows.people.find_people import list_people
from afterword.flows.people.manage_teams import list_teams, move_team, remove_team, rename_team, set_timezone
from afterword.flows.people.merge_people import merge_people, unmerge_people
from tests.flows.world import World

TEAMS = "email,team\na@x.org,Eng\nb@x.org,Eng / Tools / CI\nc@x.org,Eng / Tools\nd@x.org,Eng Ops\n"


@pytest.fixture
def teams(world: World) -> World:
    """Build (Alice, Bob) and Search (Charlie), Eng with Tools and CI below it, and Eng Ops."""
    world.import_people(TEAMS)
    return world


def tree(world: World) -> list[tuple[str, int, int]]:
    return [(row.team.path, row.people, row.people_in_all) for row in list_teams(world.database)]


def test_teams_are_listed_as_a_tree_with_who_is_in_them(teams: World) -> None:
    assert tree(teams) == [
        ("Build", 2, 2),
        ("Eng", 1, 3),
        ("Eng / Tools", 1, 2),
        ("Eng / Tools / CI", 1, 1),
        ("Eng Ops", 1, 1),
        ("Search", 1, 1),
    ]
    assert [row.depth for row in list_teams(teams.database)] == [0, 0, 1, 2, 0, 0]


def test_a_team_moves_with_all_below_it(teams: World) -> None:
    assert move_team(teams.database, "eng / tools", "Search").path == "Search / Tools"
    assert teams.person("b@x.org").team == "Search / Tools / CI"
    assert move_team(teams.database, "Search / Tools", None).path == "Tools"
    assert teams.person("b@x.org").team == "Tools / CI"
    # The next import finds it where it is now.
    teams.import_people("email,team\ne@x.org,TOOLS / ci\n")
    assert teams.person("e@x.org").team == "Tools / CI"


def test_a_team_gets_another_name_or_another_case(teams: World) -> None:
    assert rename_team(teams.database, "Eng", " Engineering ").path == "Engineering"
    assert teams.person("b@x.org").team == "Engineering / Tools / CI"
    assert rename_team(teams.database, "Engineering", "ENGINEERING").path == "ENGINEERING"


def test_a_team_is_removed_and_its_people_go_into_another_one(teams: World) -> None:
    with pytest.raises(ConflictError, match="there are teams below 'Eng'"):
        remove_team(teams.database, "Eng", "Build")
    with pytest.raises(ConflictError, match=r"'Eng Ops' has people in it \(1\): say --into which"):
        remove_team(teams.database, "Eng Ops")
    with pytest.raises(ConflictError, match="are in it already"):
        remove_team(teams.database, "Eng Ops", "eng ops")
    assert remove_team(teams.database, "eng ops", "Search") == 1
    assert teams.person("d@x.org").team == "Search"
    assert remove_team(teams.database, "Eng / Tools / CI", "Eng / Tools") == 1
    assert [path for path, _, _ in tree(teams)] == ["Build", "Eng", "Eng / Tools", "Search"]


def test_two_people_are_two_again_when_a_team_is_gone_meanwhile(teams: World) -> None:
    merge = merge_people(teams.database, teams.clock, "a@x.org", "d@x.org", dry_run=False)
    remove_team(teams.database, "Eng Ops", "Eng")
    assert merge.id is not None
    unmerge_people(teams.database, teams.clock, merge.id)
    assert teams.person("d@x.org").team is None


def test_people_of_a_team_are_those_below_it_too(teams: World) -> None:
    def found(team: str) -> list[str]:
        return [person.email for person in list_people(teams.database, limit=9, team=team)]

    assert found(" eng") == ["a@x.org", "b@x.org", "c@x.org"]
    assert found("Eng/Tools") == ["b@x.org", "c@x.org"]
    with pytest.raises(NotFoundError, match="there is no team 'Tools'"):
        found("Tools")


@pytest.mark.parametrize(
    ("path", "parent", "kind", "message"),
    [
        ("Eng", "Eng / Tools / CI", ConflictError, "'Eng' can't be under 'Eng / Tools / CI', which is in it"),
        ("Eng", "Eng", ConflictError, "'Eng' can't be under 'Eng', which is in it"),
        ("Tools", None, NotFoundError, "there is no team 'Tools': `afterword team list`"),
        ("Eng", "Nowhere", NotFoundError, "there is no team 'Nowhere'"),
    ],
)
def test_a_move_that_can_not_be_is_refused(
    teams: World, path: str, parent: str | None, kind: type[AfterwordError], message: str
) -> None:
    before = tree(teams)
    with pytest.raises(kind, match=message):
        move_team(teams.database, path, parent)
    assert tree(teams) == before


def test_a_move_beside_a_team_of_the_same_name_is_refused(teams: World) -> None:
    teams.import_people("email,team\nf@x.org,Search / tools\n")
    with pytest.raises(ConflictError, match="there is already a team 'Search / Tools'"):
        move_team(teams.database, "Eng / Tools", "Search")


def test_a_move_that_makes_it_too_deep_is_refused(teams: World) -> None:
    teams.import_people(f"email,team\nf@x.org,{' / '.join('abcdefgh')}\n")
    with pytest.raises(InvalidInputError, match="'Eng' would be too deep there: at most 10 teams"):
        move_team(teams.database, "Eng", " / ".join("abcdefgh"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (" ", "is not blank"),
        ("A / B", "has no /: `afterword team move` puts it elsewhere"),
        ("x" * 255, "the name is too long: at most 254 characters"),
        ("a\nb", "the name contains line breaks"),
        ("BUILD", "there is already a team 'BUILD'"),
    ],
)
def test_a_name_that_can_not_be_is_refused(teams: World, name: str, message: str) -> None:
    with pytest.raises(AfterwordError, match=message):
        rename_team(teams.database, "Search", name)


def test_a_team_gets_a_time_zone_and_it_is_taken_away(teams: World) -> None:
    changed = set_timezone(teams.database, "eng/tools", "Europe/Berlin")
    assert changed is not None
    assert (changed.path, changed.timezone, changed.held_timezone) == ("Eng / Tools", *["Europe/Berlin"] * 2)
    assert set_timezone(teams.database, "Eng / Tools", "Europe/Berlin") is None
    set_timezone(teams.database, "Eng", "Asia/Tokyo")
    zones = {row.team.path: row.team.timezone for row in list_teams(teams.database) if row.team.timezone}
    assert zones == {"Eng": "Asia/Tokyo", "Eng / Tools": "Europe/Berlin"}
    changed = set_timezone(teams.database, "Eng / Tools", None)
    assert changed is not None
    assert (changed.timezone, changed.held_timezone) == (None, "Asia/Tokyo")


def test_a_time_zone_that_can_not_be_is_refused(teams: World) -> None:
    with pytest.raises(InvalidInputError, match=r"no time zone 'Europe/Berln': did you mean Europe/Berlin\?"):
        set_timezone(teams.database, "Eng", "Europe/Berln")
    with pytest.raises(NotFoundError, match="there is no team 'Nope'"):
        set_timezone(teams.database, "Nope", "Europe/Berlin")
