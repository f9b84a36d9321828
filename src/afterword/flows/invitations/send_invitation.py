"""How does an invitation go out, at most once as far as anybody can know?"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from afterword.channels.base import Channel, Message, SendError
from afterword.domain.invitation import REACTED, InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.flows.invitations.second_look import Case, Ended, compose_message, look_again
from afterword.flows.job_kinds import JobKind
from afterword.flows.links import Links
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import invitations, jobs
from afterword.storage.engine import Connection, Database


async def send_invitation(
    database: Database,
    clock: Clock,
    links: Links,
    channels: Mapping[ChannelKind, Channel],
    invitation_id: int,
    *,
    is_last_attempt: bool,
) -> datetime | None:
    """
    Send one invitation, unless it went out already or must not any more.

    ``sending`` is committed before the first byte. Whoever finds it there later
    cannot know whether the mail went, and sends once more with the same
    Message-ID and link; found ``uncertain``, it is left alone. A channel that
    can't deliver it for good, or not for the time that the policy gives it,
    hands over to the next one, unless a message may be out.

    Returns:
        When to come again, when it is one of the person's quiet hours or the next channel's turn; None when
        there is nothing left to do.

    Raises:
        SendError: Not sent; the state of the invitation says the same.
    """
    attempt = await asyncio.to_thread(_begin, database, clock, links, channels, invitation_id)
    if not isinstance(attempt, _Attempt):
        return attempt
    try:
        await channels[attempt.channel].send(attempt.message)
    except Exception as error:
        # A channel tells every failed delivery by SendError; anything else is a bug, and nothing went out.
        failure = error if isinstance(error, SendError) else SendError(f"{type(error).__name__}: see the log")
        now = to_datetime(clock.now_us())
        come_again_at = await asyncio.to_thread(
            _settle_failure, database, attempt, failure, now, is_last_attempt=is_last_attempt
        )
        if come_again_at is not None:
            return come_again_at
        raise
    sent_at = to_datetime(clock.now_us())
    await asyncio.to_thread(_set_sent, database, attempt, sent_at)
    return None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """
    A message to send.

    Attributes:
        is_repeated: An earlier one may have gone out already.
        next_channel: Which one carries it when this one can't; None = there is no other.
        next_turn_at: When that one carries it even if this one fails only for now.
        remind_at: When a reminder is due; None = there is none.
    """

    invitation_id: int
    message: Message
    channel: ChannelKind
    is_repeated: bool
    next_channel: ChannelKind | None = None
    next_turn_at: datetime | None = None
    remind_at: datetime | None = None


def _settle_failure(
    database: Database, attempt: _Attempt, failure: SendError, now: datetime, *, is_last_attempt: bool
) -> datetime | None:
    """Write down what a failure means for the invitation; when to come again for its next channel, if so."""
    turn_at = None if failure.uncertain or attempt.is_repeated else attempt.next_turn_at
    with database.write() as connection:
        if not _is_there(connection, attempt):
            return None
        if turn_at is not None and attempt.next_channel is not None and failure.permanent:
            _hand_over(connection, attempt.invitation_id, attempt.next_channel, str(failure))
            return now
        is_given_up = is_last_attempt and turn_at is None
        state = _state_after(failure, attempt, is_last_attempt=is_given_up)
        failed_at = now if state is InvitationState.FAILED else None
        invitations.set_state(
            connection, attempt.invitation_id, state, failed_at=failed_at, error=str(failure)
        )
    if turn_at is None:
        return None
    failure.next_channel_in_s = max(0.0, (turn_at - now).total_seconds())
    # There it is seen that the time of this channel is over.
    return max(turn_at, now) if is_last_attempt else None


def _is_there(connection: Connection, attempt: _Attempt) -> bool:
    """
    Whether the invitation was not erased while its message was on the way.

    SQLite gives the id of the last one to the next one: what became of the message would be told of another
    person's invitation.
    """
    found = invitations.get_invitation(connection, attempt.invitation_id, lock=True)
    return found is not None and found.message_id == attempt.message.message_id


def _hand_over(connection: Connection, invitation_id: int, channel: ChannelKind, error: str | None) -> None:
    """Let the next channel carry it, with as many tries as the one before had."""
    invitations.set_channel(connection, invitation_id, channel, None)
    invitations.set_state(connection, invitation_id, InvitationState.QUEUED, error=error)
    jobs.begin_anew(connection, JobKind.SEND_INVITATION, invitation_id)


def _state_after(error: SendError, attempt: _Attempt, *, is_last_attempt: bool) -> InvitationState:
    may_be_out = error.uncertain or attempt.is_repeated
    is_over = error.permanent or is_last_attempt or (error.uncertain and attempt.is_repeated)
    if is_over:
        # A refusal now says nothing of the earlier message: who has that one must not find its link closed.
        return InvitationState.UNCERTAIN if may_be_out else InvitationState.FAILED
    return InvitationState.SENDING if may_be_out else InvitationState.QUEUED


def _set_sent(database: Database, attempt: _Attempt, sent_at: datetime) -> None:
    with database.write() as connection:
        if not _is_there(connection, attempt):
            return
        invitations.set_state(connection, attempt.invitation_id, InvitationState.SENT, sent_at=sent_at)
        if attempt.remind_at is not None:
            reminder = attempt.invitation_id, attempt.remind_at
            jobs.add_jobs_at(connection, JobKind.SEND_REMINDER, [reminder])


def _remind_at(case: Case, now: datetime) -> datetime | None:
    """When the one reminder goes out to who has not answered by then; not of a test."""
    after = case.policy.reminder_after
    if after is None or case.invitation.is_test or now + after >= case.invitation.expires_at:
        return None
    return now + after


def _begin(
    database: Database, clock: Clock, links: Links, channels: Collection[ChannelKind], invitation_id: int
) -> _Attempt | datetime | None:
    """Decide a second time, mark the invitation as sending, and word the message."""
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        invitation = invitations.get_invitation(connection, invitation_id, lock=True)
        if invitation is None or invitation.state not in (InvitationState.QUEUED, InvitationState.SENDING):
            return None
        # Found in sending, a message may be out already: its earlier sender died, or never heard an answer.
        is_repeated = invitation.state is InvitationState.SENDING
        case = look_again(connection, channels, invitation, now)
        if isinstance(case, datetime):
            # At its expiry it is looked at again, and ends there.
            return min(case, invitation.expires_at)
        if isinstance(case, Ended):
            unsent = InvitationState.CANCELLED if case.error == REACTED else InvitationState.FAILED
            ended = InvitationState.UNCERTAIN if is_repeated else unsent
            invitations.set_state(connection, invitation.id, ended, error=case.error, reason=case.reason)
            return None
        if invitation.channel is not None and case.channel is not invitation.channel:
            _hand_over(connection, invitation.id, case.channel, invitation.last_error)
            return now
        since = invitation.channel_since or now
        invitations.set_channel(connection, invitation.id, case.channel, since)
        # Committed before the first byte; a try after an unknown end is the last one.
        state = InvitationState.UNCERTAIN if is_repeated else InvitationState.SENDING
        invitations.set_state(connection, invitation.id, state)
        return _Attempt(
            invitation.id,
            compose_message(connection, links, case, now),
            case.channel,
            is_repeated,
            case.next_channel,
            None if case.next_channel is None else since + case.policy.next_channel_after,
            _remind_at(case, now),
        )
