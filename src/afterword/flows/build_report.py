"""What does a survey's report say?"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time

from afterword.domain.invitation import CANCELLED, EXPIRED, INELIGIBLE_AT_SEND, MERGED
from afterword.domain.question_report import GivenAnswer
from afterword.domain.report import (
    InvitationCounts,
    Period,
    Report,
    ReportFacts,
    assemble_report,
)
from afterword.domain.survey.answer import Value
from afterword.domain.survey.comparison import find_incomparable
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.survey_state import state_at
from afterword.domain.throttle.reason import Reason
from afterword.flows.surveys.manage_surveys import get_survey
from afterword.flows.surveys.personal_survey import general
from afterword.flows.surveys.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import decisions, responses, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.progress import Progress, count_progress
from afterword.storage.responses import AnonymousResponse

_LOSSES = {
    CANCELLED: Reason.CANCELLED,
    MERGED: Reason.CANCELLED,
    EXPIRED: Reason.EXPIRED,
    INELIGIBLE_AT_SEND: Reason.INELIGIBLE_AT_SEND,
}


def build_report(database: Database, clock: Clock, survey_key: str) -> Report:
    """
    Report a survey from its first event on, in its live version (a draft: in its latest).

    Raises:
        NotFoundError: There is no such survey.
    """
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        survey = get_survey(connection, survey_key)
        version = survey.live_version or survey.latest_version
        definition = general(read_definition(surveys.get_definition(connection, survey.id, version)))
        progress = count_progress(connection, survey.id, now)
        apart = responses.list_anonymous(connection, survey.id)
        facts = ReportFacts(
            definition=definition,
            state=state_at(survey.state, definition.starts_at, definition.ends_at, now),
            version=version,
            period=Period(start=survey.published_at, end=None),
            decisions=decisions.count_by_reason(connection, survey.id),
            invitations=_counts(progress, apart),
            population=decisions.count_people(connection, survey.id),
            answers=_list_answers(connection, survey.id, definition, apart),
            test_responses=progress.test_responses,
        )
    return assemble_report(facts)


def _counts(progress: Progress, apart: Sequence[AnonymousResponse]) -> InvitationCounts:
    lost: Counter[int] = Counter()
    for kept, count in progress.lost.items():
        lost[_LOSSES.get(kept, Reason.DELIVERY_FAILED)] += count
    # By the invitations: when they are over, the anonymous responses to them may still be kept.
    whole = min(progress.answered_anonymously, sum(one.is_whole for one in apart))
    partial = progress.answered_anonymously - whole
    return InvitationCounts(
        delivered=progress.delivered,
        opened=progress.opened,
        answered_partial=progress.answered_partial + partial,
        answered_whole=progress.answered_whole + whole,
        lost_before_delivery=lost,
        expired_unopened=progress.expired_unopened,
        expired_opened=progress.expired_opened,
        answered_late=progress.answered_late,
    )


def _list_answers(
    connection: Connection, survey_id: int, reported: Definition, apart: Sequence[AnonymousResponse]
) -> list[GivenAnswer]:
    """
    All answers, also those of which the question meant something else in the version that was answered.

    Each anonymous response counts as a person of its own: whether two are of the same one, nobody can tell.
    """
    own = responses.list_answers(connection, survey_id, is_test=False)
    versions = {one.survey_version for one in own} | {one.survey_version for one in apart}
    pairs = [(survey_id, version) for version in versions]
    incomparable = {
        version: find_incomparable(general(read_definition(text)).questions, reported.questions)
        for (_, version), text in surveys.list_definitions(connection, pairs).items()
    }

    def given(person_id: str | int, version: int, key: str, value: Value, at: datetime) -> GivenAnswer:
        return GivenAnswer(person_id, key, value, at, is_comparable=key not in incomparable[version])

    of_people = [
        given(one.person_id, one.survey_version, one.question_key, one.value, one.updated_at) for one in own
    ]
    return of_people + [
        given(one.id, one.survey_version, key, value, datetime.combine(one.day, time(), UTC))
        for one in apart
        for key, value in one.values.items()
    ]
