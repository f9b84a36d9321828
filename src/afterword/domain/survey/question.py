"""What can be asked, and what is an answer to it?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from afterword.domain.survey.trigger import Condition

QUESTION_TEXT_CHARS_MAX = 500
LABEL_CHARS_MAX = 200
OPTIONS_MAX = 20
ROWS_MAX = 10
ANSWER_TEXT_CHARS_MAX = 4_000
SHORT_TEXT_CHARS_MAX = 200
"""Also what may be typed beside "other"."""

RATING_LABELS = ("Very dissatisfied", "Very satisfied")
NPS_LABELS = ("Not at all likely", "Extremely likely")
CES_LABELS = ("Strongly disagree", "Strongly agree")
YES_NO_LABELS = ("Yes", "No")
OTHER_LABEL = "Other…"

RATING_POINTS = (3, 5, 7)
CES_POINTS = 7

YES = "yes"
NO = "no"
OTHER = "other"
"""The value of the option beside which people say what they mean."""


class Look(StrEnum):
    """How the points of a rating are drawn."""

    NUMBERS = "numbers"
    STARS = "stars"
    FACES = "faces"


@dataclass(frozen=True, slots=True)
class Option:
    """
    One choice, or one row of a matrix.

    Attributes:
        value: What is stored.
        label: What people read.
        is_other: Whoever chooses it may say what they mean.
    """

    value: str
    label: str
    is_other: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """
    What all questions have.

    Attributes:
        help: A sentence below the question; empty for none.
        when: What earlier answers must be for it to be asked; None for always.
    """

    help: str = ""
    when: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forking(_Asked):
    """
    A question whose answer may lead elsewhere.

    Attributes:
        next: Answer, as text → key of a later question, or END; every other one leads to the next question.
    """

    next: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RatingQuestion(_Forking):
    """
    Satisfaction on 1–3, 1–5 or 1–7 (CSAT). Answer: an int from 1.

    Attributes:
        labels: One for each point, or none.
    """

    key: str
    text: str
    required: bool = True
    low_label: str = RATING_LABELS[0]
    high_label: str = RATING_LABELS[1]
    points: int = 5
    look: Look = Look.NUMBERS
    labels: tuple[str, ...] = ()
    kind = "rating"

    @property
    def scale(self) -> range:
        """The values that can be chosen."""
        return range(1, self.points + 1)


@dataclass(frozen=True, slots=True)
class NpsQuestion(_Forking):
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
class CesQuestion(_Forking):
    """Agreement on 1–7 that something was easy (Customer Effort Score). Answer: an int from 1 to 7."""

    key: str
    text: str
    required: bool = True
    low_label: str = CES_LABELS[0]
    high_label: str = CES_LABELS[1]
    kind = "ces"

    @property
    def scale(self) -> range:
        """The values that can be chosen."""
        return range(1, CES_POINTS + 1)


@dataclass(frozen=True, slots=True)
class YesNoQuestion(_Forking):
    """Yes or no. Answer: YES or NO."""

    key: str
    text: str
    required: bool = True
    yes_label: str = YES_NO_LABELS[0]
    no_label: str = YES_NO_LABELS[1]
    kind = "yes_no"

    @property
    def options(self) -> tuple[Option, ...]:
        """The two choices."""
        return (Option(YES, self.yes_label), Option(NO, self.no_label))


@dataclass(frozen=True, slots=True)
class SingleChoiceQuestion(_Forking):
    """One of several options. Answer: the option's value; what was typed beside "other" is apart."""

    key: str
    text: str
    options: tuple[Option, ...]
    required: bool = True
    shuffled: bool = False
    kind = "single_choice"


@dataclass(frozen=True, slots=True)
class MultipleChoiceQuestion(_Asked):
    """Any of several options. Answer: a list of option values in the survey's order, none twice."""

    key: str
    text: str
    options: tuple[Option, ...]
    required: bool = False
    shuffled: bool = False
    kind = "multiple_choice"


@dataclass(frozen=True, slots=True)
class TextQuestion(_Asked):
    """Free text, of several lines or of one. Answer: a string of up to ``chars_max`` characters."""

    key: str
    text: str
    required: bool = False
    is_short: bool = False
    kind = "text"

    @property
    def chars_max(self) -> int:
        """How long an answer may be."""
        return SHORT_TEXT_CHARS_MAX if self.is_short else ANSWER_TEXT_CHARS_MAX


@dataclass(frozen=True, slots=True)
class MatrixQuestion(_Asked):
    """Several things rated on one scale. Answer: the row's value → an int from 1; blank rows are absent."""

    key: str
    text: str
    rows: tuple[Option, ...]
    required: bool = True
    low_label: str = RATING_LABELS[0]
    high_label: str = RATING_LABELS[1]
    points: int = 5
    kind = "matrix"

    @property
    def scale(self) -> range:
        """The values that can be chosen in each row."""
        return range(1, self.points + 1)


@dataclass(frozen=True, slots=True)
class RankingQuestion(_Asked):
    """Options in an order. Answer: a list of all option values, the first one first."""

    key: str
    text: str
    options: tuple[Option, ...]
    required: bool = False
    shuffled: bool = False
    kind = "ranking"


ScaleQuestion = RatingQuestion | NpsQuestion | CesQuestion
ChoiceQuestion = SingleChoiceQuestion | MultipleChoiceQuestion
ForkingQuestion = ScaleQuestion | YesNoQuestion | SingleChoiceQuestion
Question = ScaleQuestion | YesNoQuestion | ChoiceQuestion | TextQuestion | MatrixQuestion | RankingQuestion


def other_key(question_key: str) -> str:
    """Under which key is kept what somebody typed beside "other"? A dot is in no question's own key."""
    return f"{question_key}.{OTHER}"


def list_choices(question: Question) -> list[str]:
    """What can be chosen by one click, as texts; empty where it takes more."""
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            return [str(point) for point in question.scale]
        case YesNoQuestion() | SingleChoiceQuestion() | MultipleChoiceQuestion():
            return [option.value for option in question.options]
        case TextQuestion() | MatrixQuestion() | RankingQuestion():
            return []


def shuffle(question: Question, seed: str) -> Question:
    """
    The question with its options in an order of this seed, when it is to be shuffled; "other" stays last.

    Args:
        seed: The same one gives the same order, in the mail and each time the page is opened.
    """
    if not isinstance(question, ChoiceQuestion | RankingQuestion) or not question.shuffled:
        return question

    def place(option: Option) -> tuple[bool, bytes]:
        drawn = hashlib.sha256(f"{seed}\0{question.key}\0{option.value}".encode()).digest()
        return option.is_other, drawn

    return replace(question, options=tuple(sorted(question.options, key=place)))
