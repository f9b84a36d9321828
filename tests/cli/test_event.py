"""``afterword event``: can anybody find out what came in, and why it asked or did not ask?"""

import json
import re
import time

import pytest

from afterword.cli.open import open_app
from afterword.domain.invitation import INELIGIBLE_AT_SEND, InvitationState
from afterword.domain.throttle.reason import Reason
from afterword.flows.ingest.record_notices import NoticeKind
from afterword.kit.clock import to_datetime
from afterword.storage import invitations, people
from tests.cli.installation import PROJECT, SURVEY, Installation


class TestList:
    def test_of_nothing_says_so(self, lively: Installation) -> None:
        assert lively.ok("event", "list", PROJECT) == "No events yet.\n"
        assert lively.json("event", "list", PROJECT) == []

    def test_shows_the_newest_last(self, lively: Installation) -> None:
        for name in ("first", "second", "third"):
            lively.track(name)
        assert [event["name"] for event in lively.json("event", "list", PROJECT)] == [
            "first",
            "second",
            "third",
        ]
        newest = lively.json("event", "list", PROJECT, "--limit", "2")
        assert [event["name"] for event in newest] == ["second", "third"]

    def test_shows_who_it_was_and_whether_it_was_a_test(self, lively: Installation) -> None:
        lively.track("known")
        lively.track("unknown", email="dan@example.com", test_data=True)
        known, unknown = lively.ok("event", "list", PROJECT).splitlines()
        assert known.endswith("  known  ana@example.com")
        assert unknown.endswith("  unknown  dan@example.com (not in the directory)  TEST")

    def test_of_a_bots_event_it_says_so(self, lively: Installation) -> None:
        lively.track(email=None, github_username="dependabot[bot]")
        assert lively.ok("event", "list", PROJECT).endswith("dependabot[bot] (a bot)\n")

    def test_as_json_has_everything_that_was_sent(self, lively: Installation) -> None:
        lively.track(
            "build.finished", github_username="@Ana", metadata={"färbe": "blau"}, timestamp="1700000000.5"
        )
        (event,) = lively.json("event", "list", PROJECT)
        assert set(event) == {
            "id",
            "name",
            "occurred_at",
            "received_at",
            "email",
            "github_username",
            "gitlab_username",
            "metadata",
            "is_test",
            "person",
        }
        assert event["occurred_at"] == "2023-11-14T22:13:20.500000+00:00"
        assert (event["github_username"], event["gitlab_username"]) == ("@Ana", None)
        assert json.loads(event["metadata"]) == {"färbe": "blau"}
        assert (event["is_test"], event["person"]) == (False, "ana@example.com")

    def test_an_unknown_project_is_refused_with_those_that_there_are(self, lively: Installation) -> None:
        assert f"no project 'x'; there is '{PROJECT}'" in lively.error("event", "list", "x")

    @pytest.mark.parametrize("limit", ["0", "-1", "x"])
    def test_a_bad_limit_is_refused(self, lively: Installation, limit: str) -> None:
        assert "--limit" in lively.usage_error("event", "list", PROJECT, "--limit", limit)


