"""How is a survey written down, as a file and in the database?"""

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
from afterword.flows.survey_file.schedule import Moment, TimeZone, make_moment, make_zone
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
from afterword.flows.yaml_file import parse_yaml_file
from afterword.flows.yaml_lines import YamlLines

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
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    timezone: TimeZone | None = None


_decode = msgspec.json.Decoder(SurveyFile).decode


@lru_cache(maxsize=500)
def read_definition(text: str) -> Definition:
    """The JSON text of a stored version → the survey's definition."""
    return _definition(read_file(text))


@lru_cache(maxsize=500)
def read_file(text: str) -> SurveyFile:
    """The JSON text of a stored version → the file as it was checked, with what it leaves out."""
    return _decode(text)


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
    lines = YamlLines(name, fields=FIELD_NAMES, types=QUESTION_TYPES)
    return parse_yaml_file(text, lines, SurveyFile, _definition)


def _definition(file: SurveyFile) -> Definition:
    check_unique("$.questions", "key", [question.key for question in file.questions])
    check_unique("$.tags", "tag", file.tags)
    zone = make_zone(file.timezone, "$.timezone")
    starts_at = make_moment(file.starts_at, zone, "$.starts_at")
    ends_at = make_moment(file.ends_at, zone, "$.ends_at")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise FieldError("$.ends_at", "a survey ends after it starts")
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
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _field_names() -> list[str]:
    structs: list[type[msgspec.Struct]] = [SurveyFile, TriggerFile, ThrottleFile, ConditionFile, OptionFile]
    structs += [RatingFile, SingleChoiceFile, TextFile, CountFile, WithinFile]
    structs += [CapFile, CooldownFile, QuotaFile, RemindersFile, SamplingFile, SendWindowFile]
    names = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    return sorted(names | {"type"})


FIELD_NAMES = _field_names()
