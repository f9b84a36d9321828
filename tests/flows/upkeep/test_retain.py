"""Does what is over go, nothing that is younger, and does what counts by it stay right?"""

import os
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from afterword.domain.invitation import LinkState
from afterword.domain.throttle.reason import Reason
from afterword.flows.build_report import build_report
from afterword.flows.ingest.counted_events import CountedEvents
from afterword.flows.invitations.submit_response import open_survey, submit_response
from afterword.flows.links import Ticket
from afterword.flows.surveys.manage_surveys import close_survey
from afterword.flows.upkeep.check_conservation import check_conservation
from afterword.flows.upkeep.retain import MAILS, Keeping, retain
from afterword.kit.clock import LimitClock
from afterword.storage import policies, retention
from afterword.storage.tables import (
    anonymous_response,
    answer,
    decision,
    event,
    invitation,
    metadata,
    response,
)
from tests.flows.world import EAGER, World
from tests.storage.support import DAY

MONTH = timedelta(days=30)
ALL = Keeping(events=3 * MONTH, decisions=2 * MONTH, answers=4 * MONTH, mails=MONTH)


def rows(world: World, table: sa.Table) -> list[dict[str, Any]]:
    with world.database.read() as connection:
        order = list(table.primary_key)
        return [dict(row._mapping) for row in connection.execute(sa.select(table).order_by(*order))]


def live(world: World, seed: int) -> None:
    """Half a year in which some are asked, some answer, some change their answer much later."""
    chance = random.Random(seed)
    world.add_survey(throttle=EAGER | {"cooldown": "7d"})
    for _ in range(40):
        world.clock.advance(timedelta(days=chance.uniform(0, 9)))
        who = chance.choice(["alice", "bob", "nobody"])
        name = chance.choice(["build.finished", "coffee.made"])
        sent = world.add_event(email=f"{who}@example.com", name=name, metadata='{"a":1}')
        world.evaluate(sent)
        for invited in world.invitations(sent):
            if chance.random() < 0.7:
                submit_response(world.database, world.clock, world.ticket(invited), {"satisfaction": ["3"]})
    for one in rows(world, invitation)[:3]:
        ticket = Ticket(one["id"], one["message_id"])
        submit_response(world.database, world.clock, ticket, {"satisfaction": ["5"]})


def is_said(row: dict[str, Any]) -> bool:
    return row["email"] is not None


@pytest.mark.parametrize("seed", range(3))
def test_what_is_over_goes_and_nothing_that_is_younger(world: World, seed: int) -> None:
    live(world, seed)
    before = {table.name: rows(world, table) for table in metadata.sorted_tables}
    counts = retain(world.database, world.clock, ALL)
    now = world.clock.now
    after = {table.name: rows(world, table) for table in metadata.sorted_tables}

    def left(table: str, key: str) -> set[Any]:
        return {row[key] for row in after[table]}

    changed = {row["invitation_id"]: row["updated_at"] for row in before["response"]}
    for row in before["invitation"]:
        latest = max(row["created_at"], row["expires_at"], changed.get(row["id"], row["created_at"]))
        assert (row["id"] in left("invitation", "id")) is (latest >= now - 4 * MONTH)
    asked = left("invitation", "event_id")
    for row in before["decision"]:
        was_invited = any(one["event_id"] == row["event_id"] for one in before["invitation"])
        is_young = row["decided_at"] >= now - 2 * MONTH
        if row["event_id"] in left("decision", "event_id"):
            assert is_young or row["event_id"] in asked
        else:
            assert not is_young
            assert not was_invited or row["event_id"] not in asked
    kept = ("id", "number", "name", "received_at", "occurred_at", "counted_at", "is_test", "project_id")
    for old, new in zip(before["event"], after["event"], strict=True):
        assert {name: old[name] for name in kept} == {name: new[name] for name in kept}
        assert is_said(new) is (old["received_at"] >= now - 3 * MONTH)
        assert (new["metadata"] is None) is not is_said(new)
    law = check_conservation(world.database)
    assert law.violations == ()
    assert sum(law.outcomes.values()) == law.stored == 40
    assert counts["event"] == law.emptied > 0
    assert counts["decision"] > 0
    assert counts.get("invitation", 0) == len(before["invitation"]) - len(after["invitation"])
    assert seed == 2 or counts["invitation"] > 0


