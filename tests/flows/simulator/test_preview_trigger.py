"""Does a preview hear what the trigger would hear, and show no more of people than lists of events do?"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from afterword.domain.errors import NotFoundError
from afterword.flows.simulator.preview_trigger import Preview, preview_trigger
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
    assert found.mismatches == {"outcome": 2}
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
