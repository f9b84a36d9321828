"""Which words does somebody meet who is asked, and how do they bend with numbers and dates?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """
    A text in each form that a language has for numbers; ``{count}`` stands for the number.

    Attributes:
        forms: One text for each form.
        choose: A number from 0 → the place of its form.

    Source: Unicode CLDR, Language Plural Rules, for whole numbers below a million.
    """

    forms: tuple[str, ...]
    choose: Callable[[int], int]

    def say(self, count: int, **more: object) -> str:
        """The text for a number, with what else it names."""
        return self.forms[self.choose(count)].format(count=count, **more)


def one_or_more(one: str, more: str) -> Counted:
    """As in English: 1 is apart."""
    return Counted((one, more), lambda count: int(count != 1))


def up_to_one_or_more(one: str, more: str) -> Counted:
    """As in French and in the Portuguese of Brazil: 0 and 1 are apart."""
    return Counted((one, more), lambda count: int(count > 1))


def one_few_or_many(one: str, few: str, many: str) -> Counted:
    """As in Polish: 1; 2–4, 22–24, 32–34 … but not 12–14; and the rest."""

    def choose(count: int) -> int:
        if count == 1:
            return 0
        return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2

    return Counted((one, few, many), choose)


def whatever_number(text: str) -> Counted:
    """As in Japanese: every number has the same form."""
    return Counted((text,), lambda _: 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """
    How a moment is written.

    Attributes:
        months: The twelve, as they stand beside a day.
        moment: Of ``{day}``, ``{month}``, ``{year}``, ``{time}`` and ``{zone}``.
        first_day: What the first day of a month is called.
    """

    months: tuple[str, ...]
    moment: str
    first_day: str = "1"

    def say(self, moment: datetime) -> str:
        """A moment that nobody can take for another one: the month in letters, 24 hours, and the zone."""
        return self.moment.format(
            day=self.first_day if moment.day == 1 else str(moment.day),
            month=self.months[moment.month - 1],
            year=moment.year,
            time=f"{moment:%H:%M}",
            zone=moment.tzname(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailWords:
    """What an invitation says around the survey's own texts."""

    reminder_subject: str
    greeting: str
    introduction: str
    test: str
    reminder: str
    pace: str
    questions: Counted
    questions_between: Counted
    under_a_minute: str
    about_a_minute: str
    about_minutes: Counted
    answer: str
    choice_opens: str
    choices_open: str
    anonymous: str
    until: str
    reason: str
    own_page: str
    own_page_at_length: str
    unsubscribe: str
    unsubscribe_at_length: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskWords:
    """What the page of a survey says around its questions."""

    required: str
    optional: str
    out_of: str
    choose_all: str
    in_your_words: str
    chars_max: str
    rank: str
    place: str
    check_title: str
    because: str
    anonymous: str
    step: str
    test: str
    nothing_saved: str
    look_again: Counted
    choice_replaces: str
    answered_already: str
    choice_filled_in: str
    go_on: str
    back: str
    change: str
    send_one: str
    send_all: str
    saved_at_end: str
    final: str
    changeable: str
    until: str
    until_first: str
    not_now: str
    no_thanks: str
    footer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemWords:
    """What is to be mended before an answer can be saved."""

    missing: str
    number: str
    every_row: str
    from_options: str
    one_place: str
    every_place: str
    too_long: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWords:
    """What the pages say on which nothing is asked any more."""

    thank_you: str
    saved: str
    taken: str
    test: str
    anonymous: str
    change: str
    final: str
    closed_short: str
    closed: str
    closed_to_changes: str
    closed_to_answers: str
    expired_short: str
    expired: str
    expired_since: str
    expired_rest: str
    later: str
    later_text: str
    never: str
    never_text: str
    answer_now: str
    answer_after_all: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalWords:
    """What is said where we can't know who it is, or what they sent."""

    link: str
    link_incomplete: str
    link_ended: str
    form: str
    form_too_long: str
    form_unreadable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWords:
    """What the page says that ends all surveys in one click."""

    stopped: str
    stopped_text: str
    undo: str
    asking_title: str
    asking: str
    asking_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultWords:
    """What a survey says where its file leaves it to us."""

    thanks: str
    dissatisfied: str
    satisfied: str
    unlikely: str
    likely: str
    disagree: str
    agree: str
    yes: str
    no: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """
    All of one language. What stands in braces is filled in by whoever shows it.

    Attributes:
        tag: The language tag.
        gap: What stands between two sentences.
    """

    tag: str
    dates: DateWords
    mail: MailWords
    ask: AskWords
    problem: ProblemWords
    end: EndWords
    refusal: RefusalWords
    stop: StopWords
    default: DefaultWords
    gap: str = " "
