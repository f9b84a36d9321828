"""Can anybody find out why a person was asked, or not, and what would be now?"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterword.domain.errors import NotFoundError
from afterword.domain.throttle.eligibility import Invite, Skip
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_person import ENTRIES_SHOWN, PersonExplanation, explain_person
from afterword.storage.tables import decision, invitation
from tests.flows.world import EAGER, World
from tests.storage.support import DAY


def explain(world: World, who: str = "bob@example.com", survey: str = "build-cli") -> PersonExplanation:
    return explain_person(world.database, world.clock, who, survey)


def test_the_newest_decisions_come_with_their_events_and_invitations(world: World) -> None:
    world.add_survey()
    invited = world.invite()
    world.decide(email="alice@example.com")
    world.clock.advance(1)
    (skipped,) = world.decide()
    found = explain(world)
    assert [entry.event_id for entry in found.entries] == [skipped.event_id, invited.event_id]
    assert found.invitations == {invited.event_id: invited}
    assert found.events.keys() == {invited.event_id, skipped.event_id}


def test_no_more_are_told_than_people_read(world: World) -> None:
    world.add_survey()
    for _ in range(ENTRIES_SHOWN + 1):
        world.decide()
    assert len(explain(world).entries) == ENTRIES_SHOWN


def test_it_says_what_would_be_now_and_changes_nothing(world: World) -> None:
    world.add_survey()
    assert isinstance(explain(world).now, Invite)
    world.invite()
    world.clock.advance(4 * DAY)
    found = explain(world).now
    assert isinstance(found, Skip)
    assert found.reasons[:3] == (Reason.SURVEY_COOLDOWN, Reason.PROJECT_COOLDOWN, Reason.GLOBAL_COOLDOWN)
    with world.database.read() as connection:
        for table in (decision, invitation):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 1


def test_now_takes_the_trigger_as_met(world: World) -> None:
    trigger = {
        "events": ["failed"],
        "where": {"path": "env", "eq": "prod"},
        "count": {"at_least": 3, "within": "1h"},
        "after": {"events": ["begun"], "within": "1h"},
    }
    world.add_survey(trigger=trigger)
    assert isinstance(explain(world).now, Invite)


def test_it_counts_quotas_without_holding_them(world: World) -> None:
    world.add_survey(throttle=EAGER | {"quota": {"count": 1}, "pacing": "asap"})
    world.invite(email="alice@example.com")
    found = explain(world).now
    assert isinstance(found, Skip)
    assert found.reasons == (Reason.QUOTA_FULL,)


def test_of_a_draft_nothing_would_be(world: World) -> None:
    world.add_survey(live=False)
    assert explain(world).now is None


@pytest.mark.parametrize(("who", "survey"), [("nobody@example.com", "build-cli"), ("bob@example.com", "x")])
def test_who_or_what_is_not_there_is_said(world: World, who: str, survey: str) -> None:
    world.add_survey()
    with pytest.raises(NotFoundError):
        explain(world, who, survey)


def test_the_hour_of_the_day_is_looked_at_too(world: World) -> None:
    world.add_survey()
    world.clock.advance(timedelta(hours=10))
    found = explain(world).now
    assert isinstance(found, Skip)
    assert found.reasons == (Reason.OUTSIDE_WINDOW,)
