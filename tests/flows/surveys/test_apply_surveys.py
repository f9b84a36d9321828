"""Are several files applied together or not at all, and is each problem named with its file?"""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.flows.surveys.apply_surveys import Applied, Change, apply_surveys
from afterword.flows.surveys.manage_surveys import close_survey, export_survey, list_surveys, publish_survey
from afterword.flows.surveys.policy_file import PolicyFile, dump_policy
from afterword.flows.surveys.survey_definition import dump_definition
from afterword.flows.surveys.survey_files import read_survey_files
from afterword.storage import policies, surveys
from tests.flows.world import QUESTIONS, World, survey_file
from tests.storage.support import DAY, START

NO_RIGHT = (
    "has no right to a global cooldown of its own: "
    "the organisation's policy gives it under may_override_global_cooldown"
)


def text_of(key: str, **changes: object) -> str:
    usual = {"survey": key, "project": "Build CLI", "title": "T", "trigger": {"events": ["e"]}}
    return yaml.safe_dump(usual | {"questions": QUESTIONS} | changes, sort_keys=False)


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_bytes(text.encode())
    return folder


def apply(world: World, *paths: Path, expected: int | None = None, **options: bool) -> list[Applied]:
    written = read_survey_files(paths)
    usual = {"dry_run": False, "publish": False} | options
    return apply_surveys(world.database, world.clock, written, expected=expected, **usual)


def keys(world: World) -> dict[str, tuple[int, int | None]]:
    return {one.key: (one.latest_version, one.live_version) for one in list_surveys(world.database)}


def test_a_directory_is_read_with_what_is_below_it_by_name_and_each_file_once(tmp_path: Path) -> None:
    write(tmp_path, b=text_of("b"), a=text_of("a"))
    write(tmp_path / "below", c=text_of("c"))
    write(tmp_path / ".hidden", d=text_of("d"))
    (tmp_path / "notes.txt").write_text("no survey")
    (tmp_path / "e.yml").write_text(text_of("e"))
    found = read_survey_files([tmp_path, tmp_path / "a.yaml"])
    assert [written.file.survey for written in found] == ["a", "b", "c", "e"]


def test_a_directory_without_surveys_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r": no file in this directory ends in \.yaml or \.yml$"):
        read_survey_files([tmp_path])


