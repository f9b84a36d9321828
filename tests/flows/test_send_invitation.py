"""Does an invitation go out once, whatever breaks on the way?"""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from afterword.channels.base import Message, SendError
from afterword.domain.invitation import InvitationState
from afterword.flows.manage_surveys import close_survey
from afterword.flows.opt_out import opt_out
from afterword.flows.send_invitation import EXPIRED, INELIGIBLE_AT_SEND, send_invitation
from tests.flows.world import BASE_URL, World
from tests.storage.support import DAY, HOUR, START

QUEUED, SENDING, SENT = InvitationState.QUEUED, InvitationState.SENDING, InvitationState.SENT
UNCERTAIN, FAILED = InvitationState.UNCERTAIN, InvitationState.FAILED


class Crash(BaseException):
    """The process dies here."""


class FakeChannel:
    """Takes messages and breaks as told; notes what the database said while it sent."""

    name = "fake"

    def __init__(self, world: World, *errors: BaseException | None) -> None:
        self._world = world
        self._errors = list(errors)
        self.messages: list[Message] = []
        self.states: list[InvitationState] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        self.states.append(self._world.invitation(1).state)
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error


def send(world: World, channel: FakeChannel, *, is_last_attempt: bool = False) -> InvitationState:
    """One attempt of the worker; the state afterwards."""
    work = send_invitation(
        world.database, world.clock, world.links, channel, 1, is_last_attempt=is_last_attempt
    )
    with contextlib.suppress(SendError, Crash):
        asyncio.run(work)
    return world.invitation(1).state


@pytest.fixture
def invited(world: World) -> World:
    """Bob's invitation is queued as number 1."""
    world.add_survey()
    assert world.invite().id == 1
    return world


def test_an_invitation_goes_queued_sending_sent(invited: World) -> None:
    channel = FakeChannel(invited)
    assert invited.invitation(1).state is QUEUED
    invited.clock.advance(5)
    assert send(invited, channel) is SENT
    assert channel.states == [SENDING], "sending must be committed before the first byte"
    assert invited.invitation(1).sent_at == START + timedelta(seconds=5)


def test_the_message_holds_all_that_a_channel_words(invited: World) -> None:
    channel = FakeChannel(invited)
    send(invited, channel)
    (message,) = channel.messages
    assert message.message_id == invited.invitation(1).message_id
    assert (message.to_email, message.to_name) == ("bob@example.com", "Bob")
    assert (message.project, message.title) == ("Build CLI", "How was your build?")
    assert (message.event_name, message.question_count) == ("build.finished", 2)
    assert message.first_question.key == "satisfaction"
    assert message.expires_at == START + 3 * DAY
    assert not message.is_test
    assert list(message.choice_urls) == ["1", "2", "3", "4", "5"]
    assert message.choice_urls["4"] == f"{message.answer_url}?satisfaction=4"
    token = message.answer_url.removeprefix(f"{BASE_URL}/answer/")
    assert invited.links.read_answer(token) == 1
    stop = message.unsubscribe_url.removeprefix(f"{BASE_URL}/unsubscribe/")
    assert invited.links.read_unsubscribe(stop) == invited.person("bob@").id


def test_a_test_invitation_is_marked_in_its_message(world: World) -> None:
    world.add_survey()
    world.invite(is_test=True)
    channel = FakeChannel(world)
    send(world, channel)
    assert [message.is_test for message in channel.messages] == [True]


def test_a_sent_invitation_is_not_sent_again(invited: World) -> None:
    channel = FakeChannel(invited)
    assert [send(invited, channel) for _ in range(3)] == [SENT] * 3
    assert len(channel.messages) == 1


def test_after_a_crash_while_sending_it_is_tried_once_more_as_the_same_message(invited: World) -> None:
    channel = FakeChannel(invited, Crash())
    assert send(invited, channel) is SENDING
    assert send(invited, channel) is SENT
    assert channel.states == [SENDING, UNCERTAIN]
    first, second = channel.messages
    assert (first.message_id, first.answer_url) == (second.message_id, second.answer_url)


def test_after_two_crashes_it_is_left_alone(invited: World) -> None:
    channel = FakeChannel(invited, Crash(), Crash())
    assert [send(invited, channel) for _ in range(4)] == [SENDING, UNCERTAIN, UNCERTAIN, UNCERTAIN]
    assert len(channel.messages) == 2


