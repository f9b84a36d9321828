"""``afterword people``: does the directory hold the good rows, and is each bad one named?"""

import json
import re

import pytest

from afterword.cli.open import open_app
from afterword.domain.invitation import InvitationState
from afterword.domain.people.preference import OptOut, OptOutScope
from afterword.kit.clock import to_datetime
from afterword.storage import invitations, people, preferences
from tests.cli.installation import PEOPLE, Installation

HEADER = "email,name,github_username,gitlab_username,timezone,team\n"


def emails(home: Installation) -> list[str]:
    return [person["email"] for person in home.json("people", "list")]


def import_(home: Installation, text: str | bytes) -> str:
    return home.ok("people", "import", home.file("people.csv", text))


def refused_rows(home: Installation, text: str) -> tuple[str, list[str]]:
    """Import a file with bad rows: what was printed, and the complaints without the file's path."""
    path = home.file("people.csv", text)
    done = home.run("people", "import", path)
    assert done.status == 1
    assert "Traceback" not in done.err
    return done.out, [line.removeprefix(path) for line in done.err.splitlines()]


class TestImport:
    def test_adds_people_with_all_that_is_known(self, home: Installation) -> None:
        row = "Ana@Example.com,Ana Souza,@anasouza,ana.souza,America/Sao_Paulo,Payments\n"
        assert import_(home, HEADER + row) == "1 added, 0 changed, 0 unchanged, 0 refused\n"
        (person,) = home.json("people", "list")
        wanted = {
            "email": "Ana@Example.com",
            "name": "Ana Souza",
            "github_username": "anasouza",
            "gitlab_username": "ana.souza",
            "timezone": "America/Sao_Paulo",
            "team": "Payments",
            "opted_out_at": None,
        }
        assert {key: person[key] for key in wanted} == wanted

    def test_again_changes_nothing(self, home: Installation) -> None:
        import_(home, PEOPLE)
        before = home.json("people", "list")
        assert import_(home, PEOPLE) == "0 added, 0 changed, 2 unchanged, 0 refused\n"
        assert home.json("people", "list") == before

    def test_a_blank_cell_leaves_what_is_known(self, home: Installation) -> None:
        import_(home, PEOPLE)
        out = import_(home, "email,name,team\nana@example.com,,Search\nben@example.com,Benjamin,\n")
        assert out == "0 added, 2 changed, 0 unchanged, 0 refused\n"
        ana, ben = home.json("people", "list")
        assert (ana["name"], ana["team"], ana["github_username"]) == ("Ana Souza", "Search", "anasouza")
        assert (ben["name"], ben["team"]) == ("Benjamin", None)

    def test_the_address_says_who_is_who_in_any_case(self, home: Installation) -> None:
        import_(home, PEOPLE)
        assert import_(home, "email,name\nANA@example.com,Ana S.\n").startswith("0 added, 1 changed")
        assert len(emails(home)) == 2

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(b"\xef\xbb\xbfemail,name\r\nana@example.com,Ana\r\n", id="BOM and CRLF"),
            pytest.param(" Email , NAME \nana@example.com, Ana \n", id="header in capitals with blanks"),
            pytest.param('name,email\n"Souza, Ana",ana@example.com\n', id="quoted comma, other order"),
            pytest.param("email\nana@example.com\n\n\n", id="one column, blank lines"),
            pytest.param("email;name\nana@example.com;Ana\n;\n", id="semicolons, a row of blank cells"),
            pytest.param("email,name\nana@example.com,Ana\n".encode("utf-16"), id="UTF-16"),
            pytest.param("email,name\nana@example.com\n", id="a short row"),
        ],
    )
    def test_takes_what_spreadsheets_write(self, home: Installation, text: str | bytes) -> None:
        assert import_(home, text).endswith("1 added, 0 changed, 0 unchanged, 0 refused\n")
        assert emails(home) == ["ana@example.com"]

    def test_says_as_what_it_read_a_file_that_is_not_the_usual_one(self, home: Installation) -> None:
        out = import_(home, "email;name\nana@example.com;Zoë\n".encode("cp1252"))
        assert out.splitlines()[0] == "Read as CP1252, with semicolons."

    def test_takes_standard_input(self, home: Installation) -> None:
        done = home.run("people", "import", "-", typed="email,name\nana@example.com,Zoë\nx,y\n".encode())
        assert done.err == "standard input:3: email is not an address\n"
        assert [person["name"] for person in home.json("people", "list")] == ["Zoë"]

    def test_with_a_dry_run_tells_what_would_happen(self, home: Installation) -> None:
        import_(home, PEOPLE)
        path = home.file("p.csv", "email,name\nana@example.com,Ana\ndan@example.com,Dan\nx,\n")
        done = home.run("people", "import", path, "--dry-run")
        assert done.status == 1
        assert done.err == f"{path}:4: email is not an address\n"
        assert done.out.splitlines() == [
            f"{path}:2: would change name of ana@example.com",
            f"{path}:3: would add dan@example.com",
            "1 added, 1 changed, 0 unchanged, 1 refused (dry run: nothing was written)",
        ]
        assert len(emails(home)) == 2

    def test_groups_what_was_refused(self, home: Installation) -> None:
        rows = "x,,\n" * 3 + "a@example.com,,unknown\n"
        path = home.file("p.csv", "email,name,github_username\n" + rows)
        assert home.run("people", "import", path).out.splitlines() == [
            "3 refused: email is not an address",
            "0 added, 0 changed, 0 unchanged, 4 refused",
        ]

    def test_as_json_has_all_of_it(self, home: Installation) -> None:
        path = home.file("p.csv", "email,name\nana@example.com,Ana\nx,\n")
        done = home.run("people", "import", path, "--json")
        assert (done.status, done.err) == (1, "")
        assert json.loads(done.out) == {
            "dry_run": False,
            "encoding": "UTF-8",
            "delimiter": "commas",
            "added": 1,
            "changed": 0,
            "unchanged": 0,
            "refused": 1,
            "reasons": {"email is not an address": 1},
            "refusals": [{"line": 3, "field": "email", "problem": "is not an address", "detail": ""}],
            "changes": [{"line": 2, "email": "ana@example.com", "email_before": None, "fields": []}],
        }

    @pytest.mark.parametrize("options", [(), ("--dry-run",)])
    def test_tells_where_somebodys_mails_go_from_then_on(
        self, home: Installation, options: tuple[str, ...]
    ) -> None:
        import_(home, PEOPLE)
        path = home.file("p.csv", "email,other_emails\no1@example.com,ana@example.com\n")
        out = home.ok("people", "import", path, *options)
        assert f"{path}:2: mails to ana@example.com go to o1@example.com from then on\n" in out
        assert ("would change email of ana@example.com" in out) == bool(options)

    def test_a_person_without_a_name_is_called_by_the_address(self, home: Installation) -> None:
        import_(home, "email\nana@example.com\n")
        assert home.json("people", "list")[0]["name"] == "ana@example.com"

    def test_more_people_than_one_transaction_takes_go_in(self, home: Installation) -> None:
        rows = "".join(f"p{number}@example.com,P {number},p{number},,,\n" for number in range(501))
        assert import_(home, HEADER + rows).startswith("501 added")


