"""Does the worker bring a survey to Slack, and by mail to whom Slack can't reach, and tell no secret?"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from afterword.bootstrap import Parts
from afterword.channels.slack import SlackChannel
from afterword.domain.invitation import InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.storage.invitations import Invitation
from tests.channels.fake_slack import FakeSlack, refusal
from tests.flows.world import World
from tests.sources.fake_service import TOKEN, Answer
from tests.storage.support import FakeClock
from tests.worker.conftest import FakeChannel
from tests.worker.test_loop import rows, track, work

SENT = InvitationState.SENT


@pytest.fixture
def service() -> Iterator[FakeSlack]:
    with FakeSlack({"bob@example.com": "U0BOB"}) as running:
        yield running


@pytest.fixture
def both(parts: Parts, service: FakeSlack) -> Parts:
    """A worker with Slack beside mail."""
    slack = SlackChannel(TOKEN, service.url)
    return replace(parts, channels={**parts.channels, ChannelKind.SLACK: slack})


def only_invitation(world: World, event_id: int) -> Invitation:
    (found,) = world.invitations(event_id)
    return found


def test_a_survey_comes_in_slack(both: Parts, world: World, service: FakeSlack, channel: FakeChannel) -> None:
    event_id = track(world)
    work(both)
    found = only_invitation(world, event_id)
    assert (found.state, found.channel) == (SENT, ChannelKind.SLACK)
    assert service.asked[-1].body["channel"] == "U0BOB"
    assert channel.messages == []
    assert rows(world.database) == []


def test_whom_slack_does_not_find_gets_a_mail_at_once(
    both: Parts, world: World, service: FakeSlack, channel: FakeChannel
) -> None:
    service.people = {}
    event_id = track(world)
    work(both)
    found = only_invitation(world, event_id)
    assert (found.state, found.channel) == (SENT, ChannelKind.EMAIL)
    assert [message.to_email for message in channel.messages] == ["bob@example.com"]
    assert rows(world.database) == [], "what Slack refused leaves no dead letter"


def test_a_wrong_token_lets_mails_go_after_an_hour_and_is_told_to_nobody(
    both: Parts,
    world: World,
    channel: FakeChannel,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    service: FakeSlack,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "xoxb-wrong-and-secret"
    broken = SlackChannel(wrong, service.url)
    both = replace(both, channels={**both.channels, ChannelKind.SLACK: broken})
    event_id = track(world)
    begun_at = clock.now
    errors = set()
    while not channel.messages:
        work(both)
        found = only_invitation(world, event_id)
        errors |= {found.last_error or "", *(row.last_error or "" for row in rows(world.database))}
        if not channel.messages:
            (waiting,) = rows(world.database)
            clock.advance((waiting.run_at - clock.now).total_seconds())
    assert clock.now - begun_at == timedelta(hours=1)
    assert only_invitation(world, event_id).channel is ChannelKind.EMAIL
    assert any("set AFTERWORD_SLACK_TOKEN" in error for error in errors)
    assert "set AFTERWORD_SLACK_TOKEN" in caplog.text
    assert not [text for text in (*errors, caplog.text) if wrong in text]


def test_the_wait_that_slack_asks_for_ends_with_the_next_ones_turn(
    both: Parts, world: World, service: FakeSlack, clock: FakeClock
) -> None:
    limited = {"ok": False, "error": "ratelimited"}
    service.instead += [Answer(429, limited, {"Retry-After": seconds}) for seconds in ("90", "9999")]
    track(world)
    work(both)
    begun_at = clock.now
    (waiting,) = rows(world.database)
    assert waiting.run_at - begun_at == timedelta(seconds=90)
    clock.advance(90)
    work(both)
    (waiting,) = rows(world.database)
    assert waiting.run_at - begun_at == timedelta(hours=1)


def test_what_may_be_out_in_slack_is_no_mail_too(
    both: Parts, world: World, service: FakeSlack, channel: FakeChannel, clock: FakeClock
) -> None:
    found = Answer(200, {"ok": True, "user": {"id": "U0BOB"}})
    service.instead += [found, refusal("fatal_error"), found, refusal("fatal_error")]
    event_id = track(world)
    for _ in range(4):
        work(both)
        clock.advance(4_000)
    assert only_invitation(world, event_id).state is InvitationState.UNCERTAIN
    assert service.methods.count("chat.postMessage") == 2
    assert channel.messages == []
