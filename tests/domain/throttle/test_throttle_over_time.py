"""Do cooldowns, caps and sampling hold what they promise over a long history of events?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.policy import CAPS, Cap, Cooldown, Policy, Sampling, SamplingUnit
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.eligibility import Decision, Invite, decide
from afterword.domain.throttle.facts import Asked, Facts, Outcome, PersonFacts, SurveyFacts
from tests.domain.throttle.throttle_facts import DAY, FREE, HOUR

START = datetime(2026, 3, 2, tzinfo=UTC)
EXPIRES_AFTER = 3 * DAY


def facts_at(now: datetime, person: PersonFacts, survey_id: int = 3) -> Facts:
    survey = SurveyFacts(survey_id, 30, Phase.LIVE)
    return Facts(event_id=1, occurred_at=now, is_test=False, survey=survey, person=person)


def decide_for(person_id: int, policy: Policy, now: datetime = START) -> Decision:
    return decide(facts_at(now, PersonFacts(person_id)), policy, now)


def invitations(
    times: list[datetime],
    policy: Policy,
    person_id: int = 7,
    outcome: Outcome | None = Outcome.ANSWERED,
    reminded_after: timedelta | None = None,
) -> list[datetime]:
    """Replay one person's events to one survey; each invitation ends in the same way."""
    asked: list[Asked] = []
    for now in times:
        facts = facts_at(now, PersonFacts(person_id, asked=tuple(asked)))
        if isinstance(decide(facts, policy, now), Invite):
            reminded_at = None if reminded_after is None else now + reminded_after
            asked.append(Asked(3, 30, now, outcome, now + EXPIRES_AFTER, reminded_at))
    return [one.at for one in asked]


def even(cooldown: timedelta) -> Cooldown:
    return Cooldown(cooldown, cooldown, cooldown, cooldown)


histories = st.lists(st.integers(0, 200 * 24), min_size=1, max_size=60).map(
    lambda hours: [START + hour * HOUR for hour in sorted(hours)]
)
cooldowns = st.integers(0, 60 * 24).map(lambda hours: hours * HOUR)
a_cap = st.builds(Cap, st.integers(1, 4), st.integers(1, 90).map(lambda days: days * DAY))
outcomes = st.none() | st.sampled_from(Outcome)
throttles = st.builds(
    replace,
    st.just(FREE),
    caps=st.sampled_from([(), CAPS, (Cap(3, 7 * DAY),)]),
    backoff=st.booleans(),
    max_open=st.just(1),
    sampling=st.builds(Sampling, st.sampled_from([0.1, 0.5, 1.0]), st.sampled_from(SamplingUnit)),
)


class TestCooldowns:
    @given(histories, cooldowns, cooldowns, throttles, outcomes)
    @settings(max_examples=60, deadline=None)
    @pytest.mark.parametrize("field", ["cooldown", "project_cooldown", "global_cooldown"])
    def test_a_longer_one_never_invites_more(
        self,
        field: str,
        times: list[datetime],
        one: timedelta,
        other: timedelta,
        policy: Policy,
        outcome: Outcome | None,
    ) -> None:
        few, many = (
            invitations(
                times,
                replace(policy, **{field: even(cooldown) if field == "cooldown" else cooldown}),
                outcome=outcome,
            )
            for cooldown in (max(one, other), min(one, other))
        )
        assert len(few) <= len(many)

    @given(histories, cooldowns, cooldowns, cooldowns, outcomes)
    @settings(max_examples=60, deadline=None)
    def test_two_invitations_are_never_closer_than_all_of_them(
        self, times: list[datetime], own: timedelta, its: timedelta, every: timedelta, outcome: Outcome | None
    ) -> None:
        policy = replace(FREE, cooldown=even(own), project_cooldown=its, global_cooldown=every)
        invited = invitations(times, policy, outcome=outcome)
        assert all(after - before >= max(own, its, every) for before, after in pairwise(invited))

    @given(histories, cooldowns)
    @settings(max_examples=60, deadline=None)
    def test_nobody_is_passed_over_once_they_have_ended(
        self, times: list[datetime], cooldown: timedelta
    ) -> None:
        policy = replace(FREE, cooldown=even(cooldown), global_cooldown=cooldown)
        invited = invitations(times, policy)
        assert invited[0] == times[0]
        for now in times:
            assert now in invited or any(now - cooldown < before <= now for before in invited)

    def test_a_weekly_survey_does_not_starve_a_quarterly_one(self) -> None:
        weekly = replace(FREE, cooldown=even(7 * DAY), global_cooldown=14 * DAY)
        quarterly = replace(weekly, cooldown=even(90 * DAY))
        asked: list[Asked] = []
        days = []
        for number in range(200):
            now = START + number * DAY
            for survey_id, policy in ((9, quarterly), (3, weekly)):
                facts = facts_at(now, PersonFacts(7, asked=tuple(asked)), survey_id)
                if isinstance(decide(facts, policy, now), Invite):
                    asked.append(Asked(survey_id, 30, now, Outcome.ANSWERED, now + DAY))
                    days.append((survey_id, number))
        assert [number for survey_id, number in days if survey_id == 9] == [0, 98, 196]
        assert [number for _, number in days] == list(range(0, 200, 14))


