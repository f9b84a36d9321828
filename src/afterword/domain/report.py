"""
What did people say about the tool, how many of them, and who was lost on the way?

One pure function, ``assemble_report``, turns counts and answers into a frozen
Report; pages, the command line and the API only show it.

The unit is the person. Of a person's answers to one question over several
invitations only the latest counts, so nobody weighs more for being asked more
often, and the intervals' "n people" is true. Keeping all of a person's answers
with cluster-robust errors would use more of the data; that is a later step.

Source: docs/reference/statistics.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from afterword.domain import statistics
from afterword.domain.question_report import GivenAnswer, QuestionReport, report_question
from afterword.domain.statistics import Score
from afterword.domain.survey.question import TextQuestion
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.reason import Reason

COMMENTS_MAX = 200
"""Comments on one report, newest first; ``Report.comments_total`` says how many there are."""

_NOT_SURVEYED = frozenset({Reason.INVITED_TEST, Reason.TEST_CAPPED})
"""Test data never counts, not even as a loss."""
_LOST_BY_SAMPLING = frozenset({Reason.NOT_SAMPLED})
_LOST_AFTER_SAMPLING = frozenset(
    {
        Reason.LOWER_PRIORITY,
        Reason.NO_CHANNEL,
        Reason.DEFERRED,
        Reason.OUTSIDE_WINDOW,
        Reason.PAUSED,
    }
)
_INVITED = frozenset(
    {
        Reason.INVITED,
        Reason.CANCELLED,
        Reason.EXPIRED,
        Reason.DELIVERY_FAILED,
        Reason.INELIGIBLE_AT_SEND,
    }
)
"""Decided to invite; what came of it later is told by InvitationCounts."""


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` (included) to ``end`` (excluded), aware UTC; None leaves a side open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvitationCounts:
    """
    How far the invitations came. Each stage includes the later ones: who answered, opened.

    Attributes:
        delivered: Reached the end of a channel.
        opened: The page was opened.
        answered_partial: A current response leaves some question blank.
        answered_whole: A current response answers every question.
        lost_before_delivery: Reason code → invitations that ended undelivered.
        expired_unopened: Delivered invitations that ended before they were opened.
        expired_opened: Opened invitations that ended before they were answered.
        answered_late: Those of the expired ones whose answer came too late, and was refused.
    """

    delivered: int = 0
    opened: int = 0
    answered_partial: int = 0
    answered_whole: int = 0
    lost_before_delivery: Mapping[int, int] | None = None
    expired_unopened: int = 0
    expired_opened: int = 0
    answered_late: int = 0

    @property
    def answered(self) -> int:
        """Invitations with a current response, whole or partial."""
        return self.answered_partial + self.answered_whole


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """
    What storage knew, all taken in one transaction and over one period.

    Attributes:
        definition: The survey's version that is reported.
        state: Where the survey is in its life.
        version: The number of that version, from 1.
        period: Events in it, and the invitations and answers that came of them.
        decisions: Reason code → events whose verdict for this survey it was.
        invitations: How far the invitations of those events came.
        population: N, distinct people who did the event in the period; None if not known.
        answers: Current answers, without test data and suspects, in any order.
        test_responses: Responses to test invitations; shown, never counted.
        suspect_responses: Responses set aside as suspect; shown, never counted.
    """

    definition: Definition
    state: Phase
    version: int
    period: Period
    decisions: Mapping[int, int]
    invitations: InvitationCounts
    population: int | None
    answers: Sequence[GivenAnswer]
    test_responses: int = 0
    suspect_responses: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """
    Why some did not reach a step.

    Attributes:
        code: The reason's code, or None where no rule decided and people just have not, or not yet.
        reason: The reason's word, e.g. ``survey_cooldown`` or ``not_opened``.
        count: How many.
    """

    code: int | None
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel. ``count`` plus its losses is the count of the step before."""

    name: str
    count: int
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Funnel:
    """
    From every event to the answers.

    Attributes:
        steps: ``events``, ``eligible``, ``sampled``, ``invited``, ``delivered``, ``opened``, ``answered``.
        answered_whole: Responses that answer every question.
        answered_partial: Responses that leave some question blank.
        answered_late: Invitations that had expired when somebody answered; counted in no step.
    """

    steps: tuple[Step, ...]
    answered_whole: int
    answered_partial: int
    answered_late: int = 0


