"""May an invitation still go out now, and what does its message say?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from afterword.channels.base import Message
from afterword.domain.invitation import EXPIRED, INELIGIBLE_AT_SEND, REACTED, InvitationState
from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.preference import ChannelKind, OptOut, find_opt_out, unwanted_channels
from afterword.domain.people.time_zone import HeldZone
from afterword.domain.survey.paths import count_asked
from afterword.domain.survey.policy import Policy
from afterword.domain.survey.question import list_choices
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.survey_state import state_at
from afterword.domain.throttle.channel_choice import (
    Tried,
    choose_channel,
    list_channels,
    list_usable,
    next_channel,
)
from afterword.domain.throttle.eligibility import decide_again
from afterword.domain.throttle.facts import Facts, PersonFacts, SurveyFacts
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.rules.sending import find_send_time
from afterword.flows.job_kinds import JobKind
from afterword.flows.links import Links
from afterword.flows.people.held_zone import zone_of
from afterword.flows.surveys.personal_survey import personal
from afterword.flows.surveys.policy_levels import find_pauses, find_policy, read_levels
from afterword.flows.surveys.survey_definition import read_definition
from afterword.flows.throttle.decision_facts import audience_document
from afterword.flows.throttle.preferences import quiet_hours_of
from afterword.storage import events, jobs, people, preferences, surveys
from afterword.storage.engine import Connection
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation
from afterword.storage.people import Person
from afterword.storage.surveys import Survey

BACKLOG_PAUSE = timedelta(seconds=1)
"""How long a mail waits for events that came before it and are not decided yet."""

BACKLOG_TRIES = 2
"""Until such an event was tried so often, which is within a minute, it waits; not until it is given up."""

REMINDER_MARK = "-reminder"
"""What the Message-ID of a reminder ends with, so that mail clients show it beside the first mail."""


@dataclass(frozen=True, slots=True)
class Case:
    """
    An invitation with all that its message is worded from.

    Attributes:
        zone: By which the person lives.
        channel: The one that carries it.
        next_channel: The one after it; None when there is no other.
    """

    invitation: Invitation
    person: Person
    survey: Survey
    event: StoredEvent
    definition: Definition
    policy: Policy
    zone: tzinfo
    channel: ChannelKind
    next_channel: ChannelKind | None


class Ended(NamedTuple):
    """
    Why a message must not go any more.

    Attributes:
        error: What is kept as its last error.
        reason: The rule that says so; None where none is asked.
    """

    error: str
    reason: Reason | None = None


def look_again(
    connection: Connection,
    channels: Collection[ChannelKind],
    invitation: Invitation,
    now: datetime,
    *,
    is_reminder: bool = False,
) -> Case | datetime | Ended:
    """
    What the message is worded from, when to look again, or why it must not go any more.

    Args:
        channels: Those that the operator set up.
        is_reminder: It waits for the next hours of mails, however long.
    """
    person = people.get_person(connection, invitation.person_id)
    survey = surveys.get_survey(connection, invitation.survey_id)
    event = events.get_event(connection, invitation.event_id)
    if invitation.outcome is not None:
        # By the page of their own, or because a mail arrived whose sender heard no answer.
        return Ended(REACTED)
    if now >= invitation.expires_at:
        return Ended(EXPIRED)
    if person is None or event is None or person.erased_at is not None:
        return Ended(INELIGIBLE_AT_SEND)
    definition = read_definition(surveys.get_definition(connection, survey.id, invitation.survey_version))
    if _may_be_withdrawn(connection, definition, now):
        return now + BACKLOG_PAUSE
    # Whether it asks, and whom, is said by the live version; what it asks, by the invitation's.
    version = invitation.survey_version if invitation.is_test else survey.live_version
    text = surveys.get_definition(connection, survey.id, version or invitation.survey_version)
    current = read_definition(text)
    levels = read_levels(connection, survey.project_id)
    phase = state_at(survey.state, current.starts_at, current.ends_at, now)
    asked = SurveyFacts(survey.id, survey.project_id, phase, paused=find_pauses(levels, text))
    held = zone_of(person, levels.timezone)
    policy = find_policy(levels, survey.key, text)
    way = _choose_way(connection, channels, invitation, person, policy, survey.project_id, now)
    facts = _facts(invitation, person, asked, held, way)
    if (against := decide_again(facts, policy, now)) is not None:
        return Ended(INELIGIBLE_AT_SEND, against.reason)
    if way.channel is None:
        return Ended(INELIGIBLE_AT_SEND, Reason.NO_CHANNEL)
    send_at = find_send_time(facts, policy, now)
    if send_at <= now:
        return Case(
            invitation,
            person,
            survey,
            event,
            definition,
            policy,
            held.zone,
            way.channel,
            way.following,
        )
    is_late = not is_reminder and _is_put_off_too_long(invitation, policy, send_at)
    return Ended(INELIGIBLE_AT_SEND, Reason.OUTSIDE_WINDOW) if is_late else send_at


class _Way(NamedTuple):
    """
    How a person can be reached now.

    Attributes:
        opt_out: The wish that keeps the survey from asking at all.
    """

    channel: ChannelKind | None
    following: ChannelKind | None
    opt_out: OptOut | None


def _choose_way(
    connection: Connection,
    channels: Collection[ChannelKind],
    invitation: Invitation,
    person: Person,
    policy: Policy,
    project_id: int,
    now: datetime,
) -> _Way:
    opt_outs = preferences.list_opt_outs(connection, person.id)
    order = list_channels(policy.channels, channels)
    usable = list_usable(order, person.email, unwanted_channels(opt_outs))
    # What went out before channels were noted went by mail.
    may_be_out = invitation.state is not InvitationState.QUEUED
    before = invitation.channel or (ChannelKind.EMAIL if may_be_out else None)
    tried = Tried(before, invitation.channel_since, may_be_out)
    channel = choose_channel(order, usable, tried, next_after=policy.next_channel_after, now=now)
    opt_out = find_opt_out(person.opted_out_at, opt_outs, project_id, order)
    return _Way(channel, next_channel(order, usable, channel), opt_out)


def _is_put_off_too_long(invitation: Invitation, policy: Policy, send_at: datetime) -> bool:
    """Whether a mail that missed its hour would wait longer for the next one than the survey lets it."""
    if policy.send_window is None or invitation.is_test or invitation.send_at is None:
        return False
    return send_at - invitation.send_at > policy.send_window.defer_max


def _may_be_withdrawn(connection: Connection, definition: Definition, now: datetime) -> bool:
    """Whether an event that is not decided yet could still withdraw it."""
    withdraws = bool(definition.trigger.withdrawing)
    return withdraws and jobs.is_any_since(connection, JobKind.EVALUATE_EVENT, now, tries_max=BACKLOG_TRIES)


def _facts(invitation: Invitation, person: Person, survey: SurveyFacts, held: HeldZone, way: _Way) -> Facts:
    """What may have changed since the invitation was reserved."""
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
            opt_out=way.opt_out,
            snoozed_until=person.snoozed_until,
            has_channel=way.channel is not None,
            zone=held.zone,
            zone_origin=held.origin,
            quiet=quiet_hours_of(person),
            document=audience_document(person, held),
        ),
    )


def compose_message(
    connection: Connection, links: Links, case: Case, now: datetime, *, is_reminder: bool = False
) -> Message:
    """Word the message of an invitation, in the person's language."""
    invitation, person, survey = case.invitation, case.person, case.survey
    definition = personal(case.definition, invitation.id, person, case.event, for_mail=True)
    first = definition.questions[0]
    fewest, most = count_asked(definition.questions)

    def answer_url(preselect: dict[str, str] | None = None) -> str:
        return links.answer(invitation.id, invitation.message_id, preselect)

    return Message(
        message_id=invitation.message_id + (REMINDER_MARK if is_reminder else ""),
        to_email=person.email,
        to_name=person.name,
        to_slack_id=_slack_id(connection, person) if case.channel is ChannelKind.SLACK else None,
        project=survey.project_name,
        title=definition.title,
        introduction=definition.introduction,
        event_name=case.event.name,
        first_question=first,
        question_count_min=fewest,
        question_count=most,
        answer_url=answer_url(),
        choice_urls={value: answer_url({first.key: value}) for value in list_choices(first)},
        person_url=links.person(person.id, person.created_at),
        unsubscribe_url=links.unsubscribe(person.id, person.created_at),
        expires_at=invitation.expires_at,
        created_at=now,
        is_test=invitation.is_test,
        is_reminder=is_reminder,
        is_anonymous=definition.is_anonymous,
        locale=definition.locale,
        zone=case.zone,
        untranslated=definition.untranslated,
    )


def _slack_id(connection: Connection, person: Person) -> str | None:
    """In the capital letters of Slack, which is all that it takes."""
    known = people.list_identities(connection, [person.id]).get(person.id, [])
    return next((one.shown.strip().upper() for one in known if one.kind == IdentityKind.SLACK), None)
