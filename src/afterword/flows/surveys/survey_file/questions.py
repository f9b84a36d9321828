"""How are questions written down?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from afterword.domain.survey.branching import BranchError
from afterword.domain.survey.paths import check_branches
from afterword.domain.survey.question import (
    CES_LABELS,
    NO,
    NPS_LABELS,
    OPTIONS_MAX,
    OTHER,
    OTHER_LABEL,
    RATING_LABELS,
    ROWS_MAX,
    YES,
    YES_NO_LABELS,
    CesQuestion,
    Look,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    Question,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
)
from afterword.domain.survey.trigger import AllOf, AnyOf, Compare, Condition, Not
from afterword.flows.surveys.survey_file.base import FieldError, Help, Key, Label, Part, Text, check_unique
from afterword.flows.surveys.survey_file.conditions import ConditionFile, make_condition

Next = Annotated[dict[Label, Key], Meta(max_length=OPTIONS_MAX)]
Points = Literal[3, 5, 7]


class OptionFile(Part):
    """One choice."""

    value: Label
    label: Label


Options = Annotated[list[Label | OptionFile], Meta(min_length=2, max_length=OPTIONS_MAX)]


class _AskedFile(Part, tag_field="type", kw_only=True):
    key: Key
    text: Text
    help: Help = ""
    when: ConditionFile | None = None


class RatingFile(_AskedFile, tag="rating", kw_only=True):
    """Satisfaction on 1–3, 1–5 or 1–7."""

    required: bool = True
    points: Points = 5
    look: Literal["numbers", "stars", "faces"] = "numbers"
    low_label: Label = RATING_LABELS[0]
    high_label: Label = RATING_LABELS[1]
    labels: list[Label] = field(default_factory=list)
    next: Next = field(default_factory=dict)


class NpsFile(_AskedFile, tag="nps", kw_only=True):
    """Recommendation on 0–10."""

    required: bool = True
    low_label: Label = NPS_LABELS[0]
    high_label: Label = NPS_LABELS[1]
    next: Next = field(default_factory=dict)


class CesFile(_AskedFile, tag="ces", kw_only=True):
    """Agreement on 1–7 that it was easy."""

    required: bool = True
    low_label: Label = CES_LABELS[0]
    high_label: Label = CES_LABELS[1]
    next: Next = field(default_factory=dict)


class YesNoFile(_AskedFile, tag="yes_no", kw_only=True):
    """Yes or no."""

    required: bool = True
    yes_label: Label = YES_NO_LABELS[0]
    no_label: Label = YES_NO_LABELS[1]
    next: Next = field(default_factory=dict)


class SingleChoiceFile(_AskedFile, tag="single_choice", kw_only=True):
    """One of several options."""

    options: Options
    required: bool = True
    other: bool | Label = False
    shuffled: bool = False
    next: Next = field(default_factory=dict)


class MultipleChoiceFile(_AskedFile, tag="multiple_choice", kw_only=True):
    """Any of several options."""

    options: Options
    required: bool = False
    other: bool | Label = False
    shuffled: bool = False


class TextFile(_AskedFile, tag="text", kw_only=True):
    """Free text of several lines."""

    required: bool = False


class ShortTextFile(_AskedFile, tag="short_text", kw_only=True):
    """Free text of one line."""

    required: bool = False


class MatrixFile(_AskedFile, tag="matrix", kw_only=True):
    """Several things rated on one scale."""

    rows: Annotated[dict[Key, Label], Meta(min_length=1, max_length=ROWS_MAX)]
    required: bool = True
    points: Points = 5
    low_label: Label = RATING_LABELS[0]
    high_label: Label = RATING_LABELS[1]


class RankingFile(_AskedFile, tag="ranking", kw_only=True):
    """Options to be put in an order."""

    options: Annotated[list[Label | OptionFile], Meta(min_length=2, max_length=ROWS_MAX)]
    required: bool = False
    shuffled: bool = False


QuestionFile = (
    RatingFile
    | NpsFile
    | CesFile
    | YesNoFile
    | SingleChoiceFile
    | MultipleChoiceFile
    | ShortTextFile
    | TextFile
    | MatrixFile
    | RankingFile
)

QUESTION_FILES: tuple[type[Struct], ...] = (
    RatingFile,
    NpsFile,
    CesFile,
    YesNoFile,
    SingleChoiceFile,
    MultipleChoiceFile,
    ShortTextFile,
    TextFile,
    MatrixFile,
    RankingFile,
)

QUESTION_TYPES = tuple(str(kind.__struct_config__.tag) for kind in QUESTION_FILES)


def make_questions(files: Sequence[QuestionFile], path: str) -> tuple[Question, ...]:
    """
    The questions of a file → what is asked.

    Raises:
        FieldError: They can't be.
    """
    made: list[Question] = []
    for index, file in enumerate(files):
        question = make_question(file, f"{path}[{index}]")
        if file.when is not None:
            when = make_condition(file.when, f"{path}[{index}].when")
            question = replace(question, when=_in_words(when, made))
        made.append(question)
    return tuple(made)


def check_paths(questions: Sequence[Question], path: str) -> None:
    """
    Check that the branches of questions can be gone through.

    Raises:
        FieldError: They can't.
    """
    try:
        check_branches(questions)
    except BranchError as error:
        where = f"{path}[{error.index}]"
        raise FieldError(f"{where}.{error.field}" if error.field else where, str(error)) from None


def make_question(file: QuestionFile, path: str) -> Question:
    """
    A question of a file, without its condition → what is asked.

    Raises:
        FieldError: It can't be.
    """
    key, text, required = file.key, file.text, file.required
    match file:
        case RatingFile():
            labels = _labels(file, f"{path}.labels")
            ends = (labels[0], labels[-1]) if labels else (file.low_label, file.high_label)
            return RatingQuestion(
                key,
                text,
                required,
                *ends,
                points=file.points,
                look=Look(file.look),
                labels=labels,
                help=file.help,
                next=file.next,
            )
        case NpsFile() | CesFile():
            kind = NpsQuestion if isinstance(file, NpsFile) else CesQuestion
            return kind(key, text, required, file.low_label, file.high_label, help=file.help, next=file.next)
        case YesNoFile():
            return YesNoQuestion(
                key, text, required, file.yes_label, file.no_label, help=file.help, next=file.next
            )
        case SingleChoiceFile():
            options = _options(file.options, file.other, path)
            return SingleChoiceQuestion(
                key, text, options, required, file.shuffled, help=file.help, next=file.next
            )
        case MultipleChoiceFile():
            options = _options(file.options, file.other, path)
            return MultipleChoiceQuestion(key, text, options, required, file.shuffled, help=file.help)
        case TextFile() | ShortTextFile():
            return TextQuestion(key, text, required, isinstance(file, ShortTextFile), help=file.help)
        case MatrixFile():
            rows = tuple(Option(value, label) for value, label in file.rows.items())
            return MatrixQuestion(
                key, text, rows, required, file.low_label, file.high_label, file.points, help=file.help
            )
        case RankingFile():
            options = _options(file.options, False, path)
            return RankingQuestion(key, text, options, required, file.shuffled, help=file.help)


def _labels(file: RatingFile, path: str) -> tuple[str, ...]:
    if file.labels and len(file.labels) != file.points:
        raise FieldError(path, f"there are {file.points} points, so give {file.points} labels, or none")
    return tuple(file.labels)


def _options(files: Sequence[str | OptionFile], other: bool | str, path: str) -> tuple[Option, ...]:
    options = [
        Option(file, file) if isinstance(file, str) else Option(file.value, file.label) for file in files
    ]
    check_unique(f"{path}.options", "option", [option.value for option in options])
    if not other:
        return tuple(options)
    if any(option.value == OTHER for option in options):
        raise FieldError(f"{path}.other", f"an option has the value {OTHER!r} already: give it another one")
    return (*options, Option(OTHER, OTHER_LABEL if other is True else other, is_other=True))


def _in_words(condition: Condition, asked: Sequence[Question]) -> Condition:
    """YAML reads yes and no as true and false; where a question asks for yes or no, both are meant."""
    yes_no = {question.key for question in asked if isinstance(question, YesNoQuestion)}

    def word(value: Any) -> Any:
        if isinstance(value, list):
            return [word(item) for item in value]
        return {True: YES, False: NO}[value] if isinstance(value, bool) else value

    def turn(part: Condition) -> Condition:
        match part:
            case AllOf(parts):
                return AllOf(tuple(map(turn, parts)))
            case AnyOf(parts):
                return AnyOf(tuple(map(turn, parts)))
            case Not(inner):
                return Not(turn(inner))
            case Compare(path, operator, value):
                is_answer = path in yes_no and operator != "exists"
                return Compare(path, operator, word(value)) if is_answer else part

    return turn(condition)
