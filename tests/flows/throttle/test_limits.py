"""Do quotas, pacing and the daily limit count what they should, and nothing else?"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterword.domain.invitation import InvitationState
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.evaluate_events import evaluate_events
from afterword.storage.tables import invitation
from tests.flows.world import EAGER, World
from tests.storage.support import DAY, HOUR, MINUTE

PEOPLE = ("alice@example.com", "bob@example.com", "charlie@example.com")


def quota(**fields: object) -> dict[str, object]:
    return EAGER | {"quota": fields, "pacing": "asap"}


def decide_all(world: World, count: int, name: str = "build.finished") -> list[Reason]:
    """The reasons of so many events, each of the next person."""
    found = []
    for number in range(count):
        (entry,) = world.decide(name=name, email=PEOPLE[number % 3])
        found.append(entry.reason)
    return found


def set_all(world: World, **columns: object) -> None:
    """Change all invitations past all flows."""
    with world.database.write() as connection:
        connection.execute(sa.update(invitation).values(**columns))


def test_with_few_answers_everybody_is_expected_to_answer(world: World) -> None:
    world.add_survey(throttle=quota(count=2))
    assert decide_all(world, 3) == [Reason.INVITED, Reason.INVITED, Reason.QUOTA_FULL]


def test_a_quota_of_which_nobody_answers_ends_all_the_same(world: World) -> None:
    world.add_survey(throttle=quota(count=20))
    assert decide_all(world, 21)[-2:] == [Reason.INVITED, Reason.QUOTA_FULL]
    set_all(world, state=InvitationState.SENT.value)
    world.clock.advance(4 * DAY)
    found = decide_all(world, 401)
    assert found.count(Reason.INVITED) == 400, "twenty times as many, for one in twenty may answer"
    assert found[-1] is Reason.QUOTA_FULL


def test_what_could_not_be_delivered_says_nothing_about_who_answers(world: World) -> None:
    world.add_survey(throttle=quota(count=20))
    decide_all(world, 20)
    failed = {"failed_at": world.clock.now, "last_error": "SMTP: refused with 550"}
    set_all(world, state=InvitationState.FAILED.value, **failed)
    world.clock.advance(4 * DAY)
    assert decide_all(world, 21).count(Reason.INVITED) == 20


def test_each_cell_has_a_quota_of_its_own(world: World) -> None:
    world.import_people(
        "email,name,attribute:Office\nalice@example.com,A,Berlin\nbob@example.com,B,Berlin\ncharlie@example.com,C,\n"
    )
    world.add_survey(throttle=quota(attribute="office", each=1))
    assert decide_all(world, 3) == [Reason.INVITED, Reason.QUOTA_FULL, Reason.INVITED]


def test_cells_of_another_attribute_begin_at_0(world: World) -> None:
    world.import_people("email,attribute:Office,attribute:Grade\nalice@example.com,Berlin,Senior\n")
    world.add_survey(throttle=quota(attribute="Office", each=1))
    world.invite(email=PEOPLE[0])
    world.invite(email=PEOPLE[1])
    world.add_survey(throttle=quota(attribute="Grade", each=1))
    assert decide_all(world, 3) == [Reason.INVITED, Reason.INVITED, Reason.QUOTA_FULL]


def test_even_pacing_lets_one_response_fall_into_each_share(world: World) -> None:
    world.add_survey(throttle=EAGER | {"quota": {"count": 4, "period": "4h"}})
    assert decide_all(world, 2) == [Reason.INVITED, Reason.PACING]
    world.clock.advance(HOUR - timedelta(microseconds=1))
    assert decide_all(world, 1) == [Reason.PACING]
    world.clock.advance_us(1)
    assert decide_all(world, 1) == [Reason.INVITED]


def test_even_pacing_makes_up_what_it_missed_bit_by_bit(world: World) -> None:
    world.add_survey(throttle=EAGER | {"quota": {"count": 4, "period": "4h"}})
    world.clock.advance(150 * MINUTE)
    assert decide_all(world, 2) == [Reason.INVITED, Reason.PACING]
    world.clock.advance(10 * MINUTE - timedelta(microseconds=1))
    assert decide_all(world, 1) == [Reason.PACING]
    world.clock.advance_us(1)
    assert decide_all(world, 2) == [Reason.INVITED, Reason.PACING]
    world.clock.advance(19 * MINUTE)
    (entry,) = world.decide()
    (saw,) = [one.saw for one in entry.verdicts if one.reason is Reason.PACING]
    assert (entry.reason, saw["behind"]) == (Reason.PACING, 0.98), "one more would be too soon"


def test_in_one_batch_even_pacing_counts_what_it_asks(world: World) -> None:
    world.add_survey(throttle=EAGER | {"quota": {"count": 4, "period": "4h"}})
    world.clock.advance(3 * HOUR)
    ids = [world.add_event(email=who) for who in PEOPLE]
    assert evaluate_events(world.database, world.clock, ids) == {ids[0]}
    world.clock.advance(10 * MINUTE)
    ids = [world.add_event(email=who) for who in PEOPLE]
    assert evaluate_events(world.database, world.clock, ids) == {ids[0]}


def test_a_daily_limit_looks_back_a_day(world: World) -> None:
    world.add_survey(throttle=EAGER | {"max_per_day": 2})
    assert decide_all(world, 3) == [Reason.INVITED, Reason.INVITED, Reason.DAILY_MAX]
    world.clock.advance(DAY)
    assert decide_all(world, 1) == [Reason.INVITED]


def test_a_draft_does_not_lend_its_limits_to_the_live_version(world: World) -> None:
    """A test event reaches the draft, and a project's token can be public."""
    world.add_survey(throttle=quota(count=1))
    decide_all(world, 1)
    world.clock.advance(2 * DAY)
    world.add_survey(live=False, throttle=quota(count=1, period="1d"))
    ids = [world.add_event(), world.add_event(is_test=True)]
    evaluate_events(world.database, world.clock, ids)
    assert world.ledger(ids[0])[0].reason is Reason.QUOTA_FULL


