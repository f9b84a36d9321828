"""Is it seen when answers to two versions of a question mean different things?"""

from collections.abc import Sequence

import pytest

from afterword.domain.survey.comparison import find_difference, find_incomparable
from afterword.domain.survey.question import (
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
)

RATING = RatingQuestion("q", "How satisfied are you?")
A, B = Option("a", "Slow"), Option("b", "Unclear")


def named(*labels: str) -> RatingQuestion:
    return RatingQuestion("q", "T", True, labels[0], labels[-1], len(labels), labels=labels)


def single(*options: Option) -> SingleChoiceQuestion:
    return SingleChoiceQuestion("q", "T", options)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (RATING, NpsQuestion("q", "T"), "it was a rating on 1–5, and is an nps on 0–10"),
        (RATING, RatingQuestion("q", "T", points=7), "it was a rating on 1–5, and is a rating on 1–7"),
        (
            CesQuestion("q", "T"),
            RatingQuestion("q", "T", points=7),
            "it was a ces on 1–7, and is a rating on 1–7",
        ),
        (
            single(A, B),
            MultipleChoiceQuestion("q", "T", (A, B)),
            "it was a single_choice, and is a multiple_choice",
        ),
        (single(A, B), TextQuestion("q", "T"), "it was a single_choice, and is a text"),
        (
            MatrixQuestion("q", "T", (A, B)),
            MatrixQuestion("q", "T", (A, B), points=3),
            "it was a matrix on 1–5, and is a matrix on 1–3",
        ),
        (
            single(A, B),
            single(Option("a", "Unclear"), Option("b", "Slow")),
            "'Unclear' was the answer b, and is a",
        ),
        (
            single(A, B),
            single(A, Option("b", "Slow"), Option("c", "Unclear")),
            "'Slow' was the answer a, and is b",
        ),
        (
            RankingQuestion("q", "T", (A, B)),
            RankingQuestion("q", "T", (Option("a", "Unclear"), Option("b", "Slow"))),
            "'Unclear' was the answer b, and is a",
        ),
        (
            MatrixQuestion("q", "T", (A, B)),
            MatrixQuestion("q", "T", (Option("a", "Unclear"), Option("b", "Slow"))),
            "'Unclear' was the answer b, and is a",
        ),
        (
            MatrixQuestion("q", "T", (A, B), True, "Bad", "Good"),
            MatrixQuestion("q", "T", (A, B), True, "Good", "Bad"),
            "'Good' was the answer 5, and is 1",
        ),
        (
            RatingQuestion("q", "T", True, "Bad", "Good"),
            RatingQuestion("q", "T", True, "Good", "Bad"),
            "'Good' was the answer 5, and is 1",
        ),
        (named("Bad", "So", "Good"), named("Good", "So", "Bad"), "'Good' was the answer 3, and is 1"),
        (
            YesNoQuestion("q", "T", True, "Yes", "No"),
            YesNoQuestion("q", "T", True, "No", "Yes"),
            "'No' was the answer no, and is yes",
        ),
    ],
    ids=range(14),
)
def test_what_makes_the_same_answer_mean_something_else_is_named(
    before: Question, after: Question, said: str
) -> None:
    assert find_difference(before, after) == said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RATING, RATING),
        (RATING, RatingQuestion("q", "How happy are you?", False, "Awful", "Great")),
        (RATING, named("Awful", "Bad", "So", "Good", "Great")),
        (single(A, B), single(B, A)),
        (single(A, B), single(Option("a", "It was slow"), B)),
        (single(A, B), single(B, Option("c", "Slow"))),
        (single(A, B), single(A, B, Option("c", "Down"))),
        (single(A, Option("b", "Slow")), single(A, Option("b", "Slow"))),
        (MatrixQuestion("q", "T", (A,)), MatrixQuestion("q", "T", (A, B))),
        (TextQuestion("q", "T"), TextQuestion("q", "T", is_short=True)),
    ],
)
def test_better_words_and_other_options_change_no_meaning(before: Question, after: Question) -> None:
    assert find_difference(before, after) is None


@pytest.mark.parametrize(
    ("asked", "now", "keys"),
    [
        ([RATING], [NpsQuestion("q", "T")], {"q"}),
        ([RATING], [RATING], set()),
        ([RATING], [TextQuestion("other", "T")], set()),
    ],
)
def test_only_keys_that_both_versions_have_are_compared(
    asked: Sequence[Question], now: Sequence[Question], keys: set[str]
) -> None:
    assert find_incomparable(asked, now) == keys
