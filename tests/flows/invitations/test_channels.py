"""By which channel does an invitation go, and by which one when that fails?"""

import asyncio
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from afterword.channels.base import Message, SendError
from afterword.domain.invitation import InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.reason import Reason
from afterword.flows.invitations.send_invitation import send_invitation
from afterword.flows.invitations.send_reminder import send_reminder
from afterword.flows.job_kinds import JobKind
from afterword.flows.throttle.evaluate_events import evaluate_events
from afterword.storage import jobs
from afterword.storage.tables import job
from tests.flows.world import EAGER, World
from tests.storage.support import HOUR, MINUTE

SLACK, EMAIL = ChannelKind.SLACK, ChannelKind.EMAIL
QUEUED, SENDING, SENT = InvitationState.QUEUED, InvitationState.SENDING, InvitationState.SENT
UNCERTAIN, FAILED = InvitationState.UNCERTAIN, InvitationState.FAILED

GONE = SendError("Slack: users_not_found", permanent=True)
BUSY = SendError("Slack: takes no connection")
SILENT = SendError("Slack: did not answer", uncertain=True)
DAY = timedelta(days=1)


class Recorder:
    """Takes messages, and fails as told."""

    def __init__(self, name: str, *errors: SendError | None) -> None:
        self.name = name
        self._errors = list(errors)
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error


class Post:
    """Both channels, and the worker's part of one invitation."""

    def __init__(
        self, world: World, slack: tuple[SendError | None, ...] = (), email: tuple[SendError | None, ...] = ()
    ) -> None:
        self.world = world
        self.slack, self.email = Recorder("slack", *slack), Recorder("email", *email)
        self.channels = {EMAIL: self.email, SLACK: self.slack}
        self.raised: SendError | None = None

    def invite(self, *, throttle: dict[str, object] | None = None, **event: object) -> None:
        """Reserve the invitation number 1."""
        self.world.add_survey(throttle=EAGER | (throttle or {}))
        event_id = self.world.add_event(**event)  # type: ignore[arg-type]
        ids = evaluate_events(self.world.database, self.world.clock, [event_id], channels=self.channels)
        assert ids == {event_id}, self.world.ledger(event_id)

    def attempt(self, *, is_last: bool = False) -> datetime | None:
        """One attempt of the worker; when it is to come again without having failed."""
        world, self.raised = self.world, None
        work = send_invitation(
            world.database, world.clock, world.links, self.channels, 1, is_last_attempt=is_last
        )
        try:
            return asyncio.run(work)
        except SendError as error:
            self.raised = error
            return None

    @property
    def sent(self) -> tuple[int, int]:
        """How many messages were handed to Slack, and to mail."""
        return len(self.slack.messages), len(self.email.messages)

    @property
    def state(self) -> tuple[InvitationState, ChannelKind | None]:
        found = self.world.invitation(1)
        return found.state, found.channel


class TestTheFirstOne:
    def test_is_slack_where_the_survey_does_not_say(self, world: World) -> None:
        post = Post(world)
        post.invite()
        assert world.invitation(1).channel is None
        assert post.attempt() is None
        assert (post.sent, post.state) == ((1, 0), (SENT, SLACK))

    def test_is_the_first_that_the_survey_names(self, world: World) -> None:
        post = Post(world)
        post.invite(throttle={"channels": ["email", "slack"]})
        post.attempt()
        assert (post.sent, post.state) == ((0, 1), (SENT, EMAIL))

    def test_is_mail_for_who_wants_nothing_in_slack(self, world: World) -> None:
        world.wish("bob@", "opt-out", scope="channel", value="slack")
        post = Post(world)
        post.invite()
        post.attempt()
        assert (post.sent, post.state) == ((0, 1), (SENT, EMAIL))

    def test_is_mail_for_who_says_so_while_it_waits(self, world: World) -> None:
        post = Post(world, slack=(BUSY,))
        post.invite()
        post.attempt()
        world.wish("bob@", "opt-out", scope="channel", value="slack")
        assert post.attempt() == world.clock.now
        post.attempt()
        assert (post.sent, post.state) == ((1, 1), (SENT, EMAIL))

    def test_is_one_that_reaches_the_person(self, world: World) -> None:
        world.set_person("bob@", email="böb@example.com")
        post = Post(world)
        post.invite(throttle={"channels": ["email", "slack"]}, email="bob@example.com")
        post.attempt()
        assert (post.sent, post.state) == ((1, 0), (SENT, SLACK))


