"""How does an invitation go out, at most once as far as anybody can know?"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from afterword.channels.base import Channel, Message, SendError
from afterword.domain.eligibility import decide_again, find_send_time
from afterword.domain.facts import Facts, PersonFacts, SurveyFacts
from afterword.domain.invitation import EXPIRED, INELIGIBLE_AT_SEND, InvitationState
from afterword.domain.preference import find_opt_out
from afterword.domain.question import list_choices
from afterword.domain.survey import Definition
from afterword.domain.survey_state import state_at
from afterword.flows.decision_facts import audience_document
from afterword.flows.links import Links
from afterword.flows.personal_survey import personal
from afterword.flows.policy_levels import find_pauses, find_policy, read_levels
from afterword.flows.preferences import quiet_hours_of, zone_of
from afterword.flows.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import events, invitations, people, preferences, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation
from afterword.storage.people import Person
from afterword.storage.surveys import Survey


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
        await asyncio.to_thread(_set_state, database, invitation_id, state, None, str(failure))
        raise
    sent_at = to_datetime(clock.now_us())
    await asyncio.to_thread(_set_state, database, invitation_id, InvitationState.SENT, sent_at, None)
    return None


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


@dataclass(frozen=True, slots=True)
class _Case:
    """An invitation with all that its message is worded from."""

    invitation: Invitation
    person: Person
    survey: Survey
    event: StoredEvent
    definition: Definition


def _begin(database: Database, clock: Clock, links: Links, invitation_id: int) -> _Attempt | datetime | None:
    """Decide a second time, mark the invitation as sending, and word the message."""
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        invitation = invitations.get_invitation(connection, invitation_id)
        if invitation is None or invitation.state not in (InvitationState.QUEUED, InvitationState.SENDING):
            return None
        # Found in sending, a message may be out already: its earlier sender died, or never heard an answer.
        is_repeated = invitation.state is InvitationState.SENDING
        case = _look(connection, invitation, now)
        if isinstance(case, datetime):
            # At its expiry it is looked at again, and ends there.
            return min(case, invitation.expires_at)
        if isinstance(case, str):
            ended = InvitationState.UNCERTAIN if is_repeated else InvitationState.FAILED
            invitations.set_state(connection, invitation.id, ended, error=case)
            return None
        # Committed before the first byte; a try after an unknown end is the last one.
        state = InvitationState.UNCERTAIN if is_repeated else InvitationState.SENDING
        invitations.set_state(connection, invitation.id, state)
        return _Attempt(_message(connection, links, case, now), is_repeated)


def _look(connection: Connection, invitation: Invitation, now: datetime) -> _Case | datetime | str:
    """What the message is worded from, when to look again, or why it must not go any more."""
    person = people.get_person(connection, invitation.person_id)
    survey = surveys.get_survey(connection, invitation.survey_id)
    event = events.get_event(connection, invitation.event_id)
    if now >= invitation.expires_at:
        return EXPIRED
    if person is None or event is None or person.erased_at is not None:
        return INELIGIBLE_AT_SEND
    text = surveys.get_definition(connection, survey.id, invitation.survey_version)
    definition = read_definition(text)
    levels = read_levels(connection, survey.project_id)
    phase = state_at(survey.state, definition.starts_at, definition.ends_at, now)
    asked = SurveyFacts(survey.id, survey.project_id, phase, paused=find_pauses(levels, text))
    facts = _facts(connection, invitation, person, asked)
    policy = find_policy(levels, survey.key, text)
    if decide_again(facts, policy, now) is not None:
        return INELIGIBLE_AT_SEND
    send_at = find_send_time(facts, policy, now)
    return send_at if send_at > now else _Case(invitation, person, survey, event, definition)


def _facts(connection: Connection, invitation: Invitation, person: Person, survey: SurveyFacts) -> Facts:
    """What may have changed since the invitation was reserved."""
    opt_outs = preferences.list_opt_outs(connection, person.id)
    return Facts(
        event_id=invitation.event_id,
        occurred_at=invitation.created_at,
        is_test=invitation.is_test,
        survey=survey,
        person=PersonFacts(
            id=person.id,
            is_bot=person.is_bot,
            is_active=person.is_active,
            is_tester=person.is_tester,
            opt_out=find_opt_out(person.opted_out_at, opt_outs, survey.project_id),
            snoozed_until=person.snoozed_until,
            has_channel=bool(person.email) and person.email.isascii(),
            zone=zone_of(person),
            quiet=quiet_hours_of(person),
            document=audience_document(person),
        ),
    )


def _message(connection: Connection, links: Links, case: _Case, now: datetime) -> Message:
    invitation, person, survey = case.invitation, case.person, case.survey
    definition = personal(case.definition, invitation.id, person, case.event)
    first = definition.questions[0]

    def answer_url(preselect: dict[str, str] | None = None) -> str:
        return links.answer(invitation.id, invitation.message_id, preselect)

    return Message(
        message_id=invitation.message_id,
        to_email=person.email,
        to_name=person.name,
        project=survey.project_name,
        title=definition.title,
        introduction=definition.introduction,
        event_name=case.event.name,
        first_question=first,
        question_count=len(definition.questions),
        answer_url=answer_url(),
        choice_urls={value: answer_url({first.key: value}) for value in list_choices(first)},
        person_url=links.person(person.id, person.created_at),
        unsubscribe_url=links.unsubscribe(person.id, person.created_at),
        expires_at=invitation.expires_at,
        created_at=now,
        is_test=invitation.is_test,
    )
