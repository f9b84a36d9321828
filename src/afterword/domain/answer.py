"""Is this an answer to that question?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterword.domain.survey import (
    ANSWER_TEXT_CHARS_MAX,
    ChoiceQuestion,
    Definition,
    MultipleChoiceQuestion,
    NpsQuestion,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Value = int | str | list[str]
"""An answer's value: int for scales, option value(s) for choices, text."""

Fields = Mapping[str, Sequence[str]]
"""A submitted form: question key → the texts sent under it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """
    What a person submitted.

    Attributes:
        values: Question key → value; questions left blank are absent.
        problems: Question key → what to mend, in words for that person.
    """

    values: Mapping[str, Value]
    problems: Mapping[str, str]


def parse_answers(definition: Definition, fields: Fields) -> Answers:
    """
    Read a submitted form. Unknown fields are ignored; nothing is recorded while there are problems.
    """
    values: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for question in definition.questions:
        texts = [text for sent in fields.get(question.key, ()) if (text := _clean(sent))]
        if not texts:
            if question.required:
                problems[question.key] = "Please answer this question."
            continue
        try:
            values[question.key] = _parse_value(question, texts)
        except ValueError as error:
            problems[question.key] = str(error)
    return Answers(values, problems)


def preselected(definition: Definition, fields: Fields) -> Mapping[str, Value]:
    """Read what a link preselects; whatever does not fit is ignored, for a link is not an answer."""
    values: dict[str, Value] = {}
    for question in definition.questions:
        texts = [text for text in fields.get(question.key, ()) if text]
        if not texts:
            continue
        try:
            values[question.key] = _parse_value(question, texts)
        except ValueError:
            continue
    return values


def is_whole(definition: Definition, values: Mapping[str, Value]) -> bool:
    """Tell whether every question was answered; otherwise the response is partial."""
    return all(question.key in values for question in definition.questions)


def _clean(text: str) -> str:
    """Line ends as they are stored, without control characters, which move terminals, and blanks around."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()


def _parse_value(question: Question, texts: Sequence[str]) -> Value:
    match question:
        case RatingQuestion() | NpsQuestion():
            return _parse_scale(question.scale, texts[-1])
        case SingleChoiceQuestion():
            return _parse_options(question, texts[-1:])[0]
        case MultipleChoiceQuestion():
            return _parse_options(question, texts)
        case TextQuestion():
            return _parse_text(texts[-1])


def _parse_scale(scale: range, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 2 and int(text) in scale:
        return int(text)
    raise ValueError(f"Please choose a number from {scale[0]} to {scale[-1]}.")


def _parse_options(question: ChoiceQuestion, texts: Sequence[str]) -> list[str]:
    known = [option.value for option in question.options]
    if any(text not in known for text in texts):
        raise ValueError("Please choose from the options shown.")
    return [value for value in known if value in texts]


def _parse_text(text: str) -> str:
    if len(text) > ANSWER_TEXT_CHARS_MAX:
        raise ValueError(f"Please use at most {ANSWER_TEXT_CHARS_MAX} characters; this has {len(text)}.")
    return text
