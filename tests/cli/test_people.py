"""``afterword people``: does the directory hold the good rows, and is each bad one named?"""

import pytest

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
            pytest.param("email,name\nana@example.com\n", id="a short row"),
        ],
    )
    def test_takes_what_spreadsheets_write(self, home: Installation, text: str | bytes) -> None:
        import_(home, text)
        assert emails(home) == ["ana@example.com"]

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
            pytest.param("", ":1: the first line must name the columns: email, name", id="empty"),
            pytest.param("ana@example.com,Ana\n", ":1: the first line must name", id="no header"),
            pytest.param("name,team\nAna,X\n", ":1: the first line must name", id="no email"),
            pytest.param("email,phone\na@b,1\n", ":1: there is no column 'phone'", id="another column"),
            pytest.param("email,name,email\na@b,A,c@d\n", ":1: a column is there twice", id="twice"),
            pytest.param("email,name\na@b,Zoë\n".encode("latin-1"), " is not UTF-8", id="Latin-1"),
            pytest.param("email,name\na@b,A\n".encode("utf-16"), " is not UTF-8", id="UTF-16"),
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

    def test_lists_by_address(self, lively: Installation) -> None:
        assert lively.ok("people", "list").splitlines() == [
            "Ana Souza <ana@example.com>  GitHub anasouza  Core",
            "Ben <ben@example.com>",
        ]

    def test_shows_no_more_than_asked_for(self, lively: Installation) -> None:
        assert len(lively.json("people", "list", "--limit", "1")) == 1
        assert "--limit" in lively.usage_error("people", "list", "--limit", "0")

    @pytest.mark.parametrize("text", ["souza", "ANA@", "anasouza", " Souza "])
    def test_finds_by_part_of_a_name_an_address_or_a_handle(self, lively: Installation, text: str) -> None:
        assert [person["email"] for person in lively.json("people", "find", text)] == ["ana@example.com"]

    @pytest.mark.parametrize("text", ["dan", "%", "_", "a_a", "\\"])
    def test_finds_nobody_by_signs_that_mean_something_to_sql(self, lively: Installation, text: str) -> None:
        assert lively.ok("people", "find", text) == "Nobody found.\n"
        assert lively.json("people", "find", text) == []
