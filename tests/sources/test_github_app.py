"""Does an App sign in as GitHub wants it, with tokens that hold, and is told what is wrong when it can't?"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from afterword.sources.base import SourceError
from afterword.sources.github import GitHubSource, rest_url
from afterword.sources.github_app import GitHubApp
from tests.sources.fake_github import ORGANISATION, Account
from tests.sources.fake_github_app import APP_ID, INSTALLATION, FakeAppGitHub, as_pem, new_key
from tests.sources.fake_service import Answer, Sleeps
from tests.storage.support import FakeClock

KEY = new_key()
STAFF = [Account(n, f"dev{n}", f"Dev {n}", (f"dev{n}@example.com",)) for n in range(3)]
SIGN_IN = [
    f"/api/v3/orgs/{ORGANISATION}/installation",
    f"/api/v3/app/installations/{INSTALLATION}/access_tokens",
]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def github(clock: FakeClock) -> Iterator[FakeAppGitHub]:
    with FakeAppGitHub(KEY, clock, *STAFF) as running:
        yield running


@pytest.fixture
def source(github: FakeAppGitHub, clock: FakeClock) -> GitHubSource:
    return GitHubSource(
        ORGANISATION, GitHubApp(APP_ID, as_pem(KEY)), github.url, clock, Sleeps(clock.advance)
    )


def count(source: GitHubSource) -> int:
    return len(asyncio.run(source.read()).people)


def refusal(source: GitHubSource) -> str:
    with pytest.raises(SourceError) as caught:
        count(source)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


class TestToken:
    def test_members_are_read_with_a_token_of_the_installation(
        self, source: GitHubSource, github: FakeAppGitHub
    ) -> None:
        assert count(source) == 3
        assert github.paths == [*SIGN_IN, *["/api/graphql"] * 3]

    def test_it_is_kept_until_a_minute_before_its_end(
        self, source: GitHubSource, github: FakeAppGitHub, clock: FakeClock
    ) -> None:
        count(source)
        clock.advance(timedelta(minutes=58, seconds=59))
        count(source)
        assert len(github.made) == 1
        clock.advance(1)
        count(source)
        assert len(github.made) == 2

    def test_one_that_ends_between_two_pages_is_renewed(
        self, source: GitHubSource, github: FakeAppGitHub, clock: FakeClock
    ) -> None:
        def answer_late(asked: object) -> Answer:
            clock.advance(timedelta(hours=2))
            return github.answer(asked)  # type: ignore[arg-type]

        count(source)
        github.instead = [answer_late]
        assert count(source) == 3
        assert len(github.made) == 2

    def test_one_that_was_revoked_is_replaced_at_the_next_load(
        self, source: GitHubSource, github: FakeAppGitHub
    ) -> None:
        count(source)
        github.made.clear()
        assert refusal(source).endswith("the token that the App got: the next load gets a new one")
        assert count(source) == 3

    def test_a_clock_a_minute_ahead_is_no_trouble(
        self, github: FakeAppGitHub, source: GitHubSource, clock: FakeClock
    ) -> None:
        github.clock = FakeClock(clock.now_us() - 60_000_000)
        assert count(source) == 3
        github.clock = FakeClock(clock.now_us() + 60_000_000)
        assert count(source) == 3

    def test_a_limit_while_signing_in_is_waited_for(
        self, source: GitHubSource, github: FakeAppGitHub, clock: FakeClock
    ) -> None:
        github.instead = [Answer(429, {}, {"Retry-After": "7"})]
        assert count(source) == 3
        assert source.sleep.seconds == [7.0]  # type: ignore[attr-defined]


class TestRefusals:
    def test_a_key_of_another_app_is_said_to_be_one(self, github: FakeAppGitHub, clock: FakeClock) -> None:
        for app in (GitHubApp(APP_ID, as_pem(new_key())), GitHubApp("7", as_pem(KEY))):
            text = refusal(GitHubSource(ORGANISATION, app, github.url, clock))
            assert "check AFTERWORD_GITHUB_APP_ID, that AFTERWORD_GITHUB_APP_KEY is a key of this App" in text

    def test_an_app_that_is_not_installed_is_said_to_be_so(
        self, source: GitHubSource, github: FakeAppGitHub
    ) -> None:
        github.is_installed = False
        assert refusal(source).startswith("the GitHub App is not installed there: install the App in")

    def test_one_that_is_suspended_is_said_to_be_so(
        self, source: GitHubSource, github: FakeAppGitHub
    ) -> None:
        github.instead = [github.answer, Answer(403, {"message": "This installation has been suspended"})]
        assert "is suspended there" in refusal(source)

    @pytest.mark.parametrize(
        "text", ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"]
    )
    def test_what_is_no_key_is_refused_and_not_repeated(self, text: str) -> None:
        with pytest.raises(SourceError, match="is no private key") as caught:
            GitHubApp(APP_ID, text)
        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_without_the_package_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [one for one in sys.modules if one.startswith("cryptography.hazmat.primitives")]:
            monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(SourceError, match=r"afterword\[github-app\]"):
            GitHubApp(APP_ID, as_pem(KEY))


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://github.example.com", "https://github.example.com/api/v3"),
    ],
)
def test_each_kind_of_github_has_its_other_api_somewhere_else(url: str, api: str) -> None:
    assert rest_url(url) == api
