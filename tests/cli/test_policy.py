"""``afterword policy``: is it told who says what, and is each mistake named with file, line and field?"""

from typing import Any

import pytest

from tests.cli.installation import SURVEY, Installation

ORGANISATION = """\
policy: organisation
throttle:
  global_cooldown: 7d
  max_open: 2
may_override_global_cooldown: [build-cli]
"""
PROJECT = "policy: {project: Build CLI}\nthrottle: {priority: 3}\n"


def apply(home: Installation, text: str, *options: str) -> str:
    return home.ok("policy", "apply", home.file("policy.yaml", text), *options)


def shown(home: Installation, *options: str) -> dict[str, tuple[Any, str]]:
    rows = home.json("policy", "show", *options)
    return {row["field"]: (row["value"], row["level"]) for row in rows}


def test_a_policy_is_applied_shown_with_its_level_and_kept(lively: Installation) -> None:
    assert shown(lively)["max_open"] == (1, "default")
    out = apply(lively, ORGANISATION)
    assert "+  max_open: 2\n" in out
    assert out.endswith("organisation: changed (policy 1)\n")
    assert apply(lively, ORGANISATION) == "organisation: unchanged\n"
    assert apply(lively, PROJECT).endswith("Build CLI: changed (policy 2)\n")
    assert shown(lively)["priority"] == (0, "default")
    rows = shown(lively, "--project", "Build CLI")
    assert rows["priority"] == (3, "project")
    assert rows["max_open"] == (2, "organisation")
    assert rows["backoff"] == (True, "default")
    lively.ok(
        "survey",
        "apply",
        lively.file("s.yaml", SURVEY.replace("throttle:", "throttle:\n  global_cooldown: 2d")),
        "--publish",
    )
    assert shown(lively, "--survey", "build-cli")["global_cooldown"] == ("2d", "survey")
    lines = lively.ok("policy", "show", "--survey", "build-cli").splitlines()
    (line,) = [line for line in lines if line.startswith("priority ")]
    assert line.split() == ["priority", "3", "project"]


def test_the_time_zone_of_the_organisation_is_shown_for_all(lively: Installation) -> None:
    assert shown(lively)["timezone"] == ("UTC", "default")
    assert "+timezone: Europe/Berlin\n" in apply(lively, ORGANISATION + "timezone: Europe/Berlin\n")
    for options in ((), ("--project", "Build CLI"), ("--survey", "build-cli")):
        assert shown(lively, *options)["timezone"] == ("Europe/Berlin", "organisation")
    apply(lively, ORGANISATION)
    assert shown(lively)["timezone"] == ("UTC", "default")


def test_a_dry_run_changes_nothing(lively: Installation) -> None:
    out = apply(lively, ORGANISATION, "--dry-run")
    assert out.endswith("organisation: would be changed\n")
    assert lively.ok("policy", "history") == "No level has said anything yet: the defaults hold.\n"


def test_as_json_values_are_numbers_lists_and_truths(lively: Installation) -> None:
    apply(lively, "policy: organisation\nthrottle: {holdout: 0.05, pause: true}\n")
    rows = {field: value for field, (value, _) in shown(lively).items()}
    assert (rows["holdout"], rows["pause"], rows["quota"], rows["cooldown.answered"]) == (
        0.05,
        True,
        None,
        "90d",
    )
    assert (rows["channels"], rows["send_window.days"][0], rows["caps.1d"]) == ([], "mon", 1)


def test_a_plan_says_by_its_status_whether_there_is_something_to_do(lively: Installation) -> None:
    path = lively.file("policy.yaml", ORGANISATION)
    done = lively.run("policy", "plan", path)
    assert (done.status, done.err) == (2, "")
    assert done.out.endswith("organisation: would be changed\nChecked: 1. With changes: 1.\n")
    assert lively.json("policy", "history") == []
    apply(lively, ORGANISATION)
    assert lively.ok("policy", "plan", path) == "organisation: unchanged\nChecked: 1. With changes: 0.\n"
    (row,) = lively.json("policy", "plan", path)
    assert (row["file"], row["level"], row["is_changed"]) == (path, "organisation", False)
    assert lively.run("policy", "plan").status == 1, "wrong options are no changes"


