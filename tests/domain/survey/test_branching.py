"""Does a survey lead from answers to questions, only forward, and to each question by some answers?"""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.answer import first_step, is_whole, parse_answers
from afterword.domain.survey.branching import (
    END,
    BranchError,
    find_step,
    go_on,
    has_branches,
    list_path,
    look_ahead,
)
from afterword.domain.survey.paths import check_branches, count_asked
from afterword.domain.survey.question import (
    CesQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    Option,
    Question,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
)
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.trigger import AllOf, AnyOf, Compare, Condition, Not, Trigger

OPTIONS = (Option("slow", "Slow"), Option("flaky", "Flaky"), Option("other", "Other…", is_other=True))


def rating(key: str, **more: Any) -> RatingQuestion:
    return RatingQuestion(key, f"{key}?", **more)


def text(key: str, **more: Any) -> TextQuestion:
    return TextQuestion(key, f"{key}?", **more)


def yes_no(key: str, **more: Any) -> YesNoQuestion:
    return YesNoQuestion(key, f"{key}?", **more)


def survey(*questions: Question) -> Definition:
    return Definition("build", "Your build", Trigger(("build.finished",)), questions)


def is_(path: str, operator: str, value: Any) -> Compare:
    return Compare(path, operator, value)


WORKED = (
    yes_no("worked", next={"yes": "ease"}),
    SingleChoiceQuestion("broken", "What broke?", OPTIONS, next={"flaky": END}),
    CesQuestion("ease", "It was easy."),
    text("missing", required=True, when=is_("ease", "lte", 3)),
    text("comment"),
)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"worked": "yes", "ease": 7}, ["worked", "ease", "comment"]),
        ({"worked": "yes", "ease": 3}, ["worked", "ease", "missing", "comment"]),
        ({"worked": "no", "broken": "slow", "ease": 1}, ["worked", "broken", "ease", "missing", "comment"]),
        ({"worked": "no", "broken": "flaky"}, ["worked", "broken"]),
        ({}, ["worked", "broken", "ease", "comment"]),
    ],
)
def test_answers_lead_from_question_to_question(values: Mapping[str, Any], path: list[str]) -> None:
    assert [question.key for question in list_path(WORKED, values)] == path


def test_a_survey_without_conditions_asks_everything_at_once() -> None:
    questions = (rating("a"), text("b"))
    assert not has_branches(questions)
    answers = parse_answers(survey(*questions), {"a": ["3"]})
    assert (answers.is_complete, answers.values) == (True, {"a": 3})


def submit(fields: dict[str, str], *, back: bool = False) -> tuple[list[str], dict[str, str], bool]:
    """Answer WORKED step by step as a browser does; the keys of the step that is shown last."""
    shown: list[str] = []
    for _ in range(10):
        form = {key: [value] for key, value in fields.items()} | {"_shown": shown}
        answers = parse_answers(survey(*WORKED), form | ({"_back": ["1"]} if back else {}))
        keys = [question.key for question in answers.step]
        if answers.problems or answers.is_complete or back:
            return keys, dict(answers.problems), answers.is_complete
        shown = list(answers.shown)
    raise AssertionError("it never ends")


def test_a_survey_with_branches_goes_step_by_step_and_is_complete_at_its_end() -> None:
    assert submit({"worked": "yes", "ease": "7", "comment": ""}) == ([], {}, True)
    keys, problems, is_complete = submit({"worked": "yes", "ease": "2"})
    assert (keys, set(problems), is_complete) == (["missing", "comment"], {"missing"}, False)


def test_what_a_step_asks_depends_on_no_answer_to_itself() -> None:
    first = parse_answers(survey(*WORKED), {"worked": ["no"]})
    assert [question.key for question in first.step] == ["broken"]
    second = parse_answers(survey(*WORKED), {"_shown": ["worked"], "worked": ["no"], "broken": ["slow"]})
    assert [question.key for question in second.step] == ["ease"]
    assert (second.shown, second.number, second.is_last) == (("worked", "broken"), 3, False)


@pytest.mark.parametrize(
    ("questions", "is_last", "may_be_last"),
    [
        ((rating("a"), text("b")), True, True),
        ((rating("a"), text("why", when=is_("a", "lte", 2))), False, True),
        ((rating("a"), text("why", when=is_("a", "lte", 2)), text("b")), False, False),
        ((yes_no("a", next={"no": END}), text("b")), False, True),
        ((yes_no("a", next={"yes": "c", "no": END}), text("b"), text("c")), False, True),
        ((yes_no("a", next={"yes": "b", "no": "c"}), text("b"), text("c")), False, False),
        ((yes_no("a", next={"yes": END, "no": END}), text("b")), True, True),
        ((yes_no("a", required=False, next={"yes": END, "no": END}), text("b")), False, True),
    ],
)
def test_a_step_knows_whether_it_is_or_may_be_the_last_one(
    questions: tuple[Question, ...], is_last: bool, may_be_last: bool
) -> None:
    first = first_step(survey(*questions))
    assert (first.is_last, first.may_be_last) == (is_last, may_be_last)


