"""Does everybody get the language that is nearest to theirs, and is what is missing told?"""

from dataclasses import replace

import pytest

from afterword.domain.survey.piping import UNLINKED, Piped
from afterword.domain.survey.question import (
    OTHER_LABEL,
    CesQuestion,
    MatrixQuestion,
    NpsQuestion,
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
    find_foreign_locales,
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
    assert (worked.text, worked.yes_label, worked.no_label) == ("Did it work?", "Ja", "Nein")
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
    ours = {"questions.worked.no_label", "questions.parts.low_label", "questions.parts.high_label"}
    assert german == list_texts(SURVEY).keys() - GERMAN.keys() - ours
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


DEFAULTS = Definition(
    "a",
    "A",
    Trigger(("a",)),
    (
        RatingQuestion("rating", "?"),
        NpsQuestion("nps", "?"),
        CesQuestion("ces", "?", low_label="Own words"),
        YesNoQuestion("worked", "?"),
        SingleChoiceQuestion("one", "?", (Option("a", "Yes"), Option("other", OTHER_LABEL, is_other=True))),
    ),
)


def test_what_a_survey_says_by_default_is_said_in_its_language() -> None:
    said = list_texts(translate(replace(DEFAULTS, locale="de"), "de"))
    assert said["thanks"] == "Vielen Dank. Die Antwort hilft dem Team, das dieses Tool entwickelt."
    assert (said["questions.rating.low_label"], said["questions.rating.high_label"]) == (
        "Sehr unzufrieden",
        "Sehr zufrieden",
    )
    assert said["questions.nps.high_label"] == "Äußerst wahrscheinlich"
    assert (said["questions.worked.yes_label"], said["questions.worked.no_label"]) == ("Ja", "Nein")
    assert said["questions.one.options.other"] == "Sonstiges…"
    # What the file says itself stays, even if it is a word that is a default elsewhere.
    assert said["questions.ces.low_label"] == "Own words"
    assert said["questions.one.options.a"] == "Yes"


def test_a_default_is_missed_where_we_do_not_speak_the_language() -> None:
    both = replace(DEFAULTS, translations={"de": {"title": "A"}, "fi": {"title": "A"}})
    missing = {(one.locale, one.path) for one in missing_translations(both)}
    assert ("fi", "thanks") in missing
    assert ("de", "thanks") not in missing
    assert ("de", "questions.ces.low_label") in missing


@pytest.mark.parametrize(
    ("locale", "others", "foreign"),
    [("en", ["de", "pt-PT"], []), ("fi", ["sv-FI", "de"], ["fi", "sv-FI"]), ("en", ["zh-Hant"], ["zh-Hant"])],
)
def test_languages_that_we_do_not_speak_are_found(locale: str, others: list[str], foreign: list[str]) -> None:
    survey = replace(DEFAULTS, locale=locale, translations={one: {} for one in others})
    assert find_foreign_locales(survey) == foreign


def test_in_a_mail_values_are_no_links_and_the_title_is_left_alone() -> None:
    piped = Piped(metadata={"branch": "evil.example"})
    survey = replace(SURVEY, introduction="{{event.metadata.branch|your branch}} at https://ci.example")
    mail, page = fill_in(survey, piped, for_mail=True), fill_in(survey, piped)
    assert page.introduction == "evil.example at https://ci.example"
    assert mail.introduction == f"evil{UNLINKED}.{UNLINKED}example at https://ci.example"
    assert mail.title == page.title == "Your build of evil.example"
