"""Does each rule of the throttle say no when it should, and only then, and is every reason kept?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.eligibility import (
    Facts,
    Invite,
    PersonFacts,
    Skip,
    decide,
    draw_for,
    yield_to_other,
)
from afterword.domain.policy import TEST_INVITATIONS_PER_HOUR_MAX, Policy
from afterword.domain.preference import OptOut, OptOutScope
from afterword.domain.reason import Reason
from afterword.domain.survey import SurveyState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
POLICY = Policy()
ANA = PersonFacts(id=7)
OPT_OUT = OptOut(OptOutScope.PROJECT, "3", NOW - DAY)
GOOD = Facts(
    occurred_at=NOW,
    is_test=False,
    survey_id=3,
    survey_state=SurveyState.LIVE,
    metadata_matches=True,
    names_bot=False,
    person=ANA,
)
TEST = replace(GOOD, is_test=True)


def ana(**facts: Any) -> PersonFacts:
    return replace(ANA, **facts)


def reasons(facts: Facts, policy: Policy = POLICY) -> tuple[Reason, ...]:
    """Every reason against, in order; empty for an invitation."""
    decision = decide(facts, policy, NOW)
    return decision.reasons if isinstance(decision, Skip) else ()


def test_nothing_against_it_means_an_invitation() -> None:
    decision = decide(GOOD, POLICY, NOW)
    assert isinstance(decision, Invite)
    assert decision.reason is Reason.INVITED
    assert all(verdict.passed for verdict in decision.verdicts)


def test_a_test_event_means_a_test_invitation() -> None:
    decision = decide(TEST, POLICY, NOW)
    assert isinstance(decision, Invite)
    assert decision.reason is Reason.INVITED_TEST


class TestEachRuleAlone:
    @pytest.mark.parametrize(
        ("facts", "policy", "reason"),
        [
            pytest.param({"occurred_at": NOW - 30 * MINUTE - TICK}, {}, Reason.STALE_EVENT, id="stale"),
            pytest.param({"occurred_at": NOW - 2 * DAY}, {}, Reason.STALE_EVENT, id="sent after two days"),
            pytest.param(
                {"occurred_at": NOW - 10 * MINUTE},
                {"max_event_age": 9 * MINUTE},
                Reason.STALE_EVENT,
                id="age",
            ),
            pytest.param({"occurred_at": NOW + 5 * MINUTE + TICK}, {}, Reason.FUTURE_EVENT, id="future"),
            pytest.param({"survey_state": SurveyState.DRAFT}, {}, Reason.SURVEY_NOT_LIVE, id="draft"),
            pytest.param({"survey_state": SurveyState.CLOSED}, {}, Reason.SURVEY_NOT_LIVE, id="closed"),
            pytest.param({"metadata_matches": False}, {}, Reason.FILTER, id="filter"),
            pytest.param({"person": None}, {}, Reason.PERSON_UNRESOLVED, id="unresolved"),
            pytest.param({"names_bot": True}, {}, Reason.BOT, id="named like a bot"),
            pytest.param({"person": None, "names_bot": True}, {}, Reason.BOT, id="an unknown bot is a bot"),
            pytest.param({"person": ana(is_bot=True)}, {}, Reason.BOT, id="known to be a bot"),
            pytest.param({"person": ana(is_active=False)}, {}, Reason.INACTIVE, id="left"),
            pytest.param({"person": ana(opt_out=OPT_OUT)}, {}, Reason.OPTED_OUT, id="opted out"),
            pytest.param({"person": ana(snoozed_until=NOW + TICK)}, {}, Reason.SNOOZED, id="snoozed"),
            pytest.param(
                {"person": ana(opt_out=OPT_OUT, is_tester=True)},
                {},
                Reason.OPTED_OUT,
                id="a tester opted out",
            ),
            pytest.param(
                {"person": ana(survey_invited_at=NOW - 90 * DAY + TICK)},
                {},
                Reason.SURVEY_COOLDOWN,
                id="survey cooldown",
            ),
            pytest.param(
                {"person": ana(any_invited_at=NOW - 14 * DAY + TICK)},
                {},
                Reason.GLOBAL_COOLDOWN,
                id="global cooldown",
            ),
            pytest.param({}, {"sampling_rate": 0.0}, Reason.NOT_SAMPLED, id="not sampled"),
            pytest.param({"person": ana(has_channel=False)}, {}, Reason.NO_CHANNEL, id="no channel"),
        ],
    )
    def test_is_the_only_reason(self, facts: dict[str, Any], policy: dict[str, Any], reason: Reason) -> None:
        decision = decide(replace(GOOD, **facts), Policy(**policy), NOW)
        assert isinstance(decision, Skip)
        assert decision.reasons == (reason,)
        assert decision.reason is reason
        assert [verdict.reason for verdict in decision.verdicts if not verdict.passed] == [reason]

    @pytest.mark.parametrize(
        ("facts", "policy"),
        [
            pytest.param({"occurred_at": NOW - 30 * MINUTE}, {}, id="exactly 30 minutes old"),
            pytest.param({"occurred_at": NOW + 5 * MINUTE}, {}, id="a clock 5 minutes ahead"),
            pytest.param({"person": ana(survey_invited_at=NOW - 90 * DAY)}, {}, id="exactly 90 days ago"),
            pytest.param({"person": ana(any_invited_at=NOW - 14 * DAY)}, {}, id="exactly 14 days ago"),
            pytest.param(
                {"person": ana(survey_invited_at=NOW, any_invited_at=NOW)},
                {"survey_cooldown": 0 * DAY, "global_cooldown": 0 * DAY},
                id="no cooldowns",
            ),
            pytest.param({"person": ana(test_invitations=1_000)}, {}, id="tests never count"),
            pytest.param({"person": ana(snoozed_until=NOW)}, {}, id="the pause just ended"),
            pytest.param({}, {"sampling_rate": 1.0}, id="everybody is sampled"),
        ],
    )
    def test_lets_the_limit_itself_pass(self, facts: dict[str, Any], policy: dict[str, Any]) -> None:
        assert reasons(replace(GOOD, **facts), Policy(**policy)) == ()

    def test_each_cooldown_has_a_clock_of_its_own(self) -> None:
        policy = Policy(survey_cooldown=7 * DAY, global_cooldown=1 * DAY)
        week_old = ana(survey_invited_at=NOW - 30 * DAY, any_invited_at=NOW - 2 * DAY)
        assert reasons(replace(GOOD, person=week_old), policy) == ()
        yesterday = ana(survey_invited_at=NOW - 3 * DAY, any_invited_at=NOW - 3 * DAY)
        assert reasons(replace(GOOD, person=yesterday), policy) == (Reason.SURVEY_COOLDOWN,)


class TestTestEvents:
    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param({"occurred_at": NOW - 400 * DAY}, id="stale"),
            pytest.param({"occurred_at": NOW + DAY}, id="from the future"),
            pytest.param({"survey_state": SurveyState.DRAFT}, id="before it is published"),
            pytest.param(
                {"person": ana(is_tester=True, opt_out=OPT_OUT, snoozed_until=NOW + DAY)},
                id="a tester's wishes",
            ),
            pytest.param({"metadata_matches": False}, id="filtered"),
            pytest.param({"person": ana(survey_invited_at=NOW, any_invited_at=NOW)}, id="just asked"),
            pytest.param({"person": ana(test_invitations=TEST_INVITATIONS_PER_HOUR_MAX - 1)}, id="the tenth"),
        ],
    )
    def test_skip_the_throttle(self, facts: dict[str, Any]) -> None:
        assert isinstance(decide(replace(TEST, **facts), Policy(sampling_rate=0.0), NOW), Invite)

    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            pytest.param({"survey_state": SurveyState.CLOSED}, Reason.SURVEY_NOT_LIVE, id="closed for good"),
            pytest.param({"person": None}, Reason.PERSON_UNRESOLVED, id="not in the directory"),
            pytest.param({"person": None, "names_bot": True}, Reason.BOT, id="bot"),
            pytest.param({"person": ana(is_active=False)}, Reason.INACTIVE, id="left"),
            pytest.param({"person": ana(opt_out=OPT_OUT)}, Reason.OPTED_OUT, id="opted out"),
            pytest.param({"person": ana(snoozed_until=NOW + TICK)}, Reason.SNOOZED, id="snoozed"),
            pytest.param({"person": ana(has_channel=False)}, Reason.NO_CHANNEL, id="no channel"),
            pytest.param(
                {"person": ana(test_invitations=TEST_INVITATIONS_PER_HOUR_MAX)},
                Reason.TEST_CAPPED,
                id="the eleventh in an hour",
            ),
        ],
    )
    def test_are_no_mail_cannon(self, facts: dict[str, Any], reason: Reason) -> None:
        assert reasons(replace(TEST, **facts)) == (reason,)

    def test_are_capped_at_ten_an_hour(self) -> None:
        assert TEST_INVITATIONS_PER_HOUR_MAX == 10

    def test_are_certain_to_be_drawn(self) -> None:
        assert decide(TEST, Policy(sampling_rate=0.25), NOW).probability == 1.0


class TestEveryReasonIsKept:
    WORST = Facts(
        occurred_at=NOW - 2 * DAY,
        is_test=False,
        survey_id=3,
        survey_state=SurveyState.CLOSED,
        metadata_matches=False,
        names_bot=True,
        person=PersonFacts(
            id=7,
            is_bot=True,
            is_active=False,
            opt_out=OPT_OUT,
            snoozed_until=NOW + DAY,
            has_channel=False,
            survey_invited_at=NOW,
            any_invited_at=NOW,
            test_invitations=99,
        ),
    )

    def test_in_the_order_of_the_codes(self) -> None:
        assert reasons(self.WORST, Policy(sampling_rate=0.0)) == (
            Reason.STALE_EVENT,
            Reason.SURVEY_NOT_LIVE,
            Reason.FILTER,
            Reason.BOT,
            Reason.INACTIVE,
            Reason.OPTED_OUT,
            Reason.SNOOZED,
            Reason.SURVEY_COOLDOWN,
            Reason.GLOBAL_COOLDOWN,
            Reason.NOT_SAMPLED,
            Reason.NO_CHANNEL,
        )

    def test_of_a_test_event_too(self) -> None:
        assert reasons(replace(self.WORST, is_test=True)) == (
            Reason.SURVEY_NOT_LIVE,
            Reason.BOT,
            Reason.INACTIVE,
            Reason.OPTED_OUT,
            Reason.SNOOZED,
            Reason.NO_CHANNEL,
            Reason.TEST_CAPPED,
        )

    def test_the_numbers_that_a_rule_saw_are_kept(self) -> None:
        asked = NOW - 3 * DAY
        facts = replace(GOOD, occurred_at=NOW - 90 * MINUTE, person=ana(any_invited_at=asked))
        saw = {verdict.reason: verdict.saw for verdict in decide(facts, POLICY, NOW).verdicts}
        assert saw[Reason.STALE_EVENT] == {"age_s": 5_400.0, "max_age_s": 1_800.0}
        assert saw[Reason.SURVEY_NOT_LIVE] == {"state": "live"}
        assert saw[Reason.GLOBAL_COOLDOWN] == {"invited_at": asked.isoformat(), "cooldown_s": 1_209_600.0}
        assert saw[Reason.SURVEY_COOLDOWN] == {"invited_at": None, "cooldown_s": 7_776_000.0}

    def test_the_numbers_of_draw_and_test_cap_are_kept(self) -> None:
        facts = replace(TEST, person=ana(test_invitations=12))
        saw = {verdict.reason: verdict.saw for verdict in decide(facts, POLICY, NOW).verdicts}
        assert saw[Reason.TEST_CAPPED] == {"test_invitations": 12, "per_hour_max": 10}
        policy = Policy(sampling_rate=0.25)
        saw = {verdict.reason: verdict.saw for verdict in decide(GOOD, policy, NOW).verdicts}
        assert saw[Reason.NOT_SAMPLED] == {"draw": round(draw_for(GOOD, NOW), 6), "rate": 0.25}


times = st.timedeltas(min_value=-100 * DAY, max_value=DAY).map(lambda ago: NOW + ago)
persons = st.builds(
    PersonFacts,
    id=st.integers(1, 50),
    is_bot=st.booleans(),
    is_active=st.booleans(),
    is_tester=st.booleans(),
    opt_out=st.none() | st.just(OPT_OUT),
    snoozed_until=st.none() | times,
    has_channel=st.booleans(),
    survey_invited_at=st.none() | times,
    any_invited_at=st.none() | times,
    test_invitations=st.integers(0, 12),
)
any_facts = st.builds(
    Facts,
    occurred_at=times,
    is_test=st.booleans(),
    survey_id=st.integers(1, 9),
    survey_state=st.sampled_from(SurveyState),
    metadata_matches=st.booleans(),
    names_bot=st.booleans(),
    person=st.none() | persons,
)
policies = st.builds(
    Policy,
    survey_cooldown=st.timedeltas(0 * DAY, 120 * DAY),
    global_cooldown=st.timedeltas(0 * DAY, 30 * DAY),
    sampling_rate=st.floats(0, 1),
)


@given(any_facts, policies)
@settings(max_examples=200)
def test_an_invitation_has_no_reason_against_it_and_a_skip_has_one(facts: Facts, policy: Policy) -> None:
    decision = decide(facts, policy, NOW)
    failed = [verdict.reason for verdict in decision.verdicts if not verdict.passed]
    if isinstance(decision, Skip):
        assert list(decision.reasons) == sorted(set(failed))
        assert failed
    else:
        assert not failed
        assert facts.person is not None
        assert decision.draw < decision.probability
        assert decision.reason is (Reason.INVITED_TEST if facts.is_test else Reason.INVITED)


@given(any_facts, policies)
@settings(max_examples=100)
def test_every_rule_is_asked_whatever_another_one_said(facts: Facts, policy: Policy) -> None:
    def asked(of: Facts) -> list[Reason]:
        return [verdict.reason for verdict in decide(of, policy, NOW).verdicts]

    same_kind = replace(GOOD, is_test=facts.is_test, person=ANA if facts.person else None)
    assert asked(facts) == asked(same_kind)


def test_yielding_to_another_survey_keeps_the_verdicts_and_adds_one() -> None:
    invite = decide(GOOD, POLICY, NOW)
    assert isinstance(invite, Invite)
    skip = yield_to_other(invite, "quarterly-nps")
    assert skip.reasons == (Reason.LOWER_PRIORITY,)
    assert skip.verdicts[:-1] == invite.verdicts
    assert skip.verdicts[-1].saw == {"invited_survey": "quarterly-nps"}
    assert not skip.verdicts[-1].passed
    assert (skip.draw, skip.probability) == (invite.draw, invite.probability)
