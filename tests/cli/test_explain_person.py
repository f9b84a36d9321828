"""``afterword people explain``: does "why was she not asked?" get sentences for an answer?"""

import re

import pytest

from afterword.cli.open import open_app
from afterword.domain.throttle.facts import Outcome
from afterword.kit.clock import to_datetime
from afterword.storage import invitations
from tests.cli.installation import SURVEY, Installation


def test_who_did_nothing_is_told_what_would_be(lively: Installation) -> None:
    out = lively.ok("people", "explain", "ana@example.com", "build-cli")
    assert "Ana Souza and the survey build-cli, which is live:" in out
    assert "Ana Souza did nothing that the survey listens to" in out
    assert "If the trigger were met now, Ana Souza would be asked." in out


def test_who_was_asked_is_told_until_when_she_is_left_alone(lively: Installation) -> None:
    lively.track()
    lively.work()
    out = lively.ok("people", "explain", "anasouza", "build-cli")
    assert "(event 1): asked.\n  Invitation 1: sent by e-mail 20" in out
    assert "would not be asked.\n  The person has an open invitation. (1 open, at most 1)\n" in out
    assert "  The person was invited to this survey too recently. (last invited " in out


def test_how_it_went_is_one_line(lively: Installation) -> None:
    lively.track()
    lively.work()
    with open_app() as parts, parts.database.write() as connection:
        now = to_datetime(parts.clock.now_us())
        invitations.set_reminded(connection, 1, now)
        invitations.set_outcome(connection, 1, Outcome.SNOOZED, now)
    at = r" \d{4}-\d\d-\d\d \d\d:\d\d UTC"
    line = f"Invitation 1: sent by e-mail{at}, reminded{at}, snoozed{at}\n"
    for command in (("people", "explain", "ana@example.com", "build-cli"), ("event", "explain", "last")):
        assert re.search(line, lively.ok(*command))


def test_what_waits_says_for_what(lively: Installation) -> None:
    waits = SURVEY.replace("trigger:", "trigger:\n  delay: 1h")
    lively.ok("survey", "apply", lively.file("s.yaml", waits), "--publish")
    lively.track()
    lively.work()
    out = lively.ok("people", "explain", "ana@example.com", "build-cli")
    assert "  Invitation 1: queued until 2" in out
    assert " UTC, when trigger, hours for mails and quiet hours allow it\n" in out


def test_a_test_is_told_as_one(lively: Installation) -> None:
    lively.track(test_data=True)
    lively.work()
    assert "(event 1): asked, as a test.\n" in lively.ok("people", "explain", "ana@example.com", "build-cli")


@pytest.mark.parametrize(
    ("times", "phase"),
    [("ends_at: 2020-01-02T00:00:00Z", "ended"), ("starts_at: 2999-01-01T00:00:00Z", "scheduled")],
)
def test_the_state_is_the_one_of_now(lively: Installation, times: str, phase: str) -> None:
    text = SURVEY.replace("trigger:", f"{times}\ntrigger:")
    # An ended one gets a hint, too.
    assert lively.run("survey", "apply", lively.file("s.yaml", text), "--publish").status == 0
    who = "people", "explain", "ana@example.com", "build-cli"
    assert f"the survey build-cli, which is {phase}:" in lively.ok(*who)
    assert lively.json(*who)["state"] == phase
    assert lively.ok("survey", "show", "build-cli").rstrip().endswith(f" UTC  {phase}")
    assert f"(build-cli, version 2, {phase})" in lively.ok("report", "build-cli")


def test_a_pause_by_a_policy_is_told(lively: Installation) -> None:
    text = "policy: organisation\nthrottle: {pause: true}\n"
    lively.ok("policy", "apply", lively.file("policy.yaml", text))
    out = lively.ok("people", "explain", "ana@example.com", "build-cli")
    assert "the survey build-cli, which is live, paused by the organisation:\n" in out


def test_a_wrong_name_or_key_says_what_there_is(lively: Installation) -> None:
    assert "nobody" in lively.error("people", "explain", "nobody@example.com", "build-cli")
    assert "there is no survey 'x'; there is build-cli" in lively.error(
        "people", "explain", "ana@example.com", "x"
    )


def test_as_json_it_has_every_rule_of_then_and_now(lively: Installation) -> None:
    lively.track()
    lively.work()
    found = lively.json("people", "explain", "ana@example.com", "build-cli")
    assert found.keys() == {"person", "survey", "state", "decisions", "invitations", "now"}
    assert found["person"] == {"id": "1", "name": "Ana Souza", "email": "ana@example.com"}
    (decision,) = found["decisions"]
    assert (decision["event_id"], decision["invited"], decision["policy_id"]) == ("1", True, 0)
    (invitation,) = found["invitations"]
    assert (invitation["event_id"], invitation["state"], invitation["outcome"]) == ("1", "sent", None)
    now = found["now"]
    assert (now["invited"], now["code"], now["reason"]) == (False, 40, "open_invitation")
    assert {rule["code"] for rule in now["rules"] if not rule["passed"]} >= {40, 42}


def test_as_json_nothing_would_be_now_when_no_version_is_live(lively: Installation) -> None:
    lively.ok("survey", "close", "build-cli", "--yes")
    found = lively.json("people", "explain", "ana@example.com", "build-cli")
    assert (found["state"], found["decisions"], found["now"]) == ("closed", [], None)
