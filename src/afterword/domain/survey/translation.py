"""In which languages does a survey speak, and what is missing?"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from afterword.domain.survey.piping import Piped, fill
from afterword.domain.survey.question import Option, Question
from afterword.domain.survey.survey import Definition
from afterword.domain.words.english import ENGLISH
from afterword.domain.words.languages import find_words
from afterword.domain.words.words import DefaultWords

_QUESTION_TEXTS = ("text", "help", "low_label", "high_label", "yes_label", "no_label")
_ENDS = ("low_label", "high_label")

_DEFAULT_PLACES = ("thanks", "low_label", "high_label", "yes_label", "no_label", "other")
"""How a path ends where a text may be our default."""

_DEFAULTS = {getattr(ENGLISH.default, field.name): field.name for field in fields(DefaultWords)}
"""A text that a survey has by default → what it is called in every language."""

_Change = Callable[[str, str], str]
"""Where a text stands, and the text → the text in its place."""


@dataclass(frozen=True, slots=True)
class Missing:
    """
    A text that a translation lacks.

    Attributes:
        locale: The language tag.
        path: Where the text stands, as ``questions.ease.options.slow``.
        text: As the survey says it.
    """

    locale: str
    path: str
    text: str


def list_texts(definition: Definition) -> dict[str, str]:
    """Where a text stands → the text, of all texts that people read and that are not empty."""
    found: dict[str, str] = {}

    def note(path: str, text: str) -> str:
        if text:
            found[path] = text
        return text

    _change_texts(definition, note)
    return found


def missing_translations(definition: Definition) -> list[Missing]:
    """
    What the translations of a survey lack, language by language, in the order of the survey; what it says by
    default is not missed where we have it in that language.
    """
    texts = list_texts(definition)
    return [
        Missing(locale, path, text)
        for locale, given in sorted(definition.translations.items())
        for path, text in texts.items()
        if path not in given and _find_default(path, text, locale) is None
    ]


def find_foreign_locales(definition: Definition) -> list[str]:
    """The languages of a survey that we don't speak, so that all around its texts is English."""
    return [one for one in (definition.locale, *sorted(definition.translations)) if find_words(one) is None]


def choose_locale(definition: Definition, wanted: str | None) -> str:
    """
    The language in which somebody is asked: the one they want, else the same without a region, else another
    region's, else the survey's own.
    """
    known = {_plain(definition.locale): definition.locale}
    known |= {_plain(locale): locale for locale in definition.translations}
    asked = _plain(wanted or "")
    if asked in known:
        return known[asked]
    language = asked.partition("-")[0]
    if language in known:
        return known[language]
    near = sorted(one for one in known if language and one.partition("-")[0] == language)
    return known[near[0]] if near else definition.locale


def translate(definition: Definition, locale: str) -> Definition:
    """
    The survey in one of its languages; what it says by default is ours in that language, and what else is not
    translated stays as it is.
    """
    given = definition.translations.get(locale)
    if given is None and locale != definition.locale:
        return definition
    texts = given or {}

    def change(path: str, text: str) -> str:
        return texts.get(path) or _find_default(path, text, locale) or text

    return replace(_change_texts(definition, change), locale=locale)


def fill_in(definition: Definition, piped: Piped, *, for_mail: bool = False) -> Definition:
    """
    The survey with its placeholders filled in.

    Args:
        for_mail: No mail client makes a link of a value. Not in the title: in a subject nothing is linked.
    """
    return _change_texts(
        definition, lambda path, text: fill(text, piped, unlinked=for_mail and path != "title")
    )


def _change_texts(definition: Definition, change: _Change) -> Definition:
    return replace(
        definition,
        title=change("title", definition.title),
        introduction=change("introduction", definition.introduction),
        thanks=change("thanks", definition.thanks),
        questions=tuple(_change_question(question, change) for question in definition.questions),
    )


def _change_question(question: Question, change: _Change) -> Question:
    path = f"questions.{question.key}"
    has = {field.name for field in fields(question)}
    labels: tuple[str, ...] = getattr(question, "labels", ())
    # Where each point has a label, those of the ends are the first and the last of them.
    own = [name for name in _QUESTION_TEXTS if name in has and not (labels and name in _ENDS)]
    changed: dict[str, Any] = {name: change(f"{path}.{name}", getattr(question, name)) for name in own}
    if labels:
        said = tuple(change(f"{path}.labels.{point}", label) for point, label in enumerate(labels, 1))
        changed |= {"labels": said, "low_label": said[0], "high_label": said[-1]}
    for name in ("options", "rows"):
        if name in has:
            options: tuple[Option, ...] = getattr(question, name)
            changed[name] = tuple(
                replace(one, label=change(f"{path}.{name}.{one.value}", one.label)) for one in options
            )
    return replace(question, **changed)


def _find_default(path: str, text: str, locale: str) -> str | None:
    """Our words for what a survey says by default; None for its own, or in a language that we don't speak."""
    name = _DEFAULTS.get(text) if path.rpartition(".")[2] in _DEFAULT_PLACES else None
    words = find_words(locale) if name else None
    return None if name is None or words is None else str(getattr(words.default, name))


def _plain(locale: str) -> str:
    return locale.replace("_", "-").lower()
