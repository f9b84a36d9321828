"""What does an invited person see and say?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from afterword.domain.invitation import LinkState
from afterword.domain.survey.answer import Answers, Fields, Value, first_step, is_whole, parse_answers
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.survey_state import IS_OVER, Phase, state_at
from afterword.domain.throttle.facts import Outcome
from afterword.domain.words.languages import words_in
from afterword.flows.links import Ticket
from afterword.flows.people.held_zone import read_zone
from afterword.flows.surveys.personal_survey import personal
from afterword.flows.surveys.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_secret
from afterword.storage import events, invitations, people, responses, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.invitations import Invitation
from afterword.storage.surveys import Survey


@dataclass(frozen=True, slots=True)
class Visit:
    """
    What is behind a person's link.

    Attributes:
        definition: In the words for this person.
        answers: The current response; None before the first, and when nobody can tell which one it is.
        zone: By which the person lives; UTC for who was erased.
    """

    link_state: LinkState
    definition: Definition
    project: str
    answers: Mapping[str, Value] | None
    is_test: bool
    expires_at: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class _Case:
    """A visit, the invitation, and the survey as it is written down: answers are kept in its order."""

    visit: Visit
    invitation: Invitation
    definition: Definition


def open_survey(database: Database, clock: Clock, ticket: Ticket, *, is_shown: bool) -> Visit | None:
    """
    Look behind a link, and remember that the page was opened when it is shown. Records no answer.

    Args:
        is_shown: False for whoever asks only for the headers, as link checkers do.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        case = _look(connection, ticket, now)
        if case is None:
            return None
        if is_shown and case.visit.link_state is LinkState.OPEN:
            invitations.set_opened(connection, ticket.id, now)
        return case.visit


def begin_answers(visit: Visit) -> Answers:
    """What is asked first."""
    return first_step(visit.definition)


def submit_response(
    database: Database, clock: Clock, ticket: Ticket, fields: Fields
) -> tuple[Visit | None, Answers | None]:
    """
    Record a person's response, or replace it, as long as the survey is open.

    Returns:
        What is behind the link, and what was read from the form; nothing is
        recorded when the link is not open (no answers), there are problems, or
        there is another step to answer. Of an answer that is too late it is
        recorded that there was one.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        case = _look(connection, ticket, now)
        if case is None:
            return None, None
        if case.visit.link_state is LinkState.EXPIRED and case.invitation.outcome != Outcome.ANSWERED:
            only_day = case.definition.is_anonymous
            invitations.set_late(connection, ticket.id, now, only_day=only_day)
        if case.visit.link_state is not LinkState.OPEN:
            return case.visit, None
        answers = parse_answers(case.definition, fields, words_in(case.visit.definition.locale))
        if answers.is_complete:
            _record(connection, case, answers.values, now)
        said = {question.key: question for question in case.visit.definition.questions}
        return case.visit, replace(answers, step=tuple(said[question.key] for question in answers.step))


def leave_survey(database: Database, clock: Clock, ticket: Ticket, outcome: Outcome) -> Visit | None:
    """
    Remember that a person does not want to answer, now or at all; after a response it changes nothing.

    Args:
        outcome: SNOOZED or DISMISSED.

    Returns:
        What is behind the link.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        case = _look(connection, ticket, now)
        if case is None:
            return None
        if case.visit.link_state is LinkState.OPEN:
            invitations.set_opened(connection, ticket.id, now)
            invitations.set_outcome(connection, ticket.id, outcome, now)
        return case.visit


def _record(connection: Connection, case: _Case, values: Mapping[str, Value], now: datetime) -> None:
    whole = is_whole(case.definition, values)
    invitation = case.invitation
    if not case.definition.is_anonymous:
        invitations.set_opened(connection, invitation.id, now)
        invitations.set_outcome(connection, invitation.id, Outcome.ANSWERED, now)
        responses.set_response(connection, invitation.id, values, is_whole=whole, now=now)
        return
    # No time: beside the rows of all others it would tell which answer is whose.
    invitations.set_outcome(connection, invitation.id, Outcome.ANSWERED, None)
    invitations.blur_opening(connection, invitation.id, now.date())
    if not invitation.is_test:
        responses.add_anonymous(
            connection,
            random_secret(),
            survey_id=invitation.survey_id,
            survey_version=invitation.survey_version,
            values=values,
            is_whole=whole,
            day=now.date(),
        )


def _look(connection: Connection, ticket: Ticket, now: datetime) -> _Case | None:
    # Locked: a second click at the same moment waits, and then changes the first one's answer.
    invitation = invitations.get_invitation(connection, ticket.id, lock=True)
    if invitation is None or invitation.message_id != ticket.mark:
        return None
    survey = surveys.get_survey(connection, invitation.survey_id)
    definition = read_definition(surveys.get_definition(connection, survey.id, invitation.survey_version))
    answers = responses.find_answers(connection, ticket.id)
    phase = _phase(connection, survey, now)
    person = people.get_person(connection, invitation.person_id)
    event = events.get_event(connection, invitation.event_id)
    visit = Visit(
        _link_state(invitation, phase, is_answered=answers is not None, now=now),
        personal(definition, invitation.id, person, event),
        survey.project_name,
        answers,
        invitation.is_test,
        invitation.expires_at,
        read_zone(connection, person).zone if person and person.erased_at is None else UTC,
    )
    return _Case(visit, invitation, definition)


def _phase(connection: Connection, survey: Survey, now: datetime) -> Phase:
    """Where the survey is: its live version says when it ends, whichever version somebody was invited to."""
    if survey.live_version is None:
        return state_at(survey.state, None, None, now)
    live = read_definition(surveys.get_definition(connection, survey.id, survey.live_version))
    return state_at(survey.state, live.starts_at, live.ends_at, now)


def _link_state(invitation: Invitation, phase: Phase, *, is_answered: bool, now: datetime) -> LinkState:
    if invitation.is_answered_apart and not is_answered:
        return LinkState.ANSWERED
    if phase in IS_OVER:
        return LinkState.CLOSED
    if invitation.asks_nobody:
        return LinkState.WITHDRAWN
    if not is_answered and now >= invitation.expires_at:
        # Who answered in time may still change their mind.
        return LinkState.EXPIRED
    return LinkState.OPEN
