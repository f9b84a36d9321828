"""How is a survey written down, as a file and in the database?"""

import json
from datetime import timedelta
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import UNSET, Meta, Struct, UnsetType

from afterword.domain.event import NAME_CHARS_MAX
from afterword.domain.policy import Policy
from afterword.domain.survey import (
    LABEL_CHARS_MAX,
    NPS_LABELS,
    OPTIONS_MAX,
    QUESTION_TEXT_CHARS_MAX,
    QUESTIONS_MAX,
    RATING_LABELS,
    THANKS,
    TITLE_CHARS_MAX,
    Definition,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
)
from afterword.domain.trigger import OPERATORS, AllOf, AnyOf, Compare, Condition, Not, Trigger
from afterword.flows.yaml_lines import SurveyFileError, YamlLines

FILE_BYTES_MAX = 256 * 1024
EVENTS_MAX = 50
CONDITION_DEPTH_MAX = 10
_DURATION_MAX = timedelta(days=3_650)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="a-z, 0-9, - and _")]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=QUESTION_TEXT_CHARS_MAX)]
Label = Annotated[str, Meta(min_length=1, max_length=LABEL_CHARS_MAX)]
EventName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Duration = Annotated[str, Meta(pattern=r"^[0-9]{1,5}[smhd]$", description="such as 30m, 72h or 90d")]


class _File(Struct, forbid_unknown_fields=True):
    pass


class OptionFile(_File):
    """One choice."""

    value: Label
    label: Label


class _ScaleFile(_File, tag_field="type"):
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


class SingleChoiceFile(_File, tag_field="type", tag="single_choice"):
    """One of several options."""

    key: Key
    text: Text
    options: Annotated[list[Label | OptionFile], Meta(min_length=2, max_length=OPTIONS_MAX)]
    required: bool = True


class MultipleChoiceFile(_File, tag_field="type", tag="multiple_choice"):
    """Any of several options."""

    key: Key
    text: Text
    options: Annotated[list[Label | OptionFile], Meta(min_length=2, max_length=OPTIONS_MAX)]
    required: bool = False


class TextFile(_File, tag_field="type", tag="text"):
    """Free text."""

    key: Key
    text: Text
    required: bool = False


QuestionFile = RatingFile | NpsFile | SingleChoiceFile | MultipleChoiceFile | TextFile


class ConditionFile(_File, rename={"all_": "all", "any_": "any", "not_": "not", "in_": "in"}):
    """One of ``all``, ``any``, ``not``, or a ``path`` with one operator."""

    all_: "list[ConditionFile] | UnsetType" = UNSET
    any_: "list[ConditionFile] | UnsetType" = UNSET
    not_: "ConditionFile | UnsetType" = UNSET
    path: Label | UnsetType = UNSET
    eq: Any = UNSET
    ne: Any = UNSET
    in_: list[Any] | UnsetType = UNSET
    contains: Any = UNSET
    gt: Any = UNSET
    gte: Any = UNSET
    lt: Any = UNSET
    lte: Any = UNSET
    exists: bool | UnsetType = UNSET


class TriggerFile(_File):
    """Which events a survey listens to."""

    events: Annotated[list[EventName], Meta(min_length=1, max_length=EVENTS_MAX)]
    where: ConditionFile | None = None


class ThrottleFile(_File):
    """How rarely people are asked."""

    survey_cooldown: Duration = "90d"
    global_cooldown: Duration = "14d"
    sampling_rate: Annotated[float, Meta(gt=0, le=1)] = 1.0
    max_event_age: Duration = "30m"
    expires_after: Duration = "72h"


class SurveyFile(_File):
    """A whole survey as it is written down."""

    survey: Key
    project: Label
    title: Title
    trigger: TriggerFile
    questions: Annotated[list[QuestionFile], Meta(min_length=1, max_length=QUESTIONS_MAX)]
    throttle: ThrottleFile = msgspec.field(default_factory=ThrottleFile)
    introduction: Annotated[str, Meta(max_length=QUESTION_TEXT_CHARS_MAX)] = ""
    thanks: Annotated[str, Meta(min_length=1, max_length=QUESTION_TEXT_CHARS_MAX)] = THANKS


_decode = msgspec.json.Decoder(SurveyFile).decode


def read_definition(text: str) -> Definition:
    """The JSON text of a stored version → the survey's definition."""
    return _definition(_decode(text))


def dump_definition(file: SurveyFile) -> str:
    """A checked survey file → the JSON text that is stored. Equal files give equal texts."""
    return msgspec.json.encode(file).decode()


def show_definition(text: str) -> str:
    """The JSON text of a stored version → YAML, as people compare versions."""
    shown: str = yaml.safe_dump(msgspec.json.decode(text), sort_keys=False, allow_unicode=True)
    return shown


