"""Is somebody reminded once, only while they are silent, and within what they may be asked?"""

import asyncio
from datetime import datetime, timedelta

import pytest

from afterword.channels.base import SendError
from afterword.domain.throttle.facts import Outcome
from afterword.flows.invitations.send_reminder import send_reminder
from afterword.flows.job_kinds import JobKind
from afterword.storage import invitations, jobs
from afterword.storage.invitations import Invitation
from tests.flows.invitations.test_send_invitation import EMAIL, FakeChannel, sending
from tests.flows.world import EAGER, NO_CAP, World
from tests.storage.support import DAY, HOUR, START

REMINDS = EAGER | {"reminders": {"after": "24h"}}


def invite(world: World, throttle: dict[str, object] = REMINDS, **event: object) -> Invitation:
    """An invitation whose mail is out."""
    world.add_survey(throttle=throttle)
    invited = world.invite(**event)
    channel = FakeChannel(world)
    asyncio.run(sending(world, channel, invited.id))
    return world.invitation(invited.id)


def remind(world: World, channel: FakeChannel, invitation: Invitation) -> datetime | None:
    channels = {EMAIL: channel}
    return asyncio.run(send_reminder(world.database, world.clock, world.links, channels, invitation.id))


def waiting(world: World) -> list[datetime]:
    """When reminders are due."""
    with world.database.write() as connection:
        found = jobs.claim(
            connection,
            JobKind.SEND_REMINDER,
            lease="x",
            now=world.clock.now + 10 * DAY,
            leased_until=world.clock.now,
            limit=9,
        )
    return [job.subject_id for job in found]


def test_it_is_due_after_its_time(world: World) -> None:
    invited = invite(world)
    assert world.job_times() == [world.clock.now, world.clock.now + DAY]
    assert waiting(world) == [invited.id]


@pytest.mark.parametrize(
    ("throttle", "event"),
    [(EAGER, {}), (REMINDS | {"expires_after": "24h"}, {}), (REMINDS, {"is_test": True})],
    ids=["no reminders", "too late for one", "test"],
)
def test_others_have_none(world: World, throttle: dict[str, object], event: dict[str, object]) -> None:
    invite(world, throttle, **event)
    assert waiting(world) == []


def test_it_says_so_and_leads_to_the_same_link(world: World) -> None:
    invited = invite(world)
    world.clock.advance(DAY)
    channel = FakeChannel(world)
    assert remind(world, channel, invited) is None
    (message,) = channel.messages
    assert (message.is_reminder, message.message_id) == (True, f"{invited.message_id}-reminder")
    assert message.answer_url == world.links.answer(invited.id, invited.message_id, None)
    assert world.invitation(invited.id).reminded_at == world.clock.now


def test_there_is_never_a_second_one(world: World) -> None:
    invited, channel = invite(world), FakeChannel(world)
    for _ in range(2):
        remind(world, channel, invited)
    assert len(channel.messages) == 1


@pytest.mark.parametrize("outcome", Outcome)
def test_who_reacted_is_not_reminded(world: World, outcome: Outcome) -> None:
    invited, channel = invite(world), FakeChannel(world)
    with world.database.write() as connection:
        invitations.set_outcome(connection, invited.id, outcome, world.clock.now)
    assert remind(world, channel, invited) is None
    assert channel.messages == []


def test_who_opted_out_meanwhile_is_not_reminded(world: World) -> None:
    invited, channel = invite(world), FakeChannel(world)
    world.wish("bob@", "opt-out", scope="all", value="")
    assert remind(world, channel, invited) is None
    assert channel.messages == []


def test_who_was_asked_as_often_as_may_be_is_not_reminded(world: World) -> None:
    invited, channel = invite(world, REMINDS | {"caps": NO_CAP | {"2d": 1}}), FakeChannel(world)
    world.clock.advance(DAY)
    remind(world, channel, invited)
    assert (channel.messages, world.invitation(invited.id).reminded_at) == ([], None)
    world.clock.advance(DAY)
    remind(world, channel, invited)
    assert len(channel.messages) == 1


def test_it_counts_for_the_caps(world: World) -> None:
    invited = invite(world, REMINDS | {"caps": NO_CAP | {"7d": 2}})
    world.clock.advance(DAY)
    remind(world, FakeChannel(world), invited)
    (entry,) = world.decide()
    assert [
        verdict.saw["exposures"] for verdict in entry.verdicts if verdict.reason.label == "person_cap"
    ] == [2]
    assert not entry.invited


def test_in_quiet_hours_it_waits(world: World) -> None:
    invited, channel = invite(world), FakeChannel(world)
    world.wish("bob@", "quiet", **{"from": "09:00", "until": "10:30"})
    assert remind(world, channel, invited) == world.clock.now + 90 * timedelta(minutes=1)
    world.clock.advance(2 * HOUR)
    remind(world, channel, invited)
    assert len(channel.messages) == 1


def test_it_waits_for_the_next_hours_of_mails_however_long(world: World) -> None:
    window = {"send_window": {"hours": "9-17"}, "expires_after": "7d"}
    invited, channel = invite(world, REMINDS | window), FakeChannel(world)
    world.clock.advance(DAY)
    assert remind(world, channel, invited) == START + 3 * DAY


@pytest.mark.parametrize("is_uncertain", [True, False])
def test_one_that_may_be_out_is_not_sent_again_and_one_that_is_not_is(
    world: World, is_uncertain: bool
) -> None:
    invited = invite(world)
    error = SendError("SMTP: no answer", uncertain=is_uncertain)
    channel = FakeChannel(world, error)
    if is_uncertain:
        remind(world, channel, invited)
    else:
        with pytest.raises(SendError):
            remind(world, channel, invited)
    assert (world.invitation(invited.id).reminded_at is not None) is is_uncertain
