"""Are a GitHub organisation's members read whole, and its refusals told as what to do?"""

import asyncio
import dataclasses
from collections.abc import Iterator

import pytest

from afterword.domain.people.person import KEEP, PersonRecord
from afterword.sources.base import Roll, SourceError
from afterword.sources.github import GitHubSource, graphql_url
from tests.sources.fake_github import ORGANISATION, Account, FakeGitHub, error
from tests.sources.fake_service import TOKEN, Answer, Sleeps
from tests.storage.support import FakeClock

ADA = Account(1, "ada-l", "Ada Lovelace", ("ada@example.com", "a.lovelace@example.com"))
BEN = Account(2, "ben", None, (), name_id="ben@example.com")
CLEO = Account(3, "cleo", "Cleo", (), scim_username="cleo", scim_emails=("c@old.example", "cleo@example.com"))
DAN = Account(4, "dan", "Dan", (), name_id="00u1a2b3", saml_emails=("dan@example.com",))
EVE = Account(5, "eve", "Eve", (), name_id="opaque")


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(ADA, BEN, CLEO, DAN, EVE) as running:
        yield running


def source(github: FakeGitHub, **changes: object) -> GitHubSource:
    clock = FakeClock()
    usual = GitHubSource(ORGANISATION, TOKEN, github.url, clock, Sleeps(clock.advance))
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]


def read(github: FakeGitHub, **changes: object) -> Roll:
    return asyncio.run(source(github, **changes).read())