class TestExplain:
    def test_the_last_event_that_invited(self, lively: Installation) -> None:
        lively.track()
        lively.work()
        out = lively.ok("event", "explain", "last")
        assert "build.finished" in out
        assert "Person: ana@example.com" in out
        assert "Survey build-cli, version 1:\n  0 invited: The person was invited." in out
        assert "FAIL" not in out
        assert "ok   42 survey_cooldown: never invited before" in out
        assert "Invitation 1: sent" in out

    def test_by_which_policy_and_draw_it_was_decided(self, lively: Installation) -> None:
        lively.track()
        lively.work()
        out = lively.ok("event", "explain", "last")
        assert "  By no policy but the survey's own; drew u = 0." in out
        lively.ok("policy", "apply", lively.file("p.yaml", "policy: organisation\nthrottle: {max_open: 2}\n"))
        lively.track()
        lively.work()
        (line,) = [one for one in lively.ok("event", "explain", "last").splitlines() if "By " in one]
        assert re.fullmatch(r"  By policy 1; drew u = 0\.\d{4}, asked with π = 1\.", line)

    def test_as_json_it_has_all_that_is_known(self, lively: Installation) -> None:
        lively.track()
        lively.work()
        found = lively.json("event", "explain", "last")
        assert found.keys() == {
            "event",
            "progress",
            "outcome",
            "names",
            "meaning",
            "decisions",
            "invitations",
        }
        assert (found["event"]["name"], found["progress"]) == ("build.finished", None)
        assert found["outcome"] == {"code": 0, "reason": "invited", "text": "The person was invited."}
        (decision,) = found["decisions"]
        assert (decision["survey"], decision["survey_version"], decision["policy_id"]) == ("build-cli", 1, 0)
        assert 0 <= decision["draw"] < decision["probability"] == 1
        assert decision["decided_at"].endswith("Z")
        cooldown = next(rule for rule in decision["rules"] if rule["code"] == 42)
        assert (cooldown["name"], cooldown["passed"]) == ("survey_cooldown", True)
        assert (cooldown["saw"]["invited_at"], cooldown["text"]) == (None, "never invited before")
        (invitation,) = found["invitations"]
        assert (invitation["survey"], invitation["state"]) == ("build-cli", "sent")
        assert invitation["text"].startswith("sent by e-mail 20")

    def test_as_json_an_event_that_waits_has_no_outcome(self, lively: Installation) -> None:
        lively.track(email="dan")
        found = lively.json("event", "explain", "last")
        assert (found["progress"], found["outcome"], found["decisions"]) == ("waiting", None, [])
        assert found["names"][0].startswith("dan is no full address")

    def test_the_second_event_fell_under_what_the_first_one_began(self, lively: Installation) -> None:
        now_s = int(time.time())
        for ago in (2, 1):
            lively.track(timestamp=str(now_s - ago))
            lively.work()
        out = lively.ok("event", "explain", "last")
        assert "  40 open_invitation: The person has an open invitation.\n" in out
        assert "FAIL 40 open_invitation: 1 open, at most 1" in out
        assert "FAIL 42 survey_cooldown: last invited " in out
        assert "FAIL 45 global_cooldown: last invited " in out
        assert "Invitation" not in out

    def test_an_invitation_that_quiet_hours_hold_back_says_until_when(self, lively: Installation) -> None:
        with open_app() as parts, parts.database.write() as connection:
            now = to_datetime(parts.clock.now_us())
            begin = now.hour * 60 + now.minute - 5
            hours = {"quiet_from": begin % 1440, "quiet_until": (begin + 180) % 1440, "own_timezone": "UTC"}
            people.update_person(connection, 1, hours)
        lively.track()
        lively.work()
        out = lively.ok("event", "explain", "last")
        assert "\n\nInvitation 1: queued until 2" in out
        assert out.endswith(" UTC, when trigger, hours for mails and quiet hours allow it\n")

    def test_an_invitation_that_a_rule_kept_from_going_says_which(self, lively: Installation) -> None:
        lively.track()
        lively.work()
        with open_app() as parts, parts.database.write() as connection:
            ended = InvitationState.FAILED, Reason.OPTED_OUT
            invitations.set_state(connection, 1, ended[0], error=INELIGIBLE_AT_SEND, reason=ended[1])
        out = lively.ok("event", "explain", "last")
        assert " UTC, failed (ineligible_at_send)\n  35 opted_out: The person wants no surveys.\n" in out

        (told,) = lively.json("event", "explain", "last")["invitations"]
        assert told["ended"] == {"code": 35, "reason": "opted_out", "text": "The person wants no surveys."}

    def test_what_withdraws_and_what_is_withdrawn_name_each_other(self, lively: Installation) -> None:
        waits = "trigger:\n  delay: 1h\n  cancel_on: [build.gone]"
        lively.ok("survey", "apply", lively.file("s.yaml", SURVEY.replace("trigger:", waits)), "--publish")
        lively.track()
        lively.work()
        lively.track("build.gone", makes_work=True)
        lively.work()
        out = lively.ok("event", "explain", "last")
        assert out.endswith("Person: ana@example.com\nWithdrew invitation 1 of build-cli.\n")
        found = lively.json("event", "explain", "last")
        assert (found["outcome"], found["meaning"]) == (None, ["Withdrew invitation 1 of build-cli."])
        assert "Invitation 1: cancelled by event 2\n" in lively.ok("event", "explain", "1")
        (told,) = lively.json("event", "explain", "1")["invitations"]
        assert told["cancelled_by"] == "2"

    def test_an_event_by_its_number(self, lively: Installation) -> None:
        lively.track()
        lively.track("other")
        (first, _) = lively.json("event", "list", PROJECT)
        assert f"Event {first['id']}: build.finished" in lively.ok("event", "explain", str(first["id"]))

    def test_an_event_of_somebody_unknown(self, lively: Installation) -> None:
        lively.track(email="dan@example.com")
        lively.work()
        out = lively.ok("event", "explain", "last")
        assert "Person: not in the directory" in out
        assert "FAIL 30 person_unresolved" in out

    @pytest.mark.parametrize(
        ("handles", "says"),
        [
            ({"email": "dan"}, "dan is no full address: `afterword name rule add domain DOMAIN` says"),
            ({"email": "Unknown"}, "Unknown names nobody"),
            ({"github_username": "dependabot[bot]"}, "dependabot[bot] is a bot"),
        ],
    )
    def test_a_name_that_can_be_nobodys_is_told(
        self, lively: Installation, handles: dict[str, str], says: str
    ) -> None:
        lively.track(**{"email": None, **handles})
        lively.work()
        assert f"\n  {says}" in lively.ok("event", "explain", "last")

    def test_an_event_that_is_too_old(self, lively: Installation) -> None:
        lively.track(timestamp=str(int(time.time()) - 2 * 86_400))
        lively.work()
        assert "FAIL 11 stale_event: 2 d old, at most 30 min" in lively.ok("event", "explain", "last")

    def test_a_test_event(self, lively: Installation) -> None:
        lively.track(test_data=True)
        lively.work()
        assert "  1 invited_test: " in lively.ok("event", "explain", "last")

    def test_an_event_that_no_survey_listened_to(self, lively: Installation) -> None:
        lively.track("deploy.finished")
        lively.work()
        assert "20 no_matching_survey: " in lively.ok("event", "explain", "last")

    def test_an_event_that_the_worker_has_not_come_to(self, lively: Installation) -> None:
        lively.track()
        assert "Not decided yet" in lively.ok("event", "explain", "last")

    @pytest.mark.parametrize("event_id", ["last", "1", "999999999999999999", "0"])
    def test_an_event_that_is_not_there_is_refused(self, lively: Installation, event_id: str) -> None:
        assert "no such event" in lively.error("event", "explain", event_id)

    @pytest.mark.parametrize("event_id", ["first", "1.5", "", "1" * 19, "LAST"])
    def test_what_is_no_number_is_refused_with_what_it_may_be(
        self, lively: Installation, event_id: str
    ) -> None:
        assert "or `last`" in lively.usage_error("event", "explain", event_id)


