"""How is a survey written down, as a file and in the database?"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta

from afterword.domain.survey.piping import check_placeholders
from afterword.domain.survey.question import QUESTION_TEXT_CHARS_MAX
from afterword.domain.survey.survey import LOCALE, QUESTIONS_MAX, THANKS, Definition
from afterword.domain.survey.translation import list_texts
from afterword.flows.surveys.survey_file.audience import check_audience
from afterword.flows.surveys.survey_file.base import FieldError, Key, Label, Part, Title, check_unique
from afterword.flows.surveys.survey_file.conditions import ConditionFile, check_metadata_paths, check_possible
from afterword.flows.surveys.survey_file.questions import (
    QUESTION_FILES,
    QUESTION_TYPES,
    OptionFile,
    QuestionFile,
    check_paths,
    make_questions,
)
from afterword.flows.surveys.survey_file.schedule import Moment, TimeZone, make_moment, make_zone
from afterword.flows.surveys.survey_file.throttle import (
    CapFile,
    CooldownFile,
    QuotaFile,
    RemindersFile,
    SamplingFile,
    SendWindowFile,
    ThrottleFile,
    make_policy,
)
from afterword.flows.surveys.survey_file.translations import (
    Locale,
    QuestionTranslationFile,
    TranslationFile,
    Translations,
    make_translations,
)
from afterword.flows.surveys.survey_file.trigger import CountFile, TriggerFile, WithinFile, make_trigger
from afterword.flows.surveys.yaml_file import list_choices, parse_yaml_file
from afterword.flows.surveys.yaml_lines import YamlLines

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
    privacy: Literal["confidential", "anonymous"] = "confidential"
    locale: Locale = LOCALE
    translations: Translations = msgspec.field(default_factory=dict)
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
    lines = YamlLines(name, fields=FIELD_NAMES, types=QUESTION_TYPES, choices=CHOICES)
    return parse_yaml_file(text, lines, SurveyFile, _checked)


def _definition(file: SurveyFile) -> Definition:
    check_unique("$.questions", "key", [question.key for question in file.questions])
    check_unique("$.tags", "tag", file.tags)
    zone = make_zone(file.timezone, "$.timezone")
    starts_at = make_moment(file.starts_at, zone, "$.starts_at")
    ends_at = make_moment(file.ends_at, zone, "$.ends_at")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise FieldError("$.ends_at", "a survey ends after it starts")
    definition = Definition(
        key=file.survey,
        title=file.title,
        trigger=make_trigger(file.trigger, "$.trigger"),
        questions=make_questions(file.questions, "$.questions"),
        policy=make_policy([("$.throttle", file.throttle)]),
        introduction=file.introduction,
        thanks=file.thanks,
        tags=frozenset(file.tags),
        is_anonymous=file.privacy == "anonymous",
        locale=file.locale,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    translations = make_translations(file.translations, definition, "$.translations")
    return replace(definition, translations=translations)


def _checked(file: SurveyFile) -> Definition:
    """The definition, with all that takes too long to be checked each time a stored one is read."""
    definition = _definition(file)
    check_paths(definition.questions, "$.questions")
    check_possible(definition.trigger.where, "$.trigger.where")
    check_metadata_paths(file.trigger.where, "$.trigger.where")
    check_possible(definition.policy.audience, "$.throttle.audience")
    check_audience(file.throttle.audience, "$.throttle.audience")
    _check_texts(list_texts(definition), definition, "$")
    for locale, texts in definition.translations.items():
        _check_texts(texts, definition, f"$.translations.{locale}")
    return definition


def _check_texts(texts: Mapping[str, str], definition: Definition, path: str) -> None:
    """Check the placeholders of all texts; ``path`` is what their places are below."""
    places = {question.key: f"$.questions[{index}]" for index, question in enumerate(definition.questions)}
    for place, text in texts.items():
        try:
            check_placeholders(text)
        except ValueError as error:
            where = f"{path}.{place}"
            if path == "$" and place.startswith("questions."):
                _, key, rest = place.split(".", 2)
                where = f"{places[key]}.{rest}"
            raise FieldError(where, str(error)) from None


def _structs() -> list[type[msgspec.Struct]]:
    structs: list[type[msgspec.Struct]] = [SurveyFile, TriggerFile, ThrottleFile, ConditionFile, OptionFile]
    structs += [*QUESTION_FILES, TranslationFile, QuestionTranslationFile, CountFile, WithinFile]
    structs += [CapFile, CooldownFile, QuotaFile, RemindersFile, SamplingFile, SendWindowFile]
    return structs


FIELD_NAMES = sorted(
    {field.encode_name for struct in _structs() for field in msgspec.structs.fields(struct)} | {"type"}
)
CHOICES = list_choices(_structs())
