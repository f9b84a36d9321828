"""Does each rule hold when two people act at the same moment?"""

from contextlib import suppress

from afterword.domain.answer import Answers
from afterword.domain.errors import ConflictError
from afterword.domain.survey import SurveyState
from afterword.flows.manage_projects import create_project
from afterword.flows.manage_surveys import apply_survey, close_survey, list_surveys, publish_survey
from afterword.flows.submit_response import open_survey, submit_response
from tests.flows.world import World, survey_file
from tests.storage.support import in_threads

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
