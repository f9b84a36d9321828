"""Do the good rows go in, is each bad one named, and does importing again change nothing?"""

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from afterword.domain.errors import InvalidInputError
from afterword.domain.people.identity import IdentityKind
from afterword.flows.ingest.directory import load_snapshot
from afterword.flows.people.find_people import list_people
from afterword.flows.people.saved_people import Refusal
from afterword.flows.provisioning import import_people as flow
from afterword.flows.provisioning.import_people import COLUMNS, Imported, import_people
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
    assert bad.where == "line 2"
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
        ("", "the first line must name the columns: email, other_emails"),
        ("name,team\nx,y\n", "the first line must name the columns"),
        ("email,phone\n", "there is no column 'phone': the columns are email"),
        ("email,Email\n", "a column is there twice"),
        ("email,start_date,StartDate\n", "a column is there twice: 'StartDate'"),
        ("email,attribute:Job,Attribute: job\n", "a column is there twice"),
    ],
)
def test_a_file_that_can_not_be_used_says_why(world: World, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        world.import_people(text)


def test_a_file_that_is_not_there_says_so(world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"can't read .*nowhere\.csv: No such file"):
        import_people(world.database, world.clock, world.tombstoned, tmp_path / "nowhere.csv")


def import_bytes(world: World, data: bytes, **options: Any) -> Imported:
    return import_people(world.database, world.clock, world.tombstoned, BytesIO(data), **options)


FULL = (
    "email,other_emails,sso_email,name,github_username,github_username2,gitlab_username,slack_id,teams_id,"
    "timezone,locale,start_date,team,is_bot,is_tester,is_active,is_protected,is_excluded_from_snapshots,"
    "attribute:Office,Attribute: Job title\n"
    "D@x.org,d1@x.org; d2@x.org,d@sso.org,Dana,@Dana-1,dana-2,dana.gl,U1,29:a,"
    "Europe/Paris,pt-BR,2026-03-31,Eng / Tools,no,YES,False,1,true,"
    "Paris;Lyon,Developer\n"
)


def test_every_column_is_taken(world: World) -> None:
    assert outcome(world, FULL) == (1, 0, 0, [])
    dana = world.person("d@x.org")
    assert dana.handles == {
        IdentityKind.EMAIL: ("D@x.org", "d1@x.org", "d2@x.org", "d@sso.org"),
        IdentityKind.GITHUB: ("Dana-1", "dana-2"),
        IdentityKind.GITLAB: ("dana.gl",),
        IdentityKind.SLACK: ("U1",),
        IdentityKind.TEAMS: ("29:a",),
    }
    assert (dana.name, dana.timezone, dana.locale) == ("Dana", "Europe/Paris", "pt-BR")
    assert (dana.start_date, dana.team) == ("2026-03-31", "Eng / Tools")
    flags = dana.is_bot, dana.is_tester, dana.is_active, dana.is_protected, dana.is_excluded_from_snapshots
    assert flags == (False, True, False, True, True)
    assert dana.attributes == {"Office": ("Lyon", "Paris"), "Job title": ("Developer",)}
    header = FULL.splitlines()[0].split(",")
    assert set(COLUMNS) == set(header[:-2])
    assert outcome(world, FULL) == (0, 0, 1, [])


def test_the_names_that_dx_gives_its_columns_are_understood(world: World) -> None:
    text = (
        "email,startdate,githubusername,githubusername2,gitlabusername,ssoemail\n"
        "d@x.org,2026-03-31,dana,dana2,dana.gl,d@sso.org\n"
    )
    assert outcome(world, text) == (1, 0, 0, [])
    dana = world.person("d@sso.org")
    assert (dana.email, dana.start_date, dana.gitlab_username) == ("d@x.org", "2026-03-31", "dana.gl")
    assert dana.handles[IdentityKind.GITHUB] == ("dana", "dana2")


@pytest.mark.parametrize(
    ("data", "encoding", "delimiter"),
    [
        ("email;name\r\nd@x.org;Zoë\r\n".encode("cp1252"), "CP1252", "semicolons"),
        ("email\tname\r\nd@x.org\tZoë\r\n".encode("utf-16"), "UTF-16", "tabs"),
        ("sep=;\r\nemail;name;;\r\nd@x.org;Zoë;;\r\n;;;\r\n".encode("utf-8-sig"), "UTF-8", "semicolons"),
    ],
)
def test_what_spreadsheets_write_is_read_and_said(
    world: World, data: bytes, encoding: str, delimiter: str
) -> None:
    done = import_bytes(world, data)
    assert (done.added, done.refused, done.encoding, done.delimiter) == (1, 0, encoding, delimiter)
    assert world.person("d@x.org").name == "Zoë"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Zo\udceb,no,", "name has a letter that is not UTF-8: save the file as UTF-8"),
        ("Zoë,perhaps,", "is_bot is neither true nor false"),
        ("Zoë,no,x,y", "there are more cells than columns: put texts with commas into quotes"),
        ("Zoë,no,x", "has a text in a column that has no name in the first line"),
        ("Z\0oë,no,", "name contains line breaks or other control characters"),
        ('"Zoë"x,no,', "has a text behind a closing quote: a quote within quotes is written twice"),
        ('"Zoë\nJones",no,', "name contains line breaks or other control characters"),
        ("x" * 10_000_000, "is longer than 131,072 characters: is a quote not closed?"),
    ],
)
def test_a_row_that_can_not_be_read_is_named_and_the_rest_goes_in(
    world: World, row: str, reason: str
) -> None:
    text = f"email,name,is_bot,\nd@x.org,{row}\ne@x.org,Érin,no,\n"
    done = import_bytes(world, text.encode(errors="surrogateescape"))
    assert [(one.where, one.reason) for one in done.refusals] == [("line 2", reason)]
    assert (done.added, world.person("e@x.org").name) == (1, "Érin")
    assert done.reasons == {reason: 1}


