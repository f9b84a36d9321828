"""``afterword project``: are projects and tokens managed without ever showing a token twice?"""

import re

import pytest

from afterword.domain.token import is_well_formed
from tests.cli.installation import PROJECT, Installation


def tokens(home: Installation) -> list[dict[str, object]]:
    (project,) = home.json("project", "list")
    listed: list[dict[str, object]] = project["tokens"]
    return listed


class TestCreate:
    def test_shows_the_token_once(self, home: Installation) -> None:
        out = home.ok("project", "create", PROJECT)
        (token,) = re.findall(r"awp_\w+", out)
        assert is_well_formed(token)
        assert PROJECT in out
        for listing in (home.ok("project", "list"), home.ok("project", "list", "--json")):
            assert token not in listing
            assert token[4:12] not in listing

    def test_as_json_gives_id_name_and_token(self, home: Installation) -> None:
        made = home.json("project", "create", "  Büro  ")
        assert set(made) == {"id", "name", "token"}
        assert made["name"] == "Büro"
        assert is_well_formed(made["token"])

    @pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00b"], ids=ascii)
    def test_refuses_a_name_that_cannot_be_used(self, home: Installation, name: str) -> None:
        assert "name" in home.error("project", "create", name)
        assert home.json("project", "list") == []

    def test_refuses_a_name_that_is_taken(self, lively: Installation) -> None:
        assert f"already a project '{PROJECT}'" in lively.error("project", "create", PROJECT)

    def test_wants_a_name(self, home: Installation) -> None:
        assert "NAME" in home.usage_error("project", "create")


class TestList:
    def test_of_nothing_says_how_to_begin(self, home: Installation) -> None:
        assert "afterword project create" in home.ok("project", "list")
        assert home.json("project", "list") == []

    def test_shows_limits_events_and_endings_of_tokens(self, lively: Installation) -> None:
        token = lively.token
        lively.track()
        out = lively.ok("project", "list")
        assert PROJECT in out
        assert "1 events" in out
        assert "30 a minute, 15000 a day, 1024 bytes" in out
        assert f"…{token[-4:]}  valid" in out

    def test_as_json_has_the_same(self, lively: Installation) -> None:
        token = lively.token
        (project,) = lively.json("project", "list")
        (listed,) = project.pop("tokens")
        assert project == {
            "id": project["id"],
            "name": PROJECT,
            "events_accepted": 0,
            "events_per_minute": 30,
            "events_per_day": 15_000,
            "metadata_bytes": 1_024,
        }
        assert listed == {"id": listed["id"], "hint": f"…{token[-4:]}", "expires_at": None}


class TestSet:
    def test_changes_what_is_given_and_nothing_else(self, lively: Installation) -> None:
        out = lively.ok("project", "set", PROJECT, "--events-per-minute", "5")
        assert out == f"{PROJECT}: 5 events a minute, 15000 a day, 1024 bytes of metadata\n"
        lively.ok("project", "set", PROJECT, "--metadata-bytes", "2048", "--events-per-day", "7")
        (project,) = lively.json("project", "list")
        assert (project["events_per_minute"], project["events_per_day"]) == (5, 7)
        assert project["metadata_bytes"] == 2_048

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--events-per-minute", "0"),
            ("--events-per-minute", "-1"),
            ("--events-per-day", "1000000001"),
            ("--metadata-bytes", "0"),
            ("--metadata-bytes", "32769"),
        ],
    )
    def test_refuses_a_number_out_of_range_by_its_option(
        self, lively: Installation, option: str, value: str
    ) -> None:
        assert f"{option} must be from 1 to" in lively.error("project", "set", PROJECT, option, value)

    def test_wants_an_option(self, lively: Installation) -> None:
        assert "at least one" in lively.usage_error("project", "set", PROJECT)

    def test_wants_a_number(self, lively: Installation) -> None:
        assert "many" in lively.usage_error("project", "set", PROJECT, "--events-per-day", "many")


class TestRotate:
    def test_makes_a_new_token_and_the_old_one_ends_a_day_later(self, lively: Installation) -> None:
        old = lively.token
        out = lively.ok("project", "rotate", PROJECT)
        (new,) = re.findall(r"awp_\w+", out)
        assert is_well_formed(new)
        assert new != old
        first, second = tokens(lively)
        assert first["expires_at"] is not None
        assert second == {"id": second["id"], "hint": f"…{new[-4:]}", "expires_at": None}
        assert re.search(rf"…{old[-4:]}  until \d{{4}}-\d\d-\d\d \d\d:\d\d UTC", lively.ok("project", "list"))

    def test_as_json_gives_the_token(self, lively: Installation) -> None:
        made = lively.json("project", "rotate", PROJECT, "--overlap", "0s")
        assert set(made) == {"token"}
        assert made["token"] not in lively.ok("project", "list")

    @pytest.mark.parametrize("overlap", ["24", "h", "-1h", "1.5h", "1w", "", "1234567d", "1 h", "²h"])
    def test_refuses_an_overlap_that_is_no_duration(self, lively: Installation, overlap: str) -> None:
        done = lively.run("project", "rotate", PROJECT, "--overlap", overlap)
        assert done.status == 2
        assert "0s, 30m, 24h or 7d" in done.err
        assert len(tokens(lively)) == 1

    def test_takes_the_longest_overlap_that_can_be_written(self, lively: Installation) -> None:
        lively.ok("project", "rotate", PROJECT, "--overlap", "99999d")


class TestRevoke:
    def test_ends_a_token_named_by_its_ending(self, lively: Installation) -> None:
        token = lively.token
        assert "not valid any more" in lively.ok("project", "revoke", PROJECT, token[-4:])
        assert tokens(lively)[0]["expires_at"] is not None

    @pytest.mark.parametrize("mark", ["…", ""])
    def test_the_ending_may_be_pasted_as_the_list_shows_it(self, lively: Installation, mark: str) -> None:
        token = lively.token
        assert "not valid any more" in lively.ok("project", "revoke", PROJECT, mark + token[-4:])

    def test_ends_a_token_named_by_its_id_and_leaves_the_others(self, lively: Installation) -> None:
        lively.ok("project", "rotate", PROJECT, "--overlap", "7d")
        first, second = tokens(lively)
        lively.ok("project", "revoke", PROJECT, str(second["id"]))
        assert tokens(lively)[0] == first
        assert tokens(lively)[1]["expires_at"] is not None

    def test_refuses_a_token_that_is_not_there_or_ended_already(self, lively: Installation) -> None:
        token = lively.token
        assert "no valid token" in lively.error("project", "revoke", PROJECT, "????")
        lively.ok("project", "revoke", PROJECT, token[-4:])
        assert "no valid token" in lively.error("project", "revoke", PROJECT, token[-4:])


@pytest.mark.parametrize(
    "arguments",
    [("project", "set", "--events-per-day", "5"), ("project", "rotate"), ("project", "revoke", "x")],
    ids=["set", "rotate", "revoke"],
)
def test_an_unknown_project_is_refused_with_those_that_there_are(
    lively: Installation, arguments: tuple[str, ...]
) -> None:
    noun, verb, *rest = arguments
    message = lively.error(noun, verb, "Bild CLI", *rest)
    assert "no project 'Bild CLI'" in message
    assert f"'{PROJECT}'" in message


def test_an_unknown_project_is_refused_when_there_is_none(home: Installation) -> None:
    assert "none yet" in home.error("project", "rotate", "Build CLI")
