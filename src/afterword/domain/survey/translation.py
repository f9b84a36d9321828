"""In which languages does a survey speak, and what is missing?"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from afterword.domain.survey.piping import Piped, fill
from afterword.domain.survey.question import Option, Question
from afterword.domain.survey.survey import Definition

_QUESTION_TEXTS = ("text", "help", "low_label", "high_label", "yes_label", "no_label")
_ENDS = ("low_label", "high_label")

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
    """What the translations of a survey lack, language by language, in the order of the survey."""
    texts = list_texts(definition)
    return [
        Missing(locale, path, text)
        for locale, given in sorted(definition.translations.items())
        for path, text in texts.items()
        if path not in given
    ]


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
    """The survey in one of its languages; what is not translated stays as it is."""
    given = definition.translations.get(locale)
    if given is None:
        return definition
    return replace(_change_texts(definition, given.get), locale=locale)


def fill_in(definition: Definition, piped: Piped) -> Definition:
    """The survey with its placeholders filled in."""
    return _change_texts(definition, lambda path, text: fill(text, piped))


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


def _plain(locale: str) -> str:
    return locale.replace("_", "-").lower()
