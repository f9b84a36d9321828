"""How is a survey written down, as a file and in the database?"""

import json
from functools import lru_cache
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta

from afterword.domain.survey import QUESTION_TEXT_CHARS_MAX, QUESTIONS_MAX, THANKS, Definition
from afterword.flows.survey_file.base import FieldError, Key, Label, Part, Title, check_unique
from afterword.flows.survey_file.conditions import ConditionFile
from afterword.flows.survey_file.questions import (
    QUESTION_TYPES,
    OptionFile,
    QuestionFile,
    RatingFile,
    SingleChoiceFile,
    TextFile,
    make_question,
)
from afterword.flows.survey_file.throttle import (
    CapFile,
    CooldownFile,
    QuotaFile,
    RemindersFile,
    SamplingFile,
    SendWindowFile,
    ThrottleFile,
    make_policy,
)
from afterword.flows.survey_file.trigger import CountFile, TriggerFile, WithinFile, make_trigger
from afterword.flows.yaml_lines import SurveyFileError, YamlLines

FILE_BYTES_MAX = 256 * 1024
TAGS_MAX = 10


class SurveyFile(Part):
    """A whole survey as it is written down."""

    survey: Key
    project: Label
    title: Title
    trigger: TriggerFile
    questions: Annotated[list[QuestionFile], Meta(min_length=1, max_length=QUESTIONS_MAX)]
    throttle: ThrottleFile = msgspec.field(default_factory=ThrottleFile)
    introduction: Annotated[str, Meta(max_length=QUESTION_TEXT_CHARS_MAX)] = ""
    thanks: Annotated[str, Meta(min_length=1, max_length=QUESTION_TEXT_CHARS_MAX)] = THANKS
    tags: Annotated[list[Key], Meta(max_length=TAGS_MAX)] = msgspec.field(default_factory=list)


_decode = msgspec.json.Decoder(SurveyFile).decode


@lru_cache(maxsize=500)
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
    lines = YamlLines(name, fields=_FIELD_NAMES, types=QUESTION_TYPES)
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
    except FieldError as error:
        raise lines.error(error.path, str(error)) from None
    return file


def _definition(file: SurveyFile) -> Definition:
    check_unique("$.questions", "key", [question.key for question in file.questions])
    check_unique("$.tags", "tag", file.tags)
    return Definition(
        key=file.survey,
        title=file.title,
        trigger=make_trigger(file.trigger, "$.trigger"),
        questions=tuple(
            make_question(question, f"$.questions[{index}]") for index, question in enumerate(file.questions)
        ),
        policy=make_policy([("$.throttle", file.throttle)]),
        introduction=file.introduction,
        thanks=file.thanks,
        tags=frozenset(file.tags),
    )


def _field_names() -> list[str]:
    structs: list[type[msgspec.Struct]] = [SurveyFile, TriggerFile, ThrottleFile, ConditionFile, OptionFile]
    structs += [RatingFile, SingleChoiceFile, TextFile, CountFile, WithinFile]
    structs += [CapFile, CooldownFile, QuotaFile, RemindersFile, SamplingFile, SendWindowFile]
    names = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    return sorted(names | {"type"})


_FIELD_NAMES = _field_names()