def test_a_temporary_refusal_queues_it_again(invited: World) -> None:
    channel = FakeChannel(invited, SendError("SMTP: refused with 451"), SendError("SMTP: refused with 451"))
    assert [send(invited, channel) for _ in range(3)] == [QUEUED, QUEUED, SENT]
    assert channel.states == [SENDING] * 3
    assert invited.invitation(1).last_error is None


def test_a_failed_try_raises_so_that_the_worker_knows(invited: World) -> None:
    channel = FakeChannel(invited, SendError("SMTP: refused with 451", retry_after_s=7))
    work = send_invitation(invited.database, invited.clock, invited.links, channel, 1, is_last_attempt=False)
    with pytest.raises(SendError, match="451") as raised:
        asyncio.run(work)
    assert raised.value.retry_after_s == 7
    assert invited.invitation(1).last_error == "SMTP: refused with 451"


def test_a_permanent_refusal_is_the_end(invited: World) -> None:
    channel = FakeChannel(invited, SendError("SMTP: refused with 550", permanent=True))
    assert [send(invited, channel) for _ in range(2)] == [FAILED, FAILED]
    assert len(channel.messages) == 1
    assert invited.invitation(1).last_error == "SMTP: refused with 550"


def test_the_last_temporary_refusal_is_the_end(invited: World) -> None:
    channel = FakeChannel(invited, SendError("SMTP: refused with 451"))
    assert send(invited, channel, is_last_attempt=True) is FAILED
    assert send(invited, channel) is FAILED


def test_an_unknown_end_is_tried_once_more_and_then_left_alone(invited: World) -> None:
    unknown = SendError("SMTP: TimeoutError", uncertain=True)
    channel = FakeChannel(invited, unknown, unknown)
    assert [send(invited, channel) for _ in range(3)] == [SENDING, UNCERTAIN, UNCERTAIN]
    assert len({message.message_id for message in channel.messages}) == 1
    assert len(channel.messages) == 2


def test_an_unknown_end_of_the_last_attempt_is_uncertain(invited: World) -> None:
    channel = FakeChannel(invited, SendError("SMTP: TimeoutError", uncertain=True))
    assert send(invited, channel, is_last_attempt=True) is UNCERTAIN


def test_a_refusal_after_an_unknown_end_does_not_open_it_for_a_third_message(invited: World) -> None:
    channel = FakeChannel(invited, Crash(), SendError("SMTP: refused with 451"), Crash())
    for _ in range(5):
        send(invited, channel)
    assert invited.invitation(1).state is UNCERTAIN
    assert len({message.message_id for message in channel.messages}) == 1


@pytest.mark.parametrize("obstacle", ["opted out", "closed", "expired"])
def test_what_must_not_go_any_more_does_not(invited: World, obstacle: str) -> None:
    reason = INELIGIBLE_AT_SEND
    if obstacle == "opted out":
        opt_out(invited.database, invited.clock, invited.person("bob@").id)
    elif obstacle == "closed":
        close_survey(invited.database, invited.clock, "build-cli")
    else:
        invited.clock.advance(3 * DAY)
        reason = EXPIRED
    channel = FakeChannel(invited)
    assert send(invited, channel) is FAILED
    assert channel.messages == []
    assert invited.invitation(1).last_error == reason


def test_just_before_it_expires_it_still_goes(invited: World) -> None:
    invited.clock.advance(3 * DAY - timedelta(microseconds=1))
    assert send(invited, FakeChannel(invited)) is SENT


def test_a_message_that_may_be_out_is_not_called_undelivered_when_the_person_opts_out(invited: World) -> None:
    channel = FakeChannel(invited, Crash())
    send(invited, channel)
    invited.clock.advance(HOUR)
    opt_out(invited.database, invited.clock, invited.person("bob@").id)
    assert send(invited, channel) is UNCERTAIN
    assert len(channel.messages) == 1


def test_an_invitation_that_is_not_there_is_no_work(world: World) -> None:
    channel = FakeChannel(world)
    work = send_invitation(world.database, world.clock, world.links, channel, 9, is_last_attempt=False)
    asyncio.run(work)
    assert channel.messages == []
