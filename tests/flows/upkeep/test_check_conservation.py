"""Does the conservation law hold for what the product does, and is each breach of it seen?"""

import pytest

from afterword.flows.job_kinds import JobKind
from afterword.flows.outbox import bury, claim
from afterword.flows.surveys.manage_surveys import close_survey
from afterword.flows.upkeep.check_conservation import Conservation, check_conservation, count_and_check
from afterword.storage import conservation
from afterword.storage.engine import Database
from tests.flows.world import EAGER, World


def check_planted(database: Database, *statements: str) -> Conservation:
    """
    Check a database with something planted in it that its own constraints would not let in.

    Each table named after UPDATE, DELETE FROM or INSERT INTO is first hidden by a copy without
    constraints; everything is taken back at the end.
    """
    with database.engine_for_migrations().connect() as connection:
        for statement in statements:
            words = statement.split()
            table = words[1] if words[0] == "UPDATE" else words[2]
            connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM {table}")
            connection.exec_driver_sql(statement)
        found = count_and_check(connection)
        connection.rollback()
    return found


def test_an_empty_database_keeps_the_law(database: Database) -> None:
    found = check_conservation(database)
    assert found.violations == ()
    assert (found.accepted, found.stored, found.responses) == (0, 0, 0)


def test_what_the_product_does_keeps_the_law(lived_in: World) -> None:
    found = check_conservation(lived_in.database)
    assert found.violations == ()
    assert found.accepted == found.stored == 7
    assert {name: count for name, count in found.outcomes.items() if count} == {
        "invited": 2,
        "invited_test": 1,
        "person_unresolved": 1,
        "pending": 1,
        "not_heard": 2,
    }
    assert found.invitations == {
        "queued": 3,
        "sending": 0,
        "sent": 0,
        "uncertain": 0,
        "failed": 0,
        "cancelled": 0,
    }
    assert found.responses == 1


def test_a_job_that_was_given_up_keeps_the_law(lived_in: World) -> None:
    for taken in claim(lived_in.database, lived_in.clock, JobKind.EVALUATE_EVENT, limit=20):
        bury(lived_in.database, lived_in.clock, taken, error="broken")
    found = check_conservation(lived_in.database)
    assert found.violations == ()
    assert found.outcomes["given_up"] == 1
    assert found.outcomes["pending"] == 0


def test_outcomes_add_up_to_what_is_stored(lived_in: World) -> None:
    found = check_conservation(lived_in.database)
    assert sum(found.outcomes.values()) == found.stored


BREACHES = {
    "an event lost": (
        ["DELETE FROM event WHERE number = 3"],
        [
            "project 'Build CLI' accepted 7 events, and 6 are stored",
            "its 6 events with ids from 1 to 7 have 6 numbers from 1 to 7, after 0",
            "1 decisions are about events that are not there (event 3)",
        ],
    ),
    "the newest event lost": (
        ["DELETE FROM event WHERE number = 7"],
        ["accepted 7 events, and 6 are stored"],
    ),
    "an event twice": (
        ["UPDATE event SET number = 6 WHERE number = 7"],
        ["its 7 events with ids from 1 to 7 have 6 numbers from 1 to 6, after 0: they must be consecutive"],
    ),
    "a number left out": (
        ["UPDATE event SET number = 8 WHERE number = 7"],
        ["its 7 events with ids from 1 to 7 have 7 numbers from 1 to 8"],
    ),
    "a project's count": (
        ["UPDATE project SET events_accepted = 8"],
        ["project 'Build CLI' accepted 8 events, and 7 are stored"],
    ),
    "a project lost": (
        ["UPDATE event SET project_id = 99 WHERE number = 7"],
        ["1 events belong to a project that is not there (99)", "accepted 7 events, and 6 are stored"],
    ),
    "a decision lost": (
        ["DELETE FROM decision WHERE event_id = 1"],
        ["1 invitations have no decision that invited (invitation 1)"],
    ),
    "a decision without its version": (
        ["UPDATE decision SET survey_version = 7 WHERE event_id = 3"],
        ["1 decisions name a version of a survey that is not there (event 3)"],
    ),
    "an unknown reason": (
        ["UPDATE decision SET reason = 77 WHERE event_id = 3"],
        ["1 decisions have an unknown reason (event 3)"],
    ),
    "a reason that did not invite": (
        ["UPDATE decision SET reason = 42 WHERE event_id = 2"],
        ["1 invitations have no decision that invited (invitation 2)"],
    ),
    "a test that became real": (
        ["UPDATE decision SET reason = 0 WHERE reason = 1"],
        ["1 invitations have no decision that invited (invitation 3)"],
    ),
    "an invitation lost": (
        ["DELETE FROM invitation WHERE id = 1"],
        [
            "1 decisions invited somebody without an invitation (event 1)",
            "1 jobs are about invitations that are not there (job 1)",
            "1 responses are to invitations that are not there (response 1)",
        ],
    ),
    "an unknown state": (
        ["UPDATE invitation SET state = 'lost' WHERE id = 2"],
        ["1 invitations are in an unknown state (invitation 2)"],
    ),
    "sent at no time": (
        ["UPDATE invitation SET state = 'sent' WHERE id = 2"],
        ["1 invitations are sent, and nobody knows when (invitation 2)"],
    ),
    "an invitation without its version": (
        ["UPDATE invitation SET survey_version = 7 WHERE id = 2"],
        ["1 invitations are of a survey's version that is not there (invitation 2)"],
    ),
    "the job to send lost": (
        ["DELETE FROM job WHERE kind = 'send_invitation'"],
        ["3 invitations wait to be sent without a job (invitation 1)"],
    ),
    "the job to decide lost": (
        ["DELETE FROM job WHERE kind = 'evaluate_event'"],
        ["1 events that a survey listens to have neither a decision nor a job (event 6)"],
    ),
    "an unknown job": (
        ["UPDATE job SET kind = 'make_coffee' WHERE kind = 'evaluate_event'"],
        ["1 jobs are of an unknown kind (job 4)"],
    ),
    "a job about nothing": (
        ["UPDATE job SET subject_id = 99 WHERE kind = 'evaluate_event'"],
        ["1 jobs are about events that are not there (job 4)"],
    ),
    "a job twice": (
        ["INSERT INTO job SELECT * FROM job WHERE id = 4"],
        ["1 events or invitations have more than one job (6)"],
    ),
    "a response twice": (
        ["INSERT INTO response SELECT * FROM response"],
        ["1 invitations have more than one response (invitation 1)"],
    ),
    "a response lost": (
        ["DELETE FROM response"],
        ["2 answers belong to responses that are not there (response 1)"],
    ),
    "keys of nobody": (
        ["UPDATE idempotency SET project_id = 99"],
        ["2 idempotency keys belong to projects that are not there (project 99)"],
    ),
    "a key without its event": (
        ["UPDATE idempotency SET created_at = created_at + 1 WHERE key = 'k2'"],
        ["project 'Build CLI' has an idempotency key that is newer than all its events"],
    ),
    "more keys than events": (
        ["DELETE FROM event WHERE number < 7"],
        ["project 'Build CLI' has 2 idempotency keys, and only 1 events"],
    ),
    "a version lost": (
        ["DELETE FROM survey_version"],
        [
            "1 surveys lack the version that they call live_version (survey 1)",
            "1 surveys lack the version that they call latest_version (survey 1)",
        ],
    ),
}


