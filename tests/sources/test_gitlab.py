"""Are a GitLab group's members read whole, and its refusals told as what to do?"""

import asyncio
import dataclasses
from collections.abc import Iterator

import pytest

from afterword.domain.people.person import PersonRecord
from afterword.sources.base import Roll, SourceError
from afterword.sources.gitlab import GitLabSource
from tests.sources.fake_gitlab import GROUP, Account, FakeGitLab
from tests.sources.fake_service import TOKEN, Answer, Sleeps
from tests.storage.support import FakeClock

ADA = Account(1, "ada.l", "Ada Lovelace", email="ada@example.com", saml_uid="ABC-1")
BEN = Account(2, "ben", "Ben", saml_uid="ben@example.com")
CLEO = Account(3, "cleo", "Cleo", email="cleo@example.com", scim_uid="c@idp.example")
DAN = Account(4, "dan", "Dan")


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab(ADA, BEN, CLEO, DAN) as running:
        yield running


def read(gitlab: FakeGitLab, **changes: object) -> Roll:
    clock = FakeClock()
    source = GitLabSource(GROUP, TOKEN, gitlab.url, clock, Sleeps(clock.advance))
    return asyncio.run(dataclasses.replace(source, **changes).read())  # type: ignore[arg-type]


def refusal(gitlab: FakeGitLab, **changes: object) -> str:
    with pytest.raises(SourceError) as caught:
        read(gitlab, **changes)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def by_name(roll: Roll) -> dict[str, PersonRecord]:
    return {one.where.removeprefix("GitLab account "): one for one in roll.people}


ALL = {
    "ada.l": ("ada@example.com",),
    "ben": ("ben@example.com",),
    "cleo": ("cleo@example.com", "c@idp.example"),
    "dan": (),
}


def test_all_pages_are_read_with_all_addresses(gitlab: FakeGitLab) -> None:
    found = by_name(read(gitlab))
    assert {name: one.emails for name, one in found.items()} == ALL
    assert found["ada.l"].gitlab_usernames == ("ada.l",)
    assert found["ada.l"].name == "Ada Lovelace"
    assert found["ada.l"].external_id == "127.0.0.1:1"
    paths = [one.path.removeprefix("/api/v4/groups/acme%2Ftools/") for one in gitlab.asked]
    assert paths == [
        "members/all?per_page=100",
        "members/all?per_page=100&page=2",
        "saml_users?per_page=100",
        "provisioned_users?per_page=100",
    ]


def test_pages_that_are_named_by_links_are_read_too(gitlab: FakeGitLab) -> None:
    gitlab.by_links = True
    assert {name: one.emails for name, one in by_name(read(gitlab)).items()} == ALL


def test_a_link_to_another_server_is_not_followed(gitlab: FakeGitLab) -> None:
    gitlab.by_links = True
    with FakeGitLab(ADA) as other:
        gitlab.link_url = other.url
        assert "127.0.0.1 refers to another server" in refusal(gitlab)
        assert other.asked == []


def test_what_a_member_shows_itself_is_enough_without_the_rights_of_an_owner(gitlab: FakeGitLab) -> None:
    gitlab.is_owner = False
    roll = read(gitlab)
    assert by_name(roll)["ben"].emails == ("ben@example.com",)
    assert by_name(roll)["ada.l"].emails == ()
    assert [note.split(" can't")[0] for note in roll.notes] == ["SAML users", "SCIM users"]
    assert roll.is_complete


@pytest.mark.parametrize(
    "account",
    [
        Account(9, "x", state="blocked"),
        Account(9, "x", state="ldap_blocked"),
        Account(9, "x", membership_state="awaiting"),
        Account(9, "group_33_bot_5ea1b0"),
        Account(9, "project_7_bot"),
    ],
)
def test_who_can_not_work_here_is_not_named(gitlab: FakeGitLab, account: Account) -> None:
    gitlab.accounts.append(account)
    assert by_name(read(gitlab)).keys() == ALL.keys()


def test_a_path_below_the_host_is_kept(gitlab: FakeGitLab) -> None:
    assert "has no group" in refusal(gitlab, url=f"{gitlab.url}/git")
    assert gitlab.asked[0].path.startswith("/git/api/v4/groups/acme%2Ftools/members/all")


def test_a_bad_token_and_a_group_that_is_not_there_are_told_apart(gitlab: FakeGitLab) -> None:
    assert refusal(gitlab, token="wrong").startswith("GitLab does not take the token: make a new one")
    assert refusal(gitlab, group="other").startswith("GitLab has no group 'other' that the token may see")
    gitlab.instead = [Answer(403, {"message": "403 Forbidden"})]
    assert refusal(gitlab) == "the token may not read the members of 'acme/tools': give it read_api"


def test_a_page_that_leads_to_itself_ends_the_reading(gitlab: FakeGitLab) -> None:
    gitlab.instead = [Answer(body=[], headers={"X-Next-Page": "2"})] * 2
    assert "another page, and not where" in refusal(gitlab)


def test_a_list_without_an_end_ends(gitlab: FakeGitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterword.sources.gitlab.PAGES_MAX", 1)
    assert "without an end" in refusal(gitlab)


@pytest.mark.parametrize(
    "body", [b"<html>", {"message": "hello"}, [{"id": "one", "username": "a"}], [{"id": 1}]]
)
def test_what_is_not_the_api_is_named(gitlab: FakeGitLab, body: object) -> None:
    gitlab.instead = [Answer(body=body)]
    assert refusal(gitlab).startswith("GitLab answers something else than its API does (")
