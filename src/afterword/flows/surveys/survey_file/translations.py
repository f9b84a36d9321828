"""How are a survey's other languages written down?"""

from collections.abc import Iterator, Mapping
from typing import Annotated

from msgspec import Meta, field

from afterword.domain.survey.survey import Definition
from afterword.domain.survey.translation import list_texts
from afterword.flows.surveys.survey_file.base import FieldError, Key, Label, Part, Text, Title

LOCALES_MAX = 30

Locale = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description="a language tag such as de or pt-BR"
    ),
]


class QuestionTranslationFile(Part):
    """The texts of one question."""

    text: Text | None = None
    help: Text | None = None
    low_label: Label | None = None
    high_label: Label | None = None
    yes_label: Label | None = None
    no_label: Label | None = None
    labels: list[Label] = field(default_factory=list)
    options: dict[Label, Label] = field(default_factory=dict)
    rows: dict[Key, Label] = field(default_factory=dict)


class TranslationFile(Part):
    """A survey in one language; what is left out stays as the survey says it."""

    title: Title | None = None
    introduction: Text | None = None
    thanks: Text | None = None
    questions: dict[Key, QuestionTranslationFile] = field(default_factory=dict)


Translations = Annotated[dict[Locale, TranslationFile], Meta(max_length=LOCALES_MAX)]


def make_translations(
    files: Mapping[str, TranslationFile], definition: Definition, path: str
) -> dict[str, dict[str, str]]:
    """
    The translations of a file → language tag → where a text stands → that text.

    Raises:
        FieldError: A text of the survey's own language is given again, or there is none in that place.
    """
    if not files:
        return {}
    known = list_texts(definition)
    keys = {question.key for question in definition.questions}
    seen = {definition.locale.lower()}
    made: dict[str, dict[str, str]] = {}
    for locale, file in files.items():
        where = f"{path}.{locale}"
        if locale.lower() in seen:
            raise FieldError(where, f"the texts in {locale} are there already")
        seen.add(locale.lower())
        for key in file.questions:
            if key not in keys:
                raise FieldError(f"{where}.questions.{key}", "there is no such question")
        texts = dict(_texts(file))
        for place in texts:
            if place not in known:
                raise FieldError(f"{where}.{place}", "the survey has no text here that could be translated")
        made[locale] = texts
    return made


def _texts(file: TranslationFile) -> Iterator[tuple[str, str]]:
    for name in ("title", "introduction", "thanks"):
        if (text := getattr(file, name)) is not None:
            yield name, text
    for key, question in file.questions.items():
        where = f"questions.{key}"
        for name in ("text", "help", "low_label", "high_label", "yes_label", "no_label"):
            if (text := getattr(question, name)) is not None:
                yield f"{where}.{name}", text
        for point, label in enumerate(question.labels, 1):
            yield f"{where}.labels.{point}", label
        for name in ("options", "rows"):
            for value, label in getattr(question, name).items():
                yield f"{where}.{name}.{value}", label
