"""Does a preview hear what the trigger would hear, and show no more of people than lists of events do?"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from afterword.domain.errors import NotFoundError
from afterword.flows.simulator.preview_trigger import Mismatch, Preview, preview_trigger
from afterword.storage.tables import event
from tests.flows.world import World, survey_file
from tests.storage.support import DAY, HOUR, START

FAILED = '{"outcome":"failed"}'
FAILED_BUILDS = {"events": ["build.*"], "where": {"path": "outcome", "eq": "failed"}}


def preview(world: World, trigger: dict[str, Any], *, since: timedelta = DAY, examples: int = 2) -> Preview:
    file = survey_file(trigger=trigger)
    return preview_trigger(world.database, world.clock, file, since=since, examples=examples)


def test_what_is_heard_what_matches_and_why_not(world: World) -> None:
    bob = world.person("bob@").id
    world.add_event(name="deploy.finished", metadata=FAILED)
    world.add_event(name="build.started", metadata='{"outcome":"ok"}')
    world.add_event(metadata="{}", person_id=bob)
    ids = [world.add_event(metadata=FAILED, person_id=bob) for _ in range(3)]
    ids.append(world.add_event(email=None, github_username="stranger", metadata=FAILED))
    world.add_event(metadata=FAILED, is_test=True)
    found = preview(world, FAILED_BUILDS)
    assert (found.events, found.emptied, found.matching, found.firing, found.people) == (7, 0, 4, 4, 1)
    assert found.heard == {"build.finished": 5, "build.started": 1}
    assert found.mismatches == {"outcome": Mismatch(absent=1, different=1)}
    assert [(one.event_id, one.who, one.is_known) for one in found.examples] == [
        (ids[2], "bob@example.com", True),
        (ids[3], "stranger", False),
    ]


def test_only_the_nth_event_fires_and_earlier_ones_count(world: World) -> None:
    bob = world.person("bob@").id
    for _ in range(4):
        world.add_event(person_id=bob)
        world.clock.advance(HOUR)
    trigger = {"events": ["build.finished"], "count": {"at_least": 3, "within": "1d"}}
    found = preview(world, trigger, since=3 * HOUR)
    assert (found.heard, found.matching, found.firing) == ({"build.finished": 3}, 3, 2)


@pytest.mark.parametrize(
    "waits",
    [
        {"not_followed_by": {"events": ["build.fixed"], "within": "2h"}},
        {"delay": "2h", "cancel_on": ["build.fixed"]},
    ],
)
def test_what_the_person_does_next_withdraws_and_what_comes_meanwhile_is_collapsed(
    world: World, waits: dict[str, Any]
) -> None:
    alice, bob = world.person("alice@").id, world.person("bob@").id
    kept = world.add_event(person_id=alice)
    world.add_event(person_id=bob)
    world.clock.advance(HOUR)
    world.add_event(person_id=alice)
    world.add_event(name="build.fixed", person_id=bob)
    world.clock.advance(2 * HOUR)
    world.add_event(name="build.fixed", person_id=alice)
    late = world.add_event(person_id=bob)
    found = preview(world, {"events": ["build.finished"], **waits})
    assert (found.matching, found.firing, found.withdrawn, found.collapsed, found.people) == (4, 2, 1, 1, 2)
    assert [one.event_id for one in found.examples] == [kept, late]


def test_what_came_late_is_withdrawn_by_what_came_before_it(world: World) -> None:
    bob = world.person("bob@").id
    world.add_event(name="build.fixed", person_id=bob)
    world.add_event(person_id=bob, age=HOUR)
    trigger = {"events": ["build.finished"], "not_followed_by": {"events": ["build.fixed"], "within": "2h"}}
    found = preview(world, trigger)
    assert (found.matching, found.firing, found.withdrawn) == (1, 0, 1)


def test_emptied_events_are_told(world: World) -> None:
    event_id = world.add_event(metadata=FAILED)
    with world.database.write() as connection:
        connection.execute(sa.update(event).where(event.c.id == event_id).values(email=None, metadata=None))
    found = preview(world, FAILED_BUILDS)
    assert (found.events, found.emptied, found.heard) == (0, 1, {})
    assert (found.since, found.until) == (START - DAY, START)


def test_a_project_that_is_not_there(world: World) -> None:
    file = survey_file(project="Nobody's")
    with pytest.raises(NotFoundError, match="Nobody's"):
        preview_trigger(world.database, world.clock, file, since=DAY, examples=1)
