"""How does an invitation go out, at most once as far as anybody can know?"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from afterword.channels.base import Channel, Message, SendError
from afterword.domain.invitation import REACTED, InvitationState
from afterword.flows.invitations.second_look import Case, Ended, compose_message, look_again
from afterword.flows.job_kinds import JobKind
from afterword.flows.links import Links
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import invitations, jobs
from afterword.storage.engine import Database


async def send_invitation(
    database: Database,
    clock: Clock,
    links: Links,
    channel: Channel,
    invitation_id: int,
    *,
    is_last_attempt: bool,
) -> datetime | None:
    """
    Send one invitation, unless it went out already or must not any more.

    ``sending`` is committed before the first byte. Whoever finds it there later
    cannot know whether the mail went, and sends once more with the same
    Message-ID and link; found ``uncertain``, it is left alone.

    Returns:
        When to come again, when it is one of the person's quiet hours; None when there is nothing left to do.

    Raises:
        SendError: Not sent; the state of the invitation says the same.
    """
    attempt = await asyncio.to_thread(_begin, database, clock, links, invitation_id)
    if not isinstance(attempt, _Attempt):
        return attempt
    try:
        await channel.send(attempt.message)
    except Exception as error:
        # A channel tells every failed delivery by SendError; anything else is a bug, and nothing went out.
        failure = error if isinstance(error, SendError) else SendError(f"{type(error).__name__}: see the log")
        state = _state_after(failure, attempt, is_last_attempt=is_last_attempt)
        failed_at = to_datetime(clock.now_us()) if state is InvitationState.FAILED else None
        await asyncio.to_thread(_set_failed, database, invitation_id, state, failed_at, str(failure))
        raise
    sent_at = to_datetime(clock.now_us())
    await asyncio.to_thread(_set_sent, database, invitation_id, sent_at, attempt.remind_at)
    return None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """
    A message to send.

    Attributes:
        is_repeated: An earlier one may have gone out already.
        remind_at: When a reminder is due; None = there is none.
    """

    message: Message
    is_repeated: bool
    remind_at: datetime | None = None


def _state_after(error: SendError, attempt: _Attempt, *, is_last_attempt: bool) -> InvitationState:
    if error.uncertain and (attempt.is_repeated or is_last_attempt):
        return InvitationState.UNCERTAIN
    if error.permanent or is_last_attempt:
        return InvitationState.FAILED
    maybe_sent = error.uncertain or attempt.is_repeated
    return InvitationState.SENDING if maybe_sent else InvitationState.QUEUED


def _set_failed(
    database: Database, invitation_id: int, state: InvitationState, failed_at: datetime | None, error: str
) -> None:
    with database.write() as connection:
        invitations.set_state(connection, invitation_id, state, failed_at=failed_at, error=error)


def _set_sent(database: Database, invitation_id: int, sent_at: datetime, remind_at: datetime | None) -> None:
    with database.write() as connection:
        invitations.set_state(connection, invitation_id, InvitationState.SENT, sent_at=sent_at)
        if remind_at is not None:
            jobs.add_jobs_at(connection, JobKind.SEND_REMINDER, [(invitation_id, remind_at)])


def _remind_at(case: Case, now: datetime) -> datetime | None:
    """When the one reminder goes out to who has not answered by then; not of a test."""
    after = case.policy.reminder_after
    if after is None or case.invitation.is_test or now + after >= case.invitation.expires_at:
        return None
    return now + after


def _begin(database: Database, clock: Clock, links: Links, invitation_id: int) -> _Attempt | datetime | None:
    """Decide a second time, mark the invitation as sending, and word the message."""
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        invitation = invitations.get_invitation(connection, invitation_id, lock=True)
        if invitation is None or invitation.state not in (InvitationState.QUEUED, InvitationState.SENDING):
            return None
        # Found in sending, a message may be out already: its earlier sender died, or never heard an answer.
        is_repeated = invitation.state is InvitationState.SENDING
        case = look_again(connection, invitation, now)
        if isinstance(case, datetime):
            # At its expiry it is looked at again, and ends there.
            return min(case, invitation.expires_at)
        if isinstance(case, Ended):
            unsent = InvitationState.CANCELLED if case.error == REACTED else InvitationState.FAILED
            ended = InvitationState.UNCERTAIN if is_repeated else unsent
            invitations.set_state(connection, invitation.id, ended, error=case.error, reason=case.reason)
            return None
        # Committed before the first byte; a try after an unknown end is the last one.
        state = InvitationState.UNCERTAIN if is_repeated else InvitationState.SENDING
        invitations.set_state(connection, invitation.id, state)
        return _Attempt(compose_message(links, case, now), is_repeated, _remind_at(case, now))
