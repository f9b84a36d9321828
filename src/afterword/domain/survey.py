"""What is a survey made of?"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from afterword.domain.policy import Policy
from afterword.domain.trigger import Trigger

TITLE_CHARS_MAX = 200
QUESTION_TEXT_CHARS_MAX = 500
LABEL_CHARS_MAX = 200
QUESTIONS_MAX = 20
OPTIONS_MAX = 20
ANSWER_TEXT_CHARS_MAX = 4_000


RATING_LABELS = ("Very dissatisfied", "Very satisfied")
NPS_LABELS = ("Not at all likely", "Extremely likely")
THANKS = "Thank you. Your answer helps the team that builds this tool."


class SurveyState(StrEnum):
    """Where a survey is in its life: draft → live ⇄ paused → closed."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. ``value`` is what is stored, ``label`` what people read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class RatingQuestion:
    """Satisfaction on 1–5 (CSAT). Answer: an int from 1 to 5."""

    key: str
    text: str
    required: bool = True
    low_label: str = RATING_LABELS[0]
    high_label: str = RATING_LABELS[1]
    kind = "rating"

    @property
    def scale(self) -> range:
        """The values that can be chosen."""
        return range(1, 6)


@dataclass(frozen=True, slots=True)
class NpsQuestion:
    """Likelihood to recommend on 0–10 (Net Promoter Score). Answer: an int from 0 to 10."""

    key: str
    text: str
    required: bool = True
    low_label: str = NPS_LABELS[0]
    high_label: str = NPS_LABELS[1]
    kind = "nps"

    @property
    def scale(self) -> range:
        """The values that can be chosen."""
        return range(11)


@dataclass(frozen=True, slots=True)
class SingleChoiceQuestion:
    """One of several options. Answer: the option's value."""

    key: str
    text: str
    options: tuple[Option, ...]
    required: bool = True
    kind = "single_choice"


@dataclass(frozen=True, slots=True)
class MultipleChoiceQuestion:
    """Any of several options. Answer: a list of option values in the survey's order, none twice."""

    key: str
    text: str
    options: tuple[Option, ...]
    required: bool = False
    kind = "multiple_choice"


@dataclass(frozen=True, slots=True)
class TextQuestion:
    """Free text. Answer: a string of up to ANSWER_TEXT_CHARS_MAX characters."""

    key: str
    text: str
    required: bool = False
    kind = "text"


ChoiceQuestion = SingleChoiceQuestion | MultipleChoiceQuestion
Question = RatingQuestion | NpsQuestion | SingleChoiceQuestion | MultipleChoiceQuestion | TextQuestion


@dataclass(frozen=True, slots=True)
class Definition:
    """
    One version of a survey: what is asked, of whom, and when.

    A published version is frozen; a change makes the next version, and answers
    stay with the version that they were given to.

    Attributes:
        starts_at: Nobody is asked before this; None = from when it is published.
        ends_at: Nobody is asked, and no link can be answered, from this on; None = until it is closed.
    """

    key: str
    title: str
    trigger: Trigger
    questions: tuple[Question, ...]
    policy: Policy = Policy()
    introduction: str = ""
    thanks: str = THANKS
    tags: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