class TestBadRows:
    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            (",Nobody,,,,", "email is missing"),
            ("ana,Ana,,,,", "email is not an address"),
            ("a@b@c,Ana,,,,", "email is not an address"),
            ("ana@example.com x,Ana,,,,", "email is not an address"),
            ("<ana@example.com>,Ana,,,,", "email is not an address"),
            (f"{'x' * 251}@b.c,Ana,,,,", "email is too long: at most 254 characters"),
            (f"ana@example.com,{'x' * 255},,,,", "name is too long: at most 254 characters"),
            ("ana@example.com,A\x07na,,,,", "name contains line breaks or other control characters"),
            ("ana@example.com,Ana,unknown,,,", "github_username is not the name of a person"),
            ("ana@example.com,Ana,,renovate[bot],,", "gitlab_username is not the name of a person"),
            ("ana@example.com,Ana,,Renovate[BOT],,", "gitlab_username is not the name of a person"),
            ("ana@example.com,Ana,@,,,", "github_username is not the name of a person"),
            ("ana@example.com,Ana,,,Mars/Olympus,", "timezone is not an IANA time zone"),
            ("ana@example.com,Ana,,,europe/berlin,", "timezone is not an IANA time zone"),
            ("ana@example.com,Souza, Ana,,,,", "there are more cells than columns"),
        ],
        ids=range(15),
    )
    def test_are_named_with_their_line_and_the_good_ones_go_in(
        self, home: Installation, row: str, problem: str
    ) -> None:
        good = "ben@example.com,Ben,,,,\n"
        out, (complaint,) = refused_rows(home, HEADER + good + row + "\n" + "chloe@example.com,Chloé,,,,\n")
        assert complaint.startswith(f":3: {problem}")
        assert out == "2 added, 0 changed, 0 unchanged, 1 refused\n"
        assert emails(home) == ["ben@example.com", "chloe@example.com"]

    def test_are_named_in_the_order_of_the_file(self, home: Installation) -> None:
        rows = "ana@example.com,,ana,,,\nx,,,,,\nben@example.com,,ANA,,,\ny,,,,,\n"
        _, complaints = refused_rows(home, HEADER + rows)
        assert [complaint[:3] for complaint in complaints] == [":3:", ":4:", ":5:"]

    def test_a_user_name_of_somebody_else_is_refused(self, home: Installation) -> None:
        import_(home, PEOPLE)
        _, (complaint,) = refused_rows(home, HEADER + "eve@example.com,Eve,AnaSouza,,,\n")
        assert complaint.startswith(":2: github_username belongs to somebody else already")
        assert "eve@example.com" not in emails(home)


