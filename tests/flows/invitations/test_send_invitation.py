"""Does an invitation go out once, whatever breaks on the way?"""

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
import sqlalchemy as sa

from afterword.channels.base import Message, SendError
from afterword.domain.invitation import EXPIRED, INELIGIBLE_AT_SEND, REACTED, InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.facts import Outcome
from afterword.domain.throttle.reason import Reason
from afterword.flows.invitations.send_invitation import send_invitation
from afterword.flows.invitations.submit_response import leave_survey, submit_response
from afterword.flows.job_kinds import ABOUT_INVITATIONS, JobKind
from afterword.flows.links import Ticket
from afterword.flows.surveys.manage_surveys import close_survey
from afterword.storage import jobs, retention
from afterword.storage.tables import event
from tests.flows.world import BASE_URL, EAGER, World
from tests.storage.support import DAY, HOUR, MINUTE, START

QUEUED, SENDING, SENT = InvitationState.QUEUED, InvitationState.SENDING, InvitationState.SENT
EMAIL = ChannelKind.EMAIL
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


def sending(
    world: World, channel: FakeChannel, invitation_id: int = 1, *, is_last_attempt: bool = False
) -> Coroutine[None, None, datetime | None]:
    """One attempt of the worker, by mail."""
    channels = {EMAIL: channel}
    return send_invitation(
        world.database, world.clock, world.links, channels, invitation_id, is_last_attempt=is_last_attempt
    )


def send(world: World, channel: FakeChannel, *, is_last_attempt: bool = False) -> InvitationState:
    """One attempt of the worker; the state afterwards."""
    with contextlib.suppress(SendError, Crash):
        asyncio.run(sending(world, channel, is_last_attempt=is_last_attempt))
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
    assert str(message.zone) == "Africa/Lagos", "what the directory says of Bob"
    assert not message.is_test
    assert list(message.choice_urls) == ["1", "2", "3", "4", "5"]
    assert message.choice_urls["4"] == f"{message.answer_url}?satisfaction=4"
    token = message.answer_url.removeprefix(f"{BASE_URL}/answer/")
    assert invited.links.read_answer(token) == Ticket(1, message.message_id)
    stop = message.unsubscribe_url.removeprefix(f"{BASE_URL}/unsubscribe/")
    assert invited.links.read_unsubscribe(stop) == invited.guest("bob@")
    own = message.person_url.removeprefix(f"{BASE_URL}/me/")
    assert invited.links.read_person(own) == invited.guest("bob@")


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
    work = sending(invited, channel)
    with pytest.raises(SendError, match="451") as raised:
        asyncio.run(work)
    assert raised.value.retry_after_s == 7
    assert invited.invitation(1).last_error == "SMTP: refused with 451"


def test_a_permanent_refusal_is_the_end(invited: World) -> None:
    channel = FakeChannel(invited, SendError("SMTP: refused with 550", permanent=True))
    assert [send(invited, channel) for _ in range(2)] == [FAILED, FAILED]
    assert len(channel.messages) == 1
    assert invited.invitation(1).last_error == "SMTP: refused with 550"
    assert invited.invitation(1).failed_at == START


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
    assert invited.invitation(1).failed_at is None, "it may have arrived"


def test_a_refusal_after_an_unknown_end_does_not_open_it_for_a_third_message(invited: World) -> None:
    channel = FakeChannel(invited, Crash(), SendError("SMTP: refused with 451"), Crash())
    for _ in range(5):
        send(invited, channel)
    assert invited.invitation(1).state is UNCERTAIN
    assert len({message.message_id for message in channel.messages}) == 1


@pytest.mark.parametrize("refusal", [SendError("550", permanent=True), SendError("451")])
def test_a_final_refusal_after_an_unknown_end_is_uncertain_and_leaves_the_link_open(
    invited: World, refusal: SendError
) -> None:
    channel = FakeChannel(invited, SendError("SMTP: TimeoutError", uncertain=True), refusal)
    assert send(invited, channel) is SENDING
    assert send(invited, channel, is_last_attempt=True) is UNCERTAIN
    found = invited.invitation(1)
    assert found.failed_at is None
    assert not found.asks_nobody, "the first message may have arrived"


