"""``afterword people explain``: does "why was she not asked?" get sentences for an answer?"""

from tests.cli.installation import Installation


def test_who_did_nothing_is_told_what_would_be(lively: Installation) -> None:
    out = lively.ok("people", "explain", "ana@example.com", "build-cli")
    assert "Ana Souza and the survey build-cli, which is live:" in out
    assert "Ana Souza did nothing that the survey listens to" in out
    assert "If the trigger were met now, Ana Souza would be asked." in out


def test_who_was_asked_is_told_until_when_she_is_left_alone(lively: Installation) -> None:
    lively.track()
    lively.work()
    out = lively.ok("people", "explain", "anasouza", "build-cli")
    assert "(event 1): asked.\n  The invitation is sent, by e-mail." in out
    assert "would not be asked.\n  The person has an open invitation. (1 open, at most 1)\n" in out
    assert "  The person was invited to this survey too recently. (last invited " in out


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