class TestBadFiles:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            pytest.param("", ":1: the first line must name the columns: email", id="empty"),
            pytest.param("ana@example.com,Ana\n", ":1: the first line must name", id="no header"),
            pytest.param("name,team\nAna,X\n", ":1: the first line must name", id="no email"),
            pytest.param("email,phone\na@b,1\n", ":1: there is no column 'phone'", id="another column"),
            pytest.param("email,name,email\na@b,A,c@d\n", ":1: a column is there twice", id="twice"),
            pytest.param(b"PK\x03\x04\x14", " is an Excel workbook or another ZIP file", id="a workbook"),
            pytest.param(b"\0\1\2", " is not a text: save it as CSV in UTF-8", id="binary"),
        ],
    )
    def test_are_refused_by_name(self, home: Installation, text: str | bytes, problem: str) -> None:
        path = home.file("people.csv", text)
        assert f"{path}{problem}" in home.error("people", "import", path)
        assert emails(home) == []

    def test_that_are_not_there_are_refused_by_name(self, home: Installation) -> None:
        path = str(home.folder / "missing.csv")
        assert f"can't read {path}" in home.error("people", "import", path)

    def test_a_folder_is_no_file(self, home: Installation) -> None:
        assert "directory" in home.usage_error("people", "import", str(home.folder))


class TestListAndFind:
    def test_of_nothing_says_how_to_begin(self, home: Installation) -> None:
        assert "afterword people import" in home.ok("people", "list")
        assert home.json("people", "list") == []

    def test_of_nobody_who_fits_does_not_say_how_to_begin(self, lively: Installation) -> None:
        assert lively.ok("people", "list", "--left") == "Nobody fits.\n"
        assert "say what to look for" in lively.error("people", "find", " ")

    def test_lists_by_address(self, lively: Installation) -> None:
        assert lively.ok("people", "list").splitlines() == [
            "Ana Souza <ana@example.com>  GitHub anasouza  Core",
            "Ben <ben@example.com>",
        ]

    def test_shows_no_more_than_asked_for(self, lively: Installation) -> None:
        assert len(lively.json("people", "list", "--limit", "1")) == 1
        assert "--limit" in lively.usage_error("people", "list", "--limit", "0")

    def test_goes_on_after_an_address(self, lively: Installation) -> None:
        out = lively.ok("people", "list", "--limit", "1")
        assert out.splitlines()[-1] == "There are more: go on with --after ana@example.com"
        rest = lively.ok("people", "list", "--limit", "1", "--after", "ana@example.com")
        assert rest == "Ben <ben@example.com>\n"

    def test_of_a_team_or_of_those_who_left(self, lively: Installation) -> None:
        lively.ok("people", "deactivate", "ben@example.com")
        assert lively.ok("people", "list", "--left") == "Ben <ben@example.com>  left\n"
        assert lively.ok("people", "list", "--team", "CORE").startswith("Ana Souza")
        assert "there is no team 'X'" in lively.error("people", "list", "--team", "X")

    @pytest.mark.parametrize("text", ["souza", "ANA@", "anasouza", " Souza "])
    def test_finds_by_part_of_a_name_an_address_or_a_handle(self, lively: Installation, text: str) -> None:
        assert [person["email"] for person in lively.json("people", "find", text)] == ["ana@example.com"]

    @pytest.mark.parametrize("text", ["dan", "%", "_", "a_a", "\\"])
    def test_finds_nobody_by_signs_that_mean_something_to_sql(self, lively: Installation, text: str) -> None:
        assert lively.ok("people", "find", text) == "Nobody found.\n"
        assert lively.json("people", "find", text) == []


