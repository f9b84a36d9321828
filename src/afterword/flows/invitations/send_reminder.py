"""How is somebody reminded, once, who has not answered?"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

from afterword.channels.base import Channel, Message, SendError
from afterword.domain.invitation import InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.rules.exposures import may_remind
from afterword.flows.invitations.second_look import Case, compose_message, look_again
from afterword.flows.links import Links
from afterword.flows.throttle.decision_facts import list_asked
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import invitations, people
from afterword.storage.engine import Database
from afterword.storage.invitations import Invitation


async def send_reminder(
    database: Database,
    clock: Clock,
    links: Links,
    channels: Mapping[ChannelKind, Channel],
    invitation_id: int,
) -> datetime | None:
    """
    Send the one reminder of an invitation, unless the person reacted or must not be asked any more.

    It goes by the invitation's channel, and is marked as sent before the first byte: rather none than two.

    Returns:
        When to come again, when it is not the hour for a mail; None when there is nothing left to do.

    Raises:
        SendError: Not sent, and not marked, unless it may have gone out all the same.
    """
    found = await asyncio.to_thread(_begin, database, clock, links, channels, invitation_id)
    if not isinstance(found, tuple):
        return found
    channel, message = found
    try:
        await channels[channel].send(message)
    except SendError as error:
        if error.uncertain:
            return None
        await asyncio.to_thread(_take_back, database, invitation_id)
        raise
    return None


def _begin(
    database: Database, clock: Clock, links: Links, channels: Collection[ChannelKind], invitation_id: int
) -> tuple[ChannelKind, Message] | datetime | None:
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        invitation = invitations.get_invitation(connection, invitation_id)
        if invitation is None:
            return None
        # As a decision does: two exposures of one person at once would not see each other.
        people.lock_people(connection, [invitation.person_id])
        invitation = invitations.get_invitation(connection, invitation_id, lock=True)
        if invitation is None or not _is_silent(invitation):
            return None
        case = look_again(connection, channels, invitation, now, is_reminder=True)
        if isinstance(case, datetime):
            return min(case, invitation.expires_at)
        if not isinstance(case, Case):
            return None
        asked = list_asked(connection, [case.person.id], with_tags=bool(case.policy.group_caps))
        if not may_remind(asked.get(case.person.id, ()), case.definition.tags, case.policy, now):
            return None
        invitations.set_reminded(connection, invitation_id, now)
        return case.channel, compose_message(connection, links, case, now, is_reminder=True)


def _is_silent(invitation: Invitation) -> bool:
    """Whether the mail is out, and nothing came back."""
    is_out = invitation.state is InvitationState.SENT
    return is_out and invitation.outcome is None and invitation.reminded_at is None


def _take_back(database: Database, invitation_id: int) -> None:
    with database.write() as connection:
        invitations.set_reminded(connection, invitation_id, None)
