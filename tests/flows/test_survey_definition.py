"""Does a survey file become the survey it describes, and does each mistake name its line and field?"""

from datetime import timedelta

import pytest

from afterword.domain.policy import Policy
from afterword.domain.question import (
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
)
from afterword.domain.trigger import AllOf, AnyOf, Compare, Not, Trigger
from afterword.flows.survey_definition import (
    CONDITION_DEPTH_MAX,
    FILE_BYTES_MAX,
    SurveyFileError,
    dump_definition,
    parse_duration,
    parse_survey_file,
    read_definition,
    show_definition,
)

HEAD = """\
survey: build-cli
project: Build CLI
title: How was your build?
trigger:
  events: [build.finished]
"""
QUESTIONS = """\
questions:
  - key: satisfaction
    type: rating
    text: How satisfied are you?
"""
WHOLE = """\
survey: all-there-is
project: Build CLI
title: Größe
introduction: Two questions.
thanks: Danke!
trigger:
  events: [build.finished, build.failed]
  where:
    all:
      - {path: outcome, in: [ok, failed]}
      - any:
          - {path: job.duration_s, gte: 60}
          - not: {path: ci, exists: true}
throttle:
  {survey_cooldown: 1d, global_cooldown: 0s, sampling_rate: 0.5, max_event_age: 90m, expires_after: 2h}
questions:
  - {key: a, type: rating, text: A, low_label: Bad, high_label: Good}
  - {key: b, type: nps, text: B, required: false}
  - {key: c, type: single_choice, text: C, options: [x, {value: "y", label: The Y}]}
  - {key: d, type: multiple_choice, text: D, options: [x, z], required: true}
  - {key: e, type: text, text: E}
"""


def test_everything_a_file_says_is_in_the_definition() -> None:
    definition = read_definition(dump_definition(parse_survey_file(WHOLE, "s.yaml")))
    assert (definition.key, definition.title) == ("all-there-is", "Größe")
    assert (definition.introduction, definition.thanks) == ("Two questions.", "Danke!")
    assert definition.trigger == Trigger(
        ("build.finished", "build.failed"),
        AllOf(
            (
                Compare("outcome", "in", ["ok", "failed"]),
                AnyOf((Compare("job.duration_s", "gte", 60), Not(Compare("ci", "exists", True)))),
            )
        ),
    )
    assert definition.policy == Policy(
        survey_cooldown=timedelta(days=1),
        global_cooldown=timedelta(),
        sampling_rate=0.5,
        max_event_age=timedelta(minutes=90),
        expires_after=timedelta(hours=2),
    )
    assert definition.questions == (
        RatingQuestion("a", "A", True, "Bad", "Good"),
        NpsQuestion("b", "B", False),
        SingleChoiceQuestion("c", "C", (Option("x", "x"), Option("y", "The Y"))),
        MultipleChoiceQuestion("d", "D", (Option("x", "x"), Option("z", "z")), True),
        TextQuestion("e", "E"),
    )


def test_what_a_file_leaves_out_has_the_documented_defaults() -> None:
    definition = read_definition(dump_definition(parse_survey_file(HEAD + QUESTIONS, "s.yaml")))
    assert definition.policy == Policy()
    assert definition.introduction == ""
    assert definition.thanks.startswith("Thank you")
    assert definition.questions == (RatingQuestion("satisfaction", "How satisfied are you?"),)


def test_the_same_survey_written_in_another_way_is_stored_the_same() -> None:
    reordered = QUESTIONS + "".join(sorted(HEAD[: HEAD.index("trigger")].splitlines(keepends=True)))
    reordered += "trigger: {events: ['build.finished']}\nthrottle: {sampling_rate: 1}\n# a comment\n"
    first, second = parse_survey_file(HEAD + QUESTIONS, "a"), parse_survey_file(reordered, "b")
    assert dump_definition(first) == dump_definition(second)