def test_a_dry_run_says_the_same_and_changes_nothing(world: World) -> None:
    live(world, 1)
    before = [rows(world, table) for table in metadata.sorted_tables]
    said = retain(world.database, world.clock, ALL, dry_run=True)
    assert [rows(world, table) for table in metadata.sorted_tables] == before
    done = retain(world.database, world.clock, ALL)
    assert (said["event"], said["invitation"]) == (done["event"], done["invitation"])


def test_running_it_again_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(retention, "INVITATIONS_AT_ONCE", 2)
    live(world, 2)
    assert retain(world.database, world.clock, ALL)
    assert retain(world.database, world.clock, ALL) == {}
    world.clock.advance(MONTH)
    assert retain(world.database, world.clock, ALL)
    assert check_conservation(world.database).violations == ()


def test_for_ever_is_for_ever(world: World) -> None:
    live(world, 1)
    world.clock.advance(10_000 * DAY)
    assert retain(world.database, world.clock, Keeping()) == {}


def test_invitations_stay_for_the_longest_cooldown(world: World) -> None:
    world.add_survey(throttle=EAGER | {"cooldown": "90d"})
    world.invite()
    keeping = Keeping(answers=7 * DAY)
    world.clock.advance(89 * DAY)
    assert retain(world.database, world.clock, keeping) == {}
    world.clock.advance(5 * DAY)
    assert retain(world.database, world.clock, keeping)["invitation"] == 1
    assert [rows(world, table) for table in (decision, invitation, response)] == [[], [], []]


@pytest.mark.parametrize(
    "throttle",
    [
        {"repeat": "once"},
        {"repeat": "until_answered"},
        {"quota": {"count": 1}},
        {"quota": {"attribute": "Office", "each": 1}},
    ],
    ids=str,
)
def test_invitations_stay_as_long_as_a_survey_that_counts_all_its_life_is_not_closed(
    world: World, throttle: dict[str, Any]
) -> None:
    world.add_survey(throttle=EAGER | throttle)
    invited = world.invite()
    submit_response(world.database, world.clock, world.ticket(invited), {"satisfaction": ["3"]})
    keeping = Keeping(answers=7 * DAY)
    world.clock.advance(1_000 * DAY)
    assert retain(world.database, world.clock, keeping, dry_run=True) == {"response": 1}
    assert retain(world.database, world.clock, keeping) == {"response": 1}
    (entry,) = world.decide()
    assert entry.reason in (Reason.REPEAT_EXHAUSTED, Reason.QUOTA_FULL)
    close_survey(world.database, world.clock, "build-cli")
    assert retain(world.database, world.clock, keeping)["invitation"] == 1


def test_answers_go_where_their_invitation_has_to_stay(world: World) -> None:
    world.add_survey(throttle=EAGER | {"repeat": "once"})
    invited = world.invite()
    ticket = world.ticket(invited)
    submit_response(world.database, world.clock, ticket, {"satisfaction": ["5"]})
    keeping = Keeping(answers=7 * DAY)
    world.clock.advance(7 * DAY)
    assert retain(world.database, world.clock, keeping) == {}
    world.clock.advance(1_000 * DAY)
    for _ in range(2):
        assert retain(world.database, world.clock, keeping, dry_run=True) == {"response": 1}
    assert retain(world.database, world.clock, keeping) == {"response": 1}
    assert retain(world.database, world.clock, keeping) == {}
    assert rows(world, answer) == []
    visit = open_survey(world.database, world.clock, ticket, is_shown=False)
    assert visit is not None
    # Not "answered": that page says that the answer was anonymous.
    assert (visit.link_state, visit.answers) == (LinkState.EXPIRED, None)
    submit_response(world.database, world.clock, ticket, {"satisfaction": ["1"]})
    assert [row["late_at"] for row in rows(world, invitation)] == [None], "it was answered in time"
    report = build_report(world.database, world.clock, "build-cli")
    assert [step.count for step in report.funnel.steps if step.name == "answered"] == [1]
    (entry,) = world.decide()
    assert entry.reason is Reason.REPEAT_EXHAUSTED


