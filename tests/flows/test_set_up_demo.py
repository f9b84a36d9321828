"""Does a newcomer find a demo that works, each time it starts?"""

from importlib.resources import files

from afterword.domain.survey.survey import SurveyState
from afterword.domain.token import hash_token
from afterword.flows.ingest.directory import load_snapshot
from afterword.flows.manage_projects import list_projects
from afterword.flows.people.find_people import list_people
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.set_up_demo import (
    DEMO_EVENT,
    DEMO_PERSON,
    DEMO_PROJECT,
    DEMO_SURVEY,
    TOKEN_OVERLAP,
    set_up_demo,
)
from afterword.flows.surveys.manage_surveys import export_survey, list_surveys
from afterword.kit.clock import to_us
from afterword.kit.signing import Signer
from afterword.storage.engine import Database
from tests.storage.support import FakeClock


def test_the_demo_is_made_once_and_each_start_has_a_token_of_its_own(
    database: Database, clock: FakeClock
) -> None:
    first = set_up_demo(database, clock, Tombstones(Signer("k" * 32)))
    clock.advance(60)
    second = set_up_demo(database, clock, Tombstones(Signer("k" * 32)))

    ((project, tokens),) = list_projects(database)
    assert project.name == DEMO_PROJECT
    assert [token.hash for token in tokens] == [hash_token(first), hash_token(second)]
    people = list_people(database, matching="", limit=99)
    assert len(people) == 5
    assert DEMO_PERSON in {person.email for person in people}
    assert all(person.github_username and person.gitlab_username for person in people)
    ((key, state, version),) = [(s.key, s.state, s.latest_version) for s in list_surveys(database)]
    assert (key, state, version) == (DEMO_SURVEY, SurveyState.LIVE, 1)
    shipped = files("afterword.demo").joinpath("survey.yaml").read_text(encoding="utf-8")
    assert export_survey(database, DEMO_SURVEY) == (1, shipped), "a file to begin one's own with"

    snapshot = load_snapshot(database)
    assert DEMO_EVENT in snapshot.projects[project.id].listened
    assert snapshot.tokens[hash_token(second)].expires_at_us is None
    assert snapshot.tokens[hash_token(first)].expires_at_us == to_us(clock.now + TOKEN_OVERLAP)