def test_a_stored_version_is_shown_as_yaml_that_can_be_applied_again() -> None:
    text = dump_definition(parse_survey_file(WHOLE, "s.yaml"))
    assert dump_definition(parse_survey_file(show_definition(text), "again.yaml")) == text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90d", timedelta(days=90)),
        ("72h", timedelta(hours=72)),
        ("30m", timedelta(minutes=30)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


def question(lines: str) -> str:
    return HEAD + "questions:\n" + lines


DEEP = (
    HEAD
    + "  where: "
    + "{not: " * CONDITION_DEPTH_MAX
    + "{path: a, eq: 1}"
    + "}" * CONDITION_DEPTH_MAX
    + "\n"
)

MISTAKES = {
    "no YAML": ("survey: [build\ntitle: x", r"s\.yaml:2: this is not YAML: .+"),
    "a tab": (HEAD + "\tquestions: []\n", r"s\.yaml:6: this is not YAML: .+"),
    "nothing": ("", r"s\.yaml: the file is empty"),
    "only a comment": ("# nothing\n", r"s\.yaml: the file is empty"),
    "a list": ("- survey: x\n", r"s\.yaml:1: .*expected `?object"),
    "too large": ("#" * (FILE_BYTES_MAX + 1), r"s\.yaml: the file is over 256 KiB"),
    "an alias": (HEAD + "introduction: &a Hi\nthanks: *a\n" + QUESTIONS, r"s\.yaml:\d: YAML aliases"),
    "a field twice": (HEAD + "title: Again\n" + QUESTIONS, r"s\.yaml:6: title: this field is there twice"),
    "a typo": (
        HEAD + "intoduction: Hi\n" + QUESTIONS,
        r"s\.yaml:6: intoduction: there is no such field: did you mean introduction\?",
    ),
    "a foreign field": (HEAD + "colour: red\n" + QUESTIONS, r"s\.yaml:6: colour: there is no such field$"),
    "no questions": (HEAD, r"s\.yaml:1: the field questions is missing"),
    "no question at all": (HEAD + "questions: []\n", r"s\.yaml:6: questions: .*length"),
    "no text": (
        question("  - key: a\n    type: rating\n"),
        r"s\.yaml:7: questions(\[0\])?: the field text is missing",
    ),
    "an unknown type": (
        question("  - key: a\n    type: stars\n    text: A\n"),
        r"s\.yaml:\d: questions(\[0\])?\.type: there is no such type: one of rating, nps",
    ),
    "a key twice": (
        question("  - {key: a, type: nps, text: A}\n  - {key: a, type: nps, text: B}\n"),
        r"s\.yaml:8: questions\[1\](\.key)?: the key 'a' is there twice",
    ),
    "an option twice": (
        question("  - key: a\n    type: single_choice\n    text: A\n    options:\n      - x\n      - x\n"),
        r"s\.yaml:12: questions\[0\]\.options\[1\]: the option 'x' is there twice",
    ),
    "one option": (
        question("  - {key: a, type: single_choice, text: A, options: [x]}\n"),
        r"s\.yaml:7: questions.*options: .*length",
    ),
    "a bad key": (question("  - {key: A B, type: nps, text: A}\n"), r"s\.yaml:7: questions.*key: "),
    "a bad duration": (
        HEAD + "throttle:\n  global_cooldown: two weeks\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.global_cooldown: a duration is a number and a unit",
    ),
    "too long a duration": (
        HEAD + "throttle:\n  survey_cooldown: 99999d\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.survey_cooldown: at most 3650d",
    ),
    "no time to come": (
        HEAD + "throttle:\n  max_event_age: 0s\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.max_event_age: must be more than 0",
    ),
    "a rate of nothing": (
        HEAD + "throttle:\n  sampling_rate: 0\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.sampling_rate: .*> 0",
    ),
    "a rate over 1": (
        HEAD + "throttle:\n  sampling_rate: 50\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.sampling_rate: .*<= 1",
    ),
    "no events": (
        HEAD.replace("[build.finished]", "[]") + QUESTIONS,
        r"s\.yaml:5: trigger\.events: .*length",
    ),
    "an unknown operator": (
        HEAD + "  where: {path: a, like: b}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.like: there is no such field",
    ),
    "two operators": (
        HEAD + "  where: {path: a, eq: 1, ne: 2}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where: a condition is one of all, any, not",
    ),
    "an empty all": (
        HEAD + "  where:\n    all: []\n" + QUESTIONS,
        r"s\.yaml:7: trigger\.where\.all: the list is empty",
    ),
    "a condition inside one": (
        HEAD + "  where:\n    any:\n      - path: a\n" + QUESTIONS,
        r"s\.yaml:8: trigger\.where\.any\[0\]: a condition is one of",
    ),
    "too deep": (
        DEEP + QUESTIONS,
        r"s\.yaml:6: trigger\.where(\.not)+: conditions nest deeper than 10 levels",
    ),
    "endless nesting": ("[" * 5_000, r"s\.yaml(:\d+)?: this is not YAML: "),
    "a date": (HEAD.replace("How was your build?", "2024-13-45") + QUESTIONS, r"s\.yaml"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_names_file_line_and_field(text: str, message: str) -> None:
    with pytest.raises(SurveyFileError, match="^" + message):
        parse_survey_file(text, "s.yaml")
