"""Does every language say everything, with the same things named in it, and bend it right?"""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from string import Formatter

import pytest

from afterword.domain.survey.question import (
    CES_LABELS,
    NPS_LABELS,
    OTHER_LABEL,
    RATING_LABELS,
    YES_NO_LABELS,
)
from afterword.domain.survey.survey import THANKS
from afterword.domain.words.english import ENGLISH
from afterword.domain.words.french import FRENCH
from afterword.domain.words.german import GERMAN
from afterword.domain.words.japanese import JAPANESE
from afterword.domain.words.languages import LANGUAGES
from afterword.domain.words.polish import POLISH
from afterword.domain.words.portuguese import PORTUGUESE
from afterword.domain.words.words import Counted, DateWords, Words

OTHERS = [words for words in LANGUAGES if words is not ENGLISH]
every_language = pytest.mark.parametrize("words", LANGUAGES, ids=lambda words: words.tag)
every_other = pytest.mark.parametrize("words", OTHERS, ids=lambda words: words.tag)

SHARED = {
    ("fr", "mail.questions"),
    ("es", "default.no"),
    ("it", "default.no"),
}
"""What is said as in English all the same."""

ENGLISH_WORDS = re.compile(
    r"\b(the|your?|you|answers?|survey|please|after|this|question|nothing|until|and|with|by|of|to)\b"
)
"""Words that no other of our languages has, but for those of SHARED_WORDS."""

SHARED_WORDS = {"fr": {"question"}, "nl": {"of"}, "pl": {"to"}}


def texts(words: Words) -> Iterator[tuple[str, str]]:
    """Where a text stands, and the text; of one with numbers each form."""
    for group in fields(words):
        part = getattr(words, group.name)
        if isinstance(part, str | DateWords):
            continue
        for field in fields(part):
            value = getattr(part, field.name)
            path = f"{group.name}.{field.name}"
            yield from ((path, form) for form in (value.forms if isinstance(value, Counted) else (value,)))


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@every_language
def test_everything_is_said_and_names_the_same_things(words: Words) -> None:
    expected = {path: names_in(text) for path, text in texts(ENGLISH)}
    for path, text in texts(words):
        assert text.strip() == text != "", path
        assert names_in(text) == expected[path], path


@every_language
def test_texts_are_filled_in_by_names_only(words: Words) -> None:
    for path, text in texts(words):
        for _, name, form, conversion in Formatter().parse(text):
            assert name is None or (name.isidentifier() and not form and not conversion), path


@every_language
def test_nothing_shouts(words: Words) -> None:
    """STYLE.md: no exclamation marks."""
    assert [path for path, text in texts(words) if set(text) & {"!", "\uff01"}] == []


@every_other
def test_nothing_is_left_in_english(words: Words) -> None:
    said = dict(texts(ENGLISH))
    same = {(words.tag, path) for path, text in texts(words) if text == said[path]}
    bare = {"mail.pace", "mail.questions_between"}
    assert {(tag, path) for tag, path in same if path not in bare} <= SHARED
    for path, text in texts(words):
        found = set(ENGLISH_WORDS.findall(re.sub(r"\{\w+\}", "", text).lower()))
        assert found <= SHARED_WORDS.get(words.tag, set()), path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (ENGLISH, {0: "questions", 1: "question", 2: "questions", 5: "questions", 21: "questions"}),
        (GERMAN, {0: "Fragen", 1: "Frage", 2: "Fragen", 5: "Fragen", 21: "Fragen", 22: "Fragen"}),
        (FRENCH, {0: "question", 1: "question", 2: "questions", 5: "questions", 21: "questions"}),
        (PORTUGUESE, {0: "pergunta", 1: "pergunta", 2: "perguntas", 21: "perguntas"}),
        (
            POLISH,
            {0: "pytań", 1: "pytanie", 2: "pytania", 5: "pytań", 12: "pytań", 21: "pytań", 22: "pytania"}
            | {14: "pytań", 24: "pytania", 112: "pytań", 122: "pytania"},
        ),
    ],
    ids=lambda value: getattr(value, "tag", ""),
)
def test_numbers_have_the_forms_of_the_language(words: Words, said: dict[int, str]) -> None:
    for count, noun in said.items():
        assert words.mail.questions.say(count) == f"{count} {noun}"


def test_in_japanese_every_number_has_one_form() -> None:
    assert [JAPANESE.mail.questions.say(count) for count in (1, 2)] == ["質問 1 問", "質問 2 問"]


@every_language
@pytest.mark.parametrize("count", [0, 1, 2, 5, 21, 22])
def test_every_number_can_be_said_of_everything_that_is_counted(words: Words, count: int) -> None:
    mail = words.mail
    for counted in (mail.questions, mail.about_minutes):
        assert str(count) in counted.say(count)
    assert {"1", str(count)} <= set(re.findall(r"\d+", mail.questions_between.say(count, fewest=1)))


@every_language
def test_a_moment_is_unmistakable(words: Words) -> None:
    """The month in letters (or marked as one), 24 hours, and the zone."""
    assert len(set(words.dates.months)) == 12
    said = words.dates.say(datetime(2026, 3, 5, 21, 7, tzinfo=UTC))
    assert words.dates.months[2] in said
    assert {"2026", "21:07", "UTC"} <= set(re.findall(r"\d\d:\d\d|\d{4}|UTC", said))
    assert "+02" in words.dates.say(datetime(2026, 3, 5, tzinfo=timezone(timedelta(hours=2), "+02")))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (ENGLISH, "1 May 2026, 09:00 UTC"),
        (GERMAN, "1. Mai 2026, 09:00 UTC"),
        (FRENCH, "1er mai 2026, 09:00 UTC"),
        (PORTUGUESE, "1º de maio de 2026, 09:00 UTC"),
        (POLISH, "1 maja 2026, 09:00 UTC"),
        (JAPANESE, "2026年5月1日 09:00 UTC"),
    ],
    ids=lambda value: getattr(value, "tag", ""),
)
def test_the_first_of_a_month(words: Words, said: str) -> None:
    assert words.dates.say(datetime(2026, 5, 1, 9, tzinfo=UTC)) == said


def test_what_a_survey_says_by_default_is_the_same_in_english() -> None:
    said = ENGLISH.default
    assert said.thanks == THANKS
    assert (said.dissatisfied, said.satisfied) == RATING_LABELS
    assert (said.unlikely, said.likely) == NPS_LABELS
    assert (said.disagree, said.agree) == CES_LABELS
    assert (said.yes, said.no) == YES_NO_LABELS
    assert said.other == OTHER_LABEL
