"""Is a service asked again when that helps, as late as it wants, and not for ever?"""

import asyncio
import dataclasses
from collections.abc import Iterator

import pytest

from afterword.sources.base import Roll, SourceError
from afterword.sources.caller import LIMITED_WAIT_S, TRIES_MAX, WAIT_S_MAX
from afterword.sources.github import GitHubSource
from afterword.sources.gitlab import GitLabSource
from tests.sources.fake_github import ORGANISATION, FakeGitHub, error
from tests.sources.fake_github import Account as GitHubAccount
from tests.sources.fake_gitlab import GROUP, FakeGitLab
from tests.sources.fake_gitlab import Account as GitLabAccount
from tests.sources.fake_service import TOKEN, Answer, Sleeps
from tests.storage.support import START_US, FakeClock

NOW_S = START_US // 1_000_000
SECONDARY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sleeps(clock: FakeClock) -> Sleeps:
    return Sleeps(clock.advance)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(GitHubAccount(1, "ada", emails=("ada@example.com",))) as running:
        yield running


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab(GitLabAccount(1, "ada", email="ada@example.com", saml_uid="x")) as running:
        yield running


@pytest.fixture
def hub(github: FakeGitHub, clock: FakeClock, sleeps: Sleeps) -> GitHubSource:
    return GitHubSource(ORGANISATION, TOKEN, github.url, clock, sleeps)


@pytest.fixture
def lab(gitlab: FakeGitLab, clock: FakeClock, sleeps: Sleeps) -> GitLabSource:
    return GitLabSource(GROUP, TOKEN, gitlab.url, clock, sleeps)


def read(source: GitHubSource | GitLabSource) -> Roll:
    return asyncio.run(source.read())


def refusal(source: GitHubSource | GitLabSource) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(source)
    return caught.value


class TestLimits:
    @pytest.mark.parametrize(
        ("answer", "waited_s"),
        [
            (Answer(429, {}, {"Retry-After": "7"}), 7),
            (Answer(403, SECONDARY, {"Retry-After": "30"}), 30),
            (Answer(403, SECONDARY), LIMITED_WAIT_S),
            (Answer(429, {}), LIMITED_WAIT_S),
            (Answer(429, {}, {"Retry-After": "Fri, 15 Jan 2027 08:00:20 GMT"}), 20),
            (
                Answer(403, {}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW_S + 90)}),
                90,
            ),
            (
                Answer(
                    200,
                    {"errors": [error("RATE_LIMITED")]},
                    {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW_S + 12)},
                ),
                12,
            ),
        ],
    )
    def test_github_is_waited_for_as_long_as_it_says(
        self, github: FakeGitHub, hub: GitHubSource, sleeps: Sleeps, answer: Answer, waited_s: float
    ) -> None:
        github.instead = [answer]
        assert len(read(hub).people) == 1
        assert sleeps.seconds == [waited_s]

    @pytest.mark.parametrize(
        "headers",
        [{"Retry-After": "45"}, {"RateLimit-Remaining": "0", "RateLimit-Reset": str(NOW_S + 45)}],
    )
    def test_gitlab_is_waited_for_as_long_as_it_says(
        self, gitlab: FakeGitLab, lab: GitLabSource, sleeps: Sleeps, headers: dict[str, str]
    ) -> None:
        gitlab.instead = [Answer(429, b"Retry later", headers)]
        assert len(read(lab).people) == 1
        assert sleeps.seconds == [45]

    def test_a_limit_that_says_nothing_is_waited_for_ever_longer(
        self, github: FakeGitHub, hub: GitHubSource, sleeps: Sleeps
    ) -> None:
        github.instead = [Answer(403, SECONDARY)] * 3
        read(hub)
        assert sleeps.seconds == [60, 120, 240]

    def test_a_limit_that_lasts_is_left_to_the_next_load(
        self, github: FakeGitHub, hub: GitHubSource, sleeps: Sleeps
    ) -> None:
        github.instead = [Answer(429, {}, {"Retry-After": "2400"})]
        found = refusal(hub)
        assert "limits how often" in str(found)
        assert str(found).endswith("it may be asked again after 08:40 UTC")
        assert found.retry_after_s == 2400 > WAIT_S_MAX
        assert sleeps.seconds == []

    def test_a_refusal_that_is_no_limit_is_not_asked_again(
        self, github: FakeGitHub, hub: GitHubSource, sleeps: Sleeps
    ) -> None:
        github.instead = [
            Answer(403, {"message": "Resource not accessible"}, {"X-RateLimit-Remaining": "4999"})
        ]
        assert "give it read:org" in str(refusal(hub))
        assert sleeps.seconds == []

    def test_a_member_who_is_called_like_a_limit_is_none(
        self, github: FakeGitHub, hub: GitHubSource, sleeps: Sleeps
    ) -> None:
        github.accounts = [GitHubAccount(1, "ada", "RATE_LIMITED")]
        assert len(read(hub).people) == 1
        assert sleeps.seconds == []


class TestFailures:
    def test_a_service_that_fails_is_asked_again_ever_later(
        self, gitlab: FakeGitLab, lab: GitLabSource, sleeps: Sleeps
    ) -> None:
        gitlab.instead = [Answer(502, b"<html>"), Answer(503, {}, {"Retry-After": "9"}), Answer(500, {})]
        assert len(read(lab).people) == 1
        assert sleeps.seconds == [1, 9, 4]

    def test_a_service_that_goes_on_failing_is_given_up(
        self, gitlab: FakeGitLab, lab: GitLabSource, sleeps: Sleeps
    ) -> None:
        gitlab.instead = [Answer(502, b"")] * TRIES_MAX
        assert str(refusal(lab)).startswith("GitLab answers 502: look at its status page")
        assert sleeps.seconds == [1, 2, 4, 8]

    def test_a_service_that_is_not_there_is_given_up(self, lab: GitLabSource, sleeps: Sleeps) -> None:
        gone = dataclasses.replace(lab, url="http://127.0.0.1:1")
        assert str(refusal(gone)) == (
            "GitLab at 127.0.0.1 takes no connection: check AFTERWORD_GITLAB_URL and the network between"
        )
        assert len(sleeps.seconds) == TRIES_MAX - 1

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, gitlab: FakeGitLab, lab: GitLabSource, status: int) -> None:
        with FakeGitLab() as other:
            gitlab.instead = [Answer(status, b"", {"Location": f"{other.url}/api/v4/groups"})]
            assert "set AFTERWORD_GITLAB_URL to the final one" in str(refusal(lab))
            assert other.asked == []

    def test_another_refusal_is_told_by_its_number(self, gitlab: FakeGitLab, lab: GitLabSource) -> None:
        gitlab.instead = [Answer(418, {})]
        assert str(refusal(lab)) == "GitLab answers 418: check AFTERWORD_GITLAB_URL"
