"""What is a survey made of?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from afterword.domain.survey.policy import Policy
from afterword.domain.survey.question import Question
from afterword.domain.survey.trigger import Trigger

TITLE_CHARS_MAX = 200
QUESTIONS_MAX = 20
LOCALE = "en"
"""The language of a survey that does not say its own."""

THANKS = "Thank you. Your answer helps the team that builds this tool."


class SurveyState(StrEnum):
    """Where a survey is in its life: draft → live ⇄ paused → closed."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Definition:
    """
    One version of a survey: what is asked, of whom, and when.

    A published version is frozen; a change makes the next version, and answers
    stay with the version that they were given to.

    Attributes:
        is_anonymous: Answers are kept so that nobody can tell whose they are.
        locale: The language of its texts, as a language tag.
        untranslated: Where a text stands → its language, of those that are in another one than ``locale``,
            once a language is chosen.
        translations: Language tag → where a text stands, see domain/survey/translation.py → that text.
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
    is_anonymous: bool = False
    locale: str = LOCALE
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    untranslated: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def locale_of(self, path: str) -> str:
        """The language of the text that stands at a place."""
        return self.untranslated.get(path, self.locale)