def test_a_question_that_earlier_answers_rule_out_does_not_follow() -> None:
    questions = (
        yes_no("a", next={"no": "c"}),
        rating("b"),
        yes_no("c"),
        text("d", when=is_("a", "eq", "yes")),
    )
    step = parse_answers(survey(*questions), {"a": ["no"]})
    assert [question.key for question in step.step] == ["c"]
    assert step.is_last


def test_what_was_sent_for_a_question_that_is_not_asked_is_dropped() -> None:
    form = {"_shown": ["worked"], "worked": ["yes"], "broken": ["slow"], "missing": ["x"], "ease": ["7"]}
    answers = parse_answers(survey(*WORKED), form | {"_shown": ["worked", "ease"], "comment": ["Hi"]})
    assert answers.values == {"worked": "yes", "ease": 7, "comment": "Hi"}


def test_an_earlier_step_is_read_again_and_shown_again_when_it_does_not_fit() -> None:
    answers = parse_answers(survey(*WORKED), {"_shown": ["worked"], "worked": ["maybe"], "ease": ["7"]})
    assert [question.key for question in answers.step] == ["worked"]
    assert set(answers.problems) == {"worked"}


def test_the_way_back_leads_to_the_step_before() -> None:
    form = {"_shown": ["worked", "ease"], "worked": ["yes"], "ease": ["2"], "_back": ["1"]}
    answers = parse_answers(survey(*WORKED), form)
    assert ([question.key for question in answers.step], answers.shown) == (["ease"], ("worked",))
    assert not answers.is_complete
    at_start = parse_answers(survey(*WORKED), {"_back": ["1"], "worked": ["yes"]})
    assert [question.key for question in at_start.step] == ["worked"]


def test_a_response_is_whole_when_all_that_was_asked_is_answered() -> None:
    assert is_whole(survey(*WORKED), {"worked": "no", "broken": "flaky"})
    assert not is_whole(survey(*WORKED), {"worked": "yes", "ease": 7})


SCALE = rating("q")
MANY = MultipleChoiceQuestion("q", "Which?", OPTIONS)
ROWS = MatrixQuestion("q", "Parts?", (Option("speed", "Speed"), Option("docs", "Docs")))


def asks(first: Question, when: Condition) -> tuple[Question, ...]:
    return (first, text("then", when=when))


FAULTS = {
    "back": ((rating("a"), rating("b", next={"1": "a"})), 1, "next.1", "not a later question"),
    "itself": ((rating("a", next={"1": "a"}),), 0, "next.1", "not a later question"),
    "nowhere": ((rating("a", next={"1": "z"}),), 0, "next.1", "no question 'z'"),
    "no answer": ((rating("a", next={"6": END}),), 0, "next.6", "no answer to this question: one of 1, 2"),
    "a key": ((rating("a", next={"1": END}), text("end")), 1, "key", "is where branches end"),
    "a later one": ((text("a", when=is_("b", "exists", True)), text("b")), 0, "when", "no earlier"),
    "nobody": ((text("a"), text("b", when=is_("c", "exists", True))), 1, "when", "no earlier question"),
    "of a text": (asks(text("q"), is_("q", "eq", "x")), 1, "when", "eq can't be asked of 'q': one of exists"),
    "of a choice": (asks(MANY, is_("q", "eq", "slow")), 1, "when", "one of contains, exists"),
    "of no row": (asks(ROWS, is_("q.size", "eq", 1)), 1, "when", "there is no 'q.size'"),
    "of no matrix": (asks(SCALE, is_("q.x", "eq", 1)), 1, "when", "there is no 'q.x'"),
    "of a matrix": (asks(ROWS, is_("q", "exists", True)), 1, "when", "there is no 'q'"),
    "off the scale": (asks(SCALE, is_("q", "gte", 9)), 1, "when", "9 is no answer to 'q'"),
    "a text": (asks(SCALE, is_("q", "in", [1, "2"])), 1, "when", "'2' is no answer to 'q'"),
    "a truth": (asks(SCALE, is_("q", "eq", True)), 1, "when", "True is no answer to 'q'"),
    "no option": (asks(MANY, is_("q", "contains", "loud")), 1, "when", "'loud' is no answer"),
    "never": (
        asks(SCALE, AllOf((is_("q", "lte", 2), is_("q", "gte", 4)))),
        1,
        "when",
        "an impossible branch: no answers lead to 'then'",
    ),
    "always answered": (asks(SCALE, is_("q", "exists", False)), 1, "when", "an impossible branch"),
    "jumped over": ((yes_no("a", next={"yes": "c", "no": END}), text("b"), text("c")), 1, "", "lead to 'b'"),
    "not on the way": (
        (
            yes_no("a", next={"yes": "c"}),
            rating("b"),
            text("c", when=is_("a", "eq", "yes")),
            text("d"),
            text("e", when=AllOf((is_("a", "eq", "yes"), is_("b", "gte", 3)))),
        ),
        4,
        "when",
        "lead to 'e'",
    ),
    "both of one": (
        asks(
            SingleChoiceQuestion("q", "?", OPTIONS),
            AllOf((is_("q", "eq", "slow"), Not(is_("q", "in", ["slow", "flaky"])))),
        ),
        1,
        "when",
        "an impossible branch",
    ),
}


