"""Which question comes after these answers?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from afterword.domain.survey.question import (
    ForkingQuestion,
    Question,
    list_choices,
)
from afterword.domain.survey.trigger import AllOf, AnyOf, Compare, Condition, Not, matches

END = "end"
"""Where a survey ends instead of going on to a question."""


class BranchError(ValueError):
    """
    A survey that can't be gone through.

    Attributes:
        index: Of the question, from 0.
        field: Of the question, as it is written down; empty for the question itself.
    """

    def __init__(self, index: int, field: str, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.field = field


@dataclass(frozen=True, slots=True)
class Step:
    """
    Questions that are asked at once, on one page.

    Attributes:
        next_at: Where it goes on, unless the last answer leads elsewhere.
    """

    questions: tuple[Question, ...]
    next_at: int


def find_step(questions: Sequence[Question], at: int, values: Mapping[str, Any]) -> Step | None:
    """
    Find the questions that can be asked next without knowing the answer to one of them.

    Args:
        at: The place of the first question that may be asked.
        values: Question key → answer, of all questions before.

    Returns:
        None when the survey is at its end.
    """
    shown: list[Question] = []
    while at < len(questions):
        question = questions[at]
        if question.when is not None:
            if not _keys(question.when).isdisjoint(one.key for one in shown):
                break
            if not matches(question.when, values):
                at += 1
                continue
        shown.append(question)
        at += 1
        if isinstance(question, ForkingQuestion) and question.next:
            break
    return Step(tuple(shown), at) if shown else None


def go_on(questions: Sequence[Question], step: Step, values: Mapping[str, Any]) -> int:
    """The place where a survey goes on once a step is answered."""
    last = step.questions[-1]
    return find_target(questions, last, values.get(last.key), step.next_at)


def look_ahead(questions: Sequence[Question], step: Step, values: Mapping[str, Any]) -> tuple[bool, bool]:
    """
    Tell whether some answers to a step lead to another one, and whether some end the survey.

    A condition that asks for an answer of this step, or of one after it, may hold or not.

    Args:
        values: Question key → answer, of all questions before.
    """
    open_keys = {one.key for one in (*step.questions, *questions[step.next_at :])}

    def holds(question: Question) -> bool | None:
        if question.when is None:
            return True
        return matches(question.when, values) if _keys(question.when).isdisjoint(open_keys) else None

    last = step.questions[-1]
    forks = isinstance(last, ForkingQuestion) and bool(last.next)
    answers = [*list_choices(last), *([] if last.required else [None])] if forks else [None]
    places = {find_target(questions, last, answer, step.next_at) for answer in answers}
    rests = [[holds(question) for question in questions[at:]] for at in places]
    return any(one is not False for rest in rests for one in rest), any(True not in rest for rest in rests)


def list_path(questions: Sequence[Question], values: Mapping[str, Any]) -> list[Question]:
    """The questions that somebody with these answers is asked, in their order."""
    path: list[Question] = []
    at = 0
    while (step := find_step(questions, at, values)) is not None:
        path += step.questions
        at = go_on(questions, step, values)
    return path


def has_branches(questions: Sequence[Question]) -> bool:
    """Whether it depends on answers what is asked."""
    return any(one.when is not None or getattr(one, "next", None) for one in questions)


def find_target(questions: Sequence[Question], last: Question, answer: Any, otherwise: int) -> int:
    key = last.next.get(str(answer)) if isinstance(last, ForkingQuestion) and answer is not None else None
    if key is None:
        return otherwise
    if key == END:
        return len(questions)
    return next(index for index, question in enumerate(questions) if question.key == key)


def list_compares(condition: Condition | None) -> Iterator[Compare]:
    match condition:
        case Compare():
            yield condition
        case AllOf(parts) | AnyOf(parts):
            yield from chain.from_iterable(map(list_compares, parts))
        case Not(part):
            yield from list_compares(part)


def _keys(condition: Condition) -> set[str]:
    return {compare.path.partition(".")[0] for compare in list_compares(condition)}
