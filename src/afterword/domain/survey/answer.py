"""Is this an answer to that question?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterword.domain.survey.branching import Step, find_step, go_on, list_path
from afterword.domain.survey.question import (
    OTHER,
    SHORT_TEXT_CHARS_MAX,
    CesQuestion,
    ChoiceQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Question,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
    other_key,
)
from afterword.domain.survey.survey import Definition
from afterword.domain.words.english import ENGLISH
from afterword.domain.words.words import ProblemWords, Words

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Value = int | str | list[str] | dict[str, int]
"""An answer's value: int for scales, option value(s) for choices, text, row → int for a matrix."""

Fields = Mapping[str, Sequence[str]]
"""A submitted form: name of a field → the texts sent under it."""

SHOWN_FIELD = "_shown"
"""Keys of the questions of earlier steps; no question's key begins so."""

BACK_FIELD = "_back"
"""Sent by the button that leads back to the step before."""


@dataclass(frozen=True, slots=True)
class Answers:
    """
    What a person submitted.

    Attributes:
        values: Question key → value; questions left blank, and those that are not asked after these answers,
            are absent.
        problems: Question key → what to mend, in words for that person.
        step: The questions to show next, or again; none when everything is answered.
        shown: Keys of the questions of the steps before.
        number: The number of the step to show, from 1.
        is_last: Whether no answer to the step leads to another one.
    """

    values: Mapping[str, Value]
    problems: Mapping[str, str]
    step: tuple[Question, ...] = ()
    shown: tuple[str, ...] = ()
    number: int = 1
    is_last: bool = True

    @property
    def is_complete(self) -> bool:
        """Whether it can be recorded."""
        return not self.problems and not self.step


def parse_answers(definition: Definition, fields: Fields, words: Words = ENGLISH) -> Answers:
    """
    Read a submitted form. Unknown fields are ignored, as are those of questions that are not asked after
    these answers; nothing is recorded while there are problems, or a step to come.

    Args:
        words: In which problems are said.
    """
    questions = definition.questions
    before = frozenset(fields.get(SHOWN_FIELD, ()))
    is_back = BACK_FIELD in fields
    values: dict[str, Value] = {}
    shown: list[Step] = []
    at, is_read = 0, False
    while (step := find_step(questions, at, values)) is not None:
        is_current = not before.issuperset(question.key for question in step.questions)
        if is_read or (is_back and is_current):
            break
        problems = _read_all(step.questions, fields, values, words.problem)
        if problems:
            return _answers(definition, values, problems, step, shown)
        at, is_read = go_on(questions, step, values), is_current
        shown.append(step)
    if is_back and shown:
        step = shown.pop()
    return _answers(definition, values, {}, step, shown)


def first_step(definition: Definition) -> Answers:
    """What is asked before anything is answered."""
    return _answers(definition, {}, {}, find_step(definition.questions, 0, {}), [])


def _answers(
    definition: Definition,
    values: Mapping[str, Value],
    problems: Mapping[str, str],
    step: Step | None,
    shown: Sequence[Step],
) -> Answers:
    keys = tuple(question.key for before in shown for question in before.questions)
    if step is None:
        return Answers(values, problems, (), keys, len(shown) + 1)
    is_last = step.next_at >= len(definition.questions)
    return Answers(values, problems, step.questions, keys, len(shown) + 1, is_last)


def _read_all(
    questions: Sequence[Question], fields: Fields, values: dict[str, Value], say: ProblemWords
) -> dict[str, str]:
    problems: dict[str, str] = {}
    for question in questions:
        try:
            found = _read(question, fields, say)
        except ValueError as error:
            problems[question.key] = str(error)
            continue
        if not found and question.required:
            problems[question.key] = say.missing
        values |= found
    return problems


def preselected(definition: Definition, fields: Fields) -> Mapping[str, Value]:
    """Read what a link preselects; whatever does not fit is ignored, for a link is not an answer."""
    values: dict[str, Value] = {}
    for question in definition.questions:
        try:
            values |= _read(question, fields, ENGLISH.problem)
        except ValueError:
            continue
    return values


def read_draft(definition: Definition, fields: Fields) -> dict[str, Any]:
    """What was typed, in the shape of answers but unchecked, to fill a form in again."""
    draft: dict[str, Any] = {}
    for question in definition.questions:
        texts = list(fields.get(question.key, ()))
        match question:
            case MatrixQuestion():
                draft[question.key] = {
                    row.value: sent[-1]
                    for row in question.rows
                    if (sent := fields.get(f"{question.key}.{row.value}"))
                }
            case MultipleChoiceQuestion() | RankingQuestion():
                draft[question.key] = texts
            case _ if texts:
                draft[question.key] = texts[-1]
        if typed := fields.get(other_key(question.key)):
            draft[other_key(question.key)] = typed[-1]
    return {key: value for key, value in draft.items() if value}


def field_names(question: Question) -> list[str]:
    """The fields of a form that one question has."""
    if isinstance(question, MatrixQuestion):
        return [f"{question.key}.{row.value}" for row in question.rows]
    return [question.key, other_key(question.key)]


def is_whole(definition: Definition, values: Mapping[str, Value]) -> bool:
    """Tell whether every question that was asked was answered; otherwise the response is partial."""
    return all(_is_whole(question, values) for question in list_path(definition.questions, values))


