"""Do cooldowns and sampling hold what they promise over a long history of events?"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain import eligibility
from afterword.domain.eligibility import Facts, Invite, PersonFacts, Skip, decide, draw_for
from afterword.domain.policy import Policy
from afterword.domain.survey import SurveyState

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def facts_of(person_id: int, now: datetime = START, survey_id: int = 3) -> Facts:
    return Facts(
        occurred_at=now,
        is_test=False,
        survey_id=survey_id,
        survey_state=SurveyState.LIVE,
        metadata_matches=True,
        names_bot=False,
        person=PersonFacts(person_id),
    )


def invitations(times: list[datetime], policy: Policy, person_id: int = 7) -> list[datetime]:
    """Replay one person's events to one survey."""
    invited: list[datetime] = []
    for now in times:
        last = invited[-1] if invited else None
        person = PersonFacts(person_id, survey_invited_at=last, any_invited_at=last)
        if isinstance(decide(replace(facts_of(person_id, now), person=person), policy, now), Invite):
            invited.append(now)
    return invited


histories = st.lists(st.integers(0, 200 * 24), min_size=1, max_size=60).map(
    lambda hours: [START + hour * HOUR for hour in sorted(hours)]
)
cooldowns = st.integers(0, 60 * 24).map(lambda hours: hours * HOUR)


class TestCooldowns:
    @given(histories, cooldowns, cooldowns, cooldowns, st.sampled_from([0.1, 0.5, 1.0]))
    @settings(max_examples=60)
    def test_a_longer_survey_cooldown_never_invites_more_with_sampling_too(
        self, times: list[datetime], one: timedelta, other: timedelta, everything: timedelta, rate: float
    ) -> None:
        shorter, longer = sorted((one, other))
        few = invitations(times, Policy(longer, everything, sampling_rate=rate))
        many = invitations(times, Policy(shorter, everything, sampling_rate=rate))
        assert len(few) <= len(many)

    @given(histories, cooldowns, cooldowns, cooldowns, st.sampled_from([0.1, 0.5, 1.0]))
    @settings(max_examples=60)
    def test_a_longer_global_cooldown_never_invites_more_with_sampling_too(
        self, times: list[datetime], one: timedelta, other: timedelta, own: timedelta, rate: float
    ) -> None:
        shorter, longer = sorted((one, other))
        few = invitations(times, Policy(own, longer, sampling_rate=rate))
        many = invitations(times, Policy(own, shorter, sampling_rate=rate))
        assert len(few) <= len(many)

    @given(histories, cooldowns, cooldowns)
    @settings(max_examples=60)
    def test_two_invitations_are_never_closer_than_both_cooldowns(
        self, times: list[datetime], own: timedelta, everything: timedelta
    ) -> None:
        invited = invitations(times, Policy(own, everything))
        gaps = [after - before for before, after in pairwise(invited)]
        assert all(gap >= max(own, everything) for gap in gaps)

    @given(histories, cooldowns)
    @settings(max_examples=60)
    def test_nobody_is_passed_over_once_the_cooldowns_have_ended(
        self, times: list[datetime], cooldown: timedelta
    ) -> None:
        invited = invitations(times, Policy(cooldown, cooldown))
        assert invited[0] == times[0]
        for now in times:
            assert now in invited or any(now - cooldown < before <= now for before in invited)

    def test_a_weekly_survey_does_not_starve_a_quarterly_one(self) -> None:
        weekly = Policy(survey_cooldown=7 * DAY, global_cooldown=14 * DAY)
        quarterly = Policy(survey_cooldown=90 * DAY, global_cooldown=14 * DAY)
        asked_weekly = START
        now = START + 14 * DAY
        person = PersonFacts(7, survey_invited_at=None, any_invited_at=asked_weekly)
        assert isinstance(decide(replace(facts_of(7, now), person=person), quarterly, now), Invite)
        person = replace(person, survey_invited_at=asked_weekly)
        assert isinstance(decide(replace(facts_of(7, now), person=person), weekly, now), Invite)


class TestSampling:
    MONTHLY = Policy(survey_cooldown=30 * DAY, global_cooldown=0 * DAY, sampling_rate=0.1)

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

    @given(st.integers(1, 10**9), st.timedeltas(0 * DAY, 30 * DAY - timedelta(microseconds=1)))
    @settings(max_examples=50)
    def test_the_draw_is_the_same_all_through_a_period(self, person_id: int, later: timedelta) -> None:
        start = datetime(1970, 1, 1, tzinfo=UTC) + 600 * 30 * DAY
        facts = facts_of(person_id)
        assert draw_for(facts, start) == draw_for(facts, start + later)
        assert draw_for(facts, start) != draw_for(facts, start + 30 * DAY)

    def test_the_draw_differs_between_people_and_between_surveys(self) -> None:
        draws = {
            draw_for(facts_of(person_id, survey_id=survey_id), START)
            for person_id in range(1, 51)
            for survey_id in range(1, 21)
        }
        assert len(draws) == 50 * 20

    def test_the_draw_does_not_depend_on_the_event(self) -> None:
        facts = facts_of(7)
        other = replace(facts, occurred_at=START - HOUR, metadata_matches=False)
        assert draw_for(facts, START) == draw_for(other, START)

    def test_draws_are_uniform(self) -> None:
        count, cells = 10_000, 20
        draws = [draw_for(facts_of(person_id), START) for person_id in range(count)]
        assert all(0 <= draw < 1 for draw in draws)
        heights = [sum(int(draw * cells) == cell for draw in draws) for cell in range(cells)]
        chi_square = sum((height - count / cells) ** 2 / (count / cells) for height in heights)
        assert chi_square < 50  # 99.99 % of a chi-square with 19 degrees of freedom is below 51

    @pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
    def test_the_share_of_the_invited_is_the_rate(self, rate: float) -> None:
        policy = replace(self.MONTHLY, sampling_rate=rate)
        decisions = [decide(facts_of(person_id), policy, START) for person_id in range(1_500)]
        share = sum(isinstance(decision, Invite) for decision in decisions) / 1_500
        assert share == pytest.approx(rate, abs=4 * (rate * (1 - rate) / 1_500) ** 0.5)

    @given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
    @settings(max_examples=50)
    def test_a_higher_rate_keeps_everybody_whom_a_lower_one_invites(
        self, person_id: int, one: float, other: float
    ) -> None:
        low, high = sorted((one, other))
        if isinstance(decide(facts_of(person_id), replace(self.MONTHLY, sampling_rate=low), START), Invite):
            assert isinstance(
                decide(facts_of(person_id), replace(self.MONTHLY, sampling_rate=high), START), Invite
            )

    def test_draw_and_probability_stay_with_the_decision(self) -> None:
        for person_id in range(50):
            facts = facts_of(person_id)
            decision = decide(facts, self.MONTHLY, START)
            assert decision.probability == 0.1
            assert decision.draw == draw_for(facts, START)
            assert isinstance(decision, Invite) is (decision.draw < 0.1)

    def test_a_draw_that_equals_the_rate_is_not_below_it(self) -> None:
        facts = facts_of(7)
        draw = draw_for(facts, START)
        assert isinstance(decide(facts, replace(self.MONTHLY, sampling_rate=draw), START), Skip)

    def test_even_the_greatest_hash_draws_less_than_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        greatest = b"\xff" * hashlib.sha256().digest_size
        monkeypatch.setattr(
            eligibility.hashlib, "sha256", lambda text: SimpleNamespace(digest=lambda: greatest)
        )
        assert draw_for(facts_of(7), START) < 1
