"""Does a report's page show what each kind of question was answered, and as text only?"""

import html
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterword.domain.question_report import GivenAnswer
from afterword.domain.report import InvitationCounts, Period, ReportFacts, assemble_report
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.reason import Reason
from afterword.flows.surveys.personal_survey import general
from afterword.flows.surveys.survey_definition import dump_definition, parse_survey_file, read_definition
from afterword.web.render import render_page

KINDS = Path(__file__).parents[1] / "e2e" / "data" / "kinds.yaml"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANSWERS: dict[str, list[Any]] = {
    "mood": [5, 4, 1],
    "stars": [7, 6, 5],
    "named": [3, 1, 2],
    "ease": [7, 5, 3],
    "again": ["yes", "yes", "no"],
    "obstacle": ["other", "other", "Slow builds"],
    "obstacle.other": ["<b>Disk</b>", "Proxy", "left over"],
    "parts": [["Local"], ["Local", "Cache"], ["other"]],
    "areas": [{"speed": 7, "errors": 1, "docs": 4}, {"speed": 6, "errors": 2, "docs": 7}, {"speed": 1}],
    "order": [
        ["Errors", "Speed", "Documentation"],
        ["Errors", "Documentation", "Speed"],
        ["Speed", "Errors", "Documentation"],
    ],
}


def page(answers: dict[str, list[Any]], *, is_anonymous: bool = False) -> str:
    """The page's source without markup, in one line."""
    text = KINDS.read_text() + ("privacy: anonymous\n" if is_anonymous else "")
    definition = general(read_definition(dump_definition(parse_survey_file(text, "kinds.yaml"))))
    given = [
        GivenAnswer(person, key, value, NOON)
        for key, values in answers.items()
        for person, value in enumerate(values)
    ]
    people = max((len(values) for values in answers.values()), default=0)
    counts = InvitationCounts(delivered=people, opened=people, answered_whole=people, answered_late=2)
    facts = ReportFacts(definition, Phase.LIVE, 1, Period(), {Reason.INVITED: people}, counts, 30, given)
    source = bytes(render_page("report.html", {"report": assemble_report(facts)}).body).decode()
    assert "<b>" not in source
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", source)).split())


@pytest.mark.parametrize(
    "said",
    [
        "How did building your branch go?",
        "67 % satisfied (4 or 5)",
        "67 % satisfied (6 or 7)",
        "33 % satisfied (3 of 3)",
        "3 – It helped me",
        "5.0 Customer Effort Score, the mean from 1 to 7",
        "67 % said yes",
        "In their own words <b>Disk</b> Proxy",
        "Speed 3 67 %",
        "Documentation 2 50 %",
        "Errors 1.3",
        "Put first",
    ],
)
def test_each_kind_is_told_in_its_words(said: str) -> None:
    assert said in page(ANSWERS)


def test_a_text_beside_an_option_that_was_not_chosen_is_not_shown() -> None:
    assert "left over" not in page(ANSWERS)


def test_answers_that_came_too_late_are_told() -> None:
    assert "0 in part; 2 answers too late, not counted" in page(ANSWERS)


def test_questions_without_answers_are_named_in_one_place() -> None:
    empty = page({})
    assert empty.count("No answers yet") == 1
    assert empty.index("No answers yet") < empty.index("How do you feel") < empty.index("Anything else?")
    assert page(ANSWERS).endswith("No answers yet Which other tool do you like? Anything else?")


def test_an_anonymous_survey_says_how_it_counts() -> None:
    assert "Each response counts as a person" in page(ANSWERS, is_anonymous=True)
    assert "Each response counts as a person" not in page(ANSWERS)
