"""Does the ledger keep every decision with all it saw?"""

import pytest

from afterword.domain.throttle.eligibility import Invite, Skip
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.storage import decisions
from afterword.storage.decisions import Entry, NewEntry
from afterword.storage.engine import Connection, Database, StoreError
from tests.storage.support import START, add_project, add_survey

INVITE = Invite(Reason.INVITED, (Verdict(Reason.FILTER, passed=True),), 0.25, 1.0, START)
INVITE_TEST = Invite(Reason.INVITED_TEST, (), 0.25, 1.0, START)
SKIP = Skip(
    (Reason.STALE_EVENT, Reason.NOT_SAMPLED),
    (
        Verdict(Reason.STALE_EVENT, passed=False, saw={"age_s": 7200.5, "max_age_s": 1800.0}),
        Verdict(Reason.OPTED_OUT, passed=True),
        Verdict(Reason.NOT_SAMPLED, passed=False, saw={"draw": 0.75, "rate": 0.5, "wörd": None}),
    ),
    0.7512345678901234,
    0.5,
)


def add(connection: Connection, event_id: int, decision: Invite | Skip, **changes: object) -> None:
    usual = {
        "event_id": event_id,
        "survey_id": 1,
        "survey_version": 1,
        "person_id": 7,
        "is_test": False,
        "decision": decision,
    }
    decisions.add_entries(connection, [NewEntry(**(usual | changes))], START)  # type: ignore[arg-type]


@pytest.fixture
def ledger(database: Database) -> Database:
    """A database with the surveys 1 and 2."""
    with database.write() as connection:
        project_id = add_project(connection)
        add_survey(connection, project_id, "first")
        add_survey(connection, project_id, "second")
    return database


def test_a_decision_reads_back_with_every_verdict_and_number(ledger: Database) -> None:
    with ledger.write() as connection:
        add(connection, 5, SKIP, survey_version=3, person_id=None, is_test=True)
        (found,) = decisions.list_entries(connection, 5)
    assert found == Entry(
        event_id=5,
        survey_id=1,
        survey_key="first",
        survey_version=3,
        person_id=None,
        is_test=True,
        reason=Reason.STALE_EVENT,
        verdicts=SKIP.verdicts,
        draw=0.7512345678901234,
        probability=0.5,
        decided_at=START,
    )


def test_an_events_decisions_are_listed_by_survey(ledger: Database) -> None:
    with ledger.write() as connection:
        add(connection, 5, INVITE, survey_id=2)
        add(connection, 5, SKIP, survey_id=1)
        add(connection, 6, SKIP, survey_id=1)
        found = [entry.survey_key for entry in decisions.list_entries(connection, 5)]
    assert found == ["first", "second"]


def test_no_entries_are_written_for_nothing(ledger: Database) -> None:
    with ledger.write() as connection:
        decisions.add_entries(connection, [], START)
        assert decisions.list_entries(connection, 5) == []


def test_an_event_is_decided_once_per_survey(ledger: Database) -> None:
    with ledger.write() as connection:
        add(connection, 5, SKIP)
    with pytest.raises(StoreError), ledger.write() as connection:
        add(connection, 5, INVITE)


def test_reasons_are_counted_by_survey_without_test_events(ledger: Database) -> None:
    with ledger.write() as connection:
        for event_id in (1, 2, 3):
            add(connection, event_id, SKIP)
        add(connection, 4, INVITE)
        add(connection, 5, INVITE_TEST, is_test=True)
        add(connection, 1, INVITE, survey_id=2)
        assert decisions.count_by_reason(connection, 1) == {Reason.STALE_EVENT: 3, Reason.INVITED: 1}
        assert decisions.count_by_reason(connection, 2) == {Reason.INVITED: 1}
        assert decisions.count_by_reason(connection, 3) == {}


def test_the_population_is_every_known_person_once_without_test_events(ledger: Database) -> None:
    with ledger.write() as connection:
        for event_id, person_id in enumerate([7, 7, 8, None]):
            add(connection, event_id, SKIP, person_id=person_id)
        add(connection, 10, INVITE_TEST, person_id=9, is_test=True)
        add(connection, 11, SKIP, person_id=10, survey_id=2)
        assert decisions.count_people(connection, 1) == 2
