"""Is it told right why a message can't go out?"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from afterword.domain.people.time_zone import ZoneOrigin
from afterword.domain.survey.policy import Policy
from afterword.domain.survey.send_window import SendWindow
from afterword.domain.throttle.eligibility import decide
from afterword.domain.throttle.facts import Facts, Verdict
from afterword.domain.throttle.reason import Reason
from tests.domain.throttle.throttle_facts import FREE, GOOD, NOW, TICK, ana, why_not


def verdict_of(reason: Reason, facts: Facts, policy: Policy) -> Verdict:
    """What a rule said."""
    return next(one for one in decide(facts, policy, NOW).verdicts if one.reason is reason)


def test_a_mail_that_may_go_only_when_it_has_expired_is_not_reserved() -> None:
    opens_in = timedelta(hours=1)
    late = SendWindow(frozenset(range(7)), NOW.hour * 60 + 60, 24 * 60)
    policy = replace(FREE, send_window=late, expires_after=opens_in)
    found = verdict_of(Reason.OUTSIDE_WINDOW, GOOD, policy)
    assert (found.passed, found.saw) == (
        False,
        {
            "opens_at": NOW + opens_in,
            "expires_at": NOW + opens_in,
            "zone": "UTC",
            "zone_origin": ZoneOrigin.DEFAULT,
        },
    )
    assert why_not(GOOD, replace(policy, expires_after=opens_in + TICK)) == ()


@pytest.mark.parametrize(
    ("person", "passed", "saw"),
    [
        ({"has_channel": False, "channels_tried": ("slack", "email")}, False, {"tried": "slack, email"}),
        ({"has_channel": False}, False, {}),
        ({"has_channel": True, "channels_tried": ("slack",)}, True, {}),
    ],
)
def test_who_can_not_be_reached_is_told_by_what_it_was_tried(
    person: dict[str, Any], passed: bool, saw: dict[str, str]
) -> None:
    found = verdict_of(Reason.NO_CHANNEL, replace(GOOD, person=ana(**person)), FREE)
    assert (found.passed, found.saw) == (passed, saw)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(GOOD, was_withdrawn=True), Reason.CANCELLED),
        (replace(GOOD, person=ana(failed_at=NOW)), Reason.NO_CHANNEL),
    ],
)
def test_a_rule_that_says_no_says_so_and_nothing_vaguer(facts: Facts, reason: Reason) -> None:
    assert verdict_of(reason, facts, FREE).passed is False
