"""
What did people answer to one question?

Source: docs/reference/statistics.md.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from afterword.domain import statistics
from afterword.domain.statistics import Distribution, Interval, Score, Share
from afterword.domain.survey.answer import Value
from afterword.domain.survey.question import (
    OTHER,
    YES,
    CesQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    Question,
    RankingQuestion,
    RatingQuestion,
    ScaleQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
    other_key,
)

OTHERS_MAX = 100
"""Texts beside "other" of one question, newest first; the row of its option says how many chose it."""

NPS_GROUP_LABELS: dict[int | str, str] = {
    "detractors": "Detractors (0–6)",
    "passives": "Passives (7–8)",
    "promoters": "Promoters (9–10)",
}

_SCORE_NAMES = {"rating": "csat", "nps": "nps", "ces": "ces"}


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """
    One person's current answer to one question of one invitation.

    Attributes:
        person_id: Who, as any stable id; only equality matters and the report does not show it.
        question_key: Which question; of a text beside "other" its own key.
        value: An int for scales, an option's value for a single choice, a list of option
            values for a multiple choice and a ranking, row → int for a matrix, a string for text.
        answered_at: When it was last given or changed, aware UTC.
        is_comparable: Whether its question meant the same in the version that was answered.
    """

    person_id: str | int
    question_key: str
    value: Value
    answered_at: datetime
    is_comparable: bool = True


@dataclass(frozen=True, slots=True)
class Ranked:
    """
    One option of a ranking.

    Attributes:
        mean: Its mean place, 1 is first, with its t interval.
        first: How many people put it first, and the share of them.
    """

    label: str
    mean: Score
    first: Share


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """
    What people answered to one question, or to one row of a matrix.

    Attributes:
        key: The question's key; of a row with the row's after a dot.
        text: The question as it was asked.
        kind: As the question's; a row is a ``rating``.
        n: People who answered it.
        unmatched: Answers left out because they do not fit this version of the question.
        distribution: One row per possible answer; None for text, matrix and ranking.
        score_name: ``csat``, ``nps``, ``ces`` or ``yes``; None for the other kinds.
        score: CSAT and yes as a proportion from 0 to 1, NPS from -100 to 100, CES as the mean on 1–7.
        mean: The mean rating with its t interval; None for the other kinds.
        groups: Detractors, passives and promoters; None for the other kinds.
        low_label: What the low end of a scale means; None for the other kinds.
        high_label: What the high end of a scale means; None for the other kinds.
        rows: Of a matrix, each as a rating.
        ranking: Of a ranking, the best mean place first.
        others: What people typed beside "other", newest first, at most OTHERS_MAX.
    """

    key: str
    text: str
    kind: str
    n: int
    unmatched: int
    distribution: Distribution | None = None
    score_name: str | None = None
    score: Score | None = None
    mean: Score | None = None
    groups: Distribution | None = None
    low_label: str | None = None
    high_label: str | None = None
    rows: tuple["QuestionReport", ...] = ()
    ranking: tuple[Ranked, ...] = ()
    others: tuple[str, ...] = ()


def report_question(
    question: Question, answers: Sequence[GivenAnswer], population: int | None
) -> QuestionReport:
    """
    Report one question.

    Args:
        answers: To any question, in any order.
        population: N, distinct people who did the event in the period; None if not known.
    """
    own = [answer for answer in answers if answer.question_key == question.key]
    fitting = [answer for answer in own if answer.is_comparable and _fits(answer.value, question)]
    latest = _latest_per_person(fitting)
    values = [answer.value for answer in latest]
    n, unmatched = len(values), len(own) - len(fitting)
    if population is not None and population < n:
        # Some who answered did the event outside the period: the N in hand is not theirs.
        population = None
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            points = [value for value in values if isinstance(value, int)]
            return _report_scale(question, points, unmatched, population)
        case YesNoQuestion() | SingleChoiceQuestion() | MultipleChoiceQuestion():
            others = _list_others(question, latest, answers)
            return _report_choice(question, values, unmatched, population, others)
        case MatrixQuestion():
            rows = tuple(_report_row(question, row, values, population) for row in question.rows)
            return QuestionReport(question.key, question.text, question.kind, n, unmatched, rows=rows)
        case RankingQuestion():
            return _report_ranking(question, values, unmatched, population)
        case TextQuestion():
            return QuestionReport(question.key, question.text, question.kind, n, unmatched)


def _report_scale(
    question: ScaleQuestion, points: Sequence[int], unmatched: int, population: int | None
) -> QuestionReport:
    counts = Counter(points)
    counts_by_value: dict[int | str, int] = dict(counts.items())
    named = question.labels if isinstance(question, RatingQuestion) else ()
    labels: dict[int | str, str] = {
        point: f"{point} – {named[point - 1]}" if named else str(point) for point in question.scale
    }
    scale = Interval(question.scale[0], question.scale[-1])
    mean = statistics.mean_t(points, population=population, scale=scale)
    groups: Distribution | None = None
    score = mean
    if isinstance(question, RatingQuestion):
        score = statistics.csat(counts, points=question.points, population=population)
    elif isinstance(question, NpsQuestion):
        score = statistics.nps(counts, population=population)
        people: dict[int | str, int] = dict(statistics.nps_groups(counts).items())
        groups = statistics.distribution(people, NPS_GROUP_LABELS, population=population)
    return QuestionReport(
        question.key,
        question.text,
        question.kind,
        len(points),
        unmatched,
        distribution=statistics.distribution(counts_by_value, labels, population=population),
        score_name=_SCORE_NAMES[question.kind],
        score=score,
        mean=mean if isinstance(question, RatingQuestion) else None,
        groups=groups,
        low_label=None if named else question.low_label,
        high_label=None if named else question.high_label,
    )


def _report_row(
    question: MatrixQuestion, row: Option, values: Sequence[Value], population: int | None
) -> QuestionReport:
    points = [value[row.value] for value in values if isinstance(value, dict) and row.value in value]
    asked = RatingQuestion(
        f"{question.key}.{row.value}",
        row.label,
        question.required,
        question.low_label,
        question.high_label,
        question.points,
    )
    return _report_scale(asked, points, 0, population)


def _report_choice(
    question: YesNoQuestion | SingleChoiceQuestion | MultipleChoiceQuestion,
    values: Sequence[Value],
    unmatched: int,
    population: int | None,
    others: tuple[str, ...],
) -> QuestionReport:
    counts: Counter[int | str] = Counter()
    for value in values:
        # A set, so that an option named twice still counts its person once.
        counts.update(set(value) if isinstance(value, list) else {str(value)})
    labels: dict[int | str, str] = {option.value: option.label for option in question.options}
    rows = statistics.distribution(counts, labels, n=len(values), population=population)
    is_yes_no = isinstance(question, YesNoQuestion)
    return QuestionReport(
        question.key,
        question.text,
        question.kind,
        len(values),
        unmatched,
        distribution=rows,
        score_name="yes" if is_yes_no else None,
        score=statistics.proportion(counts[YES], len(values), population=population) if is_yes_no else None,
        others=others,
    )


def _report_ranking(
    question: RankingQuestion, values: Sequence[Value], unmatched: int, population: int | None
) -> QuestionReport:
    rankings = [value for value in values if isinstance(value, list)]
    labels: dict[int | str, str] = {option.value: option.label for option in question.options}
    firsts: Counter[int | str] = Counter(ranking[0] for ranking in rankings)
    scale = Interval(1, len(question.options))
    ranked = [
        Ranked(
            label=row.label,
            mean=statistics.mean_t(
                [ranking.index(str(row.value)) + 1 for ranking in rankings],
                population=population,
                scale=scale,
            ),
            first=row,
        )
        for row in statistics.distribution(firsts, labels, population=population).rows
    ]
    return QuestionReport(
        question.key,
        question.text,
        question.kind,
        len(rankings),
        unmatched,
        ranking=tuple(sorted(ranked, key=lambda one: one.mean.value or 0.0)),
    )


def _list_others(
    question: Question, latest: Sequence[GivenAnswer], answers: Sequence[GivenAnswer]
) -> tuple[str, ...]:
    """The texts beside "other" that were given with the answers that count."""
    counted = {
        (answer.person_id, answer.answered_at)
        for answer in latest
        if answer.value == OTHER or (isinstance(answer.value, list) and OTHER in answer.value)
    }
    key = other_key(question.key)
    given = [
        answer
        for answer in answers
        if answer.question_key == key and (answer.person_id, answer.answered_at) in counted
    ]
    newest = sorted(given, key=lambda answer: answer.answered_at, reverse=True)
    return tuple(answer.value for answer in newest if isinstance(answer.value, str))[:OTHERS_MAX]


def _fits(value: Value, question: Question) -> bool:
    """Whether the answer was possible in this version; versions may change options and kinds."""
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            return _is_point(value, question.scale)
        case YesNoQuestion() | SingleChoiceQuestion():
            return isinstance(value, str) and value in {option.value for option in question.options}
        case MultipleChoiceQuestion():
            options = {option.value for option in question.options}
            return isinstance(value, list) and bool(value) and set(value) <= options
        case MatrixQuestion():
            rows = {row.value for row in question.rows}
            return (
                isinstance(value, dict)
                and not rows.isdisjoint(value)
                and all(_is_point(point, question.scale) for row, point in value.items() if row in rows)
            )
        case RankingQuestion():
            options = {option.value for option in question.options}
            return isinstance(value, list) and len(value) == len(options) and set(value) == options
        case TextQuestion():
            return isinstance(value, str) and bool(value.strip())


def _is_point(value: Value, scale: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in scale


def _latest_per_person(answers: Sequence[GivenAnswer]) -> list[GivenAnswer]:
    """Each person's latest answer; of two at the same instant, the later in the sequence."""
    latest: dict[str | int, GivenAnswer] = {}
    for answer in answers:
        known = latest.get(answer.person_id)
        if known is None or answer.answered_at >= known.answered_at:
            latest[answer.person_id] = answer
    return list(latest.values())
