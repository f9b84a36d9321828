"""Does a submitted form become answers to these questions, and nothing else?"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.answer import is_whole, parse_answers, preselected
from afterword.domain.survey import (
    ANSWER_TEXT_CHARS_MAX,
    Definition,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
)
from afterword.domain.trigger import Trigger

OPTIONS = (Option("slow", "Too slow"), Option("flaky", "Flaky tests"), Option("7", "Seven"))
RATING = RatingQuestion("rating", "How satisfied are you?")
NPS = NpsQuestion("nps", "Would you recommend it?")
ONE = SingleChoiceQuestion("one", "What is worst?", OPTIONS)
SEVERAL = MultipleChoiceQuestion("several", "What did you see?", OPTIONS)
TEXT = TextQuestion("text", "Why?")
KINDS: tuple[Question, ...] = (RATING, NPS, ONE, SEVERAL, TEXT)


def survey(*questions: Question) -> Definition:
    return Definition("build", "Your build", Trigger(("build.finished",)), questions)


def read(question: Question, *texts: str) -> Any:
    """The value of the one question, or None when it was left blank; its problem is an error."""
    answers = parse_answers(survey(question), {question.key: texts})
    assert not answers.problems, answers.problems
    return answers.values.get(question.key)


def problem(question: Question, *texts: str) -> str:
    answers = parse_answers(survey(question), {question.key: texts})
    assert question.key not in answers.values
    return answers.problems[question.key]


@pytest.mark.parametrize(
    ("question", "texts", "value"),
    [
        (RATING, ["1"], 1),
        (RATING, ["5"], 5),
        (RATING, [" 3 "], 3),
        (RATING, ["2", "4"], 4),
        (RATING, ["4", ""], 4),
        (NPS, ["0"], 0),
        (NPS, ["10"], 10),
        (ONE, ["flaky"], "flaky"),
        (ONE, ["slow", "flaky"], "flaky"),
        (ONE, ["7"], "7"),
        (SEVERAL, ["slow"], ["slow"]),
        (SEVERAL, ["7", "slow"], ["slow", "7"]),
        (SEVERAL, ["slow", "slow"], ["slow"]),
        (TEXT, ["  It hangs.\r\nOften. "], "It hangs.\nOften."),
        (TEXT, ["<script>alert(1)</script>"], "<script>alert(1)</script>"),
        (TEXT, ["a\x00b"], "ab"),
        (TEXT, ["x" * ANSWER_TEXT_CHARS_MAX], "x" * ANSWER_TEXT_CHARS_MAX),
        (TEXT, ["\r\n".join("x" * 2_000)], "\n".join("x" * 2_000)),
    ],
    ids=range(18),
)
def test_a_fitting_text_becomes_a_value(question: Question, texts: list[str], value: Any) -> None:
    assert read(question, *texts) == value
    assert type(read(question, *texts)) is type(value)


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        *((RATING, [text]) for text in ("0", "6", "-1", "3.0", "+3", "three", "\uff13", "1_0", "0x1", "003")),
        *((NPS, [text]) for text in ("11", "-1", "100", "1e1", "²")),
        (RATING, ["3", "9"]),
        (ONE, ["Too slow"]),
        (ONE, ["slow,flaky"]),
        (SEVERAL, ["slow", "loud"]),
        (TEXT, ["x" * (ANSWER_TEXT_CHARS_MAX + 1)]),
    ],
    ids=range(20),
)
def test_a_text_that_does_not_fit_is_told_in_words(question: Question, texts: list[str]) -> None:
    said = problem(question, *texts)
    assert said.startswith("Please ")
    assert texts[-1] not in said


@pytest.mark.parametrize("question", [RATING, NPS], ids=["rating", "nps"])
@given(text=st.text(max_size=4) | st.integers(-20, 20).map(str))
@settings(max_examples=50)
def test_a_scale_holds_only_its_own_numbers(question: RatingQuestion | NpsQuestion, text: str) -> None:
    answers = parse_answers(survey(question), {question.key: [text]})
    value = answers.values.get(question.key)
    assert value is None or value in question.scale
    assert (value is None) is bool(answers.problems)


class TestBlanks:
    BLANKS = pytest.mark.parametrize("texts", [[], [""], ["  ", "\t\r\n"]], ids=range(3))

    @BLANKS
    @pytest.mark.parametrize("question", KINDS, ids=lambda question: question.kind)
    def test_a_required_question_wants_an_answer(self, question: Question, texts: list[str]) -> None:
        required = type(question)(
            **{
                name: getattr(question, name)
                for name in ("key", "text", "options", "required")
                if hasattr(question, name)
            }
            | {"required": True}
        )
        assert problem(required, *texts) == "Please answer this question."

    @BLANKS
    @pytest.mark.parametrize("question", [SEVERAL, TEXT], ids=lambda question: question.kind)
    def test_an_optional_question_may_stay_blank(self, question: Question, texts: list[str]) -> None:
        assert not question.required
        assert parse_answers(survey(question), {question.key: texts}).values == {}
        assert read(question, *texts) is None

    def test_a_question_that_is_not_in_the_form_is_blank(self) -> None:
        answers = parse_answers(survey(RATING, TEXT), {})
        assert (answers.values, set(answers.problems)) == ({}, {"rating"})

    def test_a_text_of_characters_that_are_not_kept_is_blank(self) -> None:
        required = TextQuestion("text", "Why?", required=True)
        assert problem(required, "\x00") == "Please answer this question."
        assert read(TEXT, "\x00 \x00") is None


def test_each_question_is_judged_by_itself() -> None:
    fields = {"rating": ["9"], "nps": ["10"], "one": [""], "several": ["slow"], "text": ["x" * 5_000]}
    answers = parse_answers(survey(*KINDS), fields)
    assert answers.values == {"nps": 10, "several": ["slow"]}
    assert set(answers.problems) == {"rating", "one", "text"}


def test_unknown_fields_are_ignored() -> None:
    answers = parse_answers(survey(NPS), {"nps": ["3"], "nsp": ["4"], "": ["x"], "csrf": ["y"]})
    assert (answers.values, answers.problems) == ({"nps": 3}, {})


class TestPreselection:
    def test_takes_what_fits(self) -> None:
        fields = {"rating": ["4"], "one": ["flaky"], "several": ["7", "slow"]}
        assert preselected(survey(*KINDS), fields) == {
            "rating": 4,
            "one": "flaky",
            "several": ["slow", "7"],
        }

    @pytest.mark.parametrize(
        "fields",
        [{"rating": ["9"]}, {"one": ["loud"]}, {"rating": [""]}, {"text": ["x" * 5_000]}, {"x": ["1"]}, {}],
        ids=range(6),
    )
    def test_ignores_what_does_not_fit(self, fields: dict[str, list[str]]) -> None:
        assert preselected(survey(*KINDS), fields) == {}


class TestWhole:
    def test_a_response_with_every_question_is_whole(self) -> None:
        assert is_whole(survey(NPS, TEXT), {"nps": 0, "text": "x"})

    def test_a_response_without_an_optional_question_is_partial(self) -> None:
        assert not is_whole(survey(NPS, TEXT), {"nps": 0})
