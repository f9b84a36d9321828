"""Is there one current response per invitation, with the answers last given?"""

import pytest

from afterword.storage import responses
from afterword.storage.engine import Database, StoreError
from tests.storage.support import HOUR, START, add_invitation, add_person, add_project, add_survey


@pytest.fixture
def survey_id(database: Database) -> int:
    """A survey that Bob and Charlie were invited to, as invitations 1 and 2, and by test data as 3."""
    with database.write() as connection:
        survey = add_survey(connection, add_project(connection))
        bob, charlie = add_person(connection, "Bob"), add_person(connection, "Charlie")
        add_invitation(connection, survey, bob, 1)
        add_invitation(connection, survey, charlie, 2)
        add_invitation(connection, survey, charlie, 3, is_test=True)
    return survey


@pytest.mark.usefixtures("survey_id")
def test_answers_of_every_kind_read_back(database: Database) -> None:
    values = {"rating": 5, "choice": "Slow builds", "many": ["b", "a"], "text": 'Größer! "7"\n🚀'}
    with database.write() as connection:
        responses.set_response(connection, 1, values, is_whole=True, now=START)
        assert responses.find_answers(connection, 1) == values


@pytest.mark.usefixtures("survey_id")
def test_no_response_is_none_and_a_blank_one_is_empty(database: Database) -> None:
    with database.write() as connection:
        assert responses.find_answers(connection, 1) is None
        responses.set_response(connection, 1, {}, is_whole=False, now=START)
        assert responses.find_answers(connection, 1) == {}


@pytest.mark.usefixtures("survey_id")
def test_a_later_response_takes_the_place_of_the_earlier_one(database: Database) -> None:
    with database.write() as connection:
        responses.set_response(connection, 1, {"rating": 1, "text": "Bad"}, is_whole=True, now=START)
        responses.set_response(connection, 1, {"rating": 5}, is_whole=False, now=START + HOUR)
        assert responses.find_answers(connection, 1) == {"rating": 5}
        assert responses.find_answers(connection, 2) is None


def test_a_surveys_answers_come_with_person_and_time_oldest_change_first(
    database: Database, survey_id: int
) -> None:
    with database.write() as connection:
        responses.set_response(connection, 1, {"rating": 1}, is_whole=True, now=START)
        responses.set_response(connection, 2, {"rating": 2}, is_whole=True, now=START + HOUR)
        responses.set_response(connection, 1, {"rating": 3}, is_whole=True, now=START + 2 * HOUR)
        found = responses.list_answers(connection, survey_id, is_test=False)
    assert found == [(2, 1, START + HOUR, "rating", 2), (1, 1, START + 2 * HOUR, "rating", 3)]


def test_answers_to_test_invitations_are_apart(database: Database, survey_id: int) -> None:
    with database.write() as connection:
        responses.set_response(connection, 1, {"rating": 1}, is_whole=True, now=START)
        responses.set_response(connection, 3, {"rating": 5}, is_whole=True, now=START)
        real = responses.list_answers(connection, survey_id, is_test=False)
        test = responses.list_answers(connection, survey_id, is_test=True)
        other = responses.list_answers(connection, survey_id + 1, is_test=False)
    assert [row.value for row in real] == [1]
    assert [row.value for row in test] == [5]
    assert other == []


@pytest.mark.usefixtures("survey_id")
def test_a_response_needs_its_invitation(database: Database) -> None:
    with pytest.raises(StoreError), database.write() as connection:
        responses.set_response(connection, 99, {"rating": 1}, is_whole=True, now=START)