def test_what_is_wrong_with_each_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a", titel="x"), b=text_of("b"), c="survey: [")
    with pytest.raises(InvalidInputError) as caught:
        read_survey_files([tmp_path, tmp_path / "missing.yaml"])
    head, *lines = str(caught.value).splitlines()
    assert head == "nothing was done, for there is this to mend:"
    assert [line.split("/")[-1] for line in lines] == [
        "a.yaml:14: titel: there is no such field: did you mean title?",
        "c.yaml:1: this is not YAML: expected the node content, but found '<stream end>'",
        "missing.yaml: No such file or directory",
    ]


def test_a_key_in_two_files_names_both(tmp_path: Path) -> None:
    write(tmp_path, one=text_of("a"), two=text_of("a"))
    first, second = tmp_path / "one.yaml", tmp_path / "two.yaml"
    with pytest.raises(InvalidInputError) as caught:
        read_survey_files([tmp_path])
    assert str(caught.value) == f"{second}: survey: 'a' is in {first}, too"


def test_all_files_are_applied_and_published_together(world: World, tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a"), b=text_of("b"))
    applied = apply(world, tmp_path, publish=True)
    assert [(one.key, one.change, one.is_published) for one in applied] == [
        ("a", Change.CREATED, True),
        ("b", Change.CREATED, True),
    ]
    assert keys(world) == {"a": (1, 1), "b": (1, 1)}
    write(tmp_path, b=text_of("b", title="U"))
    assert [one.is_something for one in apply(world, tmp_path, publish=True)] == [False, True]
    assert keys(world) == {"a": (1, 1), "b": (2, 2)}


def test_a_difference_is_in_the_words_of_the_files(world: World, tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a") + "# Mia asks this.\n")
    (created,) = apply(world, tmp_path)
    assert "+# Mia asks this." in created.difference.splitlines()
    write(tmp_path, a=text_of("a", title="U"))
    (changed,) = apply(world, tmp_path)
    changes = [line for line in changed.difference.splitlines() if line[:1] in "+-" and line[1:2] not in "+-"]
    assert changes == ["-title: T", "+title: U", "-# Mia asks this."]


def test_when_one_file_can_not_be_applied_none_is(world: World, tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a"), b=text_of("b", project="Nope"), d=text_of("d"))
    definition = dump_policy(PolicyFile("organisation"))
    with world.database.write() as connection:
        policies.add_policy(connection, project_id=None, definition=definition, now=START)
    world.add_survey("c")
    close_survey(world.database, world.clock, "c")
    write(tmp_path, c=text_of("c"), e=text_of("e", throttle={"global_cooldown": "0s"}))
    with pytest.raises(InvalidInputError) as caught:
        apply(world, tmp_path, publish=True)
    lines = [line.split("/")[-1] for line in str(caught.value).splitlines()[1:]]
    assert lines == [
        "b.yaml:2: project: there is no project 'Nope'; there is 'Build CLI'",
        "c.yaml:1: survey: the survey 'c' is closed for good: use another key",
        f"e.yaml:15: throttle.global_cooldown: the survey 'e' {NO_RIGHT}",
    ]
    assert keys(world) == {"c": (1, 1)}


def test_a_plan_says_the_same_and_changes_nothing(world: World, tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a"), b=text_of("b"))
    apply(world, tmp_path / "a.yaml")
    write(tmp_path, a=text_of("a", title="U"))
    before = keys(world)
    planned = apply(world, tmp_path, publish=True, dry_run=True)
    assert keys(world) == before
    assert planned == apply(world, tmp_path, publish=True)
    assert [one.is_something for one in apply(world, tmp_path, publish=True, dry_run=True)] == [False, False]


def test_who_changed_a_survey_meanwhile_is_not_overwritten(world: World, tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a"))
    with pytest.raises(ConflictError, match=r"there is no survey 'a' yet, and you expect version 1$"):
        apply(world, tmp_path, expected=1)
    apply(world, tmp_path, expected=0)
    world.clock.advance(DAY)
    write(tmp_path, a=text_of("a", title="Ana's"))
    apply(world, tmp_path, expected=1)
    write(tmp_path, a=text_of("a", title="Ben's"))
    with pytest.raises(ConflictError) as caught:
        apply(world, tmp_path, expected=1)
    assert str(caught.value) == (
        f"{tmp_path / 'a.yaml'}:1: survey: somebody else changed the survey 'a': it is at version 2, "
        "made 2027-01-16 08:00:00 UTC, and you expect 1. `afterword survey export a` shows theirs: "
        "take it over, then apply with --expect-version 2"
    )
    assert "Ana's" in export_survey(world.database, "a")[1]
    with pytest.raises(
        ConflictError, match=r"'a' never had a version 5: it is at version 2\. .* --expect-version 2 "
    ):
        apply(world, tmp_path, expected=5)
    apply(world, tmp_path, expected=2)
    assert "Ben's" in export_survey(world.database, "a")[1]


@given(
    st.lists(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=30), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_text_was_applied_is_exported_byte_for_byte(
    world: World, tmp_path: Path, comments: list[str], end: str, has_last_end: bool
) -> None:
    text = text_of("a") + "".join(f"# {comment}\n" for comment in comments)
    text = (text if has_last_end else text.rstrip("\n")).replace("\n", end)
    write(tmp_path, a=text)
    apply(world, tmp_path)
    assert export_survey(world.database, "a") == (1, text)


def test_a_file_of_which_only_comments_change_keeps_its_version(world: World, tmp_path: Path) -> None:
    write(tmp_path, a=text_of("a"))
    apply(world, tmp_path, publish=True)
    write(tmp_path, a="# Asked since spring.\n" + text_of("a"))
    (applied,) = apply(world, tmp_path, publish=True)
    assert (applied.change, applied.version, applied.is_published) == (Change.REWRITTEN, 1, False)
    assert "+# Asked since spring." in applied.difference.splitlines()
    assert export_survey(world.database, "a") == (1, "# Asked since spring.\n" + text_of("a"))
    (again,) = apply(world, tmp_path)
    assert again.change is Change.UNCHANGED


RATING = {"key": "q", "type": "rating", "text": "How satisfied are you?"}
NPS = {"key": "q", "type": "nps", "text": "How satisfied are you?"}
REFUSED = (
    "the question 'q' can't change so: it was a rating on 1–5, and is an nps on 0–10 (version 1). "
    "Answers to both would be counted as one: give the question another key"
)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_question_that_was_published_keeps_its_kind(world: World, tmp_path: Path, dry_run: bool) -> None:
    write(tmp_path, a=text_of("a", questions=[QUESTIONS[0], RATING]))
    apply(world, tmp_path, publish=True)
    write(tmp_path, a=text_of("a", questions=[NPS]))
    with pytest.raises(ConflictError) as caught:
        apply(world, tmp_path, dry_run=dry_run)
    assert str(caught.value) == f"{tmp_path / 'a.yaml'}:8: questions[0]: {REFUSED}"
    assert keys(world) == {"a": (1, 1)}
    write(tmp_path, a=text_of("a", questions=[NPS | {"key": "q2"}]))
    assert apply(world, tmp_path)[0].change is Change.CHANGED


def test_a_question_that_came_back_has_the_kind_it_had(world: World) -> None:
    world.add_survey("a", questions=[RATING])
    world.reserve("a")
    world.add_survey("a", questions=QUESTIONS)
    with pytest.raises(ConflictError, match="can't change so"):
        world.add_survey("a", questions=[NPS])


@pytest.mark.parametrize("live", [True, False])
def test_a_question_that_nobody_was_asked_may_change(world: World, live: bool) -> None:
    world.add_survey("a", questions=QUESTIONS)
    world.add_survey("a", live=live, questions=[RATING])
    world.reserve("a", is_test=True)
    world.add_survey("a", questions=QUESTIONS)
    world.add_survey("a", questions=[NPS])
    assert keys(world) == {"a": (4, 4)}


def test_a_question_that_was_never_published_may_change(world: World) -> None:
    world.add_survey("a", live=False, questions=[RATING])
    world.add_survey("a", questions=[NPS])
    world.add_survey("a", live=False, questions=[NPS, RATING | {"key": "r"}])
    world.add_survey("a", questions=[NPS, NPS | {"key": "r"}])
    world.add_survey("a", questions=[NPS, NPS | {"key": "r", "text": "And now?"}])
    assert keys(world) == {"a": (5, 5)}


def test_a_waiting_version_with_another_kind_of_question_is_not_published(world: World) -> None:
    world.add_survey("a", questions=[RATING])
    with world.database.write() as connection:
        definition = dump_definition(survey_file("a", questions=[NPS]))
        surveys.add_version(connection, 1, definition, source=None, now=START)
    with pytest.raises(ConflictError) as caught:
        publish_survey(world.database, world.clock, "a")
    assert str(caught.value) == REFUSED
    assert keys(world) == {"a": (2, 1)}