class TestWhoHasNone:
    def test_is_not_invited_and_the_ledger_says_what_was_tried(self, world: World) -> None:
        world.set_person("bob@", email="böb@example.com")
        world.add_survey()
        (entry,) = world.decide(email="bob@example.com")
        (verdict,) = [one for one in entry.verdicts if one.reason is Reason.NO_CHANNEL]
        assert entry.reason is Reason.NO_CHANNEL
        assert verdict.saw == {"tried": "email"}

    def test_has_none_either_where_the_survey_names_only_what_is_not_there(self, world: World) -> None:
        world.add_survey(throttle=EAGER | {"channels": ["slack"]})
        (entry,) = world.decide()
        assert entry.reason is Reason.NO_CHANNEL

    def test_has_opted_out_when_the_person_wants_none_of_the_surveys_channels(self, world: World) -> None:
        world.wish("bob@", "opt-out", scope="channel", value="slack")
        world.add_survey(throttle=EAGER | {"channels": ["slack"]})
        event_id = world.add_event()
        assert not evaluate_events(world.database, world.clock, [event_id], channels=(EMAIL, SLACK))
        assert [entry.reason for entry in world.ledger(event_id)] == [Reason.OPTED_OUT]


class TestAfterARefusal:
    def test_for_good_the_next_one_carries_it_at_once(self, world: World) -> None:
        post = Post(world, slack=(GONE,))
        post.invite()
        assert post.attempt() == world.clock.now
        assert post.state == (QUEUED, EMAIL)
        assert post.attempt() is None
        assert (post.sent, post.state) == ((1, 1), (SENT, EMAIL))
        assert world.invitation(1).last_error is None

    def test_for_good_by_the_last_one_it_has_failed(self, world: World) -> None:
        post = Post(world, slack=(GONE,), email=(GONE,))
        post.invite()
        post.attempt()
        assert post.attempt() is None
        assert post.raised is GONE
        assert post.state == (FAILED, EMAIL)

    def test_the_next_one_gets_as_many_tries(self, world: World) -> None:
        post = Post(world, slack=(GONE,))
        post.invite()
        with world.database.write() as connection:
            connection.execute(job.update().where(job.c.kind == JobKind.SEND_INVITATION).values(attempts=7))
        post.attempt()
        with world.database.write() as connection:
            lease = {"lease": "x", "now": world.clock.now, "leased_until": world.clock.now + HOUR}
            (claimed,) = jobs.claim(connection, JobKind.SEND_INVITATION, limit=1, **lease)
            jobs.put_off(connection, claimed, run_at=world.clock.now)
            (claimed,) = jobs.claim(connection, JobKind.SEND_INVITATION, limit=1, **lease)
        # The one at hand became the first, was claimed twice more, and put off once, which is no try.
        assert claimed.attempts == 2

    def test_for_good_in_slack_alone_other_surveys_still_ask_by_mail(self, world: World) -> None:
        post = Post(world, slack=(GONE,))
        post.invite(throttle={"channels": ["slack"]})
        post.attempt()
        assert post.state == (FAILED, SLACK)
        by_mail = {"throttle": EAGER | {"channels": ["email"]}, "trigger": {"events": ["deploy.finished"]}}
        world.add_survey("deploys", **by_mail)
        events = [world.add_event(), world.add_event(name="deploy.finished")]
        evaluate_events(world.database, world.clock, events, channels=post.channels)
        reasons = [entry.reason for event_id in events for entry in world.ledger(event_id)]
        assert reasons == [Reason.NO_CHANNEL, Reason.INVITED]


