"""Does a submitted form become answers to these questions, and nothing else?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.answer import is_whole, parse_answers, preselected, read_draft, show_answer
from afterword.domain.survey.question import (
    ANSWER_TEXT_CHARS_MAX,
    SHORT_TEXT_CHARS_MAX,
    CesQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    Question,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
    list_choices,
    shuffle,
)
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.trigger import Trigger
from afterword.domain.words.german import GERMAN

OPTIONS = (Option("slow", "Too slow"), Option("flaky", "Flaky tests"), Option("7", "Seven"))
RATING = RatingQuestion("rating", "How satisfied are you?")
NPS = NpsQuestion("nps", "Would you recommend it?")
ONE = SingleChoiceQuestion("one", "What is worst?", OPTIONS)
SEVERAL = MultipleChoiceQuestion("several", "What did you see?", OPTIONS)
TEXT = TextQuestion("text", "Why?")
EASE = CesQuestion("ease", "It was easy.")
WORKED = YesNoQuestion("worked", "Did it work?")
SHORT = TextQuestion("short", "Which tool?", is_short=True)
ROWS = MatrixQuestion("rows", "Parts?", (Option("speed", "Speed"), Option("docs", "Docs")), points=7)
ORDER = RankingQuestion("order", "In which order?", OPTIONS)
OTHERS = (*OPTIONS, Option("other", "Something else…", is_other=True))
ONE_OR_OTHER = SingleChoiceQuestion("one", "What is worst?", OTHERS)
SEVERAL_OR_OTHER = MultipleChoiceQuestion("several", "What did you see?", OTHERS)
KINDS: tuple[Question, ...] = (RATING, NPS, EASE, WORKED, ONE, SEVERAL, TEXT, SHORT, ROWS, ORDER)


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
        (RatingQuestion("three", "?", points=3), ["3"], 3),
        (RatingQuestion("seven", "?", points=7), ["7"], 7),
        (EASE, ["7"], 7),
        (WORKED, ["yes"], "yes"),
        (WORKED, ["no"], "no"),
        (SHORT, ["x" * SHORT_TEXT_CHARS_MAX], "x" * SHORT_TEXT_CHARS_MAX),
        (ORDER, ["flaky", "slow", "7"], ["flaky", "slow", "7"]),
        (ORDER, ["flaky", "slow", ""], ["flaky", "slow", "7"]),
        (ORDER, ["", "slow", "7"], ["flaky", "slow", "7"]),
        (ORDER, ["flaky", "slow"], ["flaky", "slow", "7"]),
        (ONE_OR_OTHER, ["other"], "other"),
    ],
    ids=range(29),
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
        (SHORT, ["x" * (SHORT_TEXT_CHARS_MAX + 1)]),
        (RatingQuestion("three", "?", points=3), ["4"]),
        (EASE, ["8"]),
        (WORKED, ["maybe"]),
        (ORDER, ["flaky", "flaky", "slow"]),
        (ORDER, ["", "", "flaky"]),
        (ORDER, ["flaky", "slow", "", "7"]),
        (ORDER, ["flaky", "slow", "loud"]),
        (ONE, ["other"]),
    ],
    ids=range(29),
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
    @pytest.mark.parametrize("question", KINDS, ids=lambda question: question.key)
    def test_a_required_question_wants_an_answer(self, question: Question, texts: list[str]) -> None:
        required = replace(question, required=True)
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
    answers = parse_answers(survey(RATING, NPS, ONE, SEVERAL, TEXT), fields)
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


class TestOther:
    """What is typed beside "other" is kept apart, and only with it."""

    @pytest.mark.parametrize(
        ("question", "fields", "values"),
        [
            (
                ONE_OR_OTHER,
                {"one": ["other"], "one.other": [" The disk\x00 "]},
                {"one": "other", "one.other": "The disk"},
            ),
            (ONE_OR_OTHER, {"one.other": ["The disk"]}, {"one": "other", "one.other": "The disk"}),
            (ONE_OR_OTHER, {"one": ["slow"], "one.other": ["The disk"]}, {"one": "slow"}),
            (
                SEVERAL_OR_OTHER,
                {"several": ["slow"], "several.other": ["A"]},
                {"several": ["slow", "other"], "several.other": "A"},
            ),
            (SEVERAL_OR_OTHER, {"several": ["slow"], "several.other": [" "]}, {"several": ["slow"]}),
            (ONE, {"one": ["slow"], "one.other": ["The disk"]}, {"one": "slow"}),
            (SEVERAL, {"several.other": ["The disk"]}, {}),
        ],
        ids=range(7),
    )
    def test_goes_with_its_option(self, question: Question, fields: Any, values: Any) -> None:
        answers = parse_answers(survey(question), fields)
        assert (answers.values, answers.problems) == (values, {})

    def test_is_short(self) -> None:
        typed = {"several.other": ["x" * (SHORT_TEXT_CHARS_MAX + 1)]}
        assert "at most 200" in parse_answers(survey(SEVERAL_OR_OTHER), typed).problems["several"]


class TestMatrix:
    """Each row is a scale of its own."""

    def test_a_required_one_wants_every_row(self) -> None:
        good = parse_answers(survey(ROWS), {"rows.speed": ["7"], "rows.docs": ["1"]})
        assert good.values == {"rows": {"speed": 7, "docs": 1}}
        part = parse_answers(survey(ROWS), {"rows.speed": ["7"], "rows.docs": [""]})
        assert (part.values, part.problems) == ({}, {"rows": "Please choose a number in every row."})

    def test_of_an_optional_one_rows_may_stay_blank(self) -> None:
        optional = replace(ROWS, required=False)
        some = parse_answers(survey(optional), {"rows.speed": ["7"], "rows.other": ["1"]})
        assert some.values == {"rows": {"speed": 7}}
        assert not is_whole(survey(optional), some.values)
        assert parse_answers(survey(optional), {}).values == {}

    def test_a_row_off_the_scale_is_told(self) -> None:
        wrong = parse_answers(survey(ROWS), {"rows.speed": ["8"], "rows.docs": ["1"]})
        assert wrong.problems == {"rows": "Please choose a number from 1 to 7."}


@pytest.mark.parametrize(
    ("question", "values", "said"),
    [
        (RATING, {"rating": 4}, "4 of 5"),
        (
            RatingQuestion("rating", "?", points=3, labels=("Bad", "So so", "Good")),
            {"rating": 3},
            "Good (3 of 3)",
        ),
        (EASE, {"ease": 2}, "2 of 7"),
        (WORKED, {"worked": "no"}, "No"),
        (ONE, {"one": "slow"}, "Too slow"),
        (ONE_OR_OTHER, {"one": "other"}, "Something else…"),
        (ONE_OR_OTHER, {"one": "other", "one.other": "The disk"}, "The disk"),
        (SEVERAL_OR_OTHER, {"several": ["slow", "other"], "several.other": "A, b"}, "Too slow, A, b"),
        (ROWS, {"rows": {"docs": 3, "speed": 7}}, "Speed: 7 of 7\nDocs: 3 of 7"),
        (ORDER, {"order": ["7", "slow", "flaky"]}, "1. Seven\n2. Too slow\n3. Flaky tests"),
        (TEXT, {"text": "So\nit is"}, "So\nit is"),
    ],
    ids=range(11),
)
def test_an_answer_is_shown_in_the_words_of_the_question(question: Question, values: Any, said: str) -> None:
    assert show_answer(question, values) == said


def test_a_form_is_filled_in_again_with_what_was_typed_whether_it_fits_or_not() -> None:
    typed = {
        "rating": ["9"],
        "several": ["slow", "loud"],
        "several.other": ["x" * 300],
        "rows.speed": ["1"],
        "order": ["slow", "slow", ""],
        "short": [""],
    }
    assert read_draft(survey(*KINDS), typed) == {
        "rating": "9",
        "several": ["slow", "loud"],
        "several.other": "x" * 300,
        "rows": {"speed": "1"},
        "order": ["slow", "slow", ""],
    }


class TestShuffling:
    """Each invitation has its own order, always the same one."""

    SHUFFLED = replace(ONE_OR_OTHER, shuffled=True)

    def order(self, seed: int, question: Question = SHUFFLED) -> list[str]:
        return list_choices(shuffle(question, str(seed)))

    def test_the_same_invitation_gives_the_same_order(self) -> None:
        assert self.order(7) == self.order(7)

    def test_every_order_comes_up_and_other_stays_last(self) -> None:
        orders = {tuple(self.order(seed)) for seed in range(100)}
        assert len(orders) == 6
        assert {order[-1] for order in orders} == {"other"}

    def test_what_is_not_to_be_shuffled_stays_as_it_is(self) -> None:
        assert {tuple(self.order(seed, ONE_OR_OTHER)) for seed in range(20)} == {
            ("slow", "flaky", "7", "other")
        }
        assert shuffle(RATING, "1") is RATING


@pytest.mark.parametrize(
    ("question", "fields", "said"),
    [
        (RATING, {}, "Bitte diese Frage beantworten."),
        (RATING, {"rating": ["9"]}, "Bitte eine Zahl von 1 bis 5 wählen."),
        (ROWS, {"rows.speed": ["1"]}, "Bitte in jeder Zeile eine Zahl wählen."),
        (TEXT, {"text": ["x" * 4_001]}, "Bitte höchstens 4000 Zeichen verwenden; hier sind es 4001."),
        (ONE_OR_OTHER, {"one": ["?"]}, "Bitte aus den angezeigten Möglichkeiten wählen."),
    ],
    ids=range(5),
)
def test_what_is_to_be_mended_is_said_in_the_persons_language(
    question: Question, fields: Mapping[str, list[str]], said: str
) -> None:
    assert parse_answers(survey(question), fields, GERMAN).problems == {question.key: said}


def test_so_is_an_answer() -> None:
    assert show_answer(RATING, {RATING.key: 4}, GERMAN) == "4 von 5"
    assert show_answer(ROWS, {ROWS.key: {"speed": 2}}, GERMAN).endswith("2 von 7")
