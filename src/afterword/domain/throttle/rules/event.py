"""Is it an event that may ask?"""

from datetime import datetime, timedelta

from afterword.domain.survey.policy import Policy
from afterword.domain.survey.survey_state import IS_OVER, Phase
from afterword.domain.throttle.facts import Facts, Verdict
from afterword.domain.throttle.reason import Reason

_CLOCK_SKEW_MAX = timedelta(minutes=5)


def not_duplicate(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    return Verdict(Reason.DUPLICATE_EVENT, not facts.is_duplicate)


def not_stale(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    age = now - facts.occurred_at
    saw = {"age_s": round(age.total_seconds(), 3), "max_age_s": policy.max_event_age.total_seconds()}
    return Verdict(Reason.STALE_EVENT, age <= policy.max_event_age, saw)


def not_future(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    age = now - facts.occurred_at
    return Verdict(Reason.FUTURE_EVENT, age >= -_CLOCK_SKEW_MAX, {"age_s": round(age.total_seconds(), 3)})


def survey_live(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    # A paused survey is live, and says so by a code of its own.
    is_live = facts.survey.state in (Phase.LIVE, Phase.PAUSED)
    return Verdict(Reason.SURVEY_NOT_LIVE, is_live, {"state": facts.survey.state})


def survey_open(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    is_open = facts.survey.state not in IS_OVER
    return Verdict(Reason.SURVEY_NOT_LIVE, is_open, {"state": facts.survey.state})


def passes_filter(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    return Verdict(Reason.FILTER, facts.metadata_matches, facts.metadata_saw)


def counted(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.count_wanted == 1 and facts.came_after is None:
        return None
    passed = facts.count >= facts.count_wanted and facts.came_after is not False
    saw = {"count": facts.count, "wanted": facts.count_wanted, "came_after": facts.came_after}
    return Verdict(Reason.COUNT, passed, saw)