class TestAFailureForNow:
    THROTTLE: ClassVar = {"next_channel_after": "30m"}

    def test_is_tried_again_by_the_same_one_until_its_time_is_over(self, world: World) -> None:
        post = Post(world, slack=(BUSY, BUSY, BUSY))
        post.invite(throttle=self.THROTTLE)
        post.attempt()
        assert post.raised is not None
        assert post.raised.next_channel_in_s == 1_800
        world.clock.advance(1_799)
        post.attempt()
        assert post.raised is not None
        assert (post.raised.next_channel_in_s, post.sent) == (1, (2, 0))
        world.clock.advance(1)
        assert post.attempt() == world.clock.now
        post.attempt()
        assert (post.sent, post.state) == ((2, 1), (SENT, EMAIL))

    def test_of_the_last_try_waits_for_the_next_ones_turn(self, world: World) -> None:
        post = Post(world, slack=(BUSY,))
        post.invite(throttle=self.THROTTLE)
        assert post.attempt(is_last=True) == world.clock.now + 30 * MINUTE
        assert post.state == (QUEUED, SLACK)
        world.clock.advance(1_800)
        post.attempt(is_last=True)
        post.attempt()
        assert (post.sent, post.state) == ((1, 1), (SENT, EMAIL))

    def test_of_the_last_channel_is_tried_on(self, world: World) -> None:
        post = Post(world, slack=(GONE,), email=(BUSY, None))
        post.invite(throttle=self.THROTTLE)
        post.attempt()
        post.attempt()
        assert post.raised is not None
        world.clock.advance(7_200)
        post.attempt()
        assert (post.sent, post.state) == ((1, 2), (SENT, EMAIL))

    def test_of_the_last_channel_and_the_last_try_is_the_end(self, world: World) -> None:
        post = Post(world, slack=(GONE,), email=(BUSY,))
        post.invite(throttle=self.THROTTLE)
        post.attempt()
        assert post.attempt(is_last=True) is None
        assert post.state == (FAILED, EMAIL)


class TestWhatMayBeOut:
    @pytest.mark.parametrize("then", [SILENT, GONE, BUSY])
    def test_is_never_carried_by_another_channel(self, world: World, then: SendError) -> None:
        post = Post(world, slack=(SILENT, then))
        post.invite(throttle={"next_channel_after": "1m"})
        post.attempt()
        assert post.state == (SENDING, SLACK)
        for _ in range(3):
            world.clock.advance(7_200)
            post.attempt()
        assert post.email.messages == []
        assert post.world.invitation(1).channel is SLACK

    def test_is_left_alone_when_its_channel_is_not_wanted_any_more(self, world: World) -> None:
        post = Post(world, slack=(SILENT,))
        post.invite()
        post.attempt()
        world.wish("bob@", "opt-out", scope="channel", value="slack")
        post.attempt()
        assert (post.sent, post.state) == ((1, 0), (UNCERTAIN, SLACK))


class TestAReminder:
    THROTTLE: ClassVar = {"reminders": {"after": "1d"}}

    def remind(self, post: Post) -> None:
        world = post.world
        world.clock.advance(DAY.total_seconds())
        asyncio.run(send_reminder(world.database, world.clock, world.links, post.channels, 1))

    def test_goes_by_the_invitations_channel(self, world: World) -> None:
        post = Post(world, slack=(GONE,))
        post.invite(throttle=self.THROTTLE)
        post.attempt()
        post.attempt()
        self.remind(post)
        assert post.sent == (1, 2)
        assert post.email.messages[-1].is_reminder

    def test_does_not_go_when_that_is_not_wanted_any_more(self, world: World) -> None:
        post = Post(world)
        post.invite(throttle=self.THROTTLE)
        post.attempt()
        world.wish("bob@", "opt-out", scope="channel", value="slack")
        self.remind(post)
        assert post.sent == (1, 0)


class TestTheIdInSlack:
    def test_is_told_to_slack_in_its_capital_letters(self, world: World) -> None:
        world.import_people("email,name,slack_id\nbob@example.com,Bob,u012ab3cd\n")
        post = Post(world)
        post.invite()
        post.attempt()
        assert [message.to_slack_id for message in post.slack.messages] == ["U012AB3CD"]

    def test_is_left_to_slack_where_the_directory_does_not_know_it(self, world: World) -> None:
        post = Post(world)
        post.invite()
        post.attempt()
        assert [message.to_slack_id for message in post.slack.messages] == [None]