@pytest.mark.parametrize(("questions", "index", "field", "message"), FAULTS.values(), ids=FAULTS)
def test_each_impossible_branch_is_refused_by_question_and_field(
    questions: tuple[Question, ...], index: int, field: str, message: str
) -> None:
    with pytest.raises(BranchError) as caught:
        check_branches(questions)
    assert (caught.value.index, caught.value.field) == (index, field)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "questions",
    [
        WORKED,
        asks(rating("q", required=False), is_("q", "exists", False)),
        asks(MANY, AllOf((is_("q", "contains", "slow"), Not(is_("q", "contains", "flaky"))))),
        asks(MANY, AllOf((is_("q", "contains", "slow"), is_("q", "contains", "other")))),
        asks(ROWS, AllOf((is_("q.speed", "lte", 2), is_("q.docs", "gte", 4)))),
        asks(RankingQuestion("q", "?", OPTIONS), is_("q", "exists", True)),
        asks(SCALE, AnyOf((is_("q", "lt", 2), is_("q", "gt", 4)))),
        (yes_no("a", required=False, next={"yes": "c", "no": END}), text("b"), text("c")),
        (rating("end"), text("b")),
    ],
    ids=range(9),
)
def test_what_some_answers_lead_to_is_no_fault(questions: tuple[Question, ...]) -> None:
    check_branches(questions)


def test_more_branches_than_anybody_oversees_are_refused() -> None:
    asked = [rating(f"q{number}", points=7) for number in range(18)]
    when = AnyOf(tuple(is_(f"q{number}", "eq", point) for number in range(18) for point in range(1, 8)))
    with pytest.raises(BranchError, match="too many to be checked"):
        check_branches([*asked, text("last", when=when)])


KINDS = st.sampled_from(["rating", "yes_no", "text"])


@st.composite
def surveys(draw: st.DrawFn) -> tuple[Question, ...]:
    """Any questions with conditions on earlier ones and jumps to later ones."""
    made: list[Question] = []
    kinds = draw(st.lists(KINDS, min_size=1, max_size=6))
    for index, kind in enumerate(kinds):
        when = None
        if index and draw(st.booleans()):
            asked = made[draw(st.integers(0, index - 1))]
            when = {
                "rating": is_(asked.key, "gte", draw(st.integers(1, 3))),
                "yes_no": is_(asked.key, "eq", draw(st.sampled_from(["yes", "no"]))),
                "text": is_(asked.key, "exists", draw(st.booleans())),
            }[asked.kind]
        key, required = f"q{index}", draw(st.booleans())
        later = [f"q{number}" for number in range(index + 1, len(kinds))] + [END]
        jumps = st.sampled_from(later)
        if kind == "rating":
            next_ = draw(st.dictionaries(st.sampled_from(["1", "2", "3"]), jumps, max_size=3))
            made.append(rating(key, points=3, required=required, when=when, next=next_))
        elif kind == "yes_no":
            next_ = draw(st.dictionaries(st.sampled_from(["yes", "no"]), jumps, max_size=2))
            made.append(yes_no(key, required=required, when=when, next=next_))
        else:
            made.append(text(key, required=required, when=when))
    return tuple(made)


def every_path(questions: tuple[Question, ...]) -> set[str]:
    """The keys of the questions that any answers lead to, by trying all of them; None is left blank."""
    values_of: dict[str, list[Any]] = {"rating": [1, 2, 3], "yes_no": ["yes", "no"], "text": ["x"]}
    reached: set[str] = set()
    waiting: list[dict[str, Any]] = [{}]
    while waiting:
        values = waiting.pop()
        given = {key: value for key, value in values.items() if value is not None}
        for question in list_path(questions, given):
            reached.add(question.key)
            if question.key not in values:
                blank = [] if question.required else [None]
                waiting += [values | {question.key: one} for one in [*values_of[question.kind], *blank]]
                break
    return reached


