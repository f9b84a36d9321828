"""``afterword token``: are tokens of the Web API managed without ever showing one twice?"""

import re
import sqlite3
from datetime import datetime

import pytest

from afterword.domain.scope import Scope
from afterword.domain.token import API_PREFIX, hash_token
from tests.cli.conftest import DATA
from tests.cli.installation import Installation


def create(home: Installation, name: str = "hr", *more: str) -> str:
    (token,) = re.findall(r"awo_\w+", home.ok("token", "create", name, "--scope", "users:read", *more))
    return str(token)


class TestCreate:
    """The only time at which the secret is there."""

    def test_shows_the_token_once_and_says_what_it_may_do(self, home: Installation) -> None:
        out = home.ok("token", "create", "hr", "--scope", "users:read", "--scope", "platformx:manage")
        (token,) = re.findall(r"awo_\w+", out)
        assert token.startswith(API_PREFIX)
        assert "It may read people." in out
        assert "It may make and list projects." in out
        for listing in (home.ok("token", "list"), home.ok("token", "list", "--json")):
            assert token not in listing
            assert token[4:12] not in listing
            assert token[-4:] in listing

    def test_keeps_nothing_but_the_hash(self, home: Installation) -> None:
        token = create(home)
        kept = b"".join(path.read_bytes() for path in (home.folder / DATA).rglob("*") if path.is_file())
        assert token.encode() not in kept
        assert token[4:20].encode() not in kept
        with sqlite3.connect(home.folder / DATA / "afterword.db") as connection:
            assert connection.execute("SELECT hash FROM api_token").fetchall() == [(hash_token(token),)]

    @pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"], ids=ascii)
    def test_refuses_a_name_that_cannot_be_used(self, home: Installation, name: str) -> None:
        assert "name" in home.error("token", "create", name, "--scope", "users:read")
        assert home.json("token", "list") == []

    def test_wants_a_scope(self, home: Installation) -> None:
        assert "--scope" in home.error("token", "create", "hr")
        assert home.json("token", "list") == []

    def test_knows_the_scopes(self, home: Installation) -> None:
        message = home.usage_error("token", "create", "hr", "--scope", "users:rule")
        assert all(scope.value in message for scope in Scope)

    def test_a_scope_given_twice_is_one(self, home: Installation) -> None:
        create(home, "hr", "--scope", "users:read")
        assert home.json("token", "list")[0]["scopes"] == ["users:read"]

    def test_refuses_an_end_that_is_no_duration(self, home: Installation) -> None:
        arguments = ("token", "create", "hr", "--scope", "users:read", "--expires-in", "soon")
        assert "90d" in home.usage_error(*arguments) or "7d" in home.usage_error(*arguments)
        assert home.json("token", "list") == []


class TestList:
    """What is kept of tokens."""

    def test_of_nothing_says_how_to_begin(self, home: Installation) -> None:
        assert "afterword token create" in home.ok("token", "list")
        assert home.json("token", "list") == []

    def test_shows_name_hint_scopes_and_end(self, home: Installation) -> None:
        first = create(home, "hr", "--scope", "users:write")
        create(home, "backstage", "--expires-in", "90d")
        lines = home.ok("token", "list").splitlines()
        assert lines[0] == f"1  hr  …{first[-4:]}  users:read, users:write  never ends"
        assert re.fullmatch(r"2  backstage  ….{4}  users:read  ends \d{4}-\d\d-\d\d \d\d:\d\d UTC", lines[1])

    def test_as_json_has_the_same(self, home: Installation) -> None:
        token = create(home, "hr", "--expires-in", "24h")
        (listed,) = home.json("token", "list")
        ends = datetime.fromisoformat(listed.pop("expires_at"))
        assert (ends - datetime.fromisoformat(listed.pop("created_at"))).total_seconds() == 86_400
        assert listed == {"id": 1, "name": "hr", "hint": f"…{token[-4:]}", "scopes": ["users:read"]}

    def test_says_that_a_token_has_ended(self, home: Installation) -> None:
        create(home, "hr", "--expires-in", "0s")
        assert "  ended " in home.ok("token", "list")


class TestRevoke:
    """The end of a token."""

    def test_ends_one_and_leaves_the_others(self, home: Installation) -> None:
        create(home)
        create(home, "other")
        assert home.ok("token", "revoke", "1") == "Ended the token 1.\n"
        first, second = home.json("token", "list")
        assert first["expires_at"] is not None
        assert second["expires_at"] is None

    def test_ends_nothing_a_second_time(self, home: Installation) -> None:
        create(home)
        home.ok("token", "revoke", "1")
        (before,) = home.json("token", "list")
        home.ok("token", "revoke", "1")
        assert home.json("token", "list") == [before]

    def test_refuses_an_id_that_there_is_not(self, home: Installation) -> None:
        create(home)
        assert "there is no token 7: `afterword token list`" in home.error("token", "revoke", "7")

    def test_wants_a_number(self, home: Installation) -> None:
        assert "integer" in home.usage_error("token", "revoke", "hr")
