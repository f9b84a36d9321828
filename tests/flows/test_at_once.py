"""Does each rule hold when two people act at the same moment?"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from afterword.domain.answer import Answers
from afterword.domain.errors import ConflictError
from afterword.domain.survey import SurveyState
from afterword.flows.erase_person import Erased
from afterword.flows.manage_projects import create_project
from afterword.flows.manage_sources import confirm_removals
from afterword.flows.manage_surveys import apply_survey, close_survey, list_surveys, publish_survey
from afterword.flows.submit_response import open_survey, submit_response
from afterword.sources.github import GitHubSource
from afterword.storage import sources
from tests.flows.test_erase_person import eraser
from tests.flows.test_load_source import github, hub, loaded
from tests.flows.world import World, survey_file
from tests.sources.fake_github import FakeGitHub
from tests.storage.support import in_threads, wait_for_a_waiter

__all__ = ["github", "hub"]

ROUNDS = 10


def test_a_survey_that_is_published_and_closed_at_once_ends_closed(world: World) -> None:
    for number in range(ROUNDS):
        key = f"survey-{number}"
        apply_survey(world.database, world.clock, survey_file(key), dry_run=False)

        def act(index: int, key: str = key) -> None:
            with suppress(ConflictError):  # closed before it could be published
                (publish_survey, close_survey)[index](world.database, world.clock, key)

        in_threads(2, act)
    assert {survey.state for survey in list_surveys(world.database)} == {SurveyState.CLOSED}


def test_two_clicks_on_send_make_one_response(world: World) -> None:
    world.add_survey()
    (entry,) = world.decide()
    (invitation,) = world.invitations(entry.event_id)
    open_survey(world.database, world.clock, world.ticket(invitation), is_shown=True)

    def click(index: int) -> Answers | None:
        fields = {"satisfaction": [str(index + 1)]}
        return submit_response(world.database, world.clock, world.ticket(invitation), fields)[1]

    answers = in_threads(4, click)
    assert all(answer is not None and not answer.problems for answer in answers)
    visit = open_survey(world.database, world.clock, world.ticket(invitation), is_shown=True)
    assert visit is not None
    assert visit.answers in [{"satisfaction": value} for value in range(1, 5)]


def test_one_of_two_projects_of_one_name_is_refused_with_a_reason(world: World) -> None:
    def create(index: int) -> str:
        try:
            return create_project(world.database, world.clock, "Deploy CLI").name
        except ConflictError as error:
            return str(error)

    made, refused = sorted(in_threads(2, create))
    assert made == "Deploy CLI"
    assert "there is already a project" in refused


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Where somebody else acts."""
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.mark.parametrize("act", ["load", "confirm"])
def test_people_are_let_go_while_one_of_them_is_erased(
    world: World,
    github: FakeGitHub,
    hub: GitHubSource,
    elsewhere: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
) -> None:
    loaded(world, hub)
    gone = {"load": 1, "confirm": 20}[act]
    del github.accounts[-gone:]
    if act == "confirm":
        loaded(world, hub)
    with world.database.write() as connection:
        sources.set_status(connection, hub.name, error="dev29@example.com was odd")
    erasing: list[Future[Erased]] = []
    list_standings = sources.list_standings

    def erase_meanwhile(connection: Any, source: str) -> Any:
        person_id = world.person("dev29@").id
        erasing.append(elsewhere.submit(eraser(world).erase_person, person_id))
        wait_for_a_waiter(connection)
        return list_standings(connection, source)

    monkeypatch.setattr(sources, "list_standings", erase_meanwhile)
    if act == "load":
        assert loaded(world, hub).left == gone
    else:
        assert confirm_removals(world.database, world.clock, hub.name) == gone
    assert erasing[0].result(timeout=60).rows["source_member"] == 1