class TestOnePerson:
    def test_is_shown_with_all_that_is_known(self, lively: Installation) -> None:
        lively.ok("people", "set", "ana@example.com", "--attribute", "Office=Rio;Lima", "--tester")
        lively.track()
        lively.work()
        lines = lively.ok("people", "show", "@AnaSouza").splitlines()
        assert lines[0] == "Ana Souza <ana@example.com>"
        assert {
            "  id: 1",
            "  email: ana@example.com",
            "  github_username: anasouza",
            "  team: Core",
            "  tester: yes",
            "  Office: Lima, Rio",
            "  invitations: 1",
            "  responses: 0",
        } <= set(lines)
        found = lively.json("people", "show", "1")
        assert (found["attributes"], found["invitations"]) == ({"Office": ["Lima", "Rio"]}, 1)
        assert "there is nobody with the address" in lively.error("people", "show", "nobody")

    def test_changes_by_fields(self, lively: Installation) -> None:
        out = lively.ok("people", "set", "ben@example.com", "--timezone", "UTC", "--email", "b@example.com")
        assert out == "b@example.com: changed email, timezone\n"
        assert lively.ok("people", "set", "b@example.com", "--timezone", "UTC") == (
            "Nothing changed: it was so already.\n"
        )
        lively.ok("people", "set", "b@example.com", "--timezone", "", "--github-username", "")
        (ben,) = lively.json("people", "find", "b@example.com")
        assert (ben["timezone"], ben["handles"]) == (None, {"email": ["b@example.com"]})

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ([], "say what to set"),
            (["--email", ""], "--email: somebody without an address"),
            (["--attribute", "Office"], "--attribute 'Office': write GROUP=VALUE"),
            (["--timezone", "Mars"], "timezone is not an IANA time zone, such as Europe/Berlin; nothing"),
        ],
    )
    def test_is_not_changed_by_what_makes_no_sense(
        self, lively: Installation, options: list[str], problem: str
    ) -> None:
        assert problem in lively.error("people", "set", "ben@example.com", *options)

    def test_leaves_and_comes_back(self, lively: Installation) -> None:
        assert lively.ok("people", "deactivate", "2") == "ben@example.com: changed is_active\n"
        assert lively.ok("people", "activate", "2") == "ben@example.com: changed is_active\n"


