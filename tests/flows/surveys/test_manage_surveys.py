"""Do surveys come to life, change and end without touching what was published?"""

import json

import pytest

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.survey.survey import SurveyState
from afterword.domain.survey.survey_state import Phase
from afterword.flows.manage_projects import create_project
from afterword.flows.surveys.manage_surveys import (
    Applied,
    Change,
    apply_survey,
    close_survey,
    list_phases,
    list_surveys,
    pause_survey,
    publish_survey,
    resume_survey,
)
from afterword.flows.surveys.policy_file import PolicyFile, dump_policy
from afterword.storage import policies, surveys
from tests.flows.world import World, survey_file
from tests.storage.support import DAY, START, in_threads


def apply(world: World, *, dry_run: bool = False, **changes: object) -> Applied:
    return apply_survey(world.database, world.clock, survey_file(**changes), dry_run=dry_run)


def give_rights(world: World, *keys: str) -> None:
    definition = dump_policy(PolicyFile("organisation", may_override_global_cooldown=list(keys)))
    with world.database.write() as connection:
        policies.add_policy(connection, project_id=None, definition=definition, now=START)


def take_rights(world: World) -> None:
    give_rights(world)


def title(world: World, version: int) -> str:
    with world.database.read() as connection:
        return surveys.get_definition(connection, 1, version)


def test_a_new_file_makes_a_draft(world: World) -> None:
    applied = apply(world)
    assert (applied.change, applied.version, applied.state) == (Change.CREATED, 1, SurveyState.DRAFT)
    assert "+title: How was your build?" in applied.difference.splitlines()


def test_applying_the_same_file_again_changes_nothing(world: World) -> None:
    apply(world)
    for _ in range(2):
        applied = apply(world)
        assert (applied.change, applied.version, applied.difference) == (Change.UNCHANGED, 1, "")
    publish_survey(world.database, world.clock, "build-cli")
    assert apply(world).change is Change.UNCHANGED


def test_every_change_makes_the_next_version_and_the_difference_is_shown(world: World) -> None:
    apply(world)
    first = title(world, 1)
    applied = apply(world, title="And your build?")
    assert (applied.change, applied.version, applied.state) == (Change.CHANGED, 2, SurveyState.DRAFT)
    assert "-title: How was your build?" in applied.difference.splitlines()
    assert "+title: And your build?" in applied.difference.splitlines()
    assert "And your build?" in title(world, 2)
    assert title(world, 1) == first, "who was asked by the draft answers what they were asked"


def test_a_live_survey_gets_next_versions_which_wait(world: World) -> None:
    world.add_survey()
    first = title(world, 1)
    applied = [apply(world, title=text) for text in ("Second", "Third")]
    assert [item.version for item in applied] == [2, 3]
    assert {item.state for item in applied} == {SurveyState.LIVE}
    assert (title(world, 1), "Third" in title(world, 3)) == (first, True)
    (survey,) = list_surveys(world.database)
    assert (survey.live_version, survey.latest_version) == (1, 3)
    assert publish_survey(world.database, world.clock, "build-cli").live_version == 3


def test_fields_that_did_not_exist_when_a_version_was_stored_are_no_difference(world: World) -> None:
    apply(world)
    with world.database.write() as connection:
        stored = json.loads(surveys.get_definition(connection, 1, 1))
        shorter = {name: stored[name] for name in ("survey", "project", "title", "trigger", "questions")}
        surveys.add_version(connection, 1, json.dumps(shorter), source=None, now=START)
    assert apply(world).change is Change.UNCHANGED


def test_a_dry_run_says_the_same_and_changes_nothing(world: World) -> None:
    assert apply(world, dry_run=True).change is Change.CREATED
    assert list_surveys(world.database) == []
    world.add_survey()
    before = title(world, 1)
    assert (
        apply(world, dry_run=True, title="X").version,
        list_surveys(world.database)[0].latest_version,
    ) == (
        2,
        1,
    )
    assert title(world, 1) == before


def test_publishing_again_changes_nothing(world: World) -> None:
    apply(world)
    first = publish_survey(world.database, world.clock, "build-cli")
    world.clock.advance(DAY)
    assert publish_survey(world.database, world.clock, "build-cli") == first
    assert first.published_at == START


