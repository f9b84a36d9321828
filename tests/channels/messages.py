"""The invitation that the tests of the channels send."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from afterword.channels.base import Message
from afterword.domain.survey.question import (
    CesQuestion,
    Look,
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
)

LINK = "https://surveys.example.com/answer/MTIz.c2lnbmVk"
OPTIONS = (Option("slow", "Slow builds"), Option("flaky & odd", "Flaky <tests>"))
RATING = RatingQuestion("satisfaction", "How satisfied are you with the Build CLI?")
QUESTIONS: tuple[Question, ...] = (
    RATING,
    NpsQuestion("nps", "Would you recommend it?"),
    SingleChoiceQuestion("worst", "What gets in your way most?", OPTIONS),
    MultipleChoiceQuestion("seen", "What did you see?", OPTIONS),
    TextQuestion("why", "What should we improve first?"),
    RatingQuestion("stars", "How many stars?", points=7, look=Look.STARS),
    RatingQuestion("mood", "How was it?", points=3, labels=("Bad", "So so", "Good")),
    CesQuestion("ease", "It was easy."),
    YesNoQuestion("worked", "Did it work?"),
    MatrixQuestion("parts", "How are these?", OPTIONS),
    RankingQuestion("order", "What first?", OPTIONS),
)


def message(question: Question = RATING, **changes: Any) -> Message:
    """An invitation to a survey that starts with this question."""
    made = Message(
        message_id="q3x8k2v9b7n4m1p6s5d0f8g2",
        to_email="ana@example.com",
        to_name="Ana Souza",
        project="Build CLI",
        title="How was your build?",
        introduction="You just built something. Two quick questions help us make it better.",
        event_name="build.finished",
        first_question=question,
        question_count_min=2,
        question_count=2,
        answer_url=LINK,
        choice_urls={
            value: f"{LINK}?{question.key}=choice-{number}&x=1"
            for number, value in enumerate(list_choices(question))
        },
        person_url="https://surveys.example.com/me/Nw.cGVyc29u",
        unsubscribe_url="https://surveys.example.com/unsubscribe/Nw.c2lnbmVk",
        expires_at=datetime(2026, 3, 5, 12, tzinfo=UTC),
        created_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
        is_test=False,
    )
    return replace(made, **changes)