class TestMerge:
    def test_says_what_moves_and_asks_first(self, lively: Installation) -> None:
        lively.track()
        lively.work()
        done = lively.run("people", "merge", "ben@example.com", "anasouza", typed="n\n")
        assert done.status == 1
        assert done.out.splitlines()[:4] == [
            "Ana Souza <ana@example.com> goes into Ben <ben@example.com>:",
            "  email: ana@example.com",
            "  github_username: anasouza",
            "  1 invitations, 0 responses, 1 decisions, 0 values of attributes, 0 ids of sources",
        ]
        assert len(emails(lively)) == 2

    def test_is_done_and_undone(self, lively: Installation) -> None:
        assert "goes into" in lively.ok("people", "merge", "1", "2", "--dry-run")
        assert len(emails(lively)) == 2
        out = lively.ok("people", "merge", "1", "2", "--yes")
        assert out.splitlines()[-1] == "Merged. `afterword people unmerge 1` undoes it."
        assert emails(lively) == ["ana@example.com"]
        told = "  merge 1: Ben (id 2) went into Ana Souza <ana@example.com>, 2"
        assert told in lively.ok("people", "show", "ben@example.com")
        out = lively.ok("people", "unmerge", "1")
        assert out == (
            "Ben <ben@example.com> is apart from Ana Souza <ana@example.com> again, with ben@example.com.\n"
        )
        assert emails(lively) == ["ana@example.com", "ben@example.com"]
        assert "was undone already" in lively.error("people", "unmerge", "1")

    def test_says_which_fields_move(self, lively: Installation) -> None:
        lively.ok("people", "set", "ana@example.com", "--start-date", "2020-02-02", "--protected")
        with open_app() as parts, parts.database.write() as connection:
            people.update_person(connection, 1, {"quiet_from": 18 * 60, "quiet_until": 8 * 60})
        out = lively.ok("people", "merge", "ben@example.com", "ana@example.com", "--dry-run").splitlines()
        assert {
            "  start_date: 2020-02-02",
            "  team: Core",
            "  is_protected: yes",
            "  quiet hours: 18:00 to 08:00",
        } <= set(out)
        assert "  name: Ana Souza" not in out

    def test_says_that_of_the_mails_that_wait_one_goes_out(self, lively: Installation) -> None:
        for email in ("ana@example.com", "ben@example.com"):
            lively.track(email=email)
        lively.work()
        with open_app() as parts, parts.database.write() as connection:
            for number in (1, 2):
                invitations.set_state(connection, number, InvitationState.QUEUED)
        out = lively.ok("people", "merge", "ben@example.com", "ana@example.com", "--dry-run")
        assert "  1 of the mails that wait is withdrawn: one goes out\n" in out


def test_what_somebody_wants_is_shown_in_words(lively: Installation) -> None:
    with open_app() as parts, parts.database.write() as connection:
        wishes = {"quiet_from": 18 * 60 + 5, "quiet_until": 8 * 60, "own_timezone": "Asia/Tokyo"}
        people.update_person(connection, 1, wishes)
        preferences.add_opt_out(
            connection, 1, OptOut(OptOutScope.PROJECT, "1", to_datetime(parts.clock.now_us()))
        )
    out = lively.ok("people", "show", "ana@example.com").splitlines()
    assert "  timezone of their own: Asia/Tokyo" in out
    assert "  quiet hours: 18:05 to 08:00, Asia/Tokyo" in out
    assert "  wants none of the project: Build CLI" in out


ANA = "ana@example.com,Ana Souza,anasouza,ana.souza,,\n"


class TestLink:
    @pytest.mark.parametrize("who", ["ana@example.com", " ANA@example.com ", "@anasouza", "ana.souza"])
    def test_shows_the_link_of_who_has_a_name(self, home: Installation, who: str) -> None:
        import_(home, HEADER + ANA)
        done = home.run("people", "link", who)
        assert re.fullmatch(r"http://\S+/me/[\w.-]+\n", done.out)
        assert "Whoever has it sees" in done.err

    def test_without_a_server_says_that_it_does_not_work_yet(self, home: Installation) -> None:
        import_(home, HEADER + ANA)
        assert "No server runs on these data" in home.run("people", "link", "ana@example.com").err
        (home.folder / "data" / "server.url").write_text("http://127.0.0.1:9")
        done = home.run("people", "link", "ana@example.com")
        assert (done.out.startswith("http://127.0.0.1:9/me/"), "No server" in done.err) == (True, False)

    def test_of_nobody_says_how_to_look(self, home: Installation) -> None:
        import_(home, HEADER + ANA)
        done = home.run("people", "link", "nobody")
        assert done.status == 1
        assert "afterword people find" in done.err

    def test_of_two_people_asks_which(self, home: Installation) -> None:
        import_(home, "email,github_username,gitlab_username\na@example.com,same,\nb@example.com,,same\n")
        done = home.run("people", "link", "same")
        assert done.status == 1
        assert "a@example.com and b@example.com" in done.err