class TestRejects:
    def test_of_nothing_says_so(self, lively: Installation) -> None:
        assert "Nothing was refused" in lively.ok("event", "rejects", PROJECT)
        assert lively.json("event", "rejects", PROJECT) == []

    def test_shows_code_message_and_how_often(self, lively: Installation) -> None:
        for _ in range(2):
            lively.notice(NoticeKind.REFUSED, "invalid_arguments", "name is required.")
        assert "refused  invalid_arguments  2 times  name is required." in lively.ok(
            "event", "rejects", PROJECT
        )
        (row,) = lively.json("event", "rejects", PROJECT)
        assert set(row) == {"kind", "code", "message", "count", "first_at", "last_at"}
        assert (row["kind"], row["code"], row["count"]) == ("refused", "invalid_arguments", 2)
        assert row["first_at"] <= row["last_at"]

    def test_stands_in_columns(self, lively: Installation) -> None:
        for _ in range(12):
            lively.notice(NoticeKind.REFUSED, "invalid_arguments", "name is required.")
        lively.notice(NoticeKind.WARNING, "unknown_field", "sha is not known.")
        lines = lively.ok("event", "rejects", PROJECT).splitlines()
        assert sorted(line[21:] for line in lines) == [
            "refused  invalid_arguments  12 times  name is required.",
            "warning  unknown_field       1 time   sha is not known.",
        ]

    def test_an_unknown_project_is_refused(self, lively: Installation) -> None:
        assert "no project 'x'" in lively.error("event", "rejects", "x")
