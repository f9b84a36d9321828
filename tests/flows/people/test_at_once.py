"""Does each rule hold when two people act at the same moment?"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from afterword.domain.errors import ConflictError
from afterword.domain.survey.answer import Answers
from afterword.domain.survey.survey import SurveyState
from afterword.flows.invitations.submit_response import open_survey, submit_response
from afterword.flows.manage_projects import create_project
from afterword.flows.people.erase_person import Erased
from afterword.flows.people.merge_people import merge_people
from afterword.flows.provisioning.manage_sources import confirm_removals
from afterword.flows.surveys.manage_surveys import apply_survey, close_survey, list_surveys, publish_survey
from afterword.flows.throttle.preferences import change_settings, set_opted_out
from afterword.sources.github import GitHubSource
from afterword.storage import people, preferences, sources
from tests.flows.people.test_erase_person import eraser
from tests.flows.provisioning.test_load_source import github, hub, loaded
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


@pytest.fixture
def meanwhile(
    elsewhere: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], object]], None]:
    """Lets something happen after a person's link was read, where the database allows it."""

    def arrange(act: Callable[[], object]) -> None:
        find_kept_id = preferences.find_kept_id
        acting: list[Future[object]] = []

        def find_and_act(connection: Any, person_id: int) -> int:
            found = find_kept_id(connection, person_id)
            if not acting:
                acting.append(elsewhere.submit(act))
                if connection.dialect.name == "postgresql":
                    acting[0].result(timeout=60)
            return found

        monkeypatch.setattr(preferences, "find_kept_id", find_and_act)

    return arrange


def opt_out(world: World, email: str, by: str) -> None:
    ticket = world.guest(email)
    if by == "link":
        set_opted_out(world.database, world.clock, ticket, opted_out=True)
    else:
        fields = {"change": "opt-out", "scope": "all"}
        change_settings(world.database, world.clock, ticket, fields)


@pytest.mark.parametrize("by", ["link", "page"])
def test_who_wants_no_surveys_while_they_are_merged_gets_none(
    world: World, meanwhile: Callable[[Callable[[], object]], None], elsewhere: ThreadPoolExecutor, by: str
) -> None:
    keep, gone = "alice@example.com", "bob@example.com"
    meanwhile(lambda: merge_people(world.database, world.clock, keep, gone, dry_run=False))
    opt_out(world, gone, by)
    elsewhere.shutdown()
    assert world.person(keep).opted_out_at is not None


@pytest.mark.parametrize("by", ["link", "page"])
def test_of_who_is_erased_while_they_change_something_nothing_stays(
    world: World, meanwhile: Callable[[Callable[[], object]], None], elsewhere: ThreadPoolExecutor, by: str
) -> None:
    bob = world.person("bob@example.com")
    meanwhile(lambda: eraser(world).erase_person(bob.id))
    opt_out(world, bob.email, by)
    elsewhere.shutdown()
    with world.database.read() as connection:
        left = people.get_person(connection, bob.id)
    assert left is not None
    assert (left.opted_out_at, left.name) == (None, "")
