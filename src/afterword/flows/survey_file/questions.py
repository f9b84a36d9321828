"""How are questions written down?"""

from typing import Annotated

from msgspec import Meta

from afterword.domain.survey import (
    NPS_LABELS,
    OPTIONS_MAX,
    RATING_LABELS,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
)
from afterword.flows.survey_file.base import Key, Label, Part, Text, check_unique


class OptionFile(Part):
    """One choice."""

    value: Label
    label: Label


class _ScaleFile(Part, tag_field="type"):
    key: Key
    text: Text
    required: bool = True


class RatingFile(_ScaleFile, tag="rating"):
    """Satisfaction on 1–5."""

    low_label: Label = RATING_LABELS[0]
    high_label: Label = RATING_LABELS[1]


class NpsFile(_ScaleFile, tag="nps"):
    """Recommendation on 0–10."""

    low_label: Label = NPS_LABELS[0]
    high_label: Label = NPS_LABELS[1]


class SingleChoiceFile(Part, tag_field="type", tag="single_choice"):
    """One of several options."""

    key: Key
    text: Text
    options: Annotated[list[Label | OptionFile], Meta(min_length=2, max_length=OPTIONS_MAX)]
    required: bool = True


class MultipleChoiceFile(Part, tag_field="type", tag="multiple_choice"):
    """Any of several options."""

    key: Key
    text: Text
    options: Annotated[list[Label | OptionFile], Meta(min_length=2, max_length=OPTIONS_MAX)]
    required: bool = False


class TextFile(Part, tag_field="type", tag="text"):
    """Free text."""

    key: Key
    text: Text
    required: bool = False


QuestionFile = RatingFile | NpsFile | SingleChoiceFile | MultipleChoiceFile | TextFile

QUESTION_TYPES = ("rating", "nps", "single_choice", "multiple_choice", "text")


def make_question(file: QuestionFile, path: str) -> Question:
    """
    A question of a file → what is asked.

    Raises:
        FieldError: It can't be.
    """
    match file:
        case RatingFile():
            return RatingQuestion(file.key, file.text, file.required, file.low_label, file.high_label)
        case NpsFile():
            return NpsQuestion(file.key, file.text, file.required, file.low_label, file.high_label)
        case SingleChoiceFile():
            return SingleChoiceQuestion(file.key, file.text, _options(file.options, path), file.required)
        case MultipleChoiceFile():
            return MultipleChoiceQuestion(file.key, file.text, _options(file.options, path), file.required)
        case TextFile():
            return TextQuestion(file.key, file.text, file.required)


def _options(files: list[str | OptionFile], path: str) -> tuple[Option, ...]:
    options = tuple(
        Option(file, file) if isinstance(file, str) else Option(file.value, file.label) for file in files
    )
    check_unique(f"{path}.options", "option", [option.value for option in options])
    return options