@given(questions=surveys())
@settings(max_examples=150, deadline=None)
def test_the_check_finds_what_trying_every_answer_finds(questions: tuple[Question, ...]) -> None:
    reached = every_path(questions)
    unreached = [question.key for question in questions if question.key not in reached]
    if not unreached:
        check_branches(questions)
        return
    with pytest.raises(BranchError) as caught:
        check_branches(questions)
    assert questions[caught.value.index].key == unreached[0]


def every_length(questions: tuple[Question, ...]) -> set[int]:
    """How many questions are asked after any answers, by trying all of them."""
    values_of: dict[str, list[Any]] = {"rating": [1, 2, 3], "yes_no": ["yes", "no"], "text": ["x"]}
    lengths: set[int] = set()
    waiting: list[dict[str, Any]] = [{}]
    while waiting:
        values = waiting.pop()
        path = list_path(questions, {key: value for key, value in values.items() if value is not None})
        ahead = next((question for question in path if question.key not in values), None)
        if ahead is None:
            lengths.add(len(path))
            continue
        blank = [] if ahead.required else [None]
        waiting += [values | {ahead.key: one} for one in [*values_of[ahead.kind], *blank]]
    return lengths


@given(questions=surveys())
@settings(max_examples=150, deadline=None)
def test_the_fewest_and_the_most_questions_are_those_of_the_shortest_and_the_longest_path(
    questions: tuple[Question, ...],
) -> None:
    lengths = every_length(questions)
    assert count_asked(questions) == (min(lengths), max(lengths))


@given(questions=surveys(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_answered_a_step_was_told_to_go_on_or_to_end_as_it_does(
    questions: tuple[Question, ...], data: st.DataObject
) -> None:
    values_of: dict[str, list[Any]] = {"rating": [1, 2, 3], "yes_no": ["yes", "no"], "text": ["x"]}
    values: dict[str, Any] = {}
    at = 0
    while (step := find_step(questions, at, values)) is not None:
        goes_on, ends = look_ahead(questions, step, values)
        for question in step.questions:
            blank = [] if question.required else [None]
            given = data.draw(st.sampled_from([*values_of[question.kind], *blank]))
            values |= {} if given is None else {question.key: given}
        at = go_on(questions, step, values)
        assert ends if find_step(questions, at, values) is None else goes_on


@given(questions=surveys())
@settings(max_examples=100, deadline=None)
def test_counted_roughly_no_path_is_shorter_or_longer_than_is_said(questions: tuple[Question, ...]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("afterword.domain.survey.paths.COUNT_STATES_MAX", 0)
        fewest, most = count_asked(questions)
    lengths = every_length(questions)
    assert fewest <= min(lengths)
    assert most >= max(lengths)


@pytest.mark.parametrize(
    ("questions", "counts"),
    [
        (WORKED, (2, 5)),
        ((text("a"), text("b")), (2, 2)),
        ((text("a"),), (1, 1)),
        ((yes_no("a", required=False, next={"no": END}), text("b"), text("c")), (1, 3)),
        ((rating("a"), text("b", when=is_("a", "lte", 2)), text("c", when=is_("a", "gt", 2))), (2, 2)),
    ],
    ids=range(5),
)
def test_questions_are_counted_along_the_branches(
    questions: tuple[Question, ...], counts: tuple[int, int]
) -> None:
    assert count_asked(questions) == counts


def test_more_branches_than_can_be_counted_are_counted_roughly() -> None:
    asked = [rating(f"q{number}", points=7) for number in range(10)]
    when = AnyOf(tuple(is_(f"q{number}", "eq", point) for number in range(10) for point in range(1, 8)))
    assert count_asked([*asked, text("last", when=when)]) == (10, 11)


@given(questions=surveys(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_is_sent_only_what_is_asked_is_kept_and_every_way_ends(
    questions: tuple[Question, ...], data: st.DataObject
) -> None:
    keys = [question.key for question in questions]
    texts = st.sampled_from(["", "1", "2", "3", "4", "yes", "no", "x"])
    typed = data.draw(st.dictionaries(st.sampled_from(keys), st.lists(texts, min_size=1, max_size=2)))
    shown: tuple[str, ...] = ()
    for _ in range(len(questions) + 1):
        answers = parse_answers(survey(*questions), {**typed, "_shown": shown})
        path = [question.key for question in list_path(questions, answers.values)]
        assert set(answers.values) <= set(path)
        if answers.problems:
            assert set(answers.problems) <= {question.key for question in answers.step}
            return
        if answers.is_complete:
            assert all(not one.required or one.key in answers.values for one in questions if one.key in path)
            return
        assert set(shown) < set(answers.shown)
        shown = answers.shown
    raise AssertionError("it never ends")
