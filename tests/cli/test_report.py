"""``afterword report``: do the numbers reach the terminal, and test data never?"""

from afterword.cli.open import open_app
from afterword.kit.clock import to_datetime
from afterword.storage import invitations
from tests.cli.installation import SURVEY, Installation


def test_of_a_survey_that_nobody_answered(lively: Installation) -> None:
    out = lively.ok("report", "build-cli")
    assert "How was your build? (build-cli, version 1, live)" in out
    assert "Response rate: no answers yet" in out
    assert "How satisfied are you?  (0 people)" in out


def test_of_a_survey_that_one_of_two_answered(lively: Installation) -> None:
    for email in ("ana@example.com", "ben@example.com"):
        lively.track(email=email)
    lively.work()
    lively.answer(1, satisfaction="5", comment="Faster, please.\nMuch.")
    out = lively.ok("report", "build-cli")
    assert "Response rate: 50% (95% interval " in out
    assert "CSAT 100%" in out
    assert "Faster, please." in out
    found = lively.json("report", "build-cli")
    assert found["survey_key"] == "build-cli"
    assert found["response_rate"]["value"] == 0.5
    assert found["response_rate"]["n"] == 2
    assert [comment["text"] for comment in found["comments"]] == ["Faster, please.\nMuch."]
    assert [question["key"] for question in found["questions"]] == ["satisfaction", "comment"]
    assert found["questions"][0]["score"]["value"] == 1.0


def test_answers_that_do_not_fit_the_version_are_told(lively: Installation) -> None:
    asked = SURVEY + "  - {key: what, type: single_choice, text: What was it, options: [Slow, Unclear]}\n"
    lively.ok("survey", "apply", lively.file("s.yaml", asked), "--publish")
    lively.track()
    lively.work()
    lively.answer(1, satisfaction="5", what="Slow")
    said = "  Left out, for they don't fit this version of the question: 1\n"
    assert said not in lively.ok("report", "build-cli")
    lively.ok("survey", "apply", lively.file("s.yaml", asked.replace("Slow", "Flaky")), "--publish")
    assert lively.ok("report", "build-cli").count(said) == 1


def test_as_json_has_the_promised_keys(lively: Installation) -> None:
    assert set(lively.json("report", "build-cli")) >= {
        "survey_key",
        "title",
        "state",
        "version",
        "funnel",
        "response_rate",
        "questions",
        "comments",
        "test_responses",
    }


def test_test_responses_are_counted_apart(lively: Installation) -> None:
    lively.track(test_data=True)
    lively.work()
    lively.answer(1, satisfaction="1", comment="only a test")
    out = lively.ok("report", "build-cli")
    assert "1 test responses, not counted." in out
    assert "only a test" not in out
    assert "Response rate: no answers yet" in out


def test_answers_that_came_too_late_are_told(lively: Installation) -> None:
    lively.track()
    lively.work()
    assert "too late" not in lively.ok("report", "build-cli")
    with open_app() as parts, parts.database.write() as connection:
        invitations.set_late(connection, 1, to_datetime(parts.clock.now_us()), only_day=False)
    assert "  answered too late, not counted: 1\n" in lively.ok("report", "build-cli")


def test_of_a_closed_survey_stays(lively: Installation) -> None:
    lively.ok("survey", "close", "build-cli", "--yes")
    assert "version 1, closed" in lively.ok("report", "build-cli")


def test_an_unknown_survey_is_refused_with_those_that_there_are(lively: Installation) -> None:
    assert "no survey 'bild'; there is build-cli" in lively.error("report", "bild")
