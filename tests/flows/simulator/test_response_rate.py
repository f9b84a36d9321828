"""Is it said where the response rate comes from, and what a guess is worth?"""

import pytest
import sqlalchemy as sa

from afterword.domain.throttle.facts import Outcome
from afterword.flows.simulator.response_rate import (
    RATE_ASSUMED,
    RATE_HIGH,
    RATE_INVITATIONS_MIN,
    RATE_LOW,
    RateOrigin,
    ResponseRate,
)
from afterword.storage.tables import invitation
from tests.flows.simulator.test_simulate_survey import Wanted, send, simulate
from tests.flows.world import EAGER, World, survey_file
from tests.storage.support import DAY, HOUR


def answer_first(world: World, count: int) -> None:
    with world.database.write() as connection:
        is_early = invitation.c.id <= count
        connection.execute(sa.update(invitation).where(is_early).values(outcome=Outcome.ANSWERED.value))


def test_it_is_the_survey_s_else_the_project_s_else_a_guess(world: World) -> None:
    assert simulate(world).response_rate == ResponseRate(RATE_ASSUMED, RateOrigin.ASSUMED)
    world.add_survey("other", throttle=EAGER)
    for _ in range(RATE_INVITATIONS_MIN):
        world.evaluate(send(world))
    answer_first(world, RATE_INVITATIONS_MIN // 4)
    found = simulate(world).response_rate
    assert (found.origin, found.ended, found.answered) == (RateOrigin.ASSUMED, 5, 5), "most are still open"
    world.clock.advance(4 * DAY)
    found = simulate(world).response_rate
    assert found == ResponseRate(0.25, RateOrigin.PROJECT, RATE_INVITATIONS_MIN, 5)
    found = simulate(world, Wanted("draft", survey_file("other", throttle=EAGER))).response_rate
    assert (found.origin, found.share) == (RateOrigin.SURVEY, 0.25)


def test_a_guess_is_simulated_at_a_low_and_at_a_high_rate_too(world: World) -> None:
    world.add_survey(throttle=EAGER)
    for _ in range(4):
        for who in ("alice", "bob", "charlie"):
            send(world, who)
        world.clock.advance(7 * DAY)
    # Who answered is asked again only later, so that more answers make fewer invitations.
    wanted = survey_file(throttle=EAGER | {"cooldown": {"answered": "60d", "ignored": "1d"}})
    found = simulate(world, Wanted("draft", wanted), against_live=True)
    (version,) = found.versions
    low, high = version.forecast.otherwise
    assert [one.response_rate for one in (low, version.forecast, high)] == [RATE_LOW, RATE_ASSUMED, RATE_HIGH]
    assert low.invitations > high.invitations
    assert high.responses == pytest.approx(high.invitations * RATE_HIGH)
    assert found.live is not None
    assert [one.invitations for one in found.live.forecast.otherwise] == [12, 12]


@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_what_somebody_says_is_no_guess(world: World, rate: float) -> None:
    send(world)
    world.clock.advance(HOUR)
    found = simulate(world, response_rate=rate)
    assert found.response_rate == ResponseRate(rate, RateOrigin.GIVEN)
    assert found.versions[0].forecast.otherwise == ()
