"""Do the good rows go in, is each bad one named, and does importing again change nothing?"""

import re
from pathlib import Path

import pytest

from afterword.domain.errors import InvalidInputError
from afterword.flows.directory import load_snapshot
from afterword.flows.import_people import import_people, list_people
from afterword.flows.save_people import Refusal
from tests.flows.world import World

HEAD = "email,name,github_username,gitlab_username,timezone,team\n"
DANA = "dana@example.com,Dana,dana-gh,,Europe/Paris,Search\n"


def outcome(world: World, text: str) -> tuple[int, int, int, list[int]]:
    done = world.import_people(text)
    return (
        done.added,
        done.changed,
        done.unchanged,
        [int(row.where.removeprefix("line ")) for row in done.refusals],
    )


def test_importing_again_changes_nothing(world: World) -> None:
    assert outcome(world, HEAD + DANA) == (1, 0, 0, [])
    before = load_snapshot(world.database).revision
    assert outcome(world, HEAD + DANA) == (0, 0, 1, [])
    assert load_snapshot(world.database).revision == before, "servers were told of a change that was none"


def test_a_changed_row_changes_the_person_and_a_blank_cell_nothing(world: World) -> None:
    assert outcome(world, HEAD + "BOB@example.com,Robert,bobby,,,\n") == (0, 1, 0, [])
    bob = world.person("bob@")
    assert (bob.name, bob.github_username, bob.gitlab_username) == ("Robert", "bobby", "bob-gl")
    assert (bob.timezone, bob.team) == ("Africa/Lagos", "Build")


def test_columns_may_be_few_and_in_any_order_and_case(world: World) -> None:
    assert outcome(world, "Team, EMAIL \nSearch,dana@example.com\n") == (1, 0, 0, [])
    assert (world.person("dana@").name, world.person("dana@").team) == ("dana@example.com", "Search")


def test_a_file_from_a_spreadsheet_with_a_byte_order_mark_is_read(world: World) -> None:
    assert outcome(world, "\ufeff" + HEAD + DANA) == (1, 0, 0, [])


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",Dana,,,,", "email is missing"),
        ("dana,Dana,,,,", "email is not an address"),
        ("a@b@c,Dana,,,,", "email is not an address"),
        ("dana@example.com,Dana,,,Mars/Base,", "timezone is not an IANA time zone"),
        ("dana@example.com,Dana,bob-gh,,,", "github_username belongs to somebody else already"),
        ("dana@example.com,Dana,,@BOB-GL,,", "gitlab_username belongs to somebody else already"),
        ("dana@example.com,Dana,unknown,,,", "github_username is not the name of a person"),
        ("dana@example.com,Dana,renovate[bot],,,", "github_username is not the name of a person"),
        ("dana@example.com,Dana, Platform,,,,,", "there are more cells than columns"),
        (f"dana@example.com,{'x' * 255},,,,", "name is too long: at most 254 characters"),
        ('dana@example.com,"Da\nna",,,,', "name contains line breaks"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_go_in(world: World, row: str, problem: str) -> None:
    done = world.import_people(HEAD + row + "\nerin@example.com,Erin,,,,\n")
    (bad,) = done.refusals
    assert bad.where == f"line {2 + row.count(chr(10))}"
    assert re.match(problem, bad.reason), bad
    assert done.added == 1
    assert world.person("erin@").name == "Erin"


def test_bad_rows_are_told_in_the_order_of_the_file(world: World) -> None:
    text = HEAD + "a@example.com,,bob-gh,,,\nnobody,,,,,\nb@example.com,,alice-gh,,,\n"
    assert outcome(world, text) == (0, 0, 0, [2, 3, 4])


def test_one_username_twice_in_a_file_is_the_first_ones(world: World) -> None:
    text = HEAD + "a@example.com,,same,,,\nb@example.com,,Same,,,\n"
    assert outcome(world, text) == (1, 0, 0, [3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first line must name the columns: email, name"),
        ("name,team\nx,y\n", "the first line must name the columns"),
        ("email,phone\n", "there is no column 'phone': the columns are email"),
        ("email,Email\n", "a column is there twice"),
    ],
)
def test_a_file_that_can_not_be_used_says_why(world: World, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        world.import_people(text)


def test_a_file_that_is_not_there_or_not_utf_8_says_so(world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"can't read .*nowhere\.csv: No such file"):
        import_people(world.database, world.clock, world.tombstoned, tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes("email,name\na@example.com,Zoë\n".encode("latin-1"))
    with pytest.raises(InvalidInputError, match="is not UTF-8"):
        import_people(world.database, world.clock, world.tombstoned, tmp_path / "latin.csv")


def test_two_thousand_rows_go_in_by_parts_with_progress(world: World, tmp_path: Path) -> None:
    rows = [f"p{index:04}@example.com,P {index},gh-{index},,UTC,T\n" for index in range(2_001)]
    rows[1_200] = "nobody,,,,,\n"
    path = tmp_path / "many.csv"
    path.write_text(HEAD + "".join(rows))
    progress: list[int] = []
    done = import_people(world.database, world.clock, world.tombstoned, path, on_progress=progress.append)
    assert (done.added, done.refusals) == (2_000, [Refusal("line 1202", "email", "is not an address")])
    assert progress[-1] == 2_001
    assert progress[:2] == [1_000, 2_000]
    assert len(list_people(world.database, matching=" P1999 ", limit=9)) == 1
