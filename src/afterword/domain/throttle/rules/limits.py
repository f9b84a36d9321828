"""Is there room in the survey's limits?"""

from datetime import datetime

from afterword.domain.survey.policy import CATCH_UP_DAY_SHARES, DAY, Policy
from afterword.domain.throttle.facts import Facts, Saw, Spent, Verdict
from afterword.domain.throttle.reason import Reason

_ROUNDING = 1e-9
"""Sums of shares are a hair off what they are in arithmetic."""


def quota_left(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if policy.quota is None:
        return None
    counts, quota = facts.survey.counts, policy.quota
    limits: list[tuple[Saw, int | None, Spent]] = [({}, quota.count, counts.quota)]
    if facts.person is not None:
        cell = facts.person.cell
        limits.append(({"cell": cell or ""}, quota.of_cell(cell), counts.cell))
    shares = [
        (count - spent.expected(counts.response_rate), whose, count, spent)
        for whose, count, spent in limits
        if count is not None
    ]
    if not shares:
        return None
    left, whose, count, spent = min(shares, key=lambda one: one[0])
    rate = round(counts.response_rate, 4)
    saw = {**whose, "quota": count, "response_rate": rate, **_saw_spent(spent)}
    return Verdict(Reason.QUOTA_FULL, _has_room(left, counts.response_rate), saw)


def paced(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    slot, counts = facts.survey.slot, facts.survey.counts
    if slot is None:
        return None
    left = 1 - counts.slot.expected(counts.response_rate)
    saw: dict[str, float] = {"slot_s": slot.total_seconds(), **_saw_spent(counts.slot)}
    behind = _behind(facts, policy, now)
    if behind is not None:
        saw |= {"behind": round(behind, 2)}
    fits = _has_room(left, counts.response_rate) or (behind is not None and _may_catch_up(facts, behind))
    return Verdict(Reason.PACING, fits, saw)


def _behind(facts: Facts, policy: Policy, now: datetime) -> float | None:
    """How many responses more there should be by now; below 0 = it is ahead."""
    slot, since, quota = facts.survey.slot, facts.survey.paced_since, policy.quota
    if slot is None or since is None or quota is None or quota.count is None:
        return None
    counts = facts.survey.counts
    return min((now - since) / slot, quota.count) - counts.quota.expected(counts.response_rate)


def _may_catch_up(facts: Facts, behind: float) -> bool:
    """Whether one that is behind may ask now: sooner than evenly, but not in a burst."""
    slot, counts = facts.survey.slot, facts.survey.counts
    if slot is None or not _has_room(behind, counts.response_rate):
        return False
    # Rounded to whole invitations: three of which 0.3 is expected are one response.
    of_day = max(1.0, CATCH_UP_DAY_SHARES * (DAY / slot))
    return all(
        (count + 0.5) * counts.response_rate <= limit + _ROUNDING
        for count, limit in ((counts.burst, 1.0), (counts.day, of_day))
    )


def daily_left(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if policy.daily_max is None:
        return None
    count = facts.survey.counts.day
    return Verdict(
        Reason.DAILY_MAX, count < policy.daily_max, {"invitations": count, "per_day_max": policy.daily_max}
    )


def _has_room(left: float, response_rate: float) -> bool:
    """Whether one more invitation fits; what is full stays full where nobody answers lately."""
    return left > _ROUNDING and response_rate <= left + _ROUNDING


def _saw_spent(spent: Spent) -> dict[str, int]:
    return {"responses": spent.responses, "open": spent.open}
