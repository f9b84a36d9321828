"""How does an invitation go out, at most once as far as anybody can know?"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from afterword.channels.base import Channel, Message, SendError
from afterword.domain.invitation import InvitationState
from afterword.domain.survey import (
    MultipleChoiceQuestion,
    NpsQuestion,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    SurveyState,
)
from afterword.flows.links import Links
from afterword.flows.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import events, invitations, people, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.invitations import Invitation

INELIGIBLE_AT_SEND = "ineligible_at_send"
EXPIRED = "expired"


async def send_invitation(
    database: Database,
    clock: Clock,
    links: Links,
    channel: Channel,
    invitation_id: int,
    *,
    is_last_attempt: bool,
) -> None:
    """
    Send one invitation, unless it went out already or must not any more.

    ``sending`` is committed before the first byte. Whoever finds it there later
    cannot know whether the mail went, and sends once more with the same
    Message-ID and link; found ``uncertain``, it is left alone.

    Raises:
        SendError: Not sent; the state of the invitation says the same.
    """
    attempt = await asyncio.to_thread(_begin, database, clock, links, invitation_id)
    if attempt is None:
        return
    try:
        await channel.send(attempt.message)
    except Exception as error:
        # A channel tells every failed delivery by SendError; anything else is a bug, and nothing went out.
        failure = error if isinstance(error, SendError) else SendError(f"{type(error).__name__}: see the log")
        state = _state_after(failure, attempt, is_last_attempt=is_last_attempt)
        await asyncio.to_thread(_set_state, database, invitation_id, state, None, str(failure))
        raise
    sent_at = to_datetime(clock.now_us())
    await asyncio.to_thread(_set_state, database, invitation_id, InvitationState.SENT, sent_at, None)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A message to send; ``is_repeated`` when an earlier one may have gone out already."""

    message: Message
    is_repeated: bool


def _state_after(error: SendError, attempt: _Attempt, *, is_last_attempt: bool) -> InvitationState:
    if error.uncertain and (attempt.is_repeated or is_last_attempt):
        return InvitationState.UNCERTAIN
    if error.permanent or is_last_attempt:
        return InvitationState.FAILED
    maybe_sent = error.uncertain or attempt.is_repeated
    return InvitationState.SENDING if maybe_sent else InvitationState.QUEUED


def _set_state(
    database: Database,
    invitation_id: int,
    state: InvitationState,
    sent_at: datetime | None,
    error: str | None,
) -> None:
    with database.write() as connection:
        invitations.set_state(connection, invitation_id, state, sent_at=sent_at, error=error)


def _begin(database: Database, clock: Clock, links: Links, invitation_id: int) -> _Attempt | None:
    """Decide a second time, mark the invitation as sending, and word the message."""
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        invitation = invitations.get_invitation(connection, invitation_id)
        if invitation is None or invitation.state not in (InvitationState.QUEUED, InvitationState.SENDING):
            return None
        # Found in sending, a message may be out already: its earlier sender died, or never heard an answer.
        is_repeated = invitation.state is InvitationState.SENDING
        if (obstacle := _obstacle(connection, invitation, now)) is not None:
            ended = InvitationState.UNCERTAIN if is_repeated else InvitationState.FAILED
            invitations.set_state(connection, invitation.id, ended, error=obstacle)
            return None
        # Committed before the first byte; a try after an unknown end is the last one.
        state = InvitationState.UNCERTAIN if is_repeated else InvitationState.SENDING
        invitations.set_state(connection, invitation.id, state)
        message = _message(connection, links, invitation, now)
        return None if message is None else _Attempt(message, is_repeated)


def _obstacle(connection: Connection, invitation: Invitation, now: datetime) -> str | None:
    person = people.get_person(connection, invitation.person_id)
    survey = surveys.get_survey(connection, invitation.survey_id)
    if now >= invitation.expires_at:
        return EXPIRED
    if survey.state is SurveyState.CLOSED or person is None or person.opted_out_at is not None:
        return INELIGIBLE_AT_SEND
    return None


def _message(connection: Connection, links: Links, invitation: Invitation, now: datetime) -> Message | None:
    person = people.get_person(connection, invitation.person_id)
    survey = surveys.get_survey(connection, invitation.survey_id)
    event = events.get_event(connection, invitation.event_id)
    if person is None or event is None:
        return None
    definition = read_definition(surveys.get_definition(connection, survey.id, invitation.survey_version))
    first = definition.questions[0]
    return Message(
        message_id=invitation.message_id,
        to_email=person.email,
        to_name=person.name,
        project=survey.project_name,
        title=definition.title,
        introduction=definition.introduction,
        event_name=event.name,
        first_question=first,
        question_count=len(definition.questions),
        answer_url=links.answer(invitation.id),
        choice_urls={value: links.answer(invitation.id, {first.key: value}) for value in _choices(first)},
        unsubscribe_url=links.unsubscribe(person.id),
        expires_at=invitation.expires_at,
        created_at=now,
        is_test=invitation.is_test,
    )


def _choices(question: Question) -> list[str]:
    match question:
        case RatingQuestion() | NpsQuestion():
            return [str(value) for value in question.scale]
        case SingleChoiceQuestion() | MultipleChoiceQuestion():
            return [option.value for option in question.options]
        case _:
            return []