def test_an_address_with_a_line_break_is_refused_by_its_line(world: World) -> None:
    done = import_bytes(world, b'email,name\n"a@x.org\nb@x.org",A\nc@x.org,C\n')
    assert [str(one) for one in done.refusals] == [
        "line 2: email contains line breaks or other control characters"
    ]


@pytest.mark.parametrize(
    ("columns", "row", "reason"),
    [
        ("email,other_emails", "d@x.org,d2@x.org;nonsense", "other_emails is not an address"),
        ("email,sso_email", "d@x.org,nonsense", "sso_email is not an address"),
        ("email,github_username2", "d@x.org,renovate[bot]", "github_username2 is not the name of a person"),
        ("email,other_emails", "d@x.org,=1+1@example.com", "other_emails is not an address"),
        ("email,name", "=1+1@example.com,D", "email is not an address"),
    ],
)
def test_what_is_wrong_is_named_by_its_own_column(world: World, columns: str, row: str, reason: str) -> None:
    done = world.import_people(f"{columns}\n{row}\n")
    assert [one.reason for one in done.refusals] == [reason]


def test_one_person_on_two_lines_is_refused_on_the_second(world: World) -> None:
    done = world.import_people("email,name\ndup@x.org,A\nDUP@x.org,B\n")
    assert [str(one) for one in done.refusals] == [
        "line 3: email is that of another line, too: keep one line for each person (line 2 has it, too)"
    ]
    assert (done.added, world.person("dup@").name) == (1, "A")


def test_a_formula_is_only_a_text(world: World) -> None:
    name = '=HYPERLINK("http://x.example";"click")'
    quoted = name.replace('"', '""')
    import_bytes(world, f'email,name\nd@x.org,"{quoted}"\n'.encode())
    assert world.person("d@x.org").name == name


def test_a_dry_run_tells_the_same_and_does_nothing(world: World) -> None:
    data = b"email,name\nbob@example.com,Robert\nd@x.org,Dana\nnobody,\n,x\n"
    dry = import_bytes(world, data, dry_run=True)
    assert world.person("bob@").name == "Bob"
    wet = import_bytes(world, data)
    assert replace(dry, person_ids={}) == replace(wet, person_ids={})
    assert (dry.added, dry.changed, dry.refused) == (1, 1, 2)


def test_refusals_that_are_told_one_by_one_have_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHANGES_KEPT_MAX", 3)
    done = import_bytes(world, b"email,is_bot\n" + b"a@x.org,?\n" * 5 + b"x,no\n" * 5)
    assert (done.refused, [one.where for one in done.refusals]) == (10, ["line 2", "line 3", "line 4"])
    assert done.reasons == {"is_bot is neither true nor false": 5, "email is not an address": 5}


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
