"""``afterword survey simulate`` and ``preview``: do people see what would be?"""

from pathlib import Path

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
    columns = next(line.split() for line in lines if line.startswith("this file"))
    assert columns[:8] == ["this", "file", "4", "4", "2", "2", "2", "(100%)"]
    assert any(line.split() == ["30", "person_unresolved", "1", "1", "0"] for line in lines)
    assert lines[-1].endswith("2  " + "█" * 40 + " (part of the day)")
    assert "Invitations of each day (UTC):" in lines
    (folded,) = [line for line in lines if line.endswith(": none")]
    assert len(folded) == len("2026-01-01 to 2026-01-29: none")


def test_a_guess_is_called_one_and_shown_beside_a_low_and_a_high_rate(busy: Installation) -> None:
    path = busy.file("s.yaml", RARE)
    lines = busy.ok("survey", "simulate", path, "--against", "live").splitlines()
    assert any(
        line.startswith(
            "Response rate: 30% (our guess, without a source: fewer than 20 invitations of the project ended "
            "in the last 90 days, 0 of 0 answered)."
        )
        for line in lines
    )
    start = lines.index("So much depends on our guess:")
    rates = [
        line.split("  ")[0] + ", " + line.split("%")[0].split()[-1] for line in lines[start + 3 : start + 9]
    ]
    assert rates == [f"{name}, {rate}" for name in ("this file", "live") for rate in (10, 30, 60)]
    found = busy.json("survey", "simulate", path)
    assert (found["response_rate_origin"], found["ended_invitations"]) == ("our guess", 0)
    low, high = found["versions"][0]["at_other_response_rates"]
    assert (low["response_rate"], high["response_rate"]) == (0.1, 0.6)
    assert high["responses"] == pytest.approx(0.6 * high["invitations"])
    assert {"interval", "interval_width", "respondents"} <= low.keys()
    told = busy.ok("survey", "simulate", path, "--response-rate", "0.3")
    assert "guess" not in told


def test_a_chart_is_a_new_file(busy: Installation, tmp_path: Path) -> None:
    path, chart = busy.file("s.yaml", SURVEY), tmp_path / "days.svg"
    out = busy.ok("survey", "simulate", path, "--against", "live", "--chart", str(chart))
    assert out.endswith(f"\nWrote {chart}.\n")
    text = chart.read_text(encoding="utf-8")
    assert text.startswith("<svg ")
    assert "this file: " in text
    assert "live: " in text
    again = ("survey", "simulate", path, "--chart", str(chart))
    assert f"{chart} is there already: choose another name" in busy.error(*again)
    assert chart.read_text(encoding="utf-8") == text


def test_what_can_not_be_drawn_is_said_in_one_line(busy: Installation, tmp_path: Path) -> None:
    command = ("survey", "simulate", busy.file("s.yaml", SURVEY), "--chart")
    assert "a chart is SVG: call it days.svg" in busy.error(*command, str(tmp_path / "days.png"))
    assert "No such file or directory" in busy.error(*command, str(tmp_path / "none" / "days.svg"))
    message = busy.error(*command, str(tmp_path / "days.svg"), "--vary", "caps.7d=1,2")
    assert "--chart draws one version, and --vary makes 2" in message


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
    assert (version["version"], version["invitations"], version["reached"]) == ("this file", 1, 1)
    assert version["per_person"] == {"p50": 1, "p95": 1, "max": 1}
    assert {"live": "invited", "this": "audience", "events": 1} in version["difference"]["moved"]
    (unresolved,) = [stop for stop in version["stops"] if stop["reason"] == "person_unresolved"]
    assert unresolved == {"code": 30, "reason": "person_unresolved", "first": 1, "failed": 1, "people": 0}
    assert found["live"]["invitations"] == 2
    assert found["live"]["difference"] is None


def test_what_if(busy: Installation) -> None:
    path = busy.file("s.yaml", SURVEY)
    ranges = ("--vary", "caps.7d=1,2", "--vary", "max_open=0,1", "--response-rate", "0.5")
    out = busy.ok("survey", "simulate", path, *ranges)
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


def test_a_preview_tells_absent_from_different_and_what_is_withdrawn(busy: Installation) -> None:
    busy.track(metadata='{"outcome":"ok"}')
    text = SURVEY.replace(
        "  events: [build.finished]\n",
        "  events: [build.finished]\n  where: {path: outcome, eq: failed}\n",
    )
    out = busy.ok("survey", "preview", busy.file("s.yaml", text))
    assert "  not as wanted, outcome: 4 absent, 1 another value\n" in out
    text = SURVEY.replace(
        "  events: [build.finished]\n",
        "  events: [build.finished]\n  delay: 2h\n  cancel_on: [build.fixed]\n",
    )
    busy.track("build.fixed", email="ben@example.com")
    out = busy.ok("survey", "preview", busy.file("s.yaml", text))
    assert "Withdrawn by what the person did next: 1\n" in out
    assert "Counted with one of the same person that waited: 2\n" in out
