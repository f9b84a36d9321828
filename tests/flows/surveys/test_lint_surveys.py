"""Is it told what does nothing, keeps everybody from being asked, or asks for what nobody has?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from afterword.flows.surveys.lint_surveys import Hint, lint_surveys, warn_of_settings
from afterword.flows.surveys.survey_file.oddities import Oddity
from afterword.flows.surveys.survey_files import read_survey_files
from tests.flows.world import QUESTIONS, World

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
RATING = {
    "key": "q",
    "type": "rating",
    "text": "How satisfied are you?",
    "points": 3,
    "labels": ["a", "b", "c"],
}


def text_of(**changes: object) -> str:
    usual = {"survey": "s", "project": "Build CLI", "title": "T", "trigger": {"events": ["e"]}}
    return yaml.safe_dump(usual | {"questions": QUESTIONS} | changes, sort_keys=False)


def lint(text: str, world: World | None = None) -> list[Hint]:
    written = read_survey_files([Path("-")], text.encode)
    return lint_surveys(written, NOW, None if world is None else world.database)


def told(text: str, world: World | None = None) -> list[tuple[str, str, str]]:
    """Field, rule and message of each hint."""
    return [(hint.place.split(": ")[1], hint.rule, hint.message) for hint in lint(text, world)]


ODD: dict[str, tuple[dict[str, object], tuple[str, str, str]]] = {
    "an end that is past": (
        {"ends_at": "2027-01-15"},
        ("ends_at", "asks_nobody", "the survey is over since 2027-01-15 00:00 UTC"),
    ),
    "a cap of 0": (
        {"throttle": {"caps": {"1d": 0, "7d": 1}}},
        ("throttle.caps.1d", "asks_nobody", "0 exposures let nobody be asked"),
    ),
    "a cap of 0 for its own tag": (
        {"tags": ["x"], "throttle": {"group_caps": {"x": {"count": 0, "window": "1d"}}}},
        (
            "throttle.group_caps.x",
            "asks_nobody",
            "0 exposures let nobody be asked, for this survey has the tag x",
        ),
    ),
    "a hold-out of all": (
        {"throttle": {"holdout": 1}},
        ("throttle.holdout", "asks_nobody", "everybody is held out"),
    ),
    "shows that are not counted": (
        {"throttle": {"max_shows": 3, "repeat": "once"}},
        ("throttle.max_shows", "no_effect", "it counts only with repeat: until_answered"),
    ),
    "shows without a word on repeating": (
        {"throttle": {"max_shows": 3}},
        (
            "throttle.max_shows",
            "no_effect",
            "it counts only with repeat: until_answered, which this file leaves to the policy above",
        ),
    ),
    "a wait over a week": (
        {"throttle": {"send_window": {"defer": "200d"}, "expires_after": "300d"}},
        (
            "throttle.send_window.defer",
            "no_effect",
            "the hours open again within 7d: nobody would wait longer",
        ),
    ),
    "nothing that waits": (
        {"trigger": {"events": ["e"], "cancel_on": ["f"]}},
        (
            "trigger.cancel_on",
            "no_effect",
            "without delay or not_followed_by they withdraw only what waits for the hours of mails",
        ),
    ),
    "an event that withdraws itself": (
        {"trigger": {"events": ["d", "e.a"], "not_followed_by": {"events": ["e.*"], "within": "1h"}}},
        (
            "trigger.not_followed_by.events",
            "withdraws_itself",
            "e.a is what asks, too: a second one within the time withdraws what the first one asked",
        ),
    ),
    "a path from above the metadata": (
        {"trigger": {"events": ["e"], "where": {"any": [{"path": "metadata.a", "eq": 1}]}}},
        ("trigger.where.any[0].path", "asks_nobody", "paths start below the metadata: write a"),
    ),
    "a path as in placeholders": (
        {"trigger": {"events": ["e"], "where": {"path": "event.metadata.a.b", "eq": 1}}},
        ("trigger.where.path", "asks_nobody", "paths start below the metadata: write a.b"),
    ),
    "ends beside labels": (
        {"questions": [RATING | {"high_label": "Great"}]},
        (
            "questions[0].high_label",
            "no_effect",
            "labels say already what each point means: this is not shown",
        ),
    ),
}


@pytest.mark.parametrize(("changes", "hint"), ODD.values(), ids=ODD)
def test_what_is_odd_is_told_with_its_place(changes: dict[str, object], hint: tuple[str, str, str]) -> None:
    assert told(text_of(**changes)) == [hint]


def test_every_oddity_is_tried() -> None:
    assert {rule for _, (_, rule, _) in ODD.values()} >= set(Oddity)


@pytest.mark.parametrize(
    "changes",
    [
        {"ends_at": "2027-01-16"},
        {"throttle": {"caps": {"1d": 1}, "holdout": 0.9}},
        {"throttle": {"group_caps": {"x": {"count": 0, "window": "1d"}}}},
        {"throttle": {"max_shows": 3, "repeat": "until_answered"}},
        {"throttle": {"send_window": {"defer": "7d"}, "expires_after": "30d"}},
        {"throttle": {"send_window": "any"}},
        {"throttle": {"caps": {}, "reminders": {"after": "71h"}}},
        {"trigger": {"events": ["e"], "cancel_on": ["f"], "delay": "1m"}},
        {
            "trigger": {
                "events": ["e"],
                "cancel_on": ["f"],
                "not_followed_by": {"events": ["g"], "within": "1h"},
            }
        },
        {"trigger": {"events": ["e"], "where": {"path": "metadata", "eq": 1}}},
        {"questions": [RATING]},
        {"questions": [{"key": "q", "type": "rating", "text": "How was it?", "low_label": "Bad"}]},
    ],
    ids=range(12),
)
def test_what_has_a_meaning_is_not(changes: dict[str, object]) -> None:
    assert told(text_of(**changes)) == []


def test_texts_that_a_translation_lacks_are_one_hint_for_each_language() -> None:
    text = text_of(introduction="Hello.", translations={"de": {"title": "T"}, "fr": {}})
    assert told(text) == [
        (
            "translations.de",
            "missing_translation",
            "3 texts are not translated: introduction, questions.satisfaction.text, questions.comment.text",
        ),
        (
            "translations.fr",
            "missing_translation",
            "4 texts are not translated: title, introduction, questions.satisfaction.text and 1 more",
        ),
    ]


class TestWithADatabase:
    def test_attributes_that_nobody_has_are_told_with_what_may_be_meant(self, world: World) -> None:
        world.import_people("email,name,attribute:Office\ndana@example.com,Dana,Berlin\n")
        audience = {
            "any": [
                {"path": "attributes.Office", "contains": "Berlin"},
                {"path": "attributes.office", "contains": "Berlin"},
                {"path": "attributes.Grade", "contains": "A"},
            ]
        }
        text = text_of(throttle={"audience": audience, "quota": {"attribute": "Ofice", "each": 1}})
        said = "nobody in the directory has the attribute"
        assert told(text, world) == [
            (
                "throttle.audience.any[1].path",
                "unknown_attribute",
                f"{said} 'office' yet: did you mean Office?",
            ),
            ("throttle.audience.any[2].path", "unknown_attribute", f"{said} 'Grade' yet"),
            (
                "throttle.quota.attribute",
                "unknown_attribute",
                f"{said} 'Ofice' yet: did you mean Office?; all count as one cell",
            ),
        ]
        assert told(text) == []
        quota = text_of(throttle={"quota": {"attribute": "office", "each": 1}})
        assert told(quota, world) == []

    def test_a_question_that_can_not_change_so_is_told(self, world: World) -> None:
        world.add_survey("s", questions=[{"key": "q", "type": "nps", "text": "How likely?"}])
        ((field, rule, message),) = told(text_of(questions=[RATING]), world)
        assert (field, rule) == ("questions[0]", "changed_question")
        assert message.startswith(
            "the question 'q' can't change so: it was an nps on 0–10, and is a rating on 1–3"
        )

    def test_who_applies_is_told_of_settings_and_not_of_words(self, world: World) -> None:
        text = text_of(
            title="T",
            ends_at="2027-01-15",
            throttle={"audience": {"path": "attributes.X", "exists": True}},
            questions=[{"key": "q", "type": "nps", "text": "How likely and pretty?"}],
        )
        written = read_survey_files([Path("-")], text.encode)
        hints = warn_of_settings(written, NOW, world.database)
        assert [hint.rule for hint in hints] == ["asks_nobody", "unknown_attribute"]