@pytest.mark.parametrize(("later", "reason"), [(HOUR, Reason.INVITED), (25 * HOUR, Reason.DAILY_MAX)])
def test_withdrawing_gives_back_only_what_was_counted(world: World, later: timedelta, reason: Reason) -> None:
    """One that was reserved over a day ago used nothing of today."""
    trigger = {"events": ["failed"], "delay": "2d", "cancel_on": ["fixed"]}
    world.add_survey(trigger=trigger, throttle=EAGER | {"max_per_day": 1, "max_event_age": "1d"})
    assert decide_all(world, 1, "failed") == [Reason.INVITED]
    world.clock.advance(later)
    if reason is Reason.DAILY_MAX:
        (entry,) = world.decide(name="failed", email=PEOPLE[1])
        assert entry.invited
    ids = [world.add_event(name="fixed", email=PEOPLE[0]), world.add_event(name="failed", email=PEOPLE[2])]
    world.clock.advance(MINUTE)
    evaluate_events(world.database, world.clock, ids)
    assert world.ledger(ids[1])[0].reason is reason


def test_one_that_is_over_is_not_given_back_when_it_is_withdrawn(world: World) -> None:
    """Its mail was late, and no quota counts it as open any more."""
    trigger = {"events": ["failed"], "delay": "1h", "cancel_on": ["fixed"]}
    world.add_survey(trigger=trigger, throttle=quota(count=1) | {"expires_after": "1h"})
    assert decide_all(world, 1, "failed") == [Reason.INVITED]
    world.clock.advance(3 * HOUR)
    world.invite(name="failed", email=PEOPLE[1])
    ids = [world.add_event(name="fixed", email=PEOPLE[0]), world.add_event(name="failed", email=PEOPLE[2])]
    evaluate_events(world.database, world.clock, ids)
    assert world.ledger(ids[1])[0].reason is Reason.QUOTA_FULL