def _is_whole(question: Question, values: Mapping[str, Value]) -> bool:
    value = values.get(question.key)
    if isinstance(question, MatrixQuestion) and isinstance(value, dict):
        return len(value) == len(question.rows)
    return value is not None


def show_answer(question: Question, values: Mapping[str, Value], words: Words = ENGLISH) -> str:
    """An answer as the person would say it: labels instead of stored values."""
    value = values[question.key]
    out_of = words.ask.out_of
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            labels = question.labels if isinstance(question, RatingQuestion) else ()
            number = out_of.format(value=value, most=question.scale[-1])
            return f"{labels[value - 1]} ({number})" if labels and isinstance(value, int) else number
        case YesNoQuestion() | SingleChoiceQuestion() | MultipleChoiceQuestion():
            chosen = value if isinstance(value, list) else [value]
            labels_of = {option.value: option.label for option in question.options}
            return ", ".join(
                str(values[other_key(question.key)])
                if one == OTHER and other_key(question.key) in values
                else label
                for one, label in labels_of.items()
                if one in chosen
            )
        case MatrixQuestion():
            rows = value if isinstance(value, dict) else {}
            return "\n".join(
                f"{row.label}: {out_of.format(value=rows[row.value], most=question.points)}"
                for row in question.rows
                if row.value in rows
            )
        case RankingQuestion():
            labels_of = {option.value: option.label for option in question.options}
            ranked = value if isinstance(value, list) else []
            return "\n".join(f"{place}. {labels_of.get(one, one)}" for place, one in enumerate(ranked, 1))
        case TextQuestion():
            return str(value)


def _clean(text: str) -> str:
    """Line ends as they are stored, without control characters, which move terminals, and blanks around."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()


def _texts(fields: Fields, name: str) -> list[str]:
    return [text for sent in fields.get(name, ()) if (text := _clean(sent))]


def _read(question: Question, fields: Fields, say: ProblemWords) -> dict[str, Value]:
    """The values of one question; none when it was left blank."""
    if isinstance(question, MatrixQuestion):
        return _read_matrix(question, fields, say)
    texts = _texts(fields, question.key)
    if isinstance(question, RankingQuestion):
        return _read_ranking(question, [_clean(text) for text in fields.get(question.key, ())], say)
    if isinstance(question, ChoiceQuestion):
        return _read_choice(question, texts, _texts(fields, other_key(question.key)), say)
    if not texts:
        return {}
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            return {question.key: _parse_scale(question.scale, texts[-1], say)}
        case YesNoQuestion():
            return {question.key: _parse_options([one.value for one in question.options], texts[-1:], say)[0]}
        case TextQuestion():
            return {question.key: _parse_text(texts[-1], question.chars_max, say)}


def _read_choice(
    question: ChoiceQuestion, texts: list[str], typed: list[str], say: ProblemWords
) -> dict[str, Value]:
    has_other = any(option.is_other for option in question.options)
    is_single = isinstance(question, SingleChoiceQuestion)
    if has_other and typed and not (is_single and texts):
        # Whoever says what else it is need not choose "other", too.
        texts = [*texts, OTHER]
    if not texts:
        return {}
    known = [option.value for option in question.options]
    chosen = _parse_options(known, texts[-1:] if is_single else texts, say)
    found: dict[str, Value] = {question.key: chosen[0] if is_single else chosen}
    if has_other and typed and OTHER in chosen:
        found[other_key(question.key)] = _parse_text(typed[-1], SHORT_TEXT_CHARS_MAX, say)
    return found


def _read_matrix(question: MatrixQuestion, fields: Fields, say: ProblemWords) -> dict[str, Value]:
    rows = {
        row.value: _parse_scale(question.scale, texts[-1], say)
        for row in question.rows
        if (texts := _texts(fields, f"{question.key}.{row.value}"))
    }
    if rows and question.required and len(rows) < len(question.rows):
        raise ValueError(say.every_row)
    return {question.key: rows} if rows else {}


def _read_ranking(question: RankingQuestion, places: list[str], say: ProblemWords) -> dict[str, Value]:
    known = [option.value for option in question.options]
    given = [text for text in places if text]
    if not given:
        return {}
    if any(text not in known for text in given):
        raise ValueError(say.from_options)
    if len(set(given)) < len(given):
        raise ValueError(say.one_place)
    missing = [value for value in known if value not in given]
    if len(missing) > 1 or len(places) > len(known):
        raise ValueError(say.every_place)
    # The last place is clear once all others are taken.
    return {question.key: [text or missing[0] for text in places] + missing[: len(known) - len(places)]}


def _parse_scale(scale: range, text: str, say: ProblemWords) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 2 and int(text) in scale:
        return int(text)
    raise ValueError(say.number.format(low=scale[0], high=scale[-1]))


def _parse_options(known: Sequence[str], texts: Sequence[str], say: ProblemWords) -> list[str]:
    if any(text not in known for text in texts):
        raise ValueError(say.from_options)
    return [value for value in known if value in texts]


def _parse_text(text: str, chars_max: int, say: ProblemWords) -> str:
    if len(text) > chars_max:
        raise ValueError(say.too_long.format(most=chars_max, count=len(text)))
    return text