class ErasingChannel(FakeChannel):
    """While it sends, the person is erased and somebody else is invited."""

    async def send(self, message: Message) -> None:
        with self._world.database.write() as connection:
            retention.delete_invitations(connection, [1], ABOUT_INVITATIONS)
        self.next_id = self._world.invite(email="alice@example.com").id
        self.messages.append(message)
        if (error := self._errors.pop(0)) is not None:
            raise error


@pytest.mark.parametrize("error", [None, SendError("SMTP: refused with 550", permanent=True)])
def test_what_became_of_a_message_is_not_told_of_the_next_invitation_with_its_id(
    invited: World, error: SendError | None
) -> None:
    channel = ErasingChannel(invited, error)
    with contextlib.suppress(SendError):
        asyncio.run(sending(invited, channel))
    found = invited.invitation(channel.next_id)
    assert (found.state, found.sent_at, found.last_error) == (QUEUED, None, None)


OBSTACLES = {
    "opted out": Reason.OPTED_OUT,
    "opted out of the project": Reason.OPTED_OUT,
    "snoozed": Reason.SNOOZED,
    "left": Reason.INACTIVE,
    "erased": None,
    "event gone": None,
    "closed": Reason.SURVEY_NOT_LIVE,
    "expired": None,
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_must_not_go_any_more_does_not(invited: World, obstacle: str) -> None:
    reason = INELIGIBLE_AT_SEND
    if obstacle == "opted out":
        invited.wish("bob@", "opt-out", scope="all")
    elif obstacle == "opted out of the project":
        invited.wish("bob@", "opt-out", scope="project", value="1")
    elif obstacle == "snoozed":
        invited.set_person("bob@", snoozed_until=START + HOUR)
    elif obstacle == "left":
        invited.set_person("bob@", is_active=False)
    elif obstacle == "erased":
        invited.set_person("bob@", email="", erased_at=START)
    elif obstacle == "event gone":
        with invited.database.write() as connection:
            connection.execute(sa.delete(event))
    elif obstacle == "closed":
        close_survey(invited.database, invited.clock, "build-cli")
    else:
        invited.clock.advance(3 * DAY)
        reason = EXPIRED
    channel = FakeChannel(invited)
    assert send(invited, channel) is FAILED
    assert channel.messages == []
    assert invited.invitation(1).last_error == reason
    assert invited.invitation(1).ended_reason is OBSTACLES[obstacle]


def test_a_test_invitation_goes_to_a_tester_whatever_they_wish(world: World) -> None:
    world.add_survey()
    world.set_person("bob@", is_tester=True)
    world.invite(is_test=True)
    world.wish("bob@", "opt-out", scope="all")
    world.wish("bob@", "quiet", **{"from": "00:00", "until": "23:59"})
    channel = FakeChannel(world)
    assert send(world, channel) is SENT


def put_off_until(world: World, channel: FakeChannel) -> datetime | None:
    """One attempt of the worker; when it is to come again."""
    return asyncio.run(sending(world, channel))


class TestQuietHours:
    """START is 15 January 2027, 08:00 UTC, a Friday; Bob is in Lagos, an hour ahead."""

    def test_put_the_job_off_to_their_end_when_the_event_comes_in_them(self, world: World) -> None:
        world.add_survey()
        world.wish("bob@", "quiet", **{"from": "18:00", "until": "10:30"})
        world.invite()
        assert world.job_times() == [START + 90 * MINUTE]

    def test_that_begin_meanwhile_are_kept_too(self, invited: World) -> None:
        invited.wish("bob@", "quiet", **{"from": "09:00", "until": "10:30"})
        channel = FakeChannel(invited)
        assert put_off_until(invited, channel) == START + 90 * MINUTE
        assert (channel.messages, invited.invitation(1).state) == ([], QUEUED)
        invited.clock.advance(90 * MINUTE)
        assert put_off_until(invited, channel) is None
        assert invited.invitation(1).state is SENT

    def test_are_of_the_zone_that_the_person_chose(self, world: World) -> None:
        world.add_survey(throttle={"send_window": "any"})
        world.invite()
        world.wish("bob@", "quiet", **{"from": "09:00", "until": "10:30"})
        world.wish("bob@", "timezone", timezone="Asia/Tokyo")
        assert put_off_until(world, FakeChannel(world)) is None

    def test_are_utc_without_a_zone(self, world: World) -> None:
        world.add_survey()
        world.wish("charlie@", "quiet", **{"from": "07:00", "until": "09:00"})
        world.invite(email="charlie@example.com")
        assert put_off_until(world, FakeChannel(world)) == START + HOUR

    def test_never_put_off_past_the_expiry(self, world: World) -> None:
        world.add_survey(throttle={"expires_after": "1h", "send_window": "any"})
        world.invite()
        world.wish("bob@", "quiet", **{"from": "09:00", "until": "17:00"})
        channel = FakeChannel(world)
        assert put_off_until(world, channel) == START + HOUR
        world.clock.advance(HOUR)
        assert put_off_until(world, channel) is None
        assert (world.invitation(1).state, world.invitation(1).last_error) == (FAILED, EXPIRED)

    def test_hold_for_test_invitations_of_who_is_no_tester(self, world: World) -> None:
        world.add_survey()
        world.wish("bob@", "quiet", **{"from": "09:00", "until": "10:30"})
        world.invite(is_test=True)
        assert put_off_until(world, FakeChannel(world)) == START + 90 * MINUTE


class TestAMailThatMissedItsHour:
    """START is a Friday, 09:00 in Lagos; mails go out until 17:00, and wait for 4 hours at most."""

    def invite_before_the_window_closes(self, world: World, throttle: dict[str, object]) -> FakeChannel:
        world.clock.advance(8 * HOUR - 2 * MINUTE)
        world.add_survey(throttle=EAGER | {"expires_after": "7d"} | throttle)
        world.invite()
        channel = FakeChannel(world, SendError("SMTP: refused with 451"))
        assert send(world, channel) is QUEUED
        world.clock.advance(3 * MINUTE)
        return channel

    def test_is_dropped_when_the_next_one_is_too_far_away(self, world: World) -> None:
        channel = self.invite_before_the_window_closes(world, {"send_window": {"hours": "9-17"}})
        assert send(world, channel) is FAILED
        assert (world.invitation(1).last_error, world.invitation(1).ended_reason) == (
            INELIGIBLE_AT_SEND,
            Reason.OUTSIDE_WINDOW,
        )

    def test_waits_for_the_next_one_that_is_near(self, world: World) -> None:
        window = {"hours": "9-17", "days": ["fri", "sat"], "defer": "17h"}
        channel = self.invite_before_the_window_closes(world, {"send_window": window})
        assert put_off_until(world, channel) == START + DAY

    def test_goes_in_the_next_one_that_nothing_had_to_wait_for(self, world: World) -> None:
        channel = self.invite_before_the_window_closes(world, {"send_window": {"hours": "9-17"}})
        world.clock.advance(3 * DAY - 8 * HOUR)
        assert send(world, channel) is SENT


def test_just_before_it_expires_it_still_goes(world: World) -> None:
    world.add_survey(throttle={"send_window": "any"})
    world.invite()
    world.clock.advance(3 * DAY - timedelta(microseconds=1))
    assert send(world, FakeChannel(world)) is SENT


def test_a_message_that_may_be_out_is_not_called_undelivered_when_the_person_opts_out(invited: World) -> None:
    channel = FakeChannel(invited, Crash())
    send(invited, channel)
    invited.clock.advance(HOUR)
    invited.wish("bob@", "opt-out", scope="all")
    assert send(invited, channel) is UNCERTAIN
    assert len(channel.messages) == 1


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.DISMISSED, Outcome.SNOOZED])
@pytest.mark.parametrize("first", [None, SendError("SMTP: TimeoutError", uncertain=True)])
def test_who_reacted_already_gets_no_mail(invited: World, outcome: Outcome, first: SendError | None) -> None:
    channel = FakeChannel(invited, first)
    if first is not None:
        assert send(invited, channel) is SENDING
    react(invited, outcome)
    assert send(invited, channel) is (InvitationState.CANCELLED if first is None else UNCERTAIN)
    assert len(channel.messages) == (0 if first is None else 1)
    assert (invited.invitation(1).last_error, invited.invitation(1).outcome) == (REACTED, outcome)


