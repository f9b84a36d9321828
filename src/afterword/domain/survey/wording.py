"""Which words of a survey keep people from answering, or tell them what to answer?"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from afterword.domain.survey.question import Question, SingleChoiceQuestion
from afterword.domain.survey.survey import Definition


class Rule(StrEnum):
    """
    What is looked for; hints, not laws.

    Sources: [KP] Krosnick and Presser, Question and Questionnaire Design, in Handbook of Survey Research,
    2nd ed., 2010. [DSC] Dillman, Smyth and Christian, Internet, Phone, Mail, and Mixed-Mode
    Surveys, 4th ed., 2014, ch. 4. [PEW] Pew Research Center, Writing Survey Questions. [OPP] Oppenheim,
    Questionnaire Design, Interviewing and Attitude Measurement, 1992, ch. 8. [EIS] Eisele and others, The
    Effects of Sampling Frequency and Questionnaire Length …, Assessment 29(2), 2022.
    """

    TOO_MANY_QUESTIONS = "too_many_questions"
    LONG_TEXT = "long_text"
    LEADING = "leading"
    DOUBLE_BARRELLED = "double_barrelled"
    ABSOLUTE = "absolute"
    DOUBLE_NEGATIVE = "double_negative"
    NO_OPT_OUT = "no_opt_out"


QUESTIONS_GOOD = 3
"""Who is interrupted answers so many; longer questionnaires cost more care than they bring answers [EIS]."""

WORDS_GOOD = 20
"""Of one question [OPP]."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A hint about one field; ``path`` as ``questions[0].text``."""

    path: str
    rule: Rule
    message: str


def find_wording(definition: Definition) -> list[Finding]:
    """
    Find what is worth another look.

    The rules about words know English only; those about numbers hold for every language.
    """
    findings = list(_count(definition))
    is_english = definition.locale.split("-")[0].lower() == "en"
    for index, question in enumerate(definition.questions):
        where = f"questions[{index}]"
        findings += _size(question, where)
        findings += _words(question, where) if is_english else []
        findings += _opt_out(question, where) if is_english else []
    return findings


def _count(definition: Definition) -> Iterator[Finding]:
    count = len(definition.questions)
    if count > QUESTIONS_GOOD:
        said = f"{count} questions: who was interrupted answers {QUESTIONS_GOOD}; ask the others elsewhere"
        yield Finding("questions", Rule.TOO_MANY_QUESTIONS, said)


def _size(question: Question, where: str) -> Iterator[Finding]:
    words = len(question.text.split())
    if words > WORDS_GOOD:
        said = f"{words} words: a question is read at once when it has at most {WORDS_GOOD}"
        yield Finding(f"{where}.text", Rule.LONG_TEXT, said)


def _words(question: Question, where: str) -> Iterator[Finding]:
    for rule, find, advice in _FINDERS:
        found = find(question)
        if found is not None:
            yield Finding(f"{where}.text", rule, f"{found!r} {advice}")


def _opt_out(question: Question, where: str) -> Iterator[Finding]:
    """
    Who must choose and finds nothing that fits makes something up [DSC].

    That no more surveys are wanted can be said in every mail and on every page,
    below what a file says; a file can't leave it out, so there is nothing to look for.
    """
    if not isinstance(question, SingleChoiceQuestion) or not question.required:
        return
    if not any(option.is_other or _WAY_OUT.search(option.label) for option in question.options):
        said = "nobody can say that nothing fits: add such an option, other, or required: false"
        yield Finding(f"{where}.options", Rule.NO_OPT_OUT, said)


_WAY_OUT = re.compile(
    r"\b(none|nothing|nowhere|nobody|other|neither|not (sure|applicable)|n/a|don.t know|prefer not|no answer"
    r"|does not apply|doesn.t apply|something else|skip)\b",
    re.IGNORECASE,
)


def _pattern(*parts: str) -> Callable[[Question], str | None]:
    """The first words of a question's text that fit one of some patterns."""
    compiled = re.compile("|".join(parts), re.IGNORECASE)

    def find(question: Question) -> str | None:
        match = compiled.search(question.text)
        return None if match is None else match.group().strip(" ,.?")

    return find


_leading = _pattern(
    r"^(do|does|is|are|was|were|would|should|did|wo|could|ca|has|have)n.t\b",
    r"\b(do|did|would) you (not )?(agree|admit|realise|realize|concede)\b",
    r",\s*(right|correct|don.t you( think)?|isn.t it|wasn.t it|do you|wouldn.t you)\?",
    r"\bhow much (do|did) you (love|like|enjoy|hate|dislike)\b",
    r"\b(obviously|clearly|of course|surely|as you know|as everyone knows)\b",
    r"\b(great|amazing|awesome|excellent|wonderful|fantastic|brilliant|terrible|awful|horrible|annoying)\b",
)
_absolute = _pattern(
    r"\b(always|never|everyone|everybody|everything|nobody|no one|every)\b",
    r"(?<!\bat )\ball (of )?(the|your|our|its|tools|features|builds|errors)\b",
)
_double_negative = _pattern(
    r"\b(not|never|\w+n.t)\b[^.?]*\b(not|never|no|without|unclear|unhappy|unable|unlikely|unusual|unhelpful)\b"
)
_joined = re.compile(r"\b(\w+)(?:,? (and|or|as well as) | ?(and/or|&) ?)(?:\w+ ){0,2}?(\w+)", re.IGNORECASE)

_ONE_THING = {
    frozenset(pair.split())
    for pair in (
        "friend colleague",
        "friends colleagues",
        "satisfied dissatisfied",
        "agree disagree",
        "easy hard",
        "easy difficult",
        "likely unlikely",
        "better worse",
        "more less",
        "yes no",
        "pros cons",
        "team organisation",
        "bits pieces",
    )
}
"""Two words that mean one scale or one group."""

_ASKS_ONE_ANSWER = ("rating", "nps", "ces", "yes_no", "single_choice", "matrix")


def _double_barrelled(question: Question) -> str | None:
    """Two things in a question that takes one answer: nobody knows which one was answered [KP, PEW]."""
    if question.kind not in _ASKS_ONE_ANSWER:
        return None
    for match in _joined.finditer(question.text):
        if frozenset((match.group(1).lower(), match.group(4).lower())) not in _ONE_THING:
            return match.group()
    return None


_FINDERS: tuple[tuple[Rule, Callable[[Question], str | None], str], ...] = (
    (Rule.LEADING, _leading, "tells what to answer: ask so that each answer is as easy [KP, PEW]"),
    (Rule.DOUBLE_BARRELLED, _double_barrelled, "asks two things at once: make two questions [KP, PEW]"),
    (Rule.ABSOLUTE, _absolute, "is hardly ever true: ask how often, or about the last time [DSC]"),
    (Rule.DOUBLE_NEGATIVE, _double_negative, "has to be turned round twice: say it positively [PEW]"),
)
