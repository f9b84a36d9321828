"""Do surveys come to life, change and end without touching what was published?"""

import pytest

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.survey import SurveyState
from afterword.flows.manage_projects import create_project
from afterword.flows.manage_surveys import (
    Applied,
    Change,
    apply_survey,
    close_survey,
    list_surveys,
    publish_survey,
)
from afterword.storage import surveys
from tests.flows.world import World, survey_file
from tests.storage.support import DAY, START


def apply(world: World, *, dry_run: bool = False, **changes: object) -> Applied:
    return apply_survey(world.database, world.clock, survey_file(**changes), dry_run=dry_run)


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


def test_a_draft_changes_in_place_and_the_difference_is_shown(world: World) -> None:
    apply(world)
    applied = apply(world, title="And your build?")
    assert (applied.change, applied.version) == (Change.CHANGED, 1)
    assert "-title: How was your build?" in applied.difference.splitlines()
    assert "+title: And your build?" in applied.difference.splitlines()
    assert "And your build?" in title(world, 1)


def test_a_live_survey_gets_a_next_version_which_then_changes_in_place(world: World) -> None:
    world.add_survey()
    first = title(world, 1)
    applied = [apply(world, title=text) for text in ("Second", "Third")]
    assert [item.version for item in applied] == [2, 2]
    assert {item.state for item in applied} == {SurveyState.LIVE}
    assert (title(world, 1), "Third" in title(world, 2)) == (first, True)
    (survey,) = list_surveys(world.database)
    assert (survey.live_version, survey.latest_version) == (1, 2)
    assert publish_survey(world.database, world.clock, "build-cli").live_version == 2


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