def react(world: World, outcome: Outcome) -> None:
    ticket = world.ticket(world.invitation(1))
    if outcome is Outcome.ANSWERED:
        submit_response(world.database, world.clock, ticket, {"satisfaction": ["5"]})
    else:
        leave_survey(world.database, world.clock, ticket, outcome)


def test_what_was_answered_while_it_waited_is_withdrawn_no_more(world: World) -> None:
    world.add_survey(trigger={"events": ["failed"], "delay": "1h", "cancel_on": ["fixed"]}, throttle=EAGER)
    world.invite(name="failed")
    react(world, Outcome.ANSWERED)
    world.decide(name="fixed")
    assert world.invitation(1).state is QUEUED


def test_an_invitation_that_is_not_there_is_no_work(world: World) -> None:
    channel = FakeChannel(world)
    asyncio.run(sending(world, channel, 9))
    assert channel.messages == []


class TestTheLiveVersion:
    """Whether it asks, and whom, is said by the version that is live."""

    WAITS: ClassVar = {"trigger": {"events": ["build.finished"], "delay": "1h"}}

    def test_that_pauses_keeps_what_waits_from_going(self, world: World) -> None:
        world.add_survey(throttle=EAGER, **self.WAITS)
        world.invite()
        world.add_survey(throttle=EAGER | {"pause": True}, **self.WAITS)
        world.clock.advance(HOUR)
        assert send(world, FakeChannel(world)) is FAILED

    def test_that_begins_later_does_too(self, world: World) -> None:
        world.add_survey(throttle=EAGER, **self.WAITS)
        world.invite()
        world.add_survey(throttle=EAGER, starts_at=f"{START + 9 * DAY:%Y-%m-%dT%H:%M:%SZ}", **self.WAITS)
        world.clock.advance(HOUR)
        assert send(world, FakeChannel(world)) is FAILED
        assert world.invitation(1).ended_reason is Reason.SURVEY_NOT_LIVE

    def test_that_holds_the_person_out_does_too(self, world: World) -> None:
        world.add_survey(throttle=EAGER, **self.WAITS)
        world.invite()
        world.add_survey(throttle=EAGER | {"holdout": 1.0}, **self.WAITS)
        world.clock.advance(HOUR)
        assert send(world, FakeChannel(world)) is FAILED
        assert world.invitation(1).ended_reason is Reason.HOLDOUT

    def test_that_changes_the_questions_does_not(self, world: World) -> None:
        world.add_survey(throttle=EAGER, **self.WAITS)
        world.invite()
        world.add_survey(throttle=EAGER, title="Another title", **self.WAITS)
        world.clock.advance(HOUR)
        channel = FakeChannel(world)
        assert send(world, channel) is SENT
        assert channel.messages[0].title == "How was your build?"


def test_it_waits_for_events_that_could_withdraw_it_and_are_not_decided(world: World) -> None:
    trigger = {"events": ["failed"], "not_followed_by": {"events": ["fixed"], "within": "10m"}}
    world.add_survey(trigger=trigger, throttle=EAGER)
    world.invite(name="failed")
    world.clock.advance(HOUR)
    with world.database.write() as connection:
        jobs.add_jobs(connection, JobKind.EVALUATE_EVENT, [99], run_at=world.clock.now)
    channel = FakeChannel(world)
    assert put_off_until(world, channel) == world.clock.now + timedelta(seconds=1)
    assert channel.messages == []