def test_each_breach_is_seen(lived_in: World) -> None:
    unseen = {}
    for name, (statements, expected) in BREACHES.items():
        text = "\n".join(check_planted(lived_in.database, *statements).violations)
        if missing := [sentence for sentence in expected if sentence not in text]:
            unseen[name] = (missing, text)
    assert unseen == {}
    assert check_conservation(lived_in.database).violations == (), "a plant was not taken back"


def test_an_event_before_a_survey_went_live_is_not_missed(lived_in: World) -> None:
    lived_in.add_survey("late", trigger={"events": ["coffee.made"]}, throttle=EAGER)
    assert check_conservation(lived_in.database).violations == ()


def test_a_survey_that_stopped_listening_misses_nothing(lived_in: World) -> None:
    lived_in.clock.advance(60)
    lived_in.add_survey(trigger={"events": ["deploy.finished"]})
    lived_in.clock.advance(60)
    lived_in.add_event(name="build.finished")
    assert check_conservation(lived_in.database).violations == ()


def test_a_closed_survey_misses_nothing_that_came_later(lived_in: World) -> None:
    lived_in.clock.advance(60)
    close_survey(lived_in.database, lived_in.clock, "build-cli")
    lived_in.clock.advance(60)
    lived_in.add_event(name="build.finished")
    assert check_conservation(lived_in.database).violations == ()


def test_a_closed_survey_misses_what_it_lost_while_it_was_live(lived_in: World) -> None:
    close_survey(lived_in.database, lived_in.clock, "build-cli")
    lost = "1 events that a survey listens to have neither a decision nor a job (event 3)"
    found = check_planted(lived_in.database, "DELETE FROM decision WHERE event_id = 3")
    assert lost not in found.violations, "it was the last one, and may have come after the end"


def test_numbers_go_on_from_stretch_to_stretch(lived_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conservation, "STRETCH_IDS", 2)
    assert check_conservation(lived_in.database).violations == ()
    found = check_planted(lived_in.database, "UPDATE event SET number = number + 1 WHERE number > 4")
    assert found.violations == (
        (
            "project 'Build CLI': its 2 events with ids from 5 to 6 have 2 numbers from 6 to 7, after 4: "
            "they must be consecutive"
        ),
    )


def test_all_is_counted_in_one_state_of_the_database(lived_in: World) -> None:
    """An event that comes in the middle is not seen at all, rather than half."""

    def take_another(what: str, done: int, of: int) -> None:
        if (what, done) == ("trying rules", 1):
            lived_in.add_event(name="build.finished")

    found = check_conservation(lived_in.database, take_another)
    assert found.violations == ()
    assert found.accepted == found.stored == 7
    assert check_conservation(lived_in.database).stored == 8


def test_postgresql_does_not_look_rows_up_one_by_one(postgres: Database) -> None:
    """It did, after a million decisions that it had not counted yet, for longer than anybody waits."""
    with postgres.read_whole() as connection:
        count_and_check(connection)
        assert connection.exec_driver_sql("SHOW enable_nestloop").scalar_one() == "off"
    with postgres.read() as connection:
        assert connection.exec_driver_sql("SHOW enable_nestloop").scalar_one() == "on"