class TestCaps:
    @given(histories, st.lists(a_cap, max_size=4))
    @settings(max_examples=60, deadline=None)
    def test_are_never_exceeded_in_any_window(self, times: list[datetime], caps: list[Cap]) -> None:
        invited = invitations(times, replace(FREE, caps=tuple(caps)))
        for cap in caps:
            for last in invited:
                assert sum(last - cap.window < one <= last for one in invited) <= cap.count

    def test_reminders_leave_less_room(self) -> None:
        times = [START + number * DAY for number in range(60)]
        policy = replace(FREE, caps=(Cap(2, 30 * DAY),))
        assert len(invitations(times, policy)) == 4
        assert invitations(times, policy, reminded_after=2 * DAY) == [times[0], times[30]]


class TestBackoff:
    def test_asks_who_never_reacts_less_and_less_and_then_as_often(self) -> None:
        times = [START + number * DAY for number in range(200)]
        policy = replace(FREE, cooldown=even(10 * DAY), backoff=True)
        days = [(at - START).days for at in invitations(times, policy, outcome=None)]
        assert days == [0, 20, 60, 100, 140, 180]

    def test_leaves_alone_who_answers(self) -> None:
        times = [START + number * DAY for number in range(50)]
        policy = replace(FREE, cooldown=even(10 * DAY), backoff=True)
        days = [(at - START).days for at in invitations(times, policy)]
        assert days == [0, 10, 20, 30, 40]


class TestSampling:
    MONTHLY = replace(FREE, cooldown=even(30 * DAY), sampling=Sampling(0.1))

    def test_a_thousand_events_in_a_day_are_drawn_once(self) -> None:
        times = [START + number * DAY / 1_000 for number in range(1_000)]
        counts = [len(invitations(times, self.MONTHLY, person_id)) for person_id in range(1, 13)]
        assert set(counts) == {0, 1}
        assert sum(counts) <= 5  # 1 of 12 is expected

    def test_a_thousand_events_never_invite_twice_even_where_two_periods_meet(self) -> None:
        period = 30 * DAY
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        border = epoch + ((START - epoch) // period + 1) * period
        times = [border - 12 * HOUR + number * DAY / 1_000 for number in range(1_000)]
        counts = {len(invitations(times, self.MONTHLY, person_id)) for person_id in range(1, 11)}
        assert counts == {0, 1}

    @pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
    def test_the_share_of_the_invited_is_the_rate(self, rate: float) -> None:
        policy = replace(FREE, sampling=Sampling(rate))
        share = sum(isinstance(decide_for(person_id, policy), Invite) for person_id in range(1_500)) / 1_500
        assert share == pytest.approx(rate, abs=4 * (rate * (1 - rate) / 1_500) ** 0.5)

    @given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1), st.sampled_from(SamplingUnit))
    @settings(max_examples=50, deadline=None)
    def test_a_higher_rate_keeps_everybody_whom_a_lower_one_invites(
        self, person_id: int, one: float, other: float, unit: SamplingUnit
    ) -> None:
        low, high = (
            isinstance(decide_for(person_id, replace(FREE, sampling=Sampling(rate, unit))), Invite)
            for rate in sorted((one, other))
        )
        assert high or not low

    @given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
    @settings(max_examples=50, deadline=None)
    def test_a_larger_holdout_holds_everybody_whom_a_smaller_one_does(
        self, person_id: int, one: float, other: float
    ) -> None:
        small, large = (
            isinstance(decide_for(person_id, replace(FREE, holdout=share)), Invite)
            for share in sorted((one, other))
        )
        assert small or not large

    @pytest.mark.parametrize("unit", SamplingUnit)
    def test_nothing_but_its_unit_changes_a_draw(self, unit: SamplingUnit) -> None:
        policy = replace(FREE, sampling=Sampling(0.5, unit))
        facts = facts_at(START, PersonFacts(7))
        other = replace(
            facts,
            occurred_at=START - HOUR,
            metadata_matches=False,
            survey=SurveyFacts(3, 31, Phase.PAUSED, paused=("project",)),
            person=PersonFacts(7, is_bot=True, cell="Oslo", asked=(Asked(3, 30, START, None, START),)),
        )
        longer = replace(Policy(), cooldown=even(500 * DAY), sampling=Sampling(0.1, unit))
        assert decide(facts, policy, START).draw == decide(other, longer, START).draw
