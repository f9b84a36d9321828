"""Is it told which words lead, ask twice or ask too much, and are good questions left alone?"""

import pytest

from afterword.domain.survey.question import (
    CesQuestion,
    NpsQuestion,
    Option,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
)
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.trigger import Trigger
from afterword.domain.survey.wording import Finding, Rule, find_wording


def survey(*questions: Question, locale: str = "en") -> Definition:
    return Definition("s", "T", Trigger(("e",)), questions, locale=locale)


def rules(question: Question) -> list[Rule]:
    return [finding.rule for finding in find_wording(survey(question))]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Don't you think that builds are faster now?", Rule.LEADING),
        ("Isn't it easier now?", Rule.LEADING),
        ("Do you agree that builds are fast?", Rule.LEADING),
        ("Builds are faster now, right?", Rule.LEADING),
        ("How much did you enjoy the new command?", Rule.LEADING),
        ("How satisfied are you with our great new command?", Rule.LEADING),
        ("How satisfied are you with speed and stability?", Rule.DOUBLE_BARRELLED),
        ("Was the documentation clear or complete?", Rule.DOUBLE_BARRELLED),
        ("How fast and/or stable was it?", Rule.DOUBLE_BARRELLED),
        ("How good are errors & logs?", Rule.DOUBLE_BARRELLED),
        ("Do you always read the log?", Rule.ABSOLUTE),
        ("Does it support all your tools?", Rule.ABSOLUTE),
        ("Was the error not unclear?", Rule.DOUBLE_NEGATIVE),
        ("word " * 21, Rule.LONG_TEXT),
    ],
)
def test_words_that_are_worth_another_look_are_found(text: str, rule: Rule) -> None:
    assert rules(YesNoQuestion("a", text)) == [rule]


@pytest.mark.parametrize(
    "question",
    [
        RatingQuestion("a", "How satisfied are you with the Build CLI?"),
        RatingQuestion("a", "How satisfied or dissatisfied are you with this deployment?"),
        NpsQuestion("a", "How likely are you to recommend the Build CLI to a friend or colleague?"),
        CesQuestion("a", "The Build CLI made it easy to find the error."),
        TextQuestion("a", "What should we improve first, and why?"),
        TextQuestion("a", "What did you like and dislike?"),
        YesNoQuestion("a", "Did you find the cause?"),
        YesNoQuestion("a", "Was it of any use at all?"),
        RatingQuestion("a", "Overall, how was it?"),
        RatingQuestion("a", "word " * 20),
    ],
    ids=lambda question: question.text[:30],
)
def test_good_questions_are_left_alone(question: Question) -> None:
    assert rules(question) == []


def test_more_than_three_questions_are_too_many() -> None:
    questions = [RatingQuestion(key, "How was it?") for key in "abcd"]
    assert find_wording(survey(*questions[:3])) == []
    (finding,) = find_wording(survey(*questions))
    assert finding == Finding(
        "questions",
        Rule.TOO_MANY_QUESTIONS,
        "4 questions: who was interrupted answers 3; ask the others elsewhere",
    )


@pytest.mark.parametrize(
    ("options", "is_required", "is_found"),
    [
        ((Option("a", "Slow"), Option("b", "Unclear")), True, True),
        ((Option("a", "Slow"), Option("b", "Unclear")), False, False),
        ((Option("a", "Slow"), Option("b", "Nothing")), True, False),
        ((Option("a", "Slow"), Option("b", "I don't know")), True, False),
        ((Option("a", "Slow"), Option("other", "…", is_other=True)), True, False),
    ],
)
def test_who_must_choose_can_say_that_nothing_fits(
    options: tuple[Option, ...], is_required: bool, is_found: bool
) -> None:
    question = SingleChoiceQuestion("a", "What got in your way?", options, is_required)
    assert (rules(question) == [Rule.NO_OPT_OUT]) == is_found


def test_other_languages_are_only_counted() -> None:
    definition = survey(RatingQuestion("a", "Never and always und nie?"), locale="de-AT")
    assert find_wording(definition) == []
    long = survey(RatingQuestion("a", "Wort " * 21), locale="de")
    assert [finding.rule for finding in find_wording(long)] == [Rule.LONG_TEXT]


def test_a_finding_names_field_and_words() -> None:
    definition = survey(TextQuestion("a", "What?"), RatingQuestion("b", "How are speed and stability?"))
    (finding,) = find_wording(definition)
    assert finding.path == "questions[1].text"
    assert finding.message.startswith("'speed and stability' asks two things at once: make two questions")
