"""Is it told what an event meant to surveys that it asked nobody for?"""

import pytest

from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_event import Explanation, explain_event
from tests.flows.world import EAGER, World
from tests.storage.support import MINUTE

UNLESS = {"events": ["failed"], "not_followed_by": {"events": ["fixed"], "within": "10m"}}


def explain(world: World, name: str, **event: object) -> Explanation:
    event_id = world.add_event(name=name, **event)
    world.evaluate(event_id)
    return explain_event(world.database, event_id)


@pytest.mark.parametrize("trigger", [UNLESS, {"events": ["failed"], "delay": "10m", "cancel_on": ["fixed"]}])
def test_the_event_that_withdraws_says_what(world: World, trigger: dict[str, object]) -> None:
    world.add_survey(trigger=trigger)
    waiting = world.invite(name="failed")
    found = explain(world, "fixed")
    assert found.meaning == [f"Withdrew invitation {waiting.id} of build-cli."]
    assert (found.entries, found.reason) == ([], None)


def test_with_nothing_to_withdraw_it_was_heard(world: World) -> None:
    world.add_survey(trigger=UNLESS | {"cancel_on": ["fixed"], "delay": "1h"})
    assert explain(world, "fixed").meaning == ["Heard by the survey build-cli: it withdraws what waits."]


def test_what_must_come_before_was_counted(world: World) -> None:
    world.add_survey(trigger={"events": ["retried"], "after": {"events": ["failed"], "within": "10m"}})
    world.add_survey("other", trigger={"events": ["failed"]}, throttle=EAGER)
    before = explain(world, "failed", age=MINUTE)
    assert before.meaning == ["Counted for the survey build-cli: it is what must come before."]
    assert before.reason is Reason.INVITED, "by the other survey"


@pytest.mark.parametrize("event", [{"name": "unheard"}, {"name": "fixed", "is_test": True}])
def test_what_no_survey_heard_meant_nothing(world: World, event: dict[str, object]) -> None:
    world.add_survey(trigger=UNLESS)
    world.invite(name="failed")
    found = explain(world, **event)  # type: ignore[arg-type]
    assert (found.meaning, found.reason) == ([], Reason.NO_MATCHING_SURVEY)
