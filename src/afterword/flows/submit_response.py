"""What does an invited person see and say?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from afterword.domain.answer import Answers, Fields, Value, is_whole, parse_answers
from afterword.domain.invitation import LinkState
from afterword.domain.survey import Definition, SurveyState
from afterword.domain.survey_state import IS_OVER, state_at
from afterword.flows.links import Ticket
from afterword.flows.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import invitations, responses, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.surveys import Survey


@dataclass(frozen=True, slots=True)
class Visit:
    """
    What is behind a person's link.

    Attributes:
        answers: The current response; None before the first.
    """

    link_state: LinkState
    definition: Definition
    project: str
    answers: Mapping[str, Value] | None
    is_test: bool
    expires_at: datetime


def open_survey(database: Database, clock: Clock, ticket: Ticket, *, is_shown: bool) -> Visit | None:
    """
    Look behind a link, and remember that the page was opened when it is shown. Records no answer.

    Args:
        is_shown: False for whoever asks only for the headers, as link checkers do.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        visit = _visit(connection, ticket, now)
        if is_shown and visit is not None and visit.link_state is LinkState.OPEN:
            invitations.set_opened(connection, ticket.id, now)
        return visit


def submit_response(
    database: Database, clock: Clock, ticket: Ticket, fields: Fields
) -> tuple[Visit | None, Answers | None]:
    """
    Record a person's response, or replace it, as long as the survey is open.

    Returns:
        What is behind the link, and what was read from the form; nothing is
        recorded when the link is not open (no answers) or there are problems.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        visit = _visit(connection, ticket, now)
        if visit is None or visit.link_state is not LinkState.OPEN:
            return visit, None
        answers = parse_answers(visit.definition, fields)
        if not answers.problems:
            whole = is_whole(visit.definition, answers.values)
            invitations.set_opened(connection, ticket.id, now)
            responses.set_response(connection, ticket.id, answers.values, is_whole=whole, now=now)
        return visit, answers


def _visit(connection: Connection, ticket: Ticket, now: datetime) -> Visit | None:
    # Locked: a second click at the same moment waits, and then changes the first one's answer.
    invitation = invitations.get_invitation(connection, ticket.id, lock=True)
    if invitation is None or invitation.message_id != ticket.mark:
        return None
    survey = surveys.get_survey(connection, invitation.survey_id)
    definition = surveys.get_definition(connection, survey.id, invitation.survey_version)
    answers = responses.find_answers(connection, ticket.id)
    state = LinkState.OPEN
    if _is_over(connection, survey, now):
        state = LinkState.CLOSED
    elif answers is None and now >= invitation.expires_at:
        # Who answered in time may still change their mind.
        state = LinkState.EXPIRED
    return Visit(
        state,
        read_definition(definition),
        survey.project_name,
        answers,
        invitation.is_test,
        invitation.expires_at,
    )


def _is_over(connection: Connection, survey: Survey, now: datetime) -> bool:
    """Whether nobody can answer any more; the schedule is that of the live version."""
    if survey.state is SurveyState.CLOSED or survey.live_version is None:
        return survey.state is SurveyState.CLOSED
    live = read_definition(surveys.get_definition(connection, survey.id, survey.live_version))
    return state_at(survey.state, live.starts_at, live.ends_at, now) in IS_OVER