def refusal(github: FakeGitHub, **changes: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(github, **changes)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def by_name(roll: Roll) -> dict[str, PersonRecord]:
    return {one.where.removeprefix("GitHub account "): one for one in roll.people}


class TestMembers:
    def test_all_pages_are_read_with_all_addresses(self, github: FakeGitHub) -> None:
        found = by_name(read(github))
        assert {name: one.emails for name, one in found.items()} == {
            "ada-l": ("ada@example.com", "a.lovelace@example.com"),
            "ben": ("ben@example.com",),
            "cleo": ("cleo@example.com", "c@old.example"),
            "dan": ("dan@example.com",),
            "eve": (),
        }
        assert [one.body["variables"]["after"] for one in github.asked] == [None, "2", "4", None, "2"]

    def test_an_account_becomes_a_record_with_its_own_id_and_name(self, github: FakeGitHub) -> None:
        found = by_name(read(github))
        host = "127.0.0.1"
        assert found["ada-l"] == PersonRecord(
            where="GitHub account ada-l",
            emails=ADA.emails,  # type: ignore[arg-type]
            name="Ada Lovelace",
            github_usernames=("ada-l",),
            external_id=f"{host}:1",
        )
        assert found["ben"].name is KEEP

    def test_a_name_in_several_lines_is_put_in_one_and_an_odd_one_is_left_out(
        self, github: FakeGitHub
    ) -> None:
        github.accounts = [
            Account(1, "a", " Ada\n\tL. "),
            Account(2, "b", "B\u202eb"),
            Account(3, "c", "x" * 999),
        ]
        found = by_name(read(github))
        assert [found[name].name for name in "abc"] == ["Ada L.", KEEP, "x" * 254]

    def test_a_member_who_comes_twice_is_one_record(self, github: FakeGitHub) -> None:
        github.accounts = [ADA, BEN, BEN, CLEO]
        assert len(read(github).people) == 3

    def test_a_member_whom_github_does_not_name_makes_the_roll_incomplete(self, github: FakeGitHub) -> None:
        page = {"pageInfo": {"hasNextPage": False}, "nodes": [None]}
        github.instead = [Answer(body={"data": {"organization": {"membersWithRole": page}}})]
        roll = read(github)
        assert not roll.is_complete
        assert "nobody counts as having left" in roll.notes[0]

    def test_the_token_goes_in_a_header_and_nowhere_else(self, github: FakeGitHub) -> None:
        read(github)
        for asked in github.asked:
            assert asked.headers["authorization"] == f"Bearer {TOKEN}"
            assert asked.headers["user-agent"].startswith("afterword/")
            assert TOKEN not in asked.path + str(asked.body)
        assert TOKEN not in repr(source(github))


class TestRights:
    """What the token may not read."""

    def test_without_a_verified_domain_the_rest_is_read_and_said_so(self, github: FakeGitHub) -> None:
        github.no_emails = True
        roll = read(github)
        assert by_name(roll)["ada-l"].emails == ()
        assert by_name(roll)["ben"].emails == ("ben@example.com",)
        assert [note.split(":")[0] for note in roll.notes] == ["addresses of verified domains can't be read"]
        assert roll.is_complete

    def test_an_older_server_without_that_field_is_read_without_it(self, github: FakeGitHub) -> None:
        undefined = {
            "code": "undefinedField",
            "typeName": "User",
            "fieldName": "organizationVerifiedDomainEmails",
        }
        github.instead = [Answer(body={"errors": [{"path": ["query"], "extensions": undefined}]})]
        assert len(read(github).people) == 5

    def test_without_the_right_to_identities_the_rest_is_read_and_said_so(self, github: FakeGitHub) -> None:
        github.no_identities = True
        roll = read(github)
        assert by_name(roll)["ben"].emails == ()
        assert [note.split(":")[0] for note in roll.notes] == ["SAML identities can't be read"]

    def test_an_organisation_without_single_sign_on_needs_no_note(self, github: FakeGitHub) -> None:
        github.has_saml = False
        assert read(github).notes == ()

    def test_a_bad_token_is_said_to_be_one(self, github: FakeGitHub) -> None:
        assert refusal(github, token="wrong") == (
            "GitHub does not take the token: make a new one, and set AFTERWORD_GITHUB_TOKEN to it"
        )

    def test_an_organisation_that_is_not_there_is_named(self, github: FakeGitHub) -> None:
        text = refusal(github, organisation="other")
        assert text.startswith("GitHub has no organisation 'other' that the token may see: check AFTERWORD_")

    def test_a_token_that_is_not_authorised_for_single_sign_on_says_where_to_do_it(
        self, github: FakeGitHub
    ) -> None:
        github.instead = [
            Answer(body={"data": {}, "errors": [error("FORBIDDEN", "organization", saml_failure=True)]})
        ]
        assert "Configure SSO" in refusal(github)
        github.instead = [Answer(403, {}, {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"})]
        assert "Configure SSO" in refusal(github)

    @pytest.mark.parametrize("kind", ["FORBIDDEN", "INSUFFICIENT_SCOPES"])
    def test_a_token_without_the_right_says_which(self, github: FakeGitHub, kind: str) -> None:
        github.instead = [Answer(body={"data": {}, "errors": [error(kind, "organization")]})]
        assert "give it read:org" in refusal(github)

    def test_an_error_of_another_kind_shows_its_kind_and_not_its_text(self, github: FakeGitHub) -> None:
        github.instead = [Answer(body={"errors": [error("MAX_NODE_LIMIT_EXCEEDED")]})]
        assert refusal(github).startswith("GitHub answers with an error (MAX_NODE_LIMIT_EXCEEDED)")
        github.instead = [Answer(body={"errors": [error("a secret")]})]
        assert "secret" not in refusal(github)


class TestPages:
    def test_a_cursor_that_does_not_move_ends_the_reading(self, github: FakeGitHub) -> None:
        page = {"pageInfo": {"hasNextPage": True, "endCursor": "2"}, "nodes": []}
        answer = Answer(body={"data": {"organization": {"membersWithRole": page}}})
        github.instead = [answer, answer]
        assert "another page, and not where" in refusal(github)

    def test_a_list_without_an_end_ends(self, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("afterword.sources.github.PAGES_MAX", 2)
        assert "without an end" in refusal(github)

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>Sign in</html>",
            b"\xff\xfe",
            b"[]",
            {"data": {"organization": {"membersWithRole": {"nodes": []}}}},
            {"data": {"organization": {"membersWithRole": {"pageInfo": 1, "nodes": "hunter2-do-not-show"}}}},
        ],
    )
    def test_what_is_not_the_api_is_named(self, github: FakeGitHub, body: object) -> None:
        github.instead = [Answer(body=body)]
        assert refusal(github).startswith("GitHub answers something else than its API does (")


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com", "https://api.github.com/graphql"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com/graphql"),
        ("https://git.example.com", "https://git.example.com/api/graphql"),
        ("https://git.example.com:8443", "https://git.example.com:8443/api/graphql"),
    ],
)
def test_each_kind_of_github_has_its_api_somewhere_else(url: str, api: str) -> None:
    assert graphql_url(url) == api