def test_a_directory_is_applied_whole_or_not_at_all(lively: Installation) -> None:
    (lively.folder / "policies").mkdir()
    lively.file("policies/a-project.yaml", PROJECT + "may_exceed_caps: [a]\n")
    lively.file("policies/organisation.yaml", ORGANISATION)
    folder = str(lively.folder / "policies")
    assert "only the organisation's policy gives this right" in lively.error("policy", "apply", folder)
    lively.file("policies/a-project.yaml", PROJECT.replace("priority: 3", "max_open: 3"))
    assert "max_open: the organisation says 2" in lively.error("policy", "apply", folder), "from now on"
    assert lively.json("policy", "history") == []
    lively.file("policies/a-project.yaml", PROJECT)
    rows = lively.json("policy", "apply", folder)
    assert [(row["level"], row["is_changed"]) for row in rows] == [
        ("Build CLI", True),
        ("organisation", True),
    ]
    lively.file("policies/b.yaml", ORGANISATION)
    said = lively.error("policy", "plan", folder)
    assert f"organisation.yaml: policy: that of the organisation is in {folder}/b.yaml, too" in said


def test_what_a_project_cant_say_is_in_no_difference(lively: Installation) -> None:
    assert apply(lively, PROJECT).splitlines()[3:-1] == [
        "+policy:",
        "+  project: Build CLI",
        "+throttle:",
        "+  priority: 3",
    ]


def test_what_is_exported_can_be_applied_again(lively: Installation) -> None:
    for text, options in ((ORGANISATION, ()), (PROJECT, ("--project", "Build CLI"))):
        assert "has said nothing yet" in lively.error("policy", "export", *options)
        level = apply(lively, text).splitlines()[-1].split(":")[0]
        out = lively.ok("policy", "export", *options)
        assert apply(lively, out) == f"{level}: unchanged\n"
    assert out == "policy:\n  project: Build CLI\nthrottle:\n  priority: 3\n"
    assert "no project 'x'" in lively.error("policy", "export", "--project", "x")


def test_the_history_keeps_who_said_what_from_when_on(lively: Installation) -> None:
    apply(lively, ORGANISATION)
    apply(lively, PROJECT)
    apply(lively, ORGANISATION.replace("[build-cli]", "[]"))
    rows = lively.json("policy", "history")
    assert [(row["id"], row["level"]) for row in rows] == [
        (1, "organisation"),
        (2, "Build CLI"),
        (3, "organisation"),
    ]
    assert "-- build-cli" in rows[2]["difference"].splitlines()
    assert "policy 3, organisation, from " in lively.ok("policy", "history")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy: team\n", ":1: policy: there is no 'team' here: one of organisation, {project: NAME}"),
        ("survey: a\n", ":1: survey: this is a survey: `afterword survey apply` takes it"),
        ("throttle: {}\n", ":1: the field policy is missing"),
        ("policy: {project: Nope}\n", ":1: policy.project: there is no project 'Nope'; there is 'Build CLI'"),
        (
            "policy: organisation\nthrotle: {}\n",
            ":2: throtle: there is no such field: did you mean throttle?",
        ),
        (
            "policy: organisation\nthrottle:\n  max_open: -1\n",
            ":3: throttle.max_open: this must be at least",
        ),
        (
            "policy: organisation\nthrottle:\n  global_cooldown: ignore\n",
            ":3: throttle.global_cooldown: ignore is for surveys: the organisation gives a duration such as",
        ),
        (
            "policy: {project: Build CLI}\nthrottle:\n  global_cooldown: 1d\n",
            ":3: throttle.global_cooldown: only the organisation's policy sets it for all",
        ),
        (
            "policy: {project: Build CLI}\nmay_override_global_cooldown: [a]\n",
            ":2: may_override_global_cooldown: only the organisation's policy gives this right",
        ),
        (
            "policy: organisation\nmay_override_global_cooldown: [a, a]\n",
            ":2: may_override_global_cooldown[1]: the survey 'a' is there twice",
        ),
        (
            "policy: organisation\ntimezone: Europe/Berln\n",
            ":2: timezone: there is no time zone 'Europe/Berln': did you mean Europe/Berlin?",
        ),
        (
            "policy: {project: Build CLI}\ntimezone: Europe/Berlin\n",
            ":2: timezone: only the organisation's policy has one; `afterword team set TEAM --timezone` sets",
        ),
        ("policy: [\n", ":2: this is not YAML"),
        ("", ": the file is empty"),
    ],
)
def test_each_mistake_names_line_and_field(lively: Installation, text: str, said: str) -> None:
    path = lively.file("policy.yaml", text)
    assert path + said in lively.error("policy", "apply", path)
    assert lively.json("policy", "history") == []


def test_what_is_not_there_is_refused_by_name(lively: Installation) -> None:
    assert "can't read " in lively.error("policy", "apply", str(lively.folder / "missing.yaml"))
    assert "no project 'Nope'" in lively.error("policy", "show", "--project", "Nope")
    assert "no survey 'nope'" in lively.error("policy", "show", "--survey", "nope")
    assert "say either" in lively.error("policy", "show", "--survey", "a", "--project", "b")
