"""``afterword survey simulate`` and ``preview``: do people see what would be?"""

import pytest

from tests.cli.installation import SURVEY, Installation

RARE = SURVEY.replace("  send_window: any\n", "  send_window: any\n  cooldown: 7d\n")
LIMITED = SURVEY.replace("  send_window: any\n", "  send_window: any\n  audience: {path: name, eq: Ben}\n")


@pytest.fixture
def busy(lively: Installation) -> Installation:
    """Two events of Ana's, one of Ben's, and one of somebody unknown."""
    for address in ("ana@example.com", "ana@example.com", "ben@example.com", "who@example.com"):
        lively.track(email=address)
    return lively


def test_a_table_the_limits_and_a_chart(busy: Installation) -> None:
    out = busy.ok("survey", "simulate", busy.file("s.yaml", RARE), "--response-rate", "0.5")
    head, *lines = out.splitlines()
    assert head.startswith("build-cli (Build CLI), ")
    assert head.endswith(" UTC: 4 events")
    assert "Response rate: 50% (given)." in lines
    columns = next(line.split() for line in lines if line.startswith("draft"))
    assert columns[:7] == ["draft", "4", "4", "2", "2", "2", "(100%)"]
    assert any(line.split() == ["30", "person_unresolved", "1", "1", "0"] for line in lines)
    assert lines[-1].endswith("2  " + "█" * 40)


def test_against_the_live_version(busy: Installation) -> None:
    path = busy.file("s.yaml", LIMITED)
    lines = busy.ok("survey", "simulate", path, "--against", "live").splitlines()
    assert any(line.startswith("live ") for line in lines)
    assert any(line.split() == ["events", "that", "ask", "1", "0", "1"] for line in lines)
    assert any(line.split() == ["people", "asked", "1", "0", "1"] for line in lines)
    assert "  invited → audience: 1" in lines


def test_json_says_it_all(busy: Installation) -> None:
    found = busy.json("survey", "simulate", busy.file("s.yaml", LIMITED), "--against", "live")
    assert (found["survey"], found["events"], found["beside"]) == ("build-cli", 4, [])
    (version,) = found["versions"]
    assert (version["version"], version["invitations"], version["reached"]) == ("draft", 1, 1)
    assert version["per_person"] == {"p50": 1, "p95": 1, "max": 1}
    assert {"live": "invited", "this": "audience", "events": 1} in version["difference"]["moved"]
    (unresolved,) = [stop for stop in version["stops"] if stop["reason"] == "person_unresolved"]
    assert unresolved == {"code": 30, "reason": "person_unresolved", "first": 1, "failed": 1, "people": 0}
    assert found["live"]["invitations"] == 2
    assert found["live"]["difference"] is None


def test_what_if(busy: Installation) -> None:
    path = busy.file("s.yaml", SURVEY)
    out = busy.ok("survey", "simulate", path, "--vary", "caps.7d=1,2", "--vary", "max_open=0,1")
    labels = [line.split("  ")[0] for line in out.splitlines() if line.startswith("caps")]
    assert labels == [f"caps.7d={cap} max_open={count}" for cap in (1, 2) for count in (0, 1)]
    assert "`--json`" in out


def test_what_can_not_be_simulated_is_said_in_one_line(busy: Installation) -> None:
    path = busy.file("s.yaml", SURVEY)
    assert "can't read" in busy.error("survey", "simulate", path + "x")
    assert "did you mean" in busy.error("survey", "simulate", path, "--vary", "coldown=1d")
    assert "no span of time, such as 30d" in busy.usage_error("survey", "simulate", path, "--since", "soon")
    assert "99999d is too long: at most 3650d" in busy.usage_error(
        "survey", "simulate", path, "--since", "99999d"
    )


def test_a_preview_shows_what_is_heard_and_some_examples(busy: Installation) -> None:
    path = busy.file("s.yaml", SURVEY)
    lines = busy.ok("survey", "preview", path, "--examples", "2").splitlines()
    assert lines[1:5] == [
        "Heard: 4",
        "  build.finished: 4",
        "Satisfy `where`: 4",
        "Would ask, but for the throttle: 4, of 2 known people",
    ]
    assert [line.split("build.finished")[1].strip() for line in lines[5:]] == [
        "ben@example.com",
        "who@example.com (not in the directory)",
    ]
    found = busy.json("survey", "preview", path)
    assert (found["firing"], len(found["examples"])) == (4, 4)
