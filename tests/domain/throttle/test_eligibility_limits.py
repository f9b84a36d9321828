"""Do a survey's own limits hold, the hours in which it may ask, and the second look before sending?"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterword.domain.people.preference import QuietHours
from afterword.domain.people.time_zone import ZoneOrigin
from afterword.domain.survey.policy import Policy, Quota, Sampling, SamplingUnit
from afterword.domain.survey.send_window import SendWindow
from afterword.domain.survey.survey_state import Phase
from afterword.domain.survey.trigger import Compare
from afterword.domain.throttle.eligibility import Invite, decide, decide_again
from afterword.domain.throttle.facts import Facts, Spent, SurveyCounts
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.rules.sending import find_send_time
from afterword.domain.throttle.sampling import draw_sample
from tests.domain.throttle.throttle_facts import (
    DAY,
    FREE,
    GOOD,
    HOUR,
    MINUTE,
    NOW,
    OPT_OUT,
    TEST,
    TICK,
    ana,
    asked,
    of_survey,
    saw_of,
    why_not,
)

TEN = replace(FREE, quota=Quota(10))


def facts_with(
    *, of: str | None = None, slot: timedelta | None = None, at: Facts = GOOD, **counts: Any
) -> Facts:
    """A person of a cell, and what the survey has used of its limits."""
    survey = of_survey(counts=SurveyCounts(**counts), slot=slot)
    return replace(at, person=ana(cell=of), survey=survey)


class TestQuota:
    @pytest.mark.parametrize(
        ("responses", "open_ones", "rate", "is_left"),
        [
            (9, 0, 1.0, True),
            (10, 0, 1.0, False),
            (11, 0, 1.0, False),
            (5, 4, 1.0, True),
            (5, 5, 1.0, False),
            (0, 10, 1.0, False),
            (5, 8, 0.5, True),
            (5, 9, 0.5, True),
            (5, 10, 0.5, False),
            (0, 99, 0.1, True),
            (0, 100, 0.1, False),
            (9, 9, 0.1, True),
            (9, 10, 0.1, False),
            (9, 7, 0.0, True),
            (10, 0, 0.0, False),
            (10, 0, 0.05, False),
        ],
    )
    def test_counts_responses_and_those_that_are_still_expected(
        self, responses: int, open_ones: int, rate: float, is_left: bool
    ) -> None:
        facts = facts_with(quota=Spent(responses, open_ones), response_rate=rate)
        assert why_not(facts, TEN) == (() if is_left else (Reason.QUOTA_FULL,))

    def test_without_one_there_is_no_limit(self) -> None:
        assert why_not(facts_with(quota=Spent(10**6), of="Oslo"), FREE) == ()

    def test_of_none_asks_nobody(self) -> None:
        assert why_not(GOOD, replace(FREE, quota=Quota(0))) == (Reason.QUOTA_FULL,)

    def test_says_what_it_saw(self) -> None:
        facts = facts_with(quota=Spent(3, 4), response_rate=1 / 3)
        assert saw_of(decide(facts, TEN, NOW))[Reason.QUOTA_FULL] == {
            "quota": 10,
            "response_rate": 0.3333,
            "responses": 3,
            "open": 4,
        }


class TestCells:
    BY_CITY = replace(FREE, quota=Quota(20, attribute="city", each=2, cells={"Berlin": 5, "": 1, "Rome": 0}))

    @pytest.mark.parametrize(("city", "wanted"), [("Berlin", 5), ("Oslo", 2), (None, 1)])
    def test_have_quotas_of_their_own(self, city: str | None, wanted: int) -> None:
        assert why_not(facts_with(of=city, cell=Spent(wanted - 1)), self.BY_CITY) == ()
        assert why_not(facts_with(of=city, cell=Spent(wanted - 1, 1)), self.BY_CITY) == (Reason.QUOTA_FULL,)
        half = facts_with(of=city, cell=Spent(wanted - 1, 1), response_rate=0.5)
        assert why_not(half, self.BY_CITY) == ()

    def test_of_none_ask_nobody(self) -> None:
        assert why_not(facts_with(of="Rome"), self.BY_CITY) == (Reason.QUOTA_FULL,)

    def test_do_not_go_beyond_the_quota_of_all(self) -> None:
        assert why_not(facts_with(of="Berlin", quota=Spent(20)), self.BY_CITY) == (Reason.QUOTA_FULL,)

    def test_that_are_not_named_may_be_without_a_limit(self) -> None:
        policy = replace(FREE, quota=Quota(attribute="city", cells={"Berlin": 5}))
        assert why_not(facts_with(of="Oslo", cell=Spent(99), quota=Spent(99)), policy) == ()
        assert why_not(facts_with(of="Berlin", cell=Spent(5), quota=Spent(5)), policy) == (Reason.QUOTA_FULL,)
        verdicts = decide(facts_with(of="Oslo"), policy, NOW).verdicts
        assert Reason.QUOTA_FULL not in {verdict.reason for verdict in verdicts}

    def test_mean_nothing_without_an_attribute(self) -> None:
        policy = replace(FREE, quota=Quota(20, each=0, cells={"Berlin": 0}))
        assert why_not(facts_with(of="Berlin"), policy) == ()

    @pytest.mark.parametrize(
        ("city", "of_all", "of_cell", "shown"),
        [
            ("Berlin", Spent(16), Spent(0), {"quota": 20, "responses": 16, "open": 0}),
            ("Berlin", Spent(15), Spent(1), {"cell": "Berlin", "quota": 5, "responses": 1, "open": 0}),
            (None, Spent(15), Spent(0), {"cell": "", "quota": 1, "responses": 0, "open": 0}),
            ("Berlin", Spent(15), Spent(0), {"quota": 20, "responses": 15, "open": 0}),
        ],
    )
    def test_show_the_tightest(
        self, city: str | None, of_all: Spent, of_cell: Spent, shown: dict[str, Any]
    ) -> None:
        decision = decide(facts_with(of=city, quota=of_all, cell=of_cell), self.BY_CITY, NOW)
        assert saw_of(decision)[Reason.QUOTA_FULL] == shown | {"response_rate": 1.0}


class TestPacing:
    @pytest.mark.parametrize(
        ("spent", "rate", "is_free"),
        [
            (Spent(0, 0), 1.0, True),
            (Spent(1, 0), 1.0, False),
            (Spent(0, 1), 1.0, False),
            (Spent(0, 1), 0.5, True),
            (Spent(0, 2), 0.5, False),
            (Spent(0, 9), 0.1, True),
            (Spent(0, 10), 0.1, False),
            (Spent(1, 0), 0.0, False),
            (Spent(0, 3), 0.0, True),
        ],
    )
    def test_even_lets_one_response_come_in_each_slot(self, spent: Spent, rate: float, is_free: bool) -> None:
        survey = of_survey(slot=6 * HOUR, counts=SurveyCounts(slot=spent, response_rate=rate))
        decision = decide(replace(GOOD, survey=survey), FREE, NOW)
        assert isinstance(decision, Invite) is is_free
        shown = {"slot_s": 21_600.0, "responses": spent.responses, "open": spent.open}
        assert saw_of(decision)[Reason.PACING] == shown

    def test_that_is_not_even_looks_at_no_slot(self) -> None:
        survey = of_survey(counts=SurveyCounts(slot=Spent(9, 9)))
        assert why_not(replace(GOOD, survey=survey), FREE) == ()


class TestDailyMax:
    def test_counts_the_invitations_of_a_day(self) -> None:
        policy = replace(FREE, daily_max=3)
        assert why_not(facts_with(day=2), policy) == ()
        assert why_not(facts_with(day=3), policy) == (Reason.DAILY_MAX,)
        shown = saw_of(decide(facts_with(day=3), policy, NOW))[Reason.DAILY_MAX]
        assert shown == {"invitations": 3, "per_day_max": 3}

    def test_may_be_missing(self) -> None:
        assert why_not(facts_with(day=10**6), FREE) == ()


class TestSampling:
    @pytest.mark.parametrize("unit", SamplingUnit)
    def test_asks_those_whose_draw_is_below_the_rate(self, unit: SamplingUnit) -> None:
        draw = draw_sample(unit, 3, 7, 1, NOW)
        below = replace(FREE, sampling=Sampling(draw, unit))
        above = replace(FREE, sampling=Sampling(draw + 1e-12, unit))
        assert why_not(GOOD, below) == (Reason.NOT_SAMPLED,)
        assert why_not(GOOD, above) == ()
        decision = decide(GOOD, above, NOW)
        assert (decision.draw, decision.probability) == (draw, draw + 1e-12)
        assert saw_of(decision)[Reason.NOT_SAMPLED] == {
            "draw": round(draw, 6),
            "rate": draw + 1e-12,
            "unit": unit,
        }

    def test_draws_for_nobody_in_particular_when_the_person_is_unknown(self) -> None:
        decision = decide(replace(GOOD, person=None), FREE, NOW)
        assert decision.draw == draw_sample(SamplingUnit.PERSON_PERIOD, 3, 0, 1, NOW)


class TestHours:
    """On Monday, 2026-03-02, at noon UTC; the window is from 9 to 17, and defers up to 4 hours."""

    HOURS = replace(FREE, send_window=SendWindow())

    @pytest.mark.parametrize(
        ("zone", "reason", "opens_at"),
        [
            ("Europe/Berlin", None, None),
            ("America/New_York", Reason.DEFERRED, "2026-03-02T14:00"),
            ("America/Denver", Reason.DEFERRED, "2026-03-02T16:00"),
            ("America/Los_Angeles", Reason.OUTSIDE_WINDOW, "2026-03-02T17:00"),
            ("Asia/Tokyo", Reason.OUTSIDE_WINDOW, "2026-03-03T00:00"),
        ],
    )
    def test_are_those_of_the_person(self, zone: str, reason: Reason | None, opens_at: str | None) -> None:
        person = ana(zone=ZoneInfo(zone), zone_origin=ZoneOrigin.TEAM)
        decision = decide(replace(GOOD, person=person), self.HOURS, NOW)
        by_clock = {"zone": zone, "zone_origin": "team"}
        opens = None if opens_at is None else datetime.fromisoformat(opens_at + "+00:00")
        saw = saw_of(decision)
        if reason is Reason.OUTSIDE_WINDOW:
            assert why_not(replace(GOOD, person=person), self.HOURS) == (reason,)
            assert saw[reason] == {"opens_at": opens, "defer_max_s": 14_400.0, **by_clock}
            return
        assert isinstance(decision, Invite)
        assert decision.send_at == (opens or NOW)
        assert saw[reason or Reason.OUTSIDE_WINDOW] == ({} if opens is None else {"until": opens, **by_clock})
        assert (Reason.DEFERRED in saw) is (reason is Reason.DEFERRED)

    def test_defer_no_longer_than_they_may(self) -> None:
        at = NOW.replace(hour=5)
        assert why_not(replace(GOOD, occurred_at=at), self.HOURS, at) == ()
        early = at - TICK
        assert why_not(replace(GOOD, occurred_at=early), self.HOURS, early) == (Reason.OUTSIDE_WINDOW,)

    def test_are_looked_at_when_the_trigger_has_waited(self) -> None:
        facts = replace(GOOD, waits=6 * HOUR)
        assert why_not(facts, self.HOURS) == (Reason.OUTSIDE_WINDOW,)
        facts = replace(GOOD, waits=20 * HOUR)
        decision = decide(facts, self.HOURS, NOW)
        assert isinstance(decision, Invite)
        assert decision.send_at == datetime.fromisoformat("2026-03-03T09:00+00:00")
        assert saw_of(decision)[Reason.DEFERRED]["until"] == decision.send_at

    def test_of_any_time_defer_nothing(self) -> None:
        night = NOW.replace(hour=2)
        decision = decide(replace(GOOD, occurred_at=night, waits=HOUR), FREE, night)
        assert isinstance(decision, Invite)
        assert decision.send_at == night + HOUR
        assert Reason.OUTSIDE_WINDOW not in saw_of(decision)

    def test_that_are_quiet_defer_within_the_window_too(self) -> None:
        quiet = ana(quiet=QuietHours(11 * 60, 14 * 60))
        decision = decide(replace(GOOD, person=quiet), self.HOURS, NOW)
        assert isinstance(decision, Invite)
        assert decision.send_at == NOW + 2 * HOUR

    def test_that_are_quiet_alone_defer_without_an_end(self) -> None:
        quiet = ana(quiet=QuietHours(8 * 60, 23 * 60))
        decision = decide(replace(GOOD, person=quiet), FREE, NOW)
        assert isinstance(decision, Invite)
        assert decision.send_at == NOW + 11 * HOUR


class TestSendTime:
    WINDOW = Policy()
    FRIDAY = datetime.fromisoformat("2026-03-06T16:30+00:00")

    def test_is_now_when_nothing_speaks_against_it(self) -> None:
        assert find_send_time(GOOD, self.WINDOW, NOW + TICK) == NOW + TICK

    def test_is_after_the_wait_where_nobody_is_known(self) -> None:
        assert find_send_time(replace(GOOD, person=None, waits=DAY), self.WINDOW, NOW) == NOW + DAY

    def test_is_where_the_window_is_open_and_it_is_not_quiet(self) -> None:
        quiet = replace(GOOD, person=ana(quiet=QuietHours(16 * 60, 10 * 60)))
        found = find_send_time(quiet, self.WINDOW, self.FRIDAY)
        assert found == datetime.fromisoformat("2026-03-09T10:00+00:00")

    def test_goes_by_the_quiet_hours_on_the_wall_of_the_person(self) -> None:
        quiet = ana(quiet=QuietHours(12 * 60, 14 * 60), zone=ZoneInfo("Europe/Berlin"))
        assert find_send_time(replace(GOOD, person=quiet), self.WINDOW, NOW) == NOW + HOUR

    def test_is_found_where_only_the_last_minute_is_not_quiet(self) -> None:
        daily = replace(FREE, send_window=SendWindow(frozenset(range(7)), 9 * 60, 17 * 60))
        quiet = replace(GOOD, person=ana(quiet=QuietHours(8 * 60, 17 * 60 - 1)))
        assert find_send_time(quiet, daily, NOW) == NOW.replace(hour=16, minute=59)

    def test_is_at_the_end_of_the_quiet_where_the_window_is_always_quiet(self) -> None:
        quiet = replace(GOOD, person=ana(quiet=QuietHours(8 * 60, 18 * 60)))
        found = find_send_time(quiet, self.WINDOW, NOW)
        assert found.hour == 18
        assert found > NOW + 7 * DAY
        assert why_not(quiet, self.WINDOW) == (Reason.OUTSIDE_WINDOW,)

    def test_of_a_test_looks_at_no_window(self) -> None:
        assert find_send_time(TEST, self.WINDOW, self.FRIDAY + HOUR) == self.FRIDAY + HOUR

    def test_of_a_test_is_not_in_the_quiet_of_others(self) -> None:
        quiet = QuietHours(11 * 60, 13 * 60)
        assert find_send_time(replace(TEST, person=ana(quiet=quiet)), self.WINDOW, NOW) == NOW + HOUR
        tester = replace(TEST, person=ana(quiet=quiet, is_tester=True))
        assert find_send_time(tester, self.WINDOW, NOW) == NOW
        real = replace(GOOD, person=ana(quiet=quiet, is_tester=True))
        assert find_send_time(real, self.WINDOW, NOW) == NOW + HOUR


class TestTheSecondLook:
    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            pytest.param({"survey": of_survey(state=Phase.CLOSED)}, Reason.SURVEY_NOT_LIVE, id="closed"),
            pytest.param({"survey": of_survey(state=Phase.SCHEDULED)}, Reason.SURVEY_NOT_LIVE, id="later"),
            pytest.param({"person": ana(is_bot=True)}, Reason.BOT, id="bot"),
            pytest.param({"person": ana(is_active=False)}, Reason.INACTIVE, id="left"),
            pytest.param({"person": ana(document={"team": "Web"})}, Reason.AUDIENCE, id="moved"),
            pytest.param({"person": ana(opt_out=OPT_OUT)}, Reason.OPTED_OUT, id="opted out"),
            pytest.param({"person": ana(snoozed_until=NOW + TICK)}, Reason.SNOOZED, id="snoozed"),
            pytest.param({"person": ana(has_channel=False)}, Reason.NO_CHANNEL, id="no address left"),
            pytest.param({"survey": of_survey(paused=("project",))}, Reason.PAUSED, id="project paused"),
            pytest.param({"survey": of_survey(state=Phase.PAUSED)}, Reason.PAUSED, id="survey paused"),
        ],
    )
    def test_sees_what_changed_meanwhile(self, facts: dict[str, Any], reason: Reason) -> None:
        policy = replace(FREE, audience=Compare("team", "ne", "Web"))
        verdict = decide_again(replace(GOOD, **facts), policy, NOW)
        assert verdict is not None
        assert verdict.reason is reason
        assert not verdict.passed

    def test_lets_go_what_is_as_it_was(self) -> None:
        assert decide_again(GOOD, Policy(), NOW) is None
        assert decide_again(TEST, Policy(), NOW) is None

    def test_does_not_count_the_invitation_against_itself(self) -> None:
        counts = SurveyCounts(Spent(0, 1), Spent(0, 1), Spent(0, 1), 1)
        facts = replace(
            GOOD,
            occurred_at=NOW - DAY,
            survey=of_survey(counts=counts, slot=DAY),
            person=ana(asked=(asked(MINUTE, None),)),
        )
        assert decide_again(facts, Policy(quota=Quota(1), daily_max=1), NOW) is None

    def test_draws_nobody_anew_but_keeps_to_who_is_never_asked(self) -> None:
        assert decide_again(GOOD, Policy(sampling=Sampling(0.0)), NOW) is None
        verdict = decide_again(GOOD, Policy(holdout=1.0), NOW)
        assert verdict is not None
        assert verdict.reason is Reason.HOLDOUT

    def test_tells_the_first_of_several(self) -> None:
        facts = replace(GOOD, person=ana(is_active=False, has_channel=False))
        verdict = decide_again(facts, Policy(), NOW)
        assert verdict is not None
        assert verdict.reason is Reason.INACTIVE

    def test_of_a_test_looks_at_the_wish_to_be_left_alone_but_not_at_the_policy(self) -> None:
        policy = Policy(audience=Compare("team", "eq", "Web"))
        paused = of_survey(state=Phase.PAUSED)
        assert (
            decide_again(replace(TEST, person=ana(test_invitations=99), survey=paused), policy, NOW) is None
        )
        verdict = decide_again(replace(TEST, person=ana(opt_out=OPT_OUT)), policy, NOW)
        assert verdict is not None
        assert verdict.reason is Reason.OPTED_OUT
        assert decide_again(replace(TEST, person=ana(opt_out=OPT_OUT, is_tester=True)), policy, NOW) is None


class TestAfterAFailedDelivery:
    def test_nobody_is_asked_for_a_day(self) -> None:
        assert why_not(replace(GOOD, person=ana(failed_at=NOW - DAY)), FREE) == ()
        failed_at = NOW - DAY + TICK
        decision = decide(replace(GOOD, person=ana(failed_at=failed_at)), FREE, NOW)
        assert saw_of(decision)[Reason.NO_CHANNEL] == {"failed_at": failed_at}

    def test_a_test_event_tries_it_all_the_same(self) -> None:
        assert why_not(replace(TEST, person=ana(failed_at=NOW)), FREE) == ()
