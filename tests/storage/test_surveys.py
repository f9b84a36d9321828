"""Are a survey's versions and states kept, and who hears events?"""

import pytest

from afterword.domain.survey.survey import SurveyState
from afterword.storage import revision, surveys
from afterword.storage.engine import Connection, Database, StoreError
from tests.storage.support import DAY, START, add_project, add_survey


def heard(connection: Connection, project_id: int | None = None) -> list[tuple[str, int, bool, bool]]:
    rows = surveys.list_listening(connection, project_id)
    return [(row.key, row.version, row.is_live, row.is_latest) for row in rows]


def test_a_new_survey_is_a_draft_with_its_first_version(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
        survey_id = surveys.add_survey(
            connection, project_id=project_id, key="nps", definition="{}", now=START
        )
        found = surveys.find_survey(connection, "nps")
        assert surveys.get_definition(connection, survey_id, 1) == "{}"
        assert surveys.find_survey(connection, "NPS") is None
    assert found == surveys.Survey(
        survey_id, project_id, "Build CLI", "nps", SurveyState.DRAFT, 1, None, None, None
    )


def test_each_version_is_added_and_those_before_it_stay_as_they_were(database: Database) -> None:
    with database.write() as connection:
        survey_id = surveys.add_survey(
            connection,
            project_id=add_project(connection),
            key="nps",
            definition="one",
            now=START,
            source="# Eins\r\n",
        )
        assert surveys.add_version(connection, survey_id, "two", source=None, now=START + DAY) == 2
        assert surveys.add_version(connection, survey_id, "three", source="drei", now=START + DAY) == 3
        surveys.set_source(connection, survey_id, 3, "dreie")
        listed = surveys.list_versions(connection, survey_id)
        assert [surveys.find_version(connection, survey_id, number) for number in (1, 2, 3)] == listed
        assert surveys.find_version(connection, survey_id, 4) is None
        assert surveys.get_survey(connection, survey_id).latest_version == 3
    assert listed == [
        surveys.Version(1, "one", "# Eins\r\n", START),
        surveys.Version(2, "two", None, START + DAY),
        surveys.Version(3, "three", "dreie", START + DAY),
    ]


def test_a_paused_survey_is_heard_and_stays_paused_when_a_version_is_published(database: Database) -> None:
    with database.write() as connection:
        survey_id = add_survey(connection, add_project(connection))
        surveys.publish(connection, survey_id, START)
        surveys.set_state(connection, survey_id, SurveyState.PAUSED)
        surveys.add_version(connection, survey_id, "{}", source=None, now=START)
        surveys.publish(connection, survey_id, START)
        found = surveys.get_survey(connection, survey_id)
        assert (found.state, found.live_version) == (SurveyState.PAUSED, 2)
        assert heard(connection) == [("build-cli", 2, True, True)]


def test_publishing_makes_the_latest_version_live_and_keeps_the_first_time(database: Database) -> None:
    with database.write() as connection:
        survey_id = add_survey(connection, add_project(connection))
        surveys.publish(connection, survey_id, START + DAY)
        first = surveys.get_survey(connection, survey_id)
        surveys.add_version(connection, survey_id, "two", source=None, now=START)
        waiting = surveys.get_survey(connection, survey_id)
        surveys.publish(connection, survey_id, START + 2 * DAY)
        second = surveys.get_survey(connection, survey_id)
    assert (first.state, first.live_version, first.published_at) == (SurveyState.LIVE, 1, START + DAY)
    assert (waiting.live_version, waiting.latest_version) == (1, 2)
    assert (second.live_version, second.published_at) == (2, START + DAY)


def test_closing_keeps_the_time(database: Database) -> None:
    with database.write() as connection:
        survey_id = add_survey(connection, add_project(connection))
        surveys.close(connection, survey_id, START + DAY)
        closed = surveys.get_survey(connection, survey_id)
    assert (closed.state, closed.closed_at) == (SurveyState.CLOSED, START + DAY)


def test_surveys_are_listed_by_project_in_the_order_in_which_they_were_made(database: Database) -> None:
    with database.write() as connection:
        first, second = add_project(connection, "First"), add_project(connection, "Second")
        for project_id, key in ((first, "zeta"), (second, "beta"), (first, "alpha")):
            add_survey(connection, project_id, key)
        everything = [survey.key for survey in surveys.list_surveys(connection)]
        one = [survey.key for survey in surveys.list_surveys(connection, first)]
    assert everything == ["zeta", "beta", "alpha"]
    assert one == ["zeta", "alpha"]


def test_a_key_is_given_once_over_all_projects(database: Database) -> None:
    with database.write() as connection:
        second = add_project(connection, "Second")
        add_survey(connection, add_project(connection, "First"))
    with pytest.raises(StoreError), database.write() as connection:
        add_survey(connection, second)


def test_a_draft_listens_with_its_latest_version_only(database: Database) -> None:
    with database.write() as connection:
        add_survey(connection, add_project(connection))
        assert heard(connection) == [("build-cli", 1, False, True)]


def test_a_live_survey_listens_with_its_live_and_its_waiting_version(database: Database) -> None:
    with database.write() as connection:
        survey_id = add_survey(connection, add_project(connection))
        surveys.publish(connection, survey_id, START)
        assert heard(connection) == [("build-cli", 1, True, True)]
        surveys.add_version(connection, survey_id, "{}", source=None, now=START)
        assert heard(connection) == [("build-cli", 1, True, False), ("build-cli", 2, False, True)]
        surveys.publish(connection, survey_id, START)
        assert heard(connection) == [("build-cli", 2, True, True)]


def test_a_closed_survey_listens_no_more(database: Database) -> None:
    with database.write() as connection:
        survey_id = add_survey(connection, add_project(connection))
        surveys.publish(connection, survey_id, START)
        surveys.close(connection, survey_id, START)
        assert heard(connection) == []


def test_each_project_hears_its_own_surveys(database: Database) -> None:
    with database.write() as connection:
        first, second = add_project(connection, "First"), add_project(connection, "Second")
        add_survey(connection, first, "one")
        add_survey(connection, second, "two")
        assert heard(connection, first) == [("one", 1, False, True)]
        assert heard(connection, second) == [("two", 1, False, True)]


def test_each_change_tells_running_servers(database: Database) -> None:
    with database.write() as connection:
        project_id = add_project(connection)
        numbers = [revision.current(connection)]
        survey_id = add_survey(connection, project_id)
        numbers.append(revision.current(connection))
        surveys.add_version(connection, survey_id, "{}", source=None, now=START)
        numbers.append(revision.current(connection))
        surveys.publish(connection, survey_id, START)
        numbers.append(revision.current(connection))
        surveys.set_state(connection, survey_id, SurveyState.PAUSED)
        numbers.append(revision.current(connection))
        surveys.close(connection, survey_id, START)
        numbers.append(revision.current(connection))
    assert numbers == sorted(set(numbers)), "a change left the revision as it was"
