"""Does each rule of the throttle say no when it should, and only then, and is every reason kept?"""

from dataclasses import replace
from typing import Any

import pytest

from afterword.domain.survey.policy import (
    TEST_INVITATIONS_PER_HOUR_MAX,
    Policy,
    Quota,
    Sampling,
)
from afterword.domain.survey.survey_state import Phase
from afterword.domain.survey.trigger import Compare, Not
from afterword.domain.throttle.eligibility import (
    Invite,
    Skip,
    decide,
    yield_to_other,
)
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.sampling import draw_holdout
from tests.domain.throttle.throttle_facts import (
    ANA,
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


def test_nothing_against_it_means_an_invitation() -> None:
    decision = decide(GOOD, POLICY, NOW)
    assert isinstance(decision, Invite)
    assert decision.reason is Reason.INVITED
    assert all(verdict.passed for verdict in decision.verdicts)
    assert decision.send_at == NOW


def test_a_test_event_means_a_test_invitation() -> None:
    decision = decide(TEST, POLICY, NOW)
    assert isinstance(decision, Invite)
    assert decision.reason is Reason.INVITED_TEST


class TestEachRuleAlone:
    @pytest.mark.parametrize(
        ("facts", "policy", "reason"),
        [
            pytest.param({"is_duplicate": True}, {}, Reason.DUPLICATE_EVENT, id="duplicate"),
            pytest.param({"occurred_at": NOW - 30 * MINUTE - TICK}, {}, Reason.STALE_EVENT, id="stale"),
            pytest.param({"occurred_at": NOW - 2 * DAY}, {}, Reason.STALE_EVENT, id="sent after two days"),
            pytest.param(
                {"occurred_at": NOW - 10 * MINUTE},
                {"max_event_age": 9 * MINUTE},
                Reason.STALE_EVENT,
                id="age",
            ),
            pytest.param({"occurred_at": NOW + 5 * MINUTE + TICK}, {}, Reason.FUTURE_EVENT, id="future"),
            pytest.param({"survey": of_survey(state=Phase.DRAFT)}, {}, Reason.SURVEY_NOT_LIVE, id="draft"),
            pytest.param({"survey": of_survey(state=Phase.CLOSED)}, {}, Reason.SURVEY_NOT_LIVE, id="closed"),
            pytest.param({"survey": of_survey(state=Phase.SCHEDULED)}, {}, Reason.SURVEY_NOT_LIVE, id="soon"),
            pytest.param({"survey": of_survey(state=Phase.ENDED)}, {}, Reason.SURVEY_NOT_LIVE, id="ended"),
            pytest.param({"metadata_matches": False}, {}, Reason.FILTER, id="filter"),
            pytest.param({"count": 2, "count_wanted": 3}, {}, Reason.COUNT, id="second of three"),
            pytest.param({"came_after": False}, {}, Reason.COUNT, id="without what comes before"),
            pytest.param(
                {"count": 3, "count_wanted": 3, "came_after": False}, {}, Reason.COUNT, id="only counted"
            ),
            pytest.param(
                {"count": 2, "count_wanted": 3, "came_after": True}, {}, Reason.COUNT, id="only after"
            ),
            pytest.param({"person": None}, {}, Reason.PERSON_UNRESOLVED, id="unresolved"),
            pytest.param({"names_bot": True}, {}, Reason.BOT, id="named like a bot"),
            pytest.param({"person": None, "names_bot": True}, {}, Reason.BOT, id="an unknown bot is a bot"),
            pytest.param({"person": ana(is_bot=True)}, {}, Reason.BOT, id="known to be a bot"),
            pytest.param({"person": ana(is_active=False)}, {}, Reason.INACTIVE, id="left"),
            pytest.param({}, {"audience": OF_CORE}, Reason.AUDIENCE, id="of no team"),
            pytest.param(
                {"person": ana(document=CORE)}, {"audience": Not(OF_CORE)}, Reason.AUDIENCE, id="excluded"
            ),
            pytest.param(
                {"person": ana(first_event_at=NOW - 7 * DAY + TICK)},
                {"min_tenure": 7 * DAY},
                Reason.TENURE,
                id="too new",
            ),
            pytest.param({}, {"min_tenure": TICK}, Reason.TENURE, id="the first event"),
            pytest.param({"person": ana(opt_out=OPT_OUT)}, {}, Reason.OPTED_OUT, id="opted out"),
            pytest.param(
                {"person": ana(opt_out=OPT_OUT, is_tester=True)},
                {},
                Reason.OPTED_OUT,
                id="a tester's",
            ),
            pytest.param({"person": ana(snoozed_until=NOW + TICK)}, {}, Reason.SNOOZED, id="snoozed"),
            pytest.param(
                {"person": ana(snoozed_until=NOW + TICK, is_tester=True)}, {}, Reason.SNOOZED, id="a tester"
            ),
            pytest.param({}, {"holdout": 1.0}, Reason.HOLDOUT, id="everybody held out"),
            pytest.param({}, {"sampling": Sampling(0.0)}, Reason.NOT_SAMPLED, id="not sampled"),
            pytest.param({"person": ana(has_channel=False)}, {}, Reason.NO_CHANNEL, id="no channel"),
            pytest.param(
                {"person": ana(failed_at=NOW - DAY + TICK)}, {}, Reason.NO_CHANNEL, id="failed today"
            ),
            pytest.param({"survey": of_survey(state=Phase.PAUSED)}, {}, Reason.PAUSED, id="survey paused"),
            pytest.param({"survey": of_survey(paused=("project",))}, {}, Reason.PAUSED, id="project paused"),
            pytest.param({"was_withdrawn": True}, {}, Reason.CANCELLED, id="withdrawn"),
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
            pytest.param({"count": 3, "count_wanted": 3}, {}, id="the third of three"),
            pytest.param({"count": 4, "count_wanted": 3}, {}, id="the fourth, when the third could not ask"),
            pytest.param({"came_after": True}, {}, id="after what comes before"),
            pytest.param({"person": ana(document=CORE)}, {"audience": OF_CORE}, id="of the audience"),
            pytest.param(
                {"person": ana(first_event_at=NOW - 7 * DAY)}, {"min_tenure": 7 * DAY}, id="exactly a week"
            ),
            pytest.param({"person": ana(test_invitations=1_000)}, {}, id="tests never count"),
            pytest.param({"person": ana(snoozed_until=NOW)}, {}, id="the pause just ended"),
            pytest.param({}, {"sampling": Sampling(1.0)}, id="everybody is sampled"),
            pytest.param({}, {"holdout": draw_holdout(ANA.id)}, id="the holdout ends before her draw"),
        ],
    )
    def test_lets_the_limit_itself_pass(self, facts: dict[str, Any], policy: dict[str, Any]) -> None:
        assert why_not(replace(GOOD, **facts), Policy(**policy)) == ()

    def test_a_draw_just_below_the_holdout_is_held_out(self) -> None:
        assert why_not(GOOD, Policy(holdout=draw_holdout(ANA.id) + 1e-12)) == (Reason.HOLDOUT,)

    def test_somebody_whose_first_event_lies_ahead_has_no_tenure(self) -> None:
        facts = replace(GOOD, person=ana(first_event_at=NOW + HOUR))
        decision = decide(facts, Policy(min_tenure=DAY), NOW)
        assert saw_of(decision)[Reason.TENURE] == {"tenure_s": 0, "min_tenure_s": 86_400.0}


class TestTestEvents:
    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param({"is_duplicate": True}, id="duplicate"),
            pytest.param({"occurred_at": NOW - 400 * DAY}, id="stale"),
            pytest.param({"occurred_at": NOW + DAY}, id="from the future"),
            pytest.param({"survey": of_survey(state=Phase.DRAFT)}, id="before it is published"),
            pytest.param({"survey": of_survey(state=Phase.PAUSED, paused=("project",))}, id="paused"),
            pytest.param({"person": ana(is_tester=True, opt_out=OPT_OUT)}, id="a tester's opt-out"),
            pytest.param({"person": ana(is_tester=True, snoozed_until=NOW + DAY)}, id="a tester's pause"),
            pytest.param({"survey": of_survey(state=Phase.SCHEDULED)}, id="before it starts"),
            pytest.param({"metadata_matches": False}, id="filtered"),
            pytest.param({"count": 1, "count_wanted": 9}, id="not counted"),
            pytest.param({"was_withdrawn": True}, id="withdrawn"),
            pytest.param({"person": ana(asked=(asked(HOUR, None),))}, id="just asked"),
            pytest.param({"person": ana(test_invitations=TEST_INVITATIONS_PER_HOUR_MAX - 1)}, id="the tenth"),
        ],
    )
    def test_skip_the_throttle(self, facts: dict[str, Any]) -> None:
        policy = Policy(
            sampling=Sampling(0.0), holdout=1.0, quota=Quota(0), daily_max=0, audience=OF_CORE, min_tenure=DAY
        )
        assert isinstance(decide(replace(TEST, **facts), policy, NOW), Invite)

    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            pytest.param(
                {"survey": of_survey(state=Phase.CLOSED)}, Reason.SURVEY_NOT_LIVE, id="closed for good"
            ),
            pytest.param({"survey": of_survey(state=Phase.ENDED)}, Reason.SURVEY_NOT_LIVE, id="ended"),
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
        assert why_not(replace(TEST, **facts), POLICY) == (reason,)

    def test_are_capped_at_ten_an_hour(self) -> None:
        assert TEST_INVITATIONS_PER_HOUR_MAX == 10

    def test_are_certain_to_be_drawn(self) -> None:
        quarter = Policy(sampling=Sampling(0.25))
        assert decide(TEST, quarter, NOW).probability == 1.0
        assert decide(replace(TEST, person=None), quarter, NOW).probability == 1.0
        assert decide(replace(GOOD, person=None), quarter, NOW).probability == 0.25


def test_yielding_to_another_survey_keeps_the_verdicts_and_adds_one() -> None:
    invite = decide(GOOD, POLICY, NOW)
    assert isinstance(invite, Invite)
    skip = yield_to_other(invite, "quarterly-nps")
    assert skip.reasons == (Reason.LOWER_PRIORITY,)
    assert skip.verdicts[:-1] == invite.verdicts
    assert skip.verdicts[-1].reason is Reason.LOWER_PRIORITY
    assert skip.verdicts[-1].saw == {"invited_survey": "quarterly-nps"}
    assert skip.verdicts[-1].passed is False
    assert (skip.draw, skip.probability) == (invite.draw, invite.probability)
