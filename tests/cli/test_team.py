"""``afterword team``: are the teams there, as a tree, and do they move?"""

import pytest

from tests.cli.installation import Installation


@pytest.fixture
def teams(home: Installation) -> Installation:
    """Eng with Tools below it, and Ops."""
    rows = "email,team\na@example.com,Eng\nb@example.com,Eng / Tools\nc@example.com,Ops\n"
    home.ok("people", "import", home.file("people.csv", rows))
    return home


def test_no_teams_say_how_they_come(home: Installation) -> None:
    assert home.ok("team", "list") == "No teams yet: they are made with the people in them.\n"


def test_the_list_is_a_tree_with_counts(teams: Installation) -> None:
    assert teams.ok("team", "list") == "Eng  2, 1 of them directly\n  Tools  1\nOps  1\n"
    found = teams.json("team", "list")
    assert [(one["path"], one["people"], one["people_in_all"]) for one in found] == [
        ("Eng", 1, 2),
        ("Eng / Tools", 1, 1),
        ("Ops", 1, 1),
    ]


def test_a_team_moves_and_is_renamed(teams: Installation) -> None:
    assert teams.ok("team", "move", "Eng / Tools", "--under", "Ops") == "The team is Ops / Tools now.\n"
    assert teams.ok("team", "move", "Ops/Tools", "--root") == "The team is Tools now.\n"
    assert teams.ok("team", "rename", "Tools", "Build tools") == "The team is Build tools now.\n"


def test_what_can_not_be_is_refused(teams: Installation) -> None:
    assert "can't be under 'Eng / Tools'" in teams.error("team", "move", "Eng", "--under", "Eng / Tools")
    assert "there is no team 'X'" in teams.error("team", "rename", "X", "Y")
    assert "either --under PARENT or --root" in teams.error("team", "move", "Eng")
    assert "either --under PARENT or --root" in teams.error("team", "move", "Eng", "--root", "--under", "Ops")


def test_a_team_is_removed_and_its_people_go_on(home: Installation) -> None:
    home.ok("people", "import", home.file("t.csv", "email,team\na@x.org,Typo\nb@x.org,Core\n"))
    assert "say --into which team" in home.error("team", "remove", "Typo")
    said = home.ok("team", "remove", "Typo", "--into", "Core")
    assert said == "Took the team away; people who are in Core now: 1.\n"
    assert home.ok("team", "list") == "Core  2\n"


def test_a_team_gets_a_time_zone(teams: Installation) -> None:
    said = teams.ok("team", "set", "Eng", "--timezone", "Europe/Berlin")
    assert said == "The time zone of Eng is Europe/Berlin now.\n"
    assert teams.ok("team", "list").startswith("Eng  2, 1 of them directly  Europe/Berlin\n  Tools  1\n")
    assert [one["timezone"] for one in teams.json("team", "list")] == ["Europe/Berlin", None, None]
    found = teams.ok("people", "show", "b@example.com").splitlines()
    assert "  timezone that holds: Europe/Berlin, the zone of the team" in found
    assert "Nothing changed" in teams.ok("team", "set", "eng", "--timezone", "Europe/Berlin")
    teams.ok("team", "set", "Eng/Tools", "--timezone", "Asia/Tokyo")
    assert teams.ok("team", "set", "Eng/Tools", "--timezone", "") == (
        "The team Eng / Tools has no time zone of its own now: that above it is Europe/Berlin.\n"
    )
    assert teams.ok("team", "set", "Eng", "--timezone", "") == "The team Eng has no time zone now.\n"
    said = teams.error("team", "set", "Eng", "--timezone", "Europe/Berln")
    assert "there is no time zone 'Europe/Berln': did you mean Europe/Berlin?" in said
    assert "say what to set" in teams.error("team", "set", "Eng")