@dataclass(frozen=True, slots=True)
class Comment:
    """A text answer, without its author."""

    question_key: str
    text: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """
    All that is told about one survey in one period.

    Attributes:
        survey_key: The survey's key.
        title: The survey's title.
        state: Where the survey is in its life.
        version: The version that is reported.
        period: The period that is reported.
        population: N, distinct people who did the event in the period; None if not known.
        people_answered: Distinct people with an answer to any question.
        funnel: Who was lost on the way, and why.
        response_rate: Current responses, whole and partial, ÷ delivered invitations, 0 to 1 (AAPOR RR2).
        response_rate_whole: Whole responses alone ÷ delivered invitations, 0 to 1 (AAPOR RR1).
        questions: In the order of the survey.
        comments: Every text answer, also repeated ones of a person, newest first, at most COMMENTS_MAX.
        comments_total: How many comments there are.
        test_responses: Counted nowhere else.
        suspect_responses: Counted nowhere else.
        is_anonymous: Each response counts as a person, for nobody can tell whose it is.
    """

    survey_key: str
    title: str
    state: Phase
    version: int
    period: Period
    population: int | None
    people_answered: int
    funnel: Funnel
    response_rate: Score
    response_rate_whole: Score
    questions: tuple[QuestionReport, ...]
    comments: tuple[Comment, ...]
    comments_total: int
    test_responses: int
    suspect_responses: int
    is_anonymous: bool = False


def assemble_report(facts: ReportFacts) -> Report:
    """
    Put a report together.

    Raises:
        ValueError: The counts contradict each other, as more opened than delivered;
            a funnel that does not add up is not shown.

    Source: docs/reference/statistics.md.
    """
    definition, invitations = facts.definition, facts.invitations
    comments = _list_comments(definition, facts.answers)
    return Report(
        survey_key=definition.key,
        title=definition.title,
        state=facts.state,
        version=facts.version,
        period=facts.period,
        population=facts.population,
        people_answered=len({answer.person_id for answer in facts.answers}),
        funnel=assemble_funnel(facts.decisions, invitations),
        response_rate=statistics.response_rate(invitations.answered, invitations.delivered),
        response_rate_whole=statistics.response_rate(invitations.answered_whole, invitations.delivered),
        questions=tuple(
            report_question(question, facts.answers, facts.population) for question in definition.questions
        ),
        comments=comments[:COMMENTS_MAX],
        comments_total=len(comments),
        test_responses=facts.test_responses,
        suspect_responses=facts.suspect_responses,
        is_anonymous=definition.is_anonymous,
    )


def assemble_funnel(decisions: Mapping[int, int], invitations: InvitationCounts) -> Funnel:
    """
    Count who reached each step, and who was lost to which reason.

    Args:
        decisions: Reason code → events; test decisions among them are left out.
        invitations: How far the invited ones came.

    Raises:
        ValueError: A step has more than the step before.
    """
    verdicts = {Reason(code): count for code, count in decisions.items()}
    counted = {reason: verdicts[reason] for reason in sorted(verdicts) if reason not in _NOT_SURVEYED}
    ineligible = counted.keys() - _LOST_BY_SAMPLING - _LOST_AFTER_SAMPLING - _INVITED
    steps = [Step("events", sum(counted.values()))]
    for name, lost in (
        ("eligible", ineligible),
        ("sampled", _LOST_BY_SAMPLING),
        ("invited", _LOST_AFTER_SAMPLING),
    ):
        losses = _losses({reason: count for reason, count in counted.items() if reason in lost})
        steps.append(Step(name, steps[-1].count - sum(loss.count for loss in losses), losses))
    undelivered = {Reason(code): count for code, count in (invitations.lost_before_delivery or {}).items()}
    for name, count, known, rest in (
        ("delivered", invitations.delivered, undelivered, "waiting"),
        ("opened", invitations.opened, {Reason.EXPIRED: invitations.expired_unopened}, "not_opened"),
        ("answered", invitations.answered, {Reason.EXPIRED: invitations.expired_opened}, "not_answered"),
    ):
        steps.append(_step_with_rest(steps[-1], name, count, known, rest))
    return Funnel(
        tuple(steps), invitations.answered_whole, invitations.answered_partial, invitations.answered_late
    )


def _step_with_rest(before: Step, name: str, count: int, known: Mapping[Reason, int], rest: str) -> Step:
    """A step whose losses are partly explained by reasons; the others go under ``rest``."""
    losses = _losses(known)
    unexplained = before.count - count - sum(loss.count for loss in losses)
    if unexplained < 0:
        raise ValueError(
            f"{name} ({count}) and its losses exceed {before.name} ({before.count}): "
            "the counts were not taken over the same invitations"
        )
    if unexplained:
        losses += (Loss(None, rest, unexplained),)
    return Step(name, count, losses)


def _losses(counts: Mapping[Reason, int]) -> tuple[Loss, ...]:
    return tuple(
        Loss(int(reason), reason.label, counts[reason]) for reason in sorted(counts) if counts[reason]
    )


def _list_comments(definition: Definition, answers: Sequence[GivenAnswer]) -> tuple[Comment, ...]:
    """Every text answer, newest first: a second comment is another message, not a second vote."""
    keys = {question.key for question in definition.questions if isinstance(question, TextQuestion)}
    comments = [
        Comment(answer.question_key, answer.value.strip(), answer.answered_at)
        for answer in answers
        if answer.question_key in keys
        and answer.is_comparable
        and isinstance(answer.value, str)
        and answer.value.strip()
    ]
    return tuple(sorted(comments, key=lambda comment: comment.answered_at, reverse=True))
