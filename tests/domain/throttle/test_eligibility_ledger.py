"""Does the ledger get every reason, and what each rule saw?"""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.people.preference import QuietHours
from afterword.domain.survey.policy import (
    Cap,
    Cooldown,
    GlobalCooldownUse,
    Policy,
    Quota,
    Repeat,
    Sampling,
)
from afterword.domain.survey.survey_state import Phase
from afterword.domain.survey.trigger import AllOf, Compare, Not
from afterword.domain.throttle.eligibility import (
    RULES,
    RULES_OF_SENDING,
    TEST_RULES,
    Skip,
    decide,
)
from afterword.domain.throttle.facts import Facts, Outcome, PersonFacts, Spent, SurveyCounts, SurveyFacts
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.sampling import draw_holdout, draw_sample
from tests.domain.throttle.throttle_facts import (
    DAY,
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

POLICY = Policy()
OF_CORE = Compare("team", "eq", "Core")
CORE = {"team": "Core"}


WORST = Facts(
    event_id=1,
    occurred_at=NOW - 2 * DAY,
    is_test=False,
    is_duplicate=True,
    survey=of_survey(
        state=Phase.CLOSED,
        paused=("organisation", "project"),
        tags=frozenset({"build"}),
        counts=SurveyCounts(Spent(1), Spent(1), Spent(1), 1),
        slot=DAY,
    ),
    metadata_matches=False,
    count_wanted=2,
    names_bot=True,
    was_withdrawn=True,
    person=PersonFacts(
        id=7,
        is_bot=True,
        is_active=False,
        opt_out=OPT_OUT,
        snoozed_until=NOW + DAY,
        has_channel=False,
        quiet=QuietHours(0, 1_439),
        asked=(
            asked(31 * DAY, None),
            asked(DAY - TICK, None, tags=frozenset({"build"}), expires_at=NOW + HOUR),
        ),
        test_invitations=99,
    ),
)
STRICTEST = Policy(
    audience=OF_CORE,
    min_tenure=DAY,
    holdout=1.0,
    repeat=Repeat.ONCE,
    group_caps={"build": Cap(1, DAY)},
    quota=Quota(1),
    daily_max=1,
    sampling=Sampling(0.0),
)


class TestEveryReasonIsKept:
    def test_in_the_order_of_the_codes(self) -> None:
        assert why_not(WORST, STRICTEST) == (
            Reason.DUPLICATE_EVENT,
            Reason.STALE_EVENT,
            Reason.SURVEY_NOT_LIVE,
            Reason.FILTER,
            Reason.COUNT,
            Reason.BOT,
            Reason.INACTIVE,
            Reason.AUDIENCE,
            Reason.TENURE,
            Reason.OPTED_OUT,
            Reason.SNOOZED,
            Reason.HOLDOUT,
            Reason.OPEN_INVITATION,
            Reason.REPEAT_EXHAUSTED,
            Reason.SURVEY_COOLDOWN,
            Reason.PROJECT_COOLDOWN,
            Reason.GROUP_CAP,
            Reason.GLOBAL_COOLDOWN,
            Reason.PERSON_CAP,
            Reason.BACKOFF,
            Reason.QUOTA_FULL,
            Reason.PACING,
            Reason.DAILY_MAX,
            Reason.NOT_SAMPLED,
            Reason.NO_CHANNEL,
            Reason.OUTSIDE_WINDOW,
            Reason.PAUSED,
            Reason.CANCELLED,
        )

    def test_of_a_test_event_too(self) -> None:
        assert why_not(replace(WORST, is_test=True), STRICTEST) == (
            Reason.SURVEY_NOT_LIVE,
            Reason.BOT,
            Reason.INACTIVE,
            Reason.OPTED_OUT,
            Reason.SNOOZED,
            Reason.NO_CHANNEL,
            Reason.TEST_CAPPED,
        )

    def test_an_unknown_person_is_only_told_what_needs_none(self) -> None:
        facts = replace(WORST, person=None, names_bot=False)
        assert why_not(facts, STRICTEST) == (
            Reason.DUPLICATE_EVENT,
            Reason.STALE_EVENT,
            Reason.SURVEY_NOT_LIVE,
            Reason.FILTER,
            Reason.COUNT,
            Reason.PERSON_UNRESOLVED,
            Reason.QUOTA_FULL,
            Reason.PACING,
            Reason.DAILY_MAX,
            Reason.NOT_SAMPLED,
            Reason.PAUSED,
            Reason.CANCELLED,
        )


class TestWhatTheRulesSaw:
    def test_of_an_ordinary_event(self) -> None:
        saw = saw_of(decide(replace(GOOD, occurred_at=NOW - 90 * MINUTE), POLICY, NOW))
        assert saw == {
            Reason.DUPLICATE_EVENT: {},
            Reason.STALE_EVENT: {"age_s": 5_400.0, "max_age_s": 1_800.0},
            Reason.FUTURE_EVENT: {"age_s": 5_400.0},
            Reason.SURVEY_NOT_LIVE: {"state": "live"},
            Reason.FILTER: {},
            Reason.PERSON_UNRESOLVED: {},
            Reason.BOT: {},
            Reason.INACTIVE: {},
            Reason.OPTED_OUT: {"is_tester": False},
            Reason.SNOOZED: {"is_tester": False, "snoozed_until": None},
            Reason.OPEN_INVITATION: {"open": 0, "max_open": 1},
            Reason.SURVEY_COOLDOWN: {"invited_at": None, "cooldown_s": 2_592_000.0},
            Reason.PROJECT_COOLDOWN: {"invited_at": None, "cooldown_s": 2_592_000.0},
            Reason.GLOBAL_COOLDOWN: {"invited_at": None, "cooldown_s": 1_209_600.0},
            Reason.PERSON_CAP: {"exposures": 0, "cap": 1, "window_s": 86_400.0},
            Reason.BACKOFF: {"ignored": 0, "factor": 1},
            Reason.NOT_SAMPLED: {
                "draw": round(draw_sample(POLICY.sampling.unit, 3, 7, 1, NOW), 6),
                "rate": 1.0,
                "unit": "person_period",
            },
            Reason.NO_CHANNEL: {},
            Reason.OUTSIDE_WINDOW: {},
            Reason.PAUSED: {},
        }

    def test_of_times_to_the_millisecond(self) -> None:
        saw = saw_of(decide(replace(GOOD, occurred_at=NOW - timedelta(microseconds=1_234_567)), POLICY, NOW))
        assert saw[Reason.STALE_EVENT]["age_s"] == 1.235
        assert saw[Reason.FUTURE_EVENT]["age_s"] == 1.235

    def test_of_somebody_with_wishes(self) -> None:
        person = ana(opt_out=OPT_OUT, snoozed_until=NOW + DAY, is_tester=True)
        saw = saw_of(decide(replace(GOOD, person=person), POLICY, NOW))
        wish = {"scope": "project", "value": "30", "since": NOW - DAY}
        assert saw[Reason.OPTED_OUT] == {"is_tester": True} | wish
        assert saw[Reason.SNOOZED] == {"is_tester": True, "snoozed_until": NOW + DAY}

    def test_of_the_trigger(self) -> None:
        facts = replace(GOOD, metadata_matches=False, metadata_saw={"path": "a"}, count=2, count_wanted=3)
        saw = saw_of(decide(facts, POLICY, NOW))
        assert saw[Reason.FILTER] == {"path": "a"}
        assert saw[Reason.COUNT] == {"count": 2, "wanted": 3, "came_after": None}

    def test_of_an_audience(self) -> None:
        audience = AllOf((OF_CORE, Compare("locale", "eq", "de")))
        for document, saw in (
            ({"team": "Web"}, {"path": "team"}),
            (CORE, {"path": "locale"}),
            (CORE | {"locale": "de"}, {}),
        ):
            facts = replace(GOOD, person=ana(document=document))
            assert saw_of(decide(facts, Policy(audience=audience), NOW))[Reason.AUDIENCE] == saw
        excluded = decide(replace(GOOD, person=ana(document=CORE)), Policy(audience=Not(OF_CORE)), NOW)
        assert saw_of(excluded)[Reason.AUDIENCE] == {}

    def test_of_tenure_and_holdout(self) -> None:
        facts = replace(GOOD, person=ana(first_event_at=NOW - HOUR))
        saw = saw_of(decide(facts, Policy(min_tenure=DAY, holdout=0.125), NOW))
        assert saw[Reason.TENURE] == {"tenure_s": 3_600, "min_tenure_s": 86_400.0}
        assert saw[Reason.HOLDOUT] == {"draw": round(draw_holdout(7), 6), "holdout": 0.125}

    def test_of_a_pause(self) -> None:
        survey = of_survey(state=Phase.PAUSED, paused=("organisation", "project"))
        saw = saw_of(decide(replace(GOOD, survey=survey), POLICY, NOW))
        assert saw[Reason.PAUSED] == {"paused": "survey, organisation, project"}
        assert saw[Reason.SURVEY_NOT_LIVE] == {"state": "paused"}

    def test_of_a_survey_that_its_policy_pauses_too_is_said_once(self) -> None:
        survey = of_survey(state=Phase.PAUSED, paused=("survey", "project"))
        saw = saw_of(decide(replace(GOOD, survey=survey), POLICY, NOW))
        assert saw[Reason.PAUSED] == {"paused": "survey, project"}

    def test_of_the_test_cap(self) -> None:
        saw = saw_of(decide(replace(TEST, person=ana(test_invitations=12)), POLICY, NOW))
        assert saw[Reason.TEST_CAPPED] == {"test_invitations": 12, "per_hour_max": 10}
        assert saw[Reason.SURVEY_NOT_LIVE] == {"state": "live"}


times = st.timedeltas(min_value=-100 * DAY, max_value=DAY).map(lambda ago: NOW + ago)
a_survey = st.builds(
    SurveyFacts,
    id=st.integers(1, 3),
    project_id=st.integers(1, 2),
    state=st.sampled_from(Phase),
    paused=st.sampled_from([(), ("organisation",)]),
    counts=st.builds(
        SurveyCounts, st.builds(Spent, st.integers(0, 3), st.integers(0, 3)), day=st.integers(0, 3)
    ),
    slot=st.none() | st.just(DAY),
)
somebody = st.builds(
    PersonFacts,
    id=st.integers(1, 50),
    is_bot=st.booleans(),
    is_active=st.booleans(),
    is_tester=st.booleans(),
    opt_out=st.none() | st.just(OPT_OUT),
    snoozed_until=st.none() | times,
    has_channel=st.booleans(),
    quiet=st.none() | st.just(QuietHours(8 * 60, 18 * 60)),
    first_event_at=st.none() | times,
    document=st.sampled_from([{}, CORE]),
    asked=st.lists(
        st.builds(
            asked,
            st.timedeltas(TICK, 100 * DAY),
            st.none() | st.sampled_from(Outcome),
            survey_id=st.integers(1, 3),
            project_id=st.integers(1, 2),
        ),
        max_size=4,
    ).map(lambda them: tuple(sorted(them, key=lambda one: one.at))),
    test_invitations=st.integers(0, 12),
)
any_facts = st.builds(
    Facts,
    event_id=st.integers(1, 9),
    occurred_at=times,
    is_test=st.booleans(),
    survey=a_survey,
    person=st.none() | somebody,
    metadata_matches=st.booleans(),
    is_duplicate=st.booleans(),
    count=st.integers(1, 2),
    names_bot=st.booleans(),
    waits=st.sampled_from([0 * DAY, HOUR, DAY]),
)
policies = st.builds(
    Policy,
    audience=st.none() | st.just(OF_CORE),
    cooldown=st.builds(Cooldown, *[st.timedeltas(0 * DAY, 120 * DAY)] * 4),
    global_cooldown=st.timedeltas(0 * DAY, 30 * DAY),
    global_cooldown_use=st.sampled_from(GlobalCooldownUse),
    repeat=st.sampled_from(Repeat),
    backoff=st.booleans(),
    quota=st.none() | st.just(Quota(2)),
    sampling=st.builds(Sampling, st.floats(0, 1)),
)


@given(any_facts, policies)
@settings(max_examples=200, deadline=None)
def test_an_invitation_has_no_reason_against_it_and_a_skip_has_one(facts: Facts, policy: Policy) -> None:
    decision = decide(facts, policy, NOW)
    assert {verdict.passed for verdict in decision.verdicts} <= {True, False}
    assert decision.probability == (1.0 if facts.is_test else policy.sampling.rate)
    failed = [verdict.reason for verdict in decision.verdicts if not verdict.passed]
    if isinstance(decision, Skip):
        assert list(decision.reasons) == sorted(set(failed))
        assert failed
    else:
        assert not failed
        assert facts.person is not None
        assert decision.draw < decision.probability
        assert decision.reason is (Reason.INVITED_TEST if facts.is_test else Reason.INVITED)
        assert decision.send_at >= NOW + facts.waits


@given(any_facts, policies)
@settings(max_examples=100, deadline=None)
def test_every_rule_is_asked_whatever_another_one_said(facts: Facts, policy: Policy) -> None:
    rules = TEST_RULES if facts.is_test else RULES + RULES_OF_SENDING
    told = [verdict for rule in rules if (verdict := rule(facts, policy, NOW))]
    verdicts = decide(facts, policy, NOW).verdicts
    assert [one for one in verdicts if one.reason is not Reason.NOT_SAMPLED] == told
    assert len(verdicts) == len(told) + (not facts.is_test)
