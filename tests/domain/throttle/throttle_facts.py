"""Facts for tests of the throttle: somebody whom nothing keeps from being asked, on a Monday at noon."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afterword.domain.people.preference import OptOut, OptOutScope
from afterword.domain.survey.policy import Cooldown, Policy
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.eligibility import Decision, Skip, decide
from afterword.domain.throttle.facts import Asked, Facts, Outcome, PersonFacts, Saw, SurveyFacts
from afterword.domain.throttle.reason import Reason

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

SURVEY = SurveyFacts(id=3, project_id=30, state=Phase.LIVE)
ANA = PersonFacts(id=7)
GOOD = Facts(event_id=1, occurred_at=NOW, is_test=False, survey=SURVEY, person=ANA)
TEST = replace(GOOD, is_test=True)
OPT_OUT = OptOut(OptOutScope.PROJECT, "30", NOW - DAY)

FREE = Policy(
    cooldown=Cooldown(0 * DAY, 0 * DAY, 0 * DAY, 0 * DAY),
    project_cooldown=0 * DAY,
    global_cooldown=0 * DAY,
    caps=(),
    max_open=0,
    backoff=False,
    send_window=None,
)
"""Asks always."""


def ana(**facts: Any) -> PersonFacts:
    """The person, with some facts of her own."""
    return replace(ANA, **facts)


def of_survey(**facts: Any) -> SurveyFacts:
    """The survey, with some facts of its own."""
    return replace(SURVEY, **facts)


def asked(ago: timedelta, outcome: Outcome | None = Outcome.ANSWERED, **more: Any) -> Asked:
    """Somebody was asked this survey some time ago."""
    at = NOW - ago
    return Asked(
        **{"survey_id": 3, "project_id": 30, "expires_at": at + 3 * DAY} | more, at=at, outcome=outcome
    )


def asked_other(ago: timedelta, outcome: Outcome | None = Outcome.ANSWERED, **more: Any) -> Asked:
    """Somebody was asked a survey of another project some time ago."""
    return asked(ago, outcome, **{"survey_id": 4, "project_id": 40} | more)


def why_not(facts: Facts, policy: Policy, now: datetime = NOW) -> tuple[Reason, ...]:
    """Every reason against, in order; empty for an invitation."""
    decision = decide(facts, policy, now)
    return decision.reasons if isinstance(decision, Skip) else ()


def saw_of(decision: Decision) -> dict[Reason, Saw]:
    """What each rule saw."""
    return {verdict.reason: verdict.saw for verdict in decision.verdicts}
