"""Does a survey file become the survey it describes, and does each mistake name its line and field?"""

from datetime import timedelta

import pytest

from afterword.domain.survey.policy import Cooldown, GlobalCooldownUse, Policy, Sampling
from afterword.domain.survey.question import (
    CesQuestion,
    Look,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Option,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
)
from afterword.domain.survey.trigger import AllOf, AnyOf, Compare, Not, Trigger
from afterword.flows.surveys.survey_definition import (
    dump_definition,
    parse_survey_file,
    read_definition,
    show_definition,
)
from afterword.flows.surveys.survey_file.base import parse_duration
from afterword.flows.surveys.survey_file.conditions import CONDITION_DEPTH_MAX
from afterword.flows.surveys.yaml_file import FILE_BYTES_MAX
from afterword.flows.surveys.yaml_lines import SurveyFileError

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
  {cooldown: 1d, global_cooldown: 0s, sampling: {rate: 0.5}, max_event_age: 90m, expires_after: 2h}
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
        cooldown=Cooldown(*[timedelta(days=1)] * 4),
        global_cooldown=timedelta(),
        global_cooldown_use=GlobalCooldownUse.CUSTOM,
        sampling=Sampling(rate=0.5),
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
    reordered += "trigger: {events: ['build.finished']}\ntags: []\n# a comment\n"
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
    "a list": ("- survey: x\n", r"s\.yaml:1: this must be an object, and is a list$"),
    "too large": ("#" * (FILE_BYTES_MAX + 1), r"s\.yaml: the file is over 256 KiB"),
    "an alias": (HEAD + "introduction: &a Hi\nthanks: *a\n" + QUESTIONS, r"s\.yaml:\d: YAML aliases"),
    "a field twice": (HEAD + "title: Again\n" + QUESTIONS, r"s\.yaml:6: title: this field is there twice"),
    "a typo": (
        HEAD + "intoduction: Hi\n" + QUESTIONS,
        r"s\.yaml:6: intoduction: there is no such field: did you mean introduction\?",
    ),
    "a foreign field": (HEAD + "colour: red\n" + QUESTIONS, r"s\.yaml:6: colour: there is no such field$"),
    "no questions": (HEAD, r"s\.yaml:1: the field questions is missing"),
    "no question at all": (
        HEAD + "questions: []\n",
        r"s\.yaml:6: questions: this must have at least 1 entry$",
    ),
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
        r"s\.yaml:7: questions.*options: this must have at least 2 entries, such as \[Slow, Unclear\]$",
    ),
    "a bad key": (question("  - {key: A B, type: nps, text: A}\n"), r"s\.yaml:7: questions.*key: "),
    "a bad duration": (
        HEAD + "throttle:\n  global_cooldown: two weeks\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.global_cooldown: a duration is a number and a unit",
    ),
    "too long a duration": (
        HEAD + "throttle:\n  cooldown: 99999d\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.cooldown: at most 3650d",
    ),
    "no time to come": (
        HEAD + "throttle:\n  max_event_age: 0s\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.max_event_age: must be more than 0",
    ),
    "a rate of nothing": (
        HEAD + "throttle:\n  sampling:\n    rate: 0\n" + QUESTIONS,
        r"s\.yaml:8: throttle\.sampling\.rate: this must be more than 0$",
    ),
    "a rate over 1": (
        HEAD + "throttle:\n  sampling:\n    rate: 50\n" + QUESTIONS,
        r"s\.yaml:8: throttle\.sampling\.rate: this must be at most 1$",
    ),
    "no events": (
        HEAD.replace("[build.finished]", "[]") + QUESTIONS,
        r"s\.yaml:5: trigger\.events: this must have at least 1 entry, such as \[build\.finished\]$",
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
    "endless nesting": ("[" * 5_000, r"s\.yaml: this nests too deeply for a survey or a policy$"),
    "a field of another place": (
        HEAD + "cooldown: 90d\n" + QUESTIONS,
        r"s\.yaml:6: cooldown: there is no such field here: it stands elsewhere in the file$",
    ),
    "a limit of -1": (
        HEAD + "throttle:\n  max_per_day: -1\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.max_per_day: this must be at least 1$",
    ),
    "a cap of -1": (
        HEAD + "throttle:\n  caps: {7d: -1}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.caps\.7d: this must be at least 0$",
    ),
    "a policy": (
        "policy: organisation\n",
        r"s\.yaml:1: policy: this is a policy: `afterword policy apply` takes it$",
    ),
    "one of other values": (
        HEAD + "throttle: {repeat: sometimes}\n" + QUESTIONS,
        r"s\.yaml:6: throttle\.repeat: there is no 'sometimes' here: one of once, recurring, ",
    ),
    "a day of another calendar": (
        HEAD + "throttle:\n  send_window: {days: [mon, dies]}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.send_window\.days\[1\]: there is no 'dies' here: one of fri, mon, ",
    ),
    "a number in place of a duration": (
        HEAD + "throttle:\n  cooldown: 30\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.cooldown: a duration is a number and a unit, such as 30m, 72h or 90d$",
    ),
    "a number in place of a delay": (
        HEAD + "  delay: 10\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.delay: a duration is a number and a unit, such as 30m, 72h or 90d$",
    ),
    "a reminder after a number": (
        HEAD + "throttle:\n  reminders: {after: 1}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.reminders\.after: a duration is a number and a unit, such as",
    ),
    "a number in place of an object": (
        HEAD + "  count: 3\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.count: this must be an object, such as \{at_least: 3, within: 1d\}, and",
    ),
    "a text in place of a list": (
        HEAD.replace("[build.finished]", "build.finished") + QUESTIONS,
        r"s\.yaml:5: trigger\.events: this must be a list, such as \[build\.finished\], and is a text$",
    ),
    "nothing in place of a text": (
        HEAD.replace(" How was your build?", "") + QUESTIONS,
        r"s\.yaml:3: title: this must be a text, such as How was your build\?, and is empty$",
    ),
    "too long a title": (
        HEAD.replace("How was your build?", "x" * 201) + QUESTIONS,
        r"s\.yaml:3: title: this must have at most 200 characters$",
    ),
    "a window that there is not": (
        HEAD + "throttle: {send_window: always}\n" + QUESTIONS,
        r"s\.yaml:6: throttle\.send_window: there is no 'always' here: one of any, or an object such as \{",
    ),
    "a question mark in braces": (
        HEAD + "questions: [{key: q, type: nps, text: How likely?}]\n",
        r"s\.yaml:6: this is not YAML: .*: a text with one of : \? , \[ \] \{ \} # goes into quotes$",
    ),
    "a colon in a text": (
        HEAD.replace("How was your", "How: your") + QUESTIONS,
        r"s\.yaml:3: this is not YAML: mapping values are not allowed here: a text with one of .*",
    ),
    "a window twice": (
        HEAD + "throttle:\n  caps: {7d: 1, 168h: 2}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.caps\.168h: this window is there twice, in other words$",
    ),
    "a window in words": (
        HEAD + "throttle:\n  caps: {week: 1}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.caps: a duration is a number and a unit, such as 30m, 72h or 90d$",
    ),
    "a duration of -1": (
        HEAD + "throttle:\n  project_cooldown: -1d\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.project_cooldown: a duration is a number and a unit, such as 30m, 72h or 90d$",
    ),
    "a global cooldown of its own kind": (
        HEAD + "throttle:\n  global_cooldown: none\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.global_cooldown: a duration is .*; or it is respect, or ignore$",
    ),
    "odd hours": (
        HEAD + "throttle:\n  send_window: {hours: 9-25}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.send_window.*hours: hours are as 9-17 or 08:30-16:00$",
    ),
    "hours that end before they begin": (
        HEAD + "throttle:\n  send_window: {hours: 17-9}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.send_window\.hours: a window closes after it opens, on the same day$",
    ),
    "a key in capitals": (
        HEAD.replace("build-cli", "Build CLI") + QUESTIONS,
        r"s\.yaml:1: survey: a key has 1 to 63 of a-z, 0-9, - and _, and starts with a letter or digit$",
    ),
    "a back reference": (
        HEAD + "  where: {path: a, matches: '(a)\\1'}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.matches: .*: invalid escape sequence: .*: back references .* time$",
    ),
    "a look ahead": (
        HEAD + "  where: {path: a, matches: 'a(?=b)'}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.matches: .*: back references and look-around are left out",
    ),
    "half a regular expression": (
        HEAD + "  where: {path: a, matches: '[a'}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.matches: this regular expression can't be used: missing \]: \[a$",
    ),
    "a regular expression that would explode": (
        HEAD + "  where: {path: a, matches: '((a{100}){100}){100}'}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.matches: .*: it repeats too often$",
    ),
    "a regular expression that would fill the memory": (
        HEAD + "  where: {path: a, matches: '" + r"\pL{900}" * 10 + "'}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.matches: .*: it repeats too often$",
    ),
    "an endless regular expression": (
        HEAD + "  where: {path: a, matches: '" + "a" * 501 + "'}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.matches: a regular expression has at most 500 characters$",
    ),
    "a time zone that does not exist": (
        HEAD + "timezone: Europe/Berln\n" + QUESTIONS,
        r"s\.yaml:6: timezone: there is no time zone 'Europe/Berln': did you mean Europe/Berlin\?$",
    ),
    "a time zone like none": (
        HEAD + "timezone: Mars\n" + QUESTIONS,
        r"s\.yaml:6: timezone: there is no time zone 'Mars': a name such as Europe/Berlin$",
    ),
    "a day that does not exist": (
        HEAD + "starts_at: 2027-02-30\n" + QUESTIONS,
        r"s\.yaml:6: starts_at: there is no such date or time$",
    ),
    "a time without a zone": (
        HEAD + "starts_at: 2027-02-03T09:00\n" + QUESTIONS,
        r"s\.yaml:6: starts_at: a time needs its zone, such as 2027-03-01T09:00\+01:00 or ",
    ),
    "a date in words": (
        HEAD + "starts_at: tomorrow\n" + QUESTIONS,
        r"s\.yaml:6: starts_at: a date is as 2027-03-01, a time as 2027-03-01T09:00\+01:00$",
    ),
    "an impossible condition": (
        HEAD + "  where:\n    all: [{path: a, eq: ok}, {path: a, eq: failed}]\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where: an impossible condition: a eq \"ok\", a eq \"failed\" can't all be",
    ),
    "a condition that is never true": (
        HEAD + "  where: {path: a, in: []}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where: an impossible condition: a in \[\] is never true$",
    ),
    "an impossible audience": (
        HEAD + "throttle:\n  audience: {all: [{path: name, gt: b}, {path: name, lt: b}]}\n" + QUESTIONS,
        r"s\.yaml:7: throttle\.audience: an impossible condition: name gt \"b\", name lt \"b\" can't all",
    ),
    "an end before the start": (
        HEAD + "starts_at: 2027-02-03\nends_at: 2027-02-03\n" + QUESTIONS,
        r"s\.yaml:7: ends_at: a survey ends after it starts$",
    ),
    "too few labels": (
        question("  - {key: a, type: rating, text: A, points: 3, labels: [x, y]}\n"),
        r"s\.yaml:7: questions\[0\]\.labels: there are 3 points, so give 3 labels, or none$",
    ),
    "points of another scale": (
        question("  - {key: a, type: rating, text: A, points: 4}\n"),
        r"s\.yaml:7: questions.*points: .*4",
    ),
    "two others": (
        question("  - {key: a, type: single_choice, text: A, options: [other, x], other: true}\n"),
        r"s\.yaml:7: questions\[0\]\.other: an option has the value 'other' already",
    ),
    "a jump backwards": (
        question(
            "  - {key: a, type: nps, text: A}\n"
            "  - key: b\n    type: nps\n    text: B\n    next:\n      '1': a\n"
        ),
        r"s\.yaml:12: questions\[1\]\.next\.1: 'a' is not a later question: a survey only goes forward$",
    ),
    "an impossible branch": (
        question(
            "  - {key: a, type: yes_no, text: A}\n"
            "  - key: b\n    type: text\n    text: B\n    when:\n      all:\n"
            "        - {path: a, eq: yes}\n        - {path: a, eq: 'no'}\n"
        ),
        r"s\.yaml:11: questions\[1\]\.when: an impossible branch: no answers lead to 'b'$",
    ),
    "a condition on a later question": (
        question(
            "  - {key: a, type: text, text: A, when: {path: b, exists: true}}\n"
            "  - {key: b, type: text, text: B}\n"
        ),
        r"s\.yaml:7: questions\[0\]\.when: 'b' is no earlier question$",
    ),
    "a condition that is none": (
        question("  - {key: a, type: text, text: A}\n  - {key: b, type: text, text: B, when: {path: a}}\n"),
        r"s\.yaml:8: questions\[1\]\.when: a condition is one of all, any, not",
    ),
    "a placeholder without a fallback": (
        question("  - key: a\n    type: text\n    text: A {{person.name}}\n"),
        r"s\.yaml:9: questions\[0\]\.text: \{\{person\.name\}\} needs a name and a fallback",
    ),
    "an unknown placeholder": (
        HEAD.replace("How was your build?", "'{{person.email|x}}'") + QUESTIONS,
        r"s\.yaml:3: title: .* is not known: one of event\.metadata",
    ),
    "a language tag that is none": (
        HEAD + "translations: {german: {title: Hallo}}\n" + QUESTIONS,
        r"s\.yaml:6: translations: a language tag is as de or pt-BR$",
    ),
    "a typo in a translation": (
        HEAD + "translations:\n  de:\n    title: Hallo\n    thank: Danke\n" + QUESTIONS,
        r"s\.yaml:9: translations\.de\.thank: there is no such field: did you mean thanks\?$",
    ),
    "a row without a key": (
        question("  - {key: a, type: matrix, text: A, rows: {A b: x}}\n"),
        r"s\.yaml:7: questions\[0\]\.rows: a key has 1 to 63 of a-z",
    ),
    "a translation of its own language": (
        HEAD + "locale: de\ntranslations:\n  de: {title: Hallo}\n" + QUESTIONS,
        r"s\.yaml:8: translations\.de: the texts in de are there already$",
    ),
    "a translation of no question": (
        HEAD + "translations:\n  de:\n    questions:\n      x: {text: Hallo}\n" + QUESTIONS,
        r"s\.yaml:9: translations\.de\.questions\.x: there is no such question$",
    ),
    "a translation of no text": (
        HEAD + "translations:\n  de:\n    questions:\n      satisfaction:\n        help: Hallo\n" + QUESTIONS,
        r"s\.yaml:10: translations\.de\.questions\.satisfaction\.help: the survey has no text here",
    ),
    "a placeholder in a translation": (
        HEAD + "translations:\n  de:\n    title: '{{x}}'\n" + QUESTIONS,
        r"s\.yaml:8: translations\.de\.title: \{\{x\}\} needs a name and a fallback",
    ),
    "a field of metadata in place of a condition": (
        HEAD + "  where:\n    all:\n      - {environment: production}\n" + QUESTIONS,
        r"s\.yaml:8: trigger\.where\.all\[0\]\.environment: there is no such field: write \{path: envir",
    ),
    "a field of metadata named as one of the file": (
        HEAD + "  where: {title: x}\n" + QUESTIONS,
        r"s\.yaml:6: trigger\.where\.title: there is no such field: write \{path: title, eq: …\}$",
    ),
    "a path with an empty step": (
        HEAD + "  where:\n    not: {path: a..b, exists: true}\n" + QUESTIONS,
        r"s\.yaml:7: trigger\.where\.not\.path: a path has a name before and after each dot",
    ),
    "a privacy that there is not": (HEAD + "privacy: secret\n" + QUESTIONS, r"s\.yaml:6: privacy: .*secret"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_names_file_line_and_field(text: str, message: str) -> None:
    with pytest.raises(SurveyFileError, match="^" + message):
        parse_survey_file(text, "s.yaml")


KINDS = """\
privacy: anonymous
locale: en-GB
translations:
  de: {title: "Wie war es?", questions: {c: {options: {other: Anderes}}, f: {rows: {x: Ix}}}}
questions:
  - {key: a, type: rating, text: A, points: 3, look: faces, labels: [Bad, "So so", Good], help: Honestly.}
  - {key: b, type: yes_no, text: B, yes_label: Aye, next: {"no": end, "yes": d}}
  - {key: c, type: single_choice, text: C, options: [x, z], other: true, shuffled: true}
  - {key: d, type: ces, text: D, when: {path: b, eq: yes}}
  - {key: e, type: multiple_choice, text: E, options: [x, z], other: What else}
  - {key: f, type: matrix, text: F, rows: {x: X, z: Z}, points: 7, required: false}
  - {key: g, type: ranking, text: G, options: [x, z], shuffled: true}
  - {key: h, type: short_text, text: H, when: {path: f.x, lte: 3}}
"""


def test_every_kind_of_question_is_read_as_it_is_written() -> None:
    whole = HEAD + KINDS.replace('"yes": d', '"yes": c')
    definition = read_definition(dump_definition(parse_survey_file(whole, "s.yaml")))
    assert (definition.is_anonymous, definition.locale) == (True, "en-GB")
    assert definition.translations == {
        "de": {"title": "Wie war es?", "questions.c.options.other": "Anderes", "questions.f.rows.x": "Ix"}
    }
    x, z = Option("x", "x"), Option("z", "z")
    assert definition.questions == (
        RatingQuestion(
            "a", "A", True, "Bad", "Good", 3, Look.FACES, ("Bad", "So so", "Good"), help="Honestly."
        ),
        YesNoQuestion("b", "B", yes_label="Aye", next={"no": "end", "yes": "c"}),
        SingleChoiceQuestion("c", "C", (x, z, Option("other", "Other…", is_other=True)), shuffled=True),
        CesQuestion("d", "D", when=Compare("b", "eq", "yes")),
        MultipleChoiceQuestion("e", "E", (x, z, Option("other", "What else", is_other=True))),
        MatrixQuestion("f", "F", (Option("x", "X"), Option("z", "Z")), False, points=7),
        RankingQuestion("g", "G", (x, z), shuffled=True),
        TextQuestion("h", "H", is_short=True, when=Compare("f.x", "lte", 3)),
    )


def test_a_question_that_all_answers_jump_over_is_refused() -> None:
    with pytest.raises(SurveyFileError, match=r"s\.yaml:13: questions\[2\]: an impossible branch: .* 'c'"):
        parse_survey_file(HEAD + KINDS, "s.yaml")
