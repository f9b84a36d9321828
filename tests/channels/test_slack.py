"""Does an invitation reach Slack, and do we understand what Slack says when it does not?"""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from afterword.channels import slack
from afterword.channels.base import SendError
from afterword.channels.slack import SlackChannel
from tests.channels.fake_slack import FakeSlack, refusal
from tests.channels.messages import message
from tests.sources.fake_service import TOKEN, Answer

DEADLINE_S = 0.3


@pytest.fixture
def service() -> Iterator[FakeSlack]:
    with FakeSlack() as running:
        yield running


def send(service: FakeSlack, *, token: str = TOKEN, **changes: Any) -> None:
    asyncio.run(SlackChannel(token, service.url).send(message(**changes)))


def fail(service: FakeSlack, *answers: Answer, **changes: Any) -> SendError:
    service.instead += answers
    with pytest.raises(SendError) as raised:
        send(service, **changes)
    assert TOKEN not in str(raised.value)
    assert "ana@" not in str(raised.value)
    return raised.value


class TestSending:
    def test_finds_the_person_by_the_address(self, service: FakeSlack) -> None:
        send(service)
        assert service.methods == ["users.lookupByEmail", "chat.postMessage"]
        assert service.asked[-1].body["channel"] == "U0ANA"

    def test_writes_to_the_id_that_the_directory_knows(self, service: FakeSlack) -> None:
        send(service, to_slack_id="U0BOB")
        assert service.methods == ["chat.postMessage"]
        assert service.asked[-1].body["channel"] == "U0BOB"

    def test_addresses_are_asked_for_as_they_are(self, service: FakeSlack) -> None:
        service.people = {"ana+b&c=ü@example.com": "U0ANA"}
        send(service, to_email="ana+b&c=ü@example.com")
        assert service.asked[-1].body["channel"] == "U0ANA"

    def test_the_token_is_in_the_header_and_nowhere_else(self, service: FakeSlack) -> None:
        send(service)
        assert {one.headers["authorization"] for one in service.asked} == {f"Bearer {TOKEN}"}
        assert not any(TOKEN in one.path or TOKEN in str(one.body) for one in service.asked)
        assert TOKEN not in repr(SlackChannel(TOKEN, service.url))


class TestWhoCantBeReached:
    def test_is_not_tried_again_when_nobody_has_the_address(self, service: FakeSlack) -> None:
        error = fail(service, to_email="bob@example.com")
        assert (error.permanent, str(error)) == (True, "Slack: users_not_found")

    def test_is_not_tried_again_when_the_account_is_closed(self, service: FakeSlack) -> None:
        service.gone = {"U0ANA"}
        assert fail(service).permanent

    @pytest.mark.parametrize(
        "code",
        [
            "channel_not_found",
            "user_not_found",
            "is_archived",
            "user_disabled",
            "msg_too_long",
            "invalid_blocks",
        ],
    )
    def test_is_not_tried_again_when_slack_says_so(self, service: FakeSlack, code: str) -> None:
        error = fail(service, refusal(code), to_slack_id="U0ANA")
        assert (error.permanent, error.uncertain) == (True, False)
        assert str(error) == f"Slack: {code}"

    def test_a_code_that_is_none_is_not_repeated(self, service: FakeSlack) -> None:
        error = fail(service, refusal("<ana@example.com> is away"), to_slack_id="U0ANA")
        assert str(error) == "Slack: an error without a name"


class TestWhatTheOperatorMends:
    @pytest.mark.parametrize("code", sorted(slack._OPERATOR))
    def test_is_tried_again_and_said_clearly(self, service: FakeSlack, code: str) -> None:
        error = fail(service, refusal(code), to_slack_id="U0ANA")
        assert not error.permanent
        assert not error.uncertain
        assert str(error).startswith(f"Slack: {code}, ")

    def test_a_wrong_token_is_not_the_persons_fault(self, service: FakeSlack) -> None:
        with pytest.raises(SendError, match="set AFTERWORD_SLACK_TOKEN") as raised:
            send(service, token="xoxb-wrong-one")
        assert not raised.value.permanent
        assert "xoxb" not in str(raised.value)

    @pytest.mark.parametrize("status", [301, 404])
    def test_another_address_is_told(self, service: FakeSlack, status: int) -> None:
        error = fail(service, Answer(status, {}, {"Location": "http://127.0.0.1:1/"}), to_slack_id="U0ANA")
        assert not error.permanent
        assert "AFTERWORD_SLACK_URL" in str(error)

    def test_a_page_in_place_of_the_api_is_told(self, service: FakeSlack) -> None:
        error = fail(service, Answer(200, b"<html>"), Answer(200, b"<html>"))
        assert "AFTERWORD_SLACK_URL" in str(error)
        assert not error.uncertain, "only somebody was looked for"


class TestLimits:
    def test_the_wait_that_slack_asks_for_is_kept(self, service: FakeSlack) -> None:
        body = {"ok": False, "error": "ratelimited"}
        error = fail(service, Answer(429, body, {"Retry-After": "30"}))
        assert (error.retry_after_s, error.permanent, error.uncertain) == (30.0, False, False)

    def test_without_one_a_minute_is_waited(self, service: FakeSlack) -> None:
        error = fail(service, refusal("rate_limited"), to_slack_id="U0ANA")
        assert error.retry_after_s == slack.LIMITED_WAIT_S

    def test_a_wait_that_is_no_number_is_a_minute(self, service: FakeSlack) -> None:
        error = fail(service, Answer(429, {}, {"Retry-After": "soon"}))
        assert error.retry_after_s == slack.LIMITED_WAIT_S


class TestWhatNobodyKnows:
    @pytest.mark.parametrize("answer", [Answer(500, {}), Answer(200, b"{"), refusal("internal_error")])
    def test_may_have_gone_out_all_the_same(self, service: FakeSlack, answer: Answer) -> None:
        error = fail(service, answer, to_slack_id="U0ANA")
        assert (error.uncertain, error.permanent) == (True, False)

    @pytest.mark.parametrize("answer", [Answer(500, {}), Answer(200, b"{"), refusal("internal_error")])
    def test_has_not_gone_out_while_somebody_was_looked_for(self, service: FakeSlack, answer: Answer) -> None:
        error = fail(service, answer)
        assert (error.uncertain, error.permanent) == (False, False)
        assert service.methods == ["users.lookupByEmail"]

    def test_a_slow_answer_is_uncertain(self, service: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(slack, "REQUEST_S_MAX", DEADLINE_S)
        assert fail(service, Answer(drips=True), to_slack_id="U0ANA").uncertain

    def test_without_a_connection_nothing_went_out(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(SendError, match="takes no connection") as raised:
            asyncio.run(SlackChannel(TOKEN, f"http://127.0.0.1:{port}").send(message(to_slack_id="U0ANA")))
        assert not raised.value.uncertain
        assert not raised.value.permanent


class TestGreeting:
    def test_tells_the_workspace_and_sends_nothing(self, service: FakeSlack) -> None:
        assert asyncio.run(SlackChannel(TOKEN, service.url).greet()) == "Example"
        assert service.methods == ["auth.test"]

    def test_says_which_scope_is_missing(self, service: FakeSlack) -> None:
        service.scopes = "chat:write"
        with pytest.raises(SendError, match=r"the app lacks users:read\.email: add it"):
            asyncio.run(SlackChannel(TOKEN, service.url).greet())

    def test_a_wrong_token_is_told(self, service: FakeSlack) -> None:
        with pytest.raises(SendError, match="does not take the token"):
            asyncio.run(SlackChannel("xoxb-wrong", service.url).greet())