def test_closing_is_for_good(world: World) -> None:
    world.add_survey()
    closed = close_survey(world.database, world.clock, "build-cli")
    world.clock.advance(DAY)
    assert close_survey(world.database, world.clock, "build-cli") == closed
    assert (closed.state, closed.closed_at) == (SurveyState.CLOSED, START)
    with pytest.raises(ConflictError, match="closed for good"):
        publish_survey(world.database, world.clock, "build-cli")
    for dry_run in (False, True):
        with pytest.raises(ConflictError, match="closed for good: use another key"):
            apply(world, title="Again", dry_run=dry_run)


def test_a_key_belongs_to_one_project(world: World) -> None:
    create_project(world.database, world.clock, "Deploy CLI")
    apply(world)
    with pytest.raises(ConflictError, match="belongs to the project 'Build CLI'"):
        apply(world, project="Deploy CLI")


def test_what_is_not_there_is_told_with_what_there_is(world: World) -> None:
    with pytest.raises(NotFoundError, match="there is no project 'Nope'; there is 'Build CLI'"):
        apply(world, project="Nope")
    with pytest.raises(NotFoundError, match="there is no survey 'nope'; there is none yet"):
        publish_survey(world.database, world.clock, "nope")
    apply(world)
    with pytest.raises(NotFoundError, match="there is no survey 'nope'; there is build-cli"):
        close_survey(world.database, world.clock, "nope")


def test_two_who_apply_at_once_both_get_a_version(world: World) -> None:
    world.add_survey()
    texts = [f"Text {number}" for number in range(4)]
    applied = in_threads(4, lambda index: apply(world, title=texts[index]))
    assert sorted(item.version for item in applied) == [2, 3, 4, 5]
    for item, text in zip(applied, texts, strict=True):
        assert text in title(world, item.version)
    later = max(applied, key=lambda item: item.version)
    before = next(text for item, text in zip(applied, texts, strict=True) if item.version == 4)
    assert f"-title: {before}" in later.difference.splitlines(), "the last one is told what it changes"


def test_a_paused_survey_can_be_resumed_changed_and_closed(world: World) -> None:
    world.add_survey()
    assert pause_survey(world.database, "build-cli").state is SurveyState.PAUSED
    assert pause_survey(world.database, "build-cli").state is SurveyState.PAUSED
    assert apply(world, title="Second").state is SurveyState.PAUSED
    published = publish_survey(world.database, world.clock, "build-cli")
    assert (published.state, published.live_version) == (SurveyState.PAUSED, 2)
    assert resume_survey(world.database, "build-cli").state is SurveyState.LIVE
    assert resume_survey(world.database, "build-cli").state is SurveyState.LIVE
    pause_survey(world.database, "build-cli")
    assert close_survey(world.database, world.clock, "build-cli").state is SurveyState.CLOSED


def test_only_a_live_survey_can_be_paused(world: World) -> None:
    apply(world)
    for act in (pause_survey, resume_survey):
        with pytest.raises(ConflictError, match="'build-cli' is a draft: only a live one can be paused"):
            act(world.database, "build-cli")
    close_survey(world.database, world.clock, "build-cli")
    for act in (pause_survey, resume_survey):
        with pytest.raises(ConflictError, match="'build-cli' is closed: only a live one"):
            act(world.database, "build-cli")


def test_a_survey_is_listed_with_where_it_is_in_its_schedule(world: World) -> None:
    starts_at, ends_at = (START + DAY).isoformat(), (START + 2 * DAY).isoformat()
    world.add_survey(starts_at=starts_at, ends_at=ends_at)
    found = []
    for _ in range(3):
        (listed,) = list_phases(world.database, world.clock)
        found.append(listed.phase)
        world.clock.advance(DAY)
    assert found == [Phase.SCHEDULED, Phase.LIVE, Phase.ENDED]


def test_a_survey_without_the_right_can_neither_be_applied_nor_published_with_its_own_cooldown(
    world: World,
) -> None:
    said = (
        "'build-cli' has no right to a global cooldown of its own: the organisation's policy gives it under"
    )
    take_rights(world)
    for cooldown in ("0s", "60d", "ignore"):
        with pytest.raises(ConflictError, match=said):
            apply(world, throttle={"global_cooldown": cooldown})
    assert list_surveys(world.database) == []
    apply(world, throttle={"global_cooldown": "respect"})
    give_rights(world, "build-*")
    apply(world, throttle={"global_cooldown": "0s"})
    take_rights(world)
    with pytest.raises(ConflictError, match=said):
        publish_survey(world.database, world.clock, "build-cli")
    assert list_surveys(world.database)[0].live_version is None
