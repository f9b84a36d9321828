"""Does everybody get the language that is nearest to theirs, and is what is missing told?"""

import pytest

from afterword.domain.survey.piping import Piped
from afterword.domain.survey.question import (
    MatrixQuestion,
    Option,
    RatingQuestion,
    SingleChoiceQuestion,
    YesNoQuestion,
)
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.translation import (
    Missing,
    choose_locale,
    fill_in,
    list_texts,
    missing_translations,
    translate,
)
from afterword.domain.survey.trigger import Trigger

GERMAN = {
    "title": "Dein Build",
    "questions.mood.text": "Wie war es?",
    "questions.mood.labels.1": "Schlecht",
    "questions.mood.labels.2": "Geht so",
    "questions.mood.labels.3": "Gut",
    "questions.worked.yes_label": "Ja",
    "questions.worst.options.slow": "Langsam",
    "questions.parts.rows.docs": "Doku",
}
SURVEY = Definition(
    "build",
    "Your build of {{event.metadata.branch|your branch}}",
    Trigger(("build.finished",)),
    (
        RatingQuestion("mood", "How was it?", True, "Bad", "Good", points=3, labels=("Bad", "So so", "Good")),
        YesNoQuestion("worked", "Did it work?", help="Be honest."),
        SingleChoiceQuestion("worst", "What is worst?", (Option("slow", "Slow"), Option("b", "B"))),
        MatrixQuestion("parts", "Parts?", (Option("docs", "Docs"),)),
    ),
    thanks="Thanks, {{person.name|friend}}.",
    translations={"de": GERMAN, "pt-BR": {"title": "Seu build"}},
)


def test_a_translation_puts_its_texts_in_place_and_leaves_the_rest() -> None:
    german = translate(SURVEY, "de")
    mood, worked, worst, parts = german.questions
    assert (german.locale, german.title, german.thanks) == ("de", "Dein Build", SURVEY.thanks)
    assert isinstance(mood, RatingQuestion)
    assert (mood.text, mood.labels, mood.low_label, mood.high_label) == (
        "Wie war es?",
        ("Schlecht", "Geht so", "Gut"),
        "Schlecht",
        "Gut",
    )
    assert isinstance(worked, YesNoQuestion)
    assert (worked.text, worked.yes_label, worked.no_label) == ("Did it work?", "Ja", "No")
    assert isinstance(worst, SingleChoiceQuestion)
    assert worst.options == (Option("slow", "Langsam"), Option("b", "B"))
    assert isinstance(parts, MatrixQuestion)
    assert parts.rows == (Option("docs", "Doku"),)
    assert translate(SURVEY, "en") == SURVEY


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("pt-BR", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
        ("d", "en"),
    ],
)
def test_the_nearest_language_is_chosen(wanted: str | None, chosen: str) -> None:
    assert choose_locale(SURVEY, wanted) == chosen


def test_what_is_missing_is_told_by_language_and_place() -> None:
    missing = missing_translations(SURVEY)
    assert Missing("de", "questions.worked.help", "Be honest.") in missing
    assert Missing("pt-BR", "questions.mood.labels.2", "So so") in missing
    german = {one.path for one in missing if one.locale == "de"}
    assert german == list_texts(SURVEY).keys() - GERMAN.keys()
    assert [one.locale for one in missing] == sorted(one.locale for one in missing)


def test_a_survey_in_one_language_lacks_none_and_one_that_has_all_neither() -> None:
    whole = list_texts(SURVEY)
    one = Definition("a", "A", Trigger(("a",)), SURVEY.questions)
    assert missing_translations(one) == []
    full = Definition("a", SURVEY.title, Trigger(("a",)), SURVEY.questions, translations={"de": whole})
    assert missing_translations(full) == []


def test_placeholders_of_every_text_are_filled_in() -> None:
    said = fill_in(SURVEY, Piped(metadata={"branch": "main"}))
    assert (said.title, said.thanks) == ("Your build of main", "Thanks, friend.")
    assert said.questions == SURVEY.questions