def parse_survey_file(text: str, name: str) -> SurveyFile:
    """
    Read a survey's YAML.

    Args:
        text: The file's content.
        name: The file's name, for messages.

    Raises:
        SurveyFileError: Every message starts with file and line.
    """
    if len(text.encode()) > FILE_BYTES_MAX:
        raise SurveyFileError(f"{name}: the file is over {FILE_BYTES_MAX // 1024} KiB")
    lines = YamlLines(name, fields=_FIELD_NAMES, types=_QUESTION_TYPES)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines.walk(node, "$")
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise SurveyFileError(f"{where}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "reason", "") or " ".join(str(error).split()) or "it nests too deeply"
        raise SurveyFileError(f"{name}: this is not YAML: {reason}") from error
    try:
        json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise SurveyFileError(
            f"{name}: a text holds half of a surrogate pair, which is no character"
        ) from None
    try:
        file = msgspec.convert(document, SurveyFile)
    except msgspec.ValidationError as error:
        raise lines.explain(str(error)) from None
    try:
        _definition(file)
    except _FieldError as error:
        raise lines.error(error.path, str(error)) from None
    return file


def parse_duration(text: str) -> timedelta:
    """``90d`` → 90 days; units are s, m, h and d."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


class _FieldError(ValueError):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def _definition(file: SurveyFile) -> Definition:
    for index, name in enumerate(file.trigger.events):
        if name != name.strip():
            raise _FieldError(
                f"$.trigger.events[{index}]", "events are stored without blanks around their names"
            )
    _check_unique("$.questions", "key", [question.key for question in file.questions])
    where = file.trigger.where
    return Definition(
        key=file.survey,
        title=file.title,
        trigger=Trigger(
            tuple(file.trigger.events),
            None if where is None else _condition(where, "$.trigger.where", depth=1),
        ),
        questions=tuple(
            _question(question, f"$.questions[{index}]") for index, question in enumerate(file.questions)
        ),
        policy=_policy(file.throttle),
        introduction=file.introduction,
        thanks=file.thanks,
    )


def _policy(file: ThrottleFile) -> Policy:
    durations = {}
    for name in ("survey_cooldown", "global_cooldown", "max_event_age", "expires_after"):
        durations[name] = parse_duration(getattr(file, name))
        if durations[name] > _DURATION_MAX:
            raise _FieldError(f"$.throttle.{name}", f"at most {_DURATION_MAX.days}d")
    for name in ("max_event_age", "expires_after"):
        if not durations[name]:
            raise _FieldError(f"$.throttle.{name}", "must be more than 0: nobody would ever be asked")
    return Policy(sampling_rate=file.sampling_rate, **durations)


def _question(file: QuestionFile, path: str) -> Question:
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
    _check_unique(f"{path}.options", "option", [option.value for option in options])
    return options


def _check_unique(path: str, what: str, values: list[str]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise _FieldError(f"{path}[{index}]", f"the {what} {value!r} is there twice")


def _condition(file: ConditionFile, path: str, *, depth: int) -> Condition:
    if depth > CONDITION_DEPTH_MAX:
        raise _FieldError(path, f"conditions nest deeper than {CONDITION_DEPTH_MAX} levels")
    fields = {field.encode_name: getattr(file, field.name) for field in msgspec.structs.fields(file)}
    given = {name: value for name, value in fields.items() if value is not UNSET}
    match sorted(given):
        case ["all"]:
            return AllOf(_conditions(given["all"], f"{path}.all", depth=depth))
        case ["any"]:
            return AnyOf(_conditions(given["any"], f"{path}.any", depth=depth))
        case ["not"]:
            return Not(_condition(given["not"], f"{path}.not", depth=depth + 1))
        case [operator, "path"] | ["path", operator] if operator in OPERATORS:
            _check_operand(operator, given[operator], f"{path}.{operator}")
            return Compare(given["path"], operator, given[operator])
    known = ", ".join(OPERATORS)
    raise _FieldError(path, f"a condition is one of all, any, not, or a path with one of {known}")


def _check_operand(operator: str, value: Any, path: str) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise _FieldError(path, "this is nothing that metadata can hold") from None
    if operator in ("gt", "gte", "lt", "lte") and (
        isinstance(value, bool) or not isinstance(value, int | float | str)
    ):
        raise _FieldError(path, "must be a number or a text")


def _conditions(files: list[ConditionFile], path: str, *, depth: int) -> tuple[Condition, ...]:
    if not files:
        raise _FieldError(path, "the list is empty")
    return tuple(_condition(file, f"{path}[{i}]", depth=depth + 1) for i, file in enumerate(files))


def _field_names() -> list[str]:
    structs: list[Any] = [SurveyFile, TriggerFile, ThrottleFile, ConditionFile, OptionFile]
    structs += [RatingFile, SingleChoiceFile, TextFile]
    names = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    return sorted(names | {"type"})


_FIELD_NAMES = _field_names()
_QUESTION_TYPES = ("rating", "nps", "single_choice", "multiple_choice", "text")