@pytest.mark.parametrize(
    ("throttle", "is_test"),
    [({"repeat": "once"}, True), ({"quota": {"count": 1, "period": "30d"}}, False)],
    ids=str,
)
def test_tests_and_what_a_quota_no_longer_counts_go(
    world: World, throttle: dict[str, Any], is_test: bool
) -> None:
    world.add_survey(throttle=EAGER | throttle)
    world.reserve(is_test=is_test)
    world.clock.advance(1_000 * DAY)
    assert retain(world.database, world.clock, Keeping(answers=7 * DAY))["invitation"] == 1


def test_what_the_levels_above_say_of_repeating_holds(world: World) -> None:
    world.add_survey(throttle=EAGER)
    world.invite()
    world.clock.advance(1_000 * DAY)
    with world.database.write() as connection:
        text = '{"policy": "organisation", "throttle": {"repeat": "once"}}'
        policies.add_policy(connection, project_id=None, definition=text, now=world.clock.now)
    assert retain(world.database, world.clock, Keeping(answers=7 * DAY)) == {}


def test_the_law_holds_when_answers_go_before_decisions(world: World) -> None:
    world.add_survey(throttle=EAGER)
    world.decide(email="nobody@example.com")
    world.clock.advance(60)
    world.invite()
    world.clock.advance(MONTH)
    world.decide(email="nobody@example.com")
    assert retain(world.database, world.clock, Keeping(answers=7 * DAY))["decision"] == 1
    assert check_conservation(world.database).violations == ()


def test_limits_count_emptied_events(world: World) -> None:
    for _ in range(3):
        world.add_event()
    world.clock.advance(timedelta(hours=1))
    retain(world.database, world.clock, Keeping(events=timedelta(minutes=1)))
    assert [is_said(row) for row in rows(world, event)] == [False] * 3
    limit_clock = LimitClock(world.clock, world.clock.now_us())
    counted = CountedEvents(world.database, limit_clock)
    assert [counted.find(world.project_id, number) is not None for number in (1, 2, 3)] == [True] * 3


def test_mails_go_by_their_age(world: World, tmp_path: Path) -> None:
    mailbox = tmp_path / "mailbox"
    mailbox.mkdir()
    for name, age in (("old", MONTH + DAY), ("new", MONTH - DAY)):
        path = mailbox / f"{name}.eml"
        path.write_text("To: bob@example.com\n\nHello")
        at_s = (world.clock.now - age).timestamp()
        os.utime(path, (at_s, at_s))
    (mailbox / "notes.txt").touch()
    assert retain(world.database, world.clock, ALL, mailbox, dry_run=True) == {MAILS: 1}
    assert retain(world.database, world.clock, ALL, mailbox) == {MAILS: 1}
    assert sorted(path.name for path in mailbox.iterdir()) == ["new.eml", "notes.txt"]


def test_events_after_one_that_is_younger_wait(world: World) -> None:
    """Two servers' clocks may differ: an id that is higher may be a little older."""
    world.add_event()
    world.clock.advance(-DAY)
    world.add_event()
    start: datetime = world.clock.now
    world.clock.advance(MONTH)
    retain(world.database, world.clock, Keeping(events=MONTH - DAY / 2))
    found = rows(world, event)
    assert found[1]["received_at"] == start
    assert [is_said(row) for row in found] == [True, True]


def test_anonymous_responses_go_by_their_day(world: World) -> None:
    world.add_survey(privacy="anonymous")
    for _ in range(2):
        ticket = world.ticket(world.reserve())
        submit_response(world.database, world.clock, ticket, {"satisfaction": ["3"]})
        world.clock.advance(MONTH)
    keeping = Keeping(events=None, decisions=None, answers=MONTH + DAY, mails=None)
    assert retain(world.database, world.clock, keeping, dry_run=True)["anonymous_response"] == 1
    assert len(rows(world, anonymous_response)) == 2
    assert retain(world.database, world.clock, keeping)["anonymous_response"] == 1
    assert len(rows(world, anonymous_response)) == 1
